// Rates that are of a day too far ahead are told before they are applied: the command line has the clock that a schema has not.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { run } from '../../src/cli/commands.ts'

const env = { TEST_KEY: randomBytes(32).toString('base64') }
const folder = mkdtempSync(join(tmpdir(), 'drawbridge-rates-'))
const [settings, file] = [join(folder, 'drawbridge.yaml'), join(folder, 'oak.yaml')]
writeFileSync(
  settings,
  [
    'mode: development',
    'public_url: http://localhost:8080',
    `database: { data_directory: ${join(folder, 'data')} }`,
    'keys: { master: env:TEST_KEY }',
    '',
  ].join('\n'),
)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function written(hoursAhead: number): void {
  const day = new Date(Date.now() + hoursAhead * 3600_000).toISOString()
  const rates = ['  rates:', '    base: EUR', `    as_of: ${day}`, '    per_base: { USD: "1.1" }']
  writeFileSync(file, ['institution:', '  id: oak', '  name: Oak', ...rates, ''].join('\n'))
}

async function told(...command: string[]): Promise<string> {
  const said: string[] = []
  const hear = (text: string) => void said.push(text)
  await run([...command, '--config', settings, file], { env, out: hear, error: hear })
  return said.join('')
}

test.each([['check-config'], ['apply', '--dry-run']])('%s says so, with the line', async (...command) => {
  written(30)
  expect(await told(...command)).toContain(`${file}:6: institution.rates.as_of: is more than a day ahead`)
})

test('a day ahead is of a bank whose day begins before ours', async () => {
  written(23)
  expect(await told('check-config')).toBe('the configuration holds\n')
})
