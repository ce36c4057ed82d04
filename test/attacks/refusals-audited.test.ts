// Ruling R-4 from the outside: what is refused to a known client is exactly one audit event; strangers write none.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createBrowser, formIn, type Tokens } from '../../src/demo/app-client.ts'
import { demoRows, phoneId } from '../../src/demo/institution.ts'
import { transferBody } from '../../src/demo/journey-walk.ts'
import { startBridge, type TestBridge } from '../journeys/bridge.ts'
import { atIdp, type Customer, customer, enrolled, signIn } from '../journeys/customer.ts'

type Event = Readonly<Record<string, unknown>>

let bridge: TestBridge
const events: Event[] = []
let who: Awaited<ReturnType<typeof enrolled>>
let tokens: Tokens

beforeAll(async () => {
  bridge = await startBridge()
  bridge.application.observe((_, event) => {
    events.push(JSON.parse(event))
  })
  who = await enrolled(bridge)
  tokens = await signIn(who)
})
afterAll(() => bridge.stop())

interface Asked {
  readonly as?: Pick<Customer, 'app'>
  readonly method?: string
  readonly path: string
  readonly token?: string
  readonly proof?: string
  readonly body?: string
  readonly type?: string
}

/** One request to a bound API; what it was answered, and what the audit has under its reference. */
async function ask(asked: Asked) {
  const { as = who, method = 'POST', path, token = tokens.accessToken, body, type = 'text/xml' } = asked
  const url = `${bridge.issuer}${path}`
  const proof = asked.proof ?? (await as.app.proof({ method, url, accessToken: token }))
  const response = await fetch(url, {
    method,
    headers: {
      authorization: `DPoP ${token}`,
      dpop: proof,
      ...(body !== undefined && { 'content-type': type }),
    },
    ...(body !== undefined && { body }),
  })
  return told(response)
}

async function told(response: Response) {
  const text = await response.text()
  const reference = response.headers.get('x-request-reference') as string
  return {
    status: response.status,
    text,
    reference,
    events: events.filter((one) => one.reference === reference),
  }
}

async function post(path: string, fields: Record<string, string>, headers: Record<string, string> = {}) {
  const body = new URLSearchParams(fields)
  return told(await fetch(`${bridge.issuer}${path}`, { method: 'POST', redirect: 'manual', headers, body }))
}

const enrolment = (as: Customer, pin: string) => {
  const { kty, crv, x, y } = as.app.jwk
  return JSON.stringify({ name: 'Phone', jwk: { kty, crv, x, y }, pin })
}
const json = 'application/json'
const refused = (type: string, code: string) => [
  expect.objectContaining({
    type,
    outcome: 'refused',
    code,
    relyingParty: phoneId,
    subject: expect.any(String),
  }),
]

