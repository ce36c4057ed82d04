// `journey --json`: whoever runs it reads the last line, whatever happened before.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')

function journey(env: Record<string, string>): Promise<{ code: number | null; out: string; error: string }> {
  const args = ['src/start.mjs', 'journey', '--json']
  const child = spawn(process.execPath, args, { cwd: root, env: { PATH: process.env.PATH, ...env } })
  const said = { out: '', error: '' }
  child.stdout.on('data', (chunk) => {
    said.out += chunk
  })
  child.stderr.on('data', (chunk) => {
    said.error += chunk
  })
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, ...said })))
}

interface Report {
  readonly ok: boolean
  readonly steps: readonly { name: string; ok: boolean; ms: number }[]
  readonly risk: readonly { dial: string; event: string; providers: string[]; outcome: string }[]
}
const lastLine = (out: string): Report => JSON.parse(out.trimEnd().split('\n').at(-1) as string)

test('the walk: every step with its time, and a status that agrees', async () => {
  const { code, out, error } = await journey({})
  const report = lastLine(out)
  expect([code, report.ok], error).toEqual([0, true])
  expect(report.steps.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'replay refused',
      'phone: denied',
      'phone: expired',
      'risk: engines hang',
      'case: sent again, by PIN, once',
      'audit verify',
    ]),
  )
  expect(report.steps.length).toBeGreaterThanOrEqual(39)
  for (const step of report.steps)
    expect(step).toEqual({ name: expect.any(String), ok: true, ms: expect.any(Number) })
  // Whatever an engine says, or fails to say, something passes only where the dial is low.
  const passed = report.risk.filter(({ outcome }) => outcome === 'allowed')
  expect(new Set(passed.map(({ dial }) => dial))).toEqual(new Set(['low']))
  expect(report.risk).toContainEqual(
    expect.objectContaining({ dial: 'hang', event: 'payment', action: 'deny', reason: 'risk.unanswered' }),
  )
}, 120_000)
test('a start that fails: a line all the same, a reason, and another status', async () => {
  const { code, out, error } = await journey({ NODE_ENV: 'production' })
  expect(lastLine(out)).toEqual({ ok: false, steps: [], risk: [] })
  expect(code).not.toBe(0)
  expect(error).toMatch(/production/)
})
