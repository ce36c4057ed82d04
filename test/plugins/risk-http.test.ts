// Risk engines over HTTP and JSON against the demo's: what is sent, what answers mean, and what is no answer.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type HttpFault, httpEnginePaths } from '../../src/demo/risk-http.ts'
import type { RiskEvent } from '../../src/domain/risk-event.ts'
import { httpJsonEngine } from '../../src/plugins/risk/http-json.ts'
import { riskService } from '../../src/plugins/risk/service.ts'
import { SettingsRefused } from '../../src/ports/connector-settings.ts'
import type { RiskProvider } from '../../src/ports/risk.ts'
import * as rig from './risk-engines.ts'

const plugin = httpJsonEngine({ fetch: rig.openFetch })
const service = riskService({ fetch: rig.openFetch })
let engines: Awaited<ReturnType<typeof rig.startEngines>>
beforeAll(async () => {
  engines = await rig.startEngines()
})
afterAll(() => engines.stop())
beforeEach(() => {
  engines.script({})
  engines.dial.set({ level: 'low', fault: 'none' })
})

const examples = { threatmetrix: rig.exampleOf('threatmetrix'), sift: rig.exampleOf('sift') }
type Name = keyof typeof examples | 'service'

/** An engine of the demo in place of the one that the example names. */
function provider(name: Name, change: object = {}): RiskProvider {
  if (name === 'service')
    return rig.opened(service, { url: `${engines.url}${httpEnginePaths.service}`, ...change })
  const { settings } = examples[name]
  const query = URL.parse(settings.url as string)?.search
  const report = settings.report && { ...settings.report, url: `${engines.url}${httpEnginePaths[name]}` }
  return rig.opened(plugin, {
    ...settings,
    url: `${engines.url}${httpEnginePaths[name]}${query}`,
    report,
    ...change,
  })
}

const factsOf = (name: Name) => (name === 'service' ? service.facts : examples[name].facts)
const ask = (name: Name, event: RiskEvent<'sign-in' | 'payment'> = rig.signIn, ms = 20_000) =>
  provider(name).assess(rig.seen(event, factsOf(name)), rig.within(ms))
const bodySent = () => engines.asked.at(-1)?.body

