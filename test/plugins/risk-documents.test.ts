// docs/plugins.md keeps its word: every example of it is run, every fact is named.
import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { loadSettings } from '../../src/config/load.ts'
import type { SettingsInput } from '../../src/config/schema.ts'
import type { RiskEvent } from '../../src/domain/risk-event.ts'
import { riskFactNames } from '../../src/domain/risk-event.ts'
import { authentications } from '../../src/plugins/risk/engine-settings.ts'
import { httpJsonEngine } from '../../src/plugins/risk/http-json.ts'
import { riskService } from '../../src/plugins/risk/service.ts'
import { RiskChallengeUnable } from '../../src/ports/risk.ts'
import * as rig from './risk-engines.ts'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/plugins.md'), 'utf8')
const [, ...fences] = page.split(/^```(?=\S)/m)
/** By the word behind its language, in their order where there is none. */
const blocks = fences.map((fence) => {
  const [head = '', ...lines] = fence.slice(0, fence.search(/^```$/m)).split('\n')
  return { head, text: lines.join('\n') }
})
const block = (head: string): string => blocks.find((one) => one.head === head)?.text ?? ''
const json = (name: string) => JSON.parse(block(`json ${name}`))

test('the worked examples are the files', () => {
  const shown = blocks.filter(({ head }) => head === 'yaml' || head === 'js').map(({ text }) => text)
  for (const name of ['threatmetrix.yaml', 'sift.yaml', 'engine.mjs'])
    expect(shown).toContain(readFileSync(join(root, 'config/risk', name), 'utf8'))
})

test('every fact and every way in is named', () => {
  for (const fact of riskFactNames) {
    const [group, name] = fact.split('.')
    const row = page.split('\n').find((line) => line.startsWith(`| \`${group}\` |`))
    expect(row).toContain(`\`${name}\``)
  }
  const row = page.split('\n').find((line) => line.startsWith('| `authentication` |'))
  for (const one of authentications) expect(row).toContain(`\`${one}\``)
  const { fields } = httpJsonEngine({ fetch: rig.openFetch })
  const missing = fields
    .map(({ path }) => (path.split('.')[0] ?? '').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`))
    .filter((name) => !page.includes(`\`${name}\``))
  expect(missing).toEqual([])
})

const { facts, device_token: deviceToken, ...asked } = json('assess').event
const event: RiskEvent<'payment'> = { ...asked, facts, deviceToken }

test('the contract of a service is what is said, and its signature is verified as shown', async () => {
  const source = `data:text/javascript,${encodeURIComponent(block('js verify'))}`
  const { isGenuine } = await import(/* @vite-ignore */ source)
  const secret = 'a secret that both sides have had for long'
  const got: Record<string, unknown> = {}
  const genuine: boolean[] = []
  const answers: Record<string, string> = {
    ...{ '/r/assess': 'assessment', '/r/challenge': 'challenge', '/r/authenticate': 'result' },
  }
  const server = await rig.serving(async (req: IncomingMessage, res) => {
    const body = Buffer.concat(await req.toArray()).toString('utf8')
    const { headers, method, url: target = '' } = req
    const of = (change: object) => isGenuine({ headers, method, target, body, ...change }, secret)
    genuine.push(of({}), of({ body: `${body} ` }), isGenuine({ headers, method, target, body }, secret, 0))
    got[target] = JSON.parse(body)
    const answer = answers[target]
    res.setHeader('content-type', 'application/json')
    res.end(answer === undefined ? '{}' : JSON.stringify(json(answer)))
  })
  const settings = {
    url: `${server.url}/r`,
    authentication: 'hmac',
    hmacSecret: secret,
    offers: ['report', 'challenge'],
  }
  const engine = rig.opened(riskService({ fetch: rig.openFetch }), settings)
  const deadline = rig.within(20_000)
  const { device_token: token, ...said } = json('assessment')
  expect(await engine.assess(event, deadline)).toEqual({ ...said, deviceToken: token })
  expect(got['/r/assess']).toEqual(json('assess'))
  await engine.report?.({ ...event, kind: 'outcome' }, deadline)
  expect(got['/r/report']).toEqual({ event: { ...json('assess').event, kind: 'outcome' } })
  const { event: _, ...challenge } = json('challenge')
  expect(await engine.challenge?.(event, 'code', deadline)).toEqual(challenge)
  expect(got['/r/challenge']).toEqual({ ...json('assess'), kind: 'code' })
  answers['/r/challenge'] = 'unable'
  const none = engine.challenge?.(event, 'out-of-band', deadline)
  await expect(none).rejects.toBeInstanceOf(RiskChallengeUnable)
  const answered = { reference: challenge.reference, answers: { code: '424242' } }
  expect(await engine.authenticate?.(event, answered, deadline)).toEqual({ state: 'passed' })
  expect(got['/r/authenticate']).toEqual({ ...json('assess'), ...answered })
  expect(genuine).toEqual(Array(5).fill([true, false, false]).flat())
  server.stop()
})

test('the list of programs is one that the configuration takes, from a variable too', () => {
  const { risk } = parse(blocks.find(({ text }) => text.startsWith('risk:\n  programs:'))?.text ?? '')
  const env = { KEY: 'q83vEjRWeJq83vEjRWeJABCDEFGHIJKLMNOPQRSTUVU=' }
  const settings: SettingsInput = {
    mode: 'development',
    database: { data_directory: 'no-data' },
    public_url: 'http://127.0.0.1:8080',
    keys: { master: 'env:KEY' },
  }
  const programs = (given: object, more = {}) =>
    loadSettings({ ...settings, risk: { programs: [given] } } as SettingsInput, { ...env, ...more }).risk
      .programs
  expect(programs(risk.programs[0])).toEqual(risk.programs)
  const variable = { DRAWBRIDGE_RISK_PROGRAMS: 'ours=/opt/engine --at=1' }
  expect(programs(risk.programs[0], variable)).toEqual([{ name: 'ours', command: ['/opt/engine', '--at=1'] }])
  for (const wrong of [{ command: ['engine'] }, { command: [] }, { name: '../x' }, { env: {} }])
    expect(() => programs({ ...risk.programs[0], ...wrong })).toThrow('risk.programs')
})