describe('exactly one event, with client and customer', () => {
  test('control: what is allowed has no refusal among its events', async () => {
    const good = await ask({ path: '/soap/payments', body: transferBody('12.00') })
    expect([good.status, good.events.map(({ outcome }) => outcome)]).toEqual([200, ['ok', 'ok', 'ok', 'ok']])
  })
  test('a proof that came before, and a token under another key', async () => {
    const [method, path, accessToken] = ['GET', '/devices', tokens.accessToken]
    const proof = await who.app.proof({ method, url: `${bridge.issuer}${path}`, accessToken })
    expect(await ask({ method, path, proof })).toMatchObject({ status: 200, events: [] })
    const replayed = await ask({ method, path, proof })
    expect(replayed.events).toEqual(refused('request.refused', 'dpop.replayed'))
    const thief = await customer(bridge)
    const stolen = await ask({ as: thief, method, path })
    expect([stolen.status, stolen.events]).toEqual([401, refused('request.refused', 'dpop.invalid')])
    const { accessToken: token } = await signIn(who, { scope: 'openid' })
    const atUserinfo = await ask({ as: thief, method, path: '/userinfo', token })
    expect([atUserinfo.status, atUserinfo.events.length]).toEqual([401, 1])
    expect(atUserinfo.events).toEqual(refused('request.refused', 'invalid_token'))
  })
  test('a scope that the token lacks; a body that is none', async () => {
    const bare = await signIn(who, { scope: 'openid core:payments' })
    const lacking = await ask({ method: 'GET', path: '/devices', token: bare.accessToken })
    expect(lacking.events).toEqual(refused('request.refused', 'token.scope'))
    const malformed = await ask({ path: '/devices', body: '{', type: json })
    expect(malformed.events).toEqual(refused('request.refused', 'request.malformed'))
  })
  test('wrong PINs at an enrolment, up to the lock', async () => {
    const other = await customer(bridge)
    const { accessToken: token } = await signIn(other)
    for (const code of ['wrong', 'wrong', 'wrong', 'wrong', 'locked', 'locked']) {
      const body = enrolment(other, '424242')
      const tried = await ask({ as: other, path: '/devices', token, body, type: json })
      expect(tried.events).toEqual(refused('device.refused', `pin.${code}`))
    }
  })
  test('a device too many', async () => {
    const { d: _private, ...apiKey } = bridge.world.apiKey as Record<string, unknown>
    const { world } = bridge
    const rows = demoRows({ world: world.url, idpCertificate: world.idpCertificate, apiKey })
    const one = { ...rows, institution: { ...rows.institution, devicesPerSubject: 1 } }
    await enrolled(bridge, 'bob')
    await bridge.application.apply([one], { dryRun: false })
    const other = await customer(bridge, 'bob')
    const { accessToken: token } = await signIn(other)
    const body = enrolment(other, '271828')
    const tooMany = await ask({ as: other, path: '/devices', token, body, type: json })
    expect([tooMany.status, tooMany.events]).toEqual([409, refused('device.refused', 'device.limit')])
    await bridge.application.apply([rows], { dryRun: false })
  })
  test('what is no SOAP, for which core whatever; an operation that is not offered', async () => {
    const malformed = await ask({ path: '/soap/payments', body: '{}' })
    expect(malformed.events).toEqual(refused('call.refused', 'soap.malformed'))
    const unknown = await ask({ path: '/soap/nobody', body: transferBody('1.00') })
    expect(unknown.events).toEqual(refused('request.refused', 'core.unknown'))
    const other = transferBody('1.00').replaceAll('p:Transfer', 'p:Erase')
    expect((await ask({ path: '/soap/payments', body: other })).events).toEqual(
      refused('call.refused', 'core.operation'),
    )
  })
  test('a refresh token under another key', async () => {
    const thief = await customer(bridge)
    const url = `${bridge.issuer}/token`
    const dpop = await thief.app.proof({ method: 'POST', url, accessToken: '' })
    const fields = { grant_type: 'refresh_token', refresh_token: tokens.refreshToken as string }
    const stolen = await post('/token', { ...fields, client_id: phoneId }, { dpop })
    expect(stolen.status).toBe(400)
    expect(stolen.events).toMatchObject([
      { type: 'token.refused', code: 'invalid_grant', outcome: 'refused', relyingParty: phoneId },
    ])
  })
  test('a sign-in that is another browser’s, and its form without the token of the page', async () => {
    const other = await customer(bridge, 'bob')
    const { answer } = await atIdp(other)
    const page = await other.browser.follow(answer?.action as string, {
      until: other.app.redirectUri,
      form: answer?.fields ?? {},
    })
    const path = formIn(page).action.slice(bridge.issuer.length)
    const uid = path.split('/')[2] as string
    const foreign = await told(await fetch(`${bridge.issuer}/interaction/${uid}`))
    const detail = { interaction: uid }
    expect(foreign.events).toMatchObject(refused('request.refused', 'interaction.foreign'))
    expect(foreign.events).toMatchObject([{ detail }])
    const forged = await post(path, { do: 'allow' })
    expect([forged.status, forged.events]).toEqual([403, refused('request.refused', 'form.forged')])
    const cookie = await other.browser.cookies(page.url)
    const own = await post(path.replace('consent', 'pin'), formIn(page).fields, { cookie })
    expect(own.events.filter(({ outcome }) => outcome === 'refused')).toEqual(
      refused('request.refused', 'interaction.step'),
    )
  })
  test('an answer of the IdP that another browser brings', async () => {
    const { answer } = await atIdp(await customer(bridge, 'bob'))
    const before = events.length
    const page = await createBrowser().follow(answer?.action as string, {
      until: 'x:',
      form: answer?.fields ?? {},
    })
    expect(page.body).toContain('upstream.foreign_browser')
    expect(events.slice(before).filter(({ outcome }) => outcome === 'refused')).toMatchObject([
      { type: 'login.upstream_answered', code: 'upstream.foreign_browser', relyingParty: phoneId },
    ])
  })
})

describe('no event', () => {
  const strangers: [string, () => Promise<{ status: number; events: Event[] }>][] = [
    [
      'an access token that there never was',
      () => ask({ path: '/soap/payments', token: 'x'.repeat(43), body: 'x' }),
    ],
    ['no token at all', () => post('/devices', {})],
    [
      'a sign-in that there never was',
      async () => told(await fetch(`${bridge.issuer}/interaction/${'x'.repeat(43)}`)),
    ],
    [
      'a handle that there never was',
      async () => told(await fetch(`${bridge.issuer}/upstream/${'x'.repeat(43)}`)),
    ],
    ['an unknown client', () => post('/token', { client_id: 'nobody', grant_type: 'refresh_token' })],
    ['nonsense to the ACS', () => post('/saml/alder-idp/acs', { RelayState: 'x' })],
  ]
  test.each(strangers)('for %s', async (_, work) => {
    const before = events.length
    const { status } = await work()
    expect(status).toBeGreaterThanOrEqual(400)
    expect(events.slice(before)).toEqual([])
  })
  test('for an answer that belongs to no sign-in', async () => {
    const { answer } = await atIdp(await customer(bridge, 'bob'))
    const before = events.length
    const form = { ...answer?.fields, RelayState: 'no-such-sign-in' }
    const page = await createBrowser().follow(answer?.action as string, { until: 'x:', form })
    expect(page.body).toContain('upstream.unsolicited')
    expect(events.slice(before)).toEqual([])
  })
  test('for PINs that come too often: counted, answered 429', async () => {
    const { page, answer } = await atIdp(who, { acr_values: 'urn:drawbridge:acr:device-pin' })
    const until = who.app.redirectUri
    const asked = answer ? await who.browser.follow(answer.action, { until, form: answer.fields }) : page
    const { action, fields } = formIn(asked)
    const statuses: number[] = []
    let body = ''
    for (let i = 0; i < 11; i++) {
      const tried = await who.browser.go(action, { ...fields, pin: '424242', do: 'approve' })
      statuses.push(tried.status)
      body = tried.body
    }
    expect(statuses).toEqual([...Array(4).fill(400), ...Array(6).fill(423), 429])
    expect(body).toContain('rate.exceeded')
    expect(events.filter(({ code }) => code === 'rate.exceeded')).toEqual([])
  })
})

test('the log is whole after all this', async () => {
  const reports = await bridge.application.verifyAudit({ institution: undefined, since: undefined })
  expect(reports.map(({ ok }) => ok)).toEqual([true])
})