describe('the worked examples', () => {
  test('ThreatMetrix is asked as its interface wants it', async () => {
    await ask('threatmetrix')
    expect(bodySent()).toEqual({
      api_key: 'threatmetrix-key',
      org_id: 'your-organisation',
      policy: 'default',
      service_type: 'all',
      event_type: 'LOGIN',
      customer_event_type: 'sign-in',
      session_id: 'event-1',
      input_ip_address: '203.0.113.7',
      local_attrib_1: 'only-subject.id',
    })
    await ask('threatmetrix', rig.payment)
    expect(bodySent()).toMatchObject({
      ...{ event_type: 'PAYMENT', transaction_amount: '250.00', transaction_currency: 'EUR' },
    })
  })
  test('Sift is asked as its interface wants it', async () => {
    const sift = provider('sift')
    await sift.assess(rig.seen(rig.signIn, factsOf('sift')), rig.within(20_000))
    const login = {
      $type: '$login',
      $user_id: 'only-subject.id',
      $session_id: 'event-1',
      $time: 1_790_000_000_000,
      $ip: '203.0.113.7',
      $login_status: '$success',
      $browser: { $user_agent: 'only-client.userAgent', $accept_language: 'only-client.language' },
    }
    expect(bodySent()).toEqual(login)
    expect(engines.asked.at(-1)?.headers).toMatchObject({
      'content-type': 'application/json',
      authorization: `Basic ${Buffer.from('sift-key:').toString('base64')}`,
    })
    await sift.assess(rig.seen(rig.payment, factsOf('sift')), rig.within(20_000))
    const { $login_status: _, ...same } = login
    expect(bodySent()).toEqual({
      ...{ ...same, $type: '$transaction', $transaction_id: 'event-1' },
      ...{ $amount: 250_000_000, $currency_code: 'EUR' },
    })
    const result = {
      'subject.id': 's1',
      'result.of': 'event-1',
      'result.kind': 'sign-in',
      'result.outcome': 'approved',
      'result.method': 'pin',
    } as const
    const told: RiskEvent<'step-up-result'> = {
      ...{ ...rig.signIn, id: 'report-1', kind: 'step-up-result', facts: result },
    }
    // By the names that the example lets out: a mapping may use no others.
    await sift.report?.(rig.seen(told, factsOf('sift')), rig.within(20_000))
    expect(bodySent()).toMatchObject({
      ...{ $type: '$verification', $status: '$success', $verified_event: '$login' },
      ...{ $verification_type: '$shared_knowledge', $user_id: 's1', $session_id: 'event-1' },
    })
  })
  test('the service gets the event as it is', async () => {
    await ask('service', { ...rig.payment, deviceToken: 'dt', reference: { session: 's' } })
    const { facts: given, ...event } = (bodySent()?.event ?? {}) as Record<string, unknown>
    expect(event).toEqual({
      ...{ id: 'event-1', kind: 'payment', institution: 'alder', at: 1_790_000_000_000 },
      ...{ device_token: 'dt', reference: { session: 's' } },
    })
    expect(given).toEqual(rig.seen(rig.payment, service.facts).facts)
  })

  test.each([
    ['threatmetrix', 'low', 'allow', 40],
    ['threatmetrix', 'raised', 'step-up', 620],
    ['threatmetrix', 'block', 'deny', 970],
    ['sift', 'low', 'allow', 40],
    ['sift', 'raised', 'step-up', 620],
    ['sift', 'high', 'hold', 850],
    ['sift', 'block', 'deny', 970],
    ['service', 'low', 'allow', 40],
    ['service', 'high', 'hold', 850],
  ] as const)('%s by the dial at %s says %s', async (name, level, action, score) => {
    engines.dial.set({ level })
    expect(await ask(name)).toMatchObject({ event: 'event-1', action, score })
  })
  test('what else they say is kept', async () => {
    engines.dial.set({ level: 'raised' })
    expect(await ask('threatmetrix')).toMatchObject({
      ...{ band: 'medium', reasons: [{ code: 'New_Country' }], reference: { request: 'tmx-event-1' } },
    })
    expect(await ask('sift')).toMatchObject({ reasons: [{ code: 'New_Country' }] })
    expect(await ask('service')).toMatchObject({
      ...{ band: 'raised', reference: { session: 's-event-1' }, deviceToken: 'demo-token-1' },
    })
  })
})

describe('#172 only facts that may leave are ever in a request', () => {
  test.each(['threatmetrix', 'sift', 'service'] as const)('%s', async (name) => {
    const everything = {
      request: { all: Object.fromEntries(Object.keys(rig.facts).map((fact) => [fact, fact])) },
    }
    const eager = name === 'service' ? provider(name) : provider(name, everything)
    const control = JSON.stringify(await sentBy(eager, rig.payment))
    expect(control).toContain('only-subject.username')
    const allowed = ['subject.id', 'app.id', 'device.ageDays'] as const
    const sent = JSON.stringify(await sentBy(eager, rig.seen(rig.payment, allowed)))
    const leaked = Object.entries(rig.facts).filter(
      ([fact, value]) =>
        typeof value !== 'boolean' &&
        sent.includes(String(value)) &&
        !(allowed as readonly string[]).includes(fact),
    )
    expect(leaked).toEqual([])
    expect(sent).toContain('only-app.id')
  })
  const sentBy = async (asked: RiskProvider, event: RiskEvent<'payment'>) => {
    await asked.assess(event, rig.within(20_000)).catch(() => undefined)
    return engines.asked.at(-1)
  }
})

describe('#167 an answer that is none', () => {
  const all = ['threatmetrix', 'sift', 'service'] as const
  const malformed: readonly HttpFault[] = [
    ...([
      'garbage',
      'truncated',
      'not-a-number',
      'huge',
      'deep',
      'wrong-type',
      'twice',
      'unlabelled',
    ] as const),
  ]
  test.each(malformed.flatMap((fault) => all.map((name) => [fault, name] as const)))(
    '%s of %s',
    async (fault, name) => {
      engines.script({ fault })
      expect(await rig.outcome(ask(name))).toBe('malformed')
    },
  )
  test.each([
    [1001, 'malformed'],
    [-1, 'malformed'],
    [1000, 'allow'],
    [0, 'allow'],
  ])('a score of %s', async (score, verdict) => {
    engines.script({ score })
    expect(await rig.outcome(ask('service'))).toBe(verdict)
    if (verdict === 'malformed') expect(await rig.outcome(ask('sift'))).toBe(verdict)
  })
  test('members that nobody expects are none of ours at a third party, and no answer by our own contract', async () => {
    engines.script({ fault: 'extra' })
    expect(await Promise.all(all.map((name) => rig.outcome(ask(name))))).toEqual([
      'allow',
      'allow',
      'malformed',
    ])
  })
  test.each(all)('an error of %s is one, and not what its body says', async (name) => {
    engines.script({ fault: 'error' })
    expect(await rig.outcome(ask(name))).toBe('status 500')
  })
})

test('#167 an answer that breaks off is none, though it could be read so far', async () => {
  const { url, stop } = await rig.serving((_, res) => {
    res.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 })
    res.write('{"event":"event-1","action":"allow"}', () => res.destroy())
  })
  expect(await rig.outcome(rig.opened(service, { url }).assess(rig.signIn, rig.within(20_000)))).toBe(
    'connection connection',
  )
  stop()
})

test.each(['threatmetrix', 'sift', 'service'] as const)(
  '#170 an answer of %s to something else is none',
  async (name) => {
    engines.script({ fault: 'wrong-event' })
    expect(await rig.outcome(ask(name))).toBe('malformed')
  },
)

test.each(['threatmetrix', 'service'] as const)(
  '#166 %s that hangs is left when nobody waits',
  async (name) => {
    engines.script({ fault: 'hang' })
    const began = performance.now()
    expect(await rig.outcome(ask(name, rig.signIn, 100))).toBe('late')
    expect(performance.now() - began).toBeLessThan(10_000)
  },
)

describe('challenges of a service', () => {
  const asked = () => provider('service', { offers: ['challenge'] })
  const event = rig.seen(rig.signIn, [])
  test('go there and back', async () => {
    const engine = asked()
    const challenge = await engine.challenge?.(event, 'code', rig.within(20_000))
    expect(challenge).toEqual({ kind: 'code', code: '424242', reference: { challenge: 'c-event-1' } })
    const answer = (code: string) =>
      engine.authenticate?.(
        event,
        { reference: { challenge: 'c-event-1' }, answers: { code } },
        rig.within(20_000),
      )
    expect(await answer('424242')).toEqual({ state: 'passed' })
    expect(await answer('000000')).toEqual({ state: 'failed' })
    expect(await engine.challenge?.(event, 'questions', rig.within(20_000))).toMatchObject({
      kind: 'questions',
    })
    engines.dial.set({ level: 'high' })
    expect(await engine.challenge?.(event, 'out-of-band', rig.within(20_000))).toMatchObject({ token: '42' })
    expect(await engine.authenticate?.(event, { reference: {} }, rig.within(20_000))).toEqual({
      state: 'pending',
    })
  })
  test('of another event are none', async () => {
    engines.script({ fault: 'wrong-event' })
    const challenge = asked().challenge?.(event, 'code', rig.within(20_000))
    await expect(challenge).rejects.toThrow('another one')
  })
  test('are not there where it does not offer them', async () => {
    const told: RiskEvent<'outcome'> = { ...rig.signIn, kind: 'outcome' }
    await provider('service').report?.(told, rig.within(20_000))
    expect(engines.asked.at(-1)?.path).toBe('/risk/service/report')
    expect(provider('service').challenge).toBeUndefined()
    expect(asked().report).toBeUndefined()
  })
})

describe('settings that do not fit are told with their place', () => {
  const { settings } = examples.threatmetrix
  const faultsOf = (given: Record<string, unknown>, of = plugin): string[] => {
    try {
      of.check(given)
      return []
    } catch (error) {
      return error instanceof SettingsRefused
        ? error.faults.map(({ path }) => path.replace('settings.', ''))
        : ['?']
    }
  }
  test.each([
    [{}, []],
    [{ apiKey: undefined }, ['request.api_key']],
    [{ request: { a: [{ b: 'subject.nme' }] } }, ['request.a.0.b']],
    [{ request: undefined }, ['request']],
    [{ response: { action: '"allow"' } }, ['response.action']],
    [
      { response: { action: 'answer.text("/a")', device_token: 'answer.number("/a")' } },
      ['response.device_token'],
    ],
    [{ response: { action: 'answer.text("/a")', reference: { id: '1' } } }, ['response.reference.id']],
    [{ response: {} }, ['response.action']],
    [{ response: { action: 'answer.text("/a")', verdict: '1' } }, ['response']],
    [{ correlation: 'event.at' }, ['correlation']],
    [{ report: { url: 'https://engine.example', request: { a: 'x' } } }, ['report.request.a']],
    [{ url: 'ftp://engine.example' }, ['url']],
    [{ url: 'http://engine.example' }, ['url']],
    [{ url: 'http://127.0.0.1.engine.example' }, ['url']],
    [{ url: 'http://169.254.169.254/' }, ['url']],
    [{ url: 'https://user@engine.example' }, ['url']],
    [{ url: 'https://:password@engine.example' }, ['url']],
    [{ report: { url: 'http://engine.example', request: {} } }, ['report.url']],
    [
      { authentication: 'oauth', tokenUrl: 'http://as.example', clientId: 'a', clientSecret: 'b' },
      ['tokenUrl'],
    ],
    [{ headers: { Authorization: 'x' } }, ['headers.Authorization']],
    [{ headers: { 'X-Tenant': 'a\nb' } }, ['headers.X-Tenant']],
    [{ authentication: 'hmac' }, ['hmacSecret']],
    [{ authentication: 'hmac', hmacSecret: 'short' }, ['hmacSecret']],
    [{ authentication: 'oauth', clientId: 'a' }, ['tokenUrl', 'clientSecret']],
    [{ authentication: 'basic', apiKey: undefined, request: {} }, ['username']],
    [{ tlsKey: 'no key' }, ['tlsKey', 'tlsCertificate']],
    [{ colour: 'red' }, ['']],
  ] as const)('%j', (change, paths) =>
    expect(faultsOf({ ...settings, ...change }).map((path) => path.replace(/^settings$/, ''))).toEqual(paths),
  )
  test.each([
    [{ url: 'https://engine.example' }, []],
    [{ url: 'http://localhost:9' }, []],
    [{ url: 'http://127.8.0.1:9' }, []],
    [{ url: 'http://[::1]:9' }, []],
    [{ url: 'http://engine.example' }, ['url']],
    [{}, ['url']],
    [{ url: 'https://engine.example', program: 'ours' }, ['program']],
    [{ program: 'ours' }, []],
    [{ program: 'sh' }, ['program']],
    [{ url: 'https://engine.example?a=b' }, ['url']],
    [{ url: 'https://engine.example', authentication: 'hmac' }, ['hmacSecret']],
  ] as const)('of a service: %j', (given, paths) =>
    expect(faultsOf(given, riskService({ fetch: rig.openFetch }, { ours: ['/bin/true'] }))).toEqual(paths),
  )
  test('a form has a field for each, and shows no secret', () => {
    const kinds = new Map(plugin.fields.map(({ path, kind }) => [path, kind]))
    expect([...kinds].filter(([, kind]) => kind.startsWith('secret')).map(([path]) => path)).toEqual([
      ...['password', 'token', 'apiKey', 'hmacSecret', 'clientSecret', 'tlsKey'],
    ])
    expect(kinds.get('request')).toBe('json')
    expect(kinds.get('response.action')).toBe('text')
    expect(service.fields.find(({ path }) => path === 'offers')?.kind).toBe('choices')
  })
})
