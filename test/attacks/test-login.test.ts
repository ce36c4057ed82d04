// A test login tries a connection with the real request and the real answer, and can be used for nothing else.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { consoleVisitors } from '../journeys/console-visitors.ts'
import { alder, answerTo, bareBrowser, type Parts, startIdp, startParts } from '../journeys/parts.ts'
import { login as loginRecord } from '../storage/rig.ts'
import { makeKey } from '../xml/hostile/idp.ts'

let parts: Parts
let idp: Awaited<ReturnType<typeof startIdp>>
let connection = ''
const actor = { by: 'administrator:ann', why: 'a test' }
const attributes =
  '<saml:Attribute Name="displayName"><saml:AttributeValue>Alice Alder</saml:AttributeValue></saml:Attribute>'

beforeAll(async () => {
  ;[parts, idp] = await Promise.all([startParts(), startIdp()])
})
afterAll(() => parts.stop())
let next = 0
beforeEach(async () => {
  next += 1
  connection = `idp-${next}`
  await parts.flows.connections.create({ institution: 'alder', id: connection, content: idp.content }, actor)
})

async function started(what: 'present' | 'proposal' = 'present', browser = bareBrowser()) {
  const { id, departure } = await parts.inUnit(() =>
    parts.flows.testLogin.start(alder, { connection, what, by: actor.by, browserHash: browser.hash }),
  )
  return { id, departure, browser, requestId: departure.requestId }
}
const acs = () => `${parts.issuer}/saml/${connection}/acs`
const goodAnswer = (requestId: string, facts: object = {}) =>
  answerTo(
    { issuer: parts.issuer, connection, requestId, facts: { attributes, ...facts } },
    { key: idp.key, sides: 'both' },
  )
const state = async () => (await parts.flows.connections.get('alder', connection)).state
const count = async (table: string) => Number((await parts.base.database.knex(table).count('* as n'))[0]?.n)
const tables = ['subject', 'upstream_session', 'login_transaction', 'consent', 'oidc_payload', 'device']
const made = async () => Promise.all(tables.map(count))

describe('a test login', () => {
  test('runs the real exchange on a draft and shows every check, the attributes and the claims', async () => {
    const { id, browser, requestId } = await started()
    const shown = await browser.post(acs(), { SAMLResponse: goodAnswer(requestId), RelayState: id })
    expect(shown.status).toBe(303)
    expect(shown.headers.get('location')).toBe(`/alder/console/connections/${connection}/tests/${id}`)
    const { outcome, result } = await parts.flows.testLogin.result('alder', id)
    expect(outcome).toBe('passed')
    expect(result).toMatchObject({
      code: '',
      counts: true,
      nameId: 'alice',
      attributes: { displayName: ['Alice Alder'] },
      claims: { name: 'Alice Alder' },
    })
    expect(result?.checks.length).toBeGreaterThan(10)
    expect(result?.checks.every(({ ok }) => ok)).toBe(true)
    expect(Math.abs(result?.clockOffsetMs ?? 1e9)).toBeLessThan(30_000)
    expect(result?.request).toContain('AuthnRequest')
    expect(result?.answer).not.toMatch(/alice|Alice/)
    expect(await state()).toBe('tested')
  })
  test('says which level the class of the answer counts as, by the table that is tried', async () => {
    const mfa = 'https://refeds.org/profile/mfa'
    const record = await parts.flows.connections.get('alder', connection)
    await parts.flows.connections.save(record, { ...idp.content, levels: { device: [mfa] } }, actor)
    const levelBy = async (facts: object) => {
      const { id, browser, requestId } = await started()
      await browser.post(acs(), { SAMLResponse: goodAnswer(requestId, facts), RelayState: id })
      const { result } = await parts.flows.testLogin.result('alder', id)
      return [result?.authnContext, result?.level]
    }
    expect(await levelBy({ authnContext: mfa })).toEqual([mfa, 'urn:drawbridge:acr:device'])
    const other = 'urn:oasis:names:tc:SAML:2.0:ac:classes:Password'
    expect(await levelBy({ authnContext: other })).toEqual([other, 'urn:drawbridge:acr:delegated'])
    expect(await levelBy({ audiences: [['https://else.example']] })).toEqual([undefined, undefined])
  })
  test('asks for a level as an app’s sign-in would', async () => {
    const mfa = 'https://refeds.org/profile/mfa'
    const record = await parts.flows.connections.get('alder', connection)
    const settings = { ...idp.content.settings, authnContexts: ['urn:usual'] }
    await parts.flows.connections.save(record, { ...idp.content, settings, levels: { device: [mfa] } }, actor)
    const browser = bareBrowser()
    const start = { connection, what: 'present', by: actor.by, browserHash: browser.hash } as const
    const codeBy = async (more: object) => {
      const { id, departure } = await parts.inUnit(() =>
        parts.flows.testLogin.start(alder, { ...start, ...more }),
      )
      const SAMLResponse = goodAnswer(departure.requestId, { authnContext: mfa })
      await browser.post(acs(), { SAMLResponse, RelayState: id })
      return (await parts.flows.testLogin.result('alder', id)).result?.code
    }
    expect(await codeBy({ acr: 'urn:drawbridge:acr:device' })).toBe('')
    expect(await codeBy({})).toBe('saml.authn_context')
  })
  test('a table that cannot be used is refused before it is tried', async () => {
    const record = await parts.flows.connections.get('alder', connection)
    const save = (levels: Record<string, string[]>) =>
      parts.flows.connections.save(record, { ...idp.content, levels }, actor)
    await expect(save({ gold: ['x'] })).rejects.toMatchObject({
      code: 'connection.settings',
      detail: { faults: [{ path: 'levels.gold' }] },
    })
    await expect(save({ device: ['x'] })).resolves.toMatchObject({ state: 'draft' })
  })
  test('that fails says which check, what was expected and what was there; nothing moves', async () => {
    const { id, browser, requestId } = await started()
    const SAMLResponse = goodAnswer(requestId, { audiences: [['https://else.example']] })
    expect((await browser.post(acs(), { SAMLResponse, RelayState: id })).status).toBe(303)
    const { outcome, result } = await parts.flows.testLogin.result('alder', id)
    expect([outcome, result?.code, result?.counts]).toEqual(['failed', 'saml.audience', false])
    expect(result?.checks.at(-1)).toMatchObject({
      ok: false,
      actual: expect.stringContaining('else.example'),
    })
    expect(result?.checks.filter(({ ok }) => ok).length).toBeGreaterThan(5)
    expect(result?.attributes).toEqual({})
    expect(await state()).toBe('draft')
  })
  test('of something that was edited meanwhile shows its result and does not count', async () => {
    const { id, browser, requestId } = await started()
    const record = await parts.flows.connections.get('alder', connection)
    const settings = { ...idp.content.settings, ssoUrl: 'https://other.example/sso' }
    await parts.flows.connections.save(record, { ...idp.content, settings }, actor)
    await browser.post(acs(), { SAMLResponse: goodAnswer(requestId), RelayState: id })
    const { outcome, result } = await parts.flows.testLogin.result('alder', id)
    expect([outcome, result?.counts, await state()]).toEqual(['passed', false, 'draft'])
  })
  test('of a proposal asks as the proposal says, and leaves alone what customers sign in by', async () => {
    const first = await started()
    await first.browser.post(acs(), { SAMLResponse: goodAnswer(first.requestId), RelayState: first.id })
    const { connections } = parts.flows
    const active = await connections.activate(await connections.get('alder', connection), actor)
    const settings = { ...idp.content.settings, ssoUrl: 'https://new.example/sso' }
    await connections.save(active, { ...idp.content, settings }, actor)
    const { id, browser, requestId, departure } = await started('proposal')
    expect(departure.url).toMatch(/^https:\/\/new\.example\/sso\?/)
    await browser.post(acs(), { SAMLResponse: goodAnswer(requestId), RelayState: id })
    const record = await connections.get('alder', connection)
    expect(record.proposal?.tested).toBe(true)
    expect(record.settings.ssoUrl).toBe('https://idp.example/sso')
  })
  test('of a proposal that changes keys alone is judged by the new keys, never by those of now', async () => {
    await activated()
    const key = await makeKey()
    const { connections } = parts.flows
    const active = await connections.get('alder', connection)
    const settings = { ...idp.content.settings, certificates: [key.pem] }
    await connections.save(active, { ...idp.content, settings }, actor)
    const outcome = async (signer: typeof key) => {
      const { id, browser, requestId } = await started('proposal')
      const SAMLResponse = answerTo(
        { issuer: parts.issuer, connection, requestId, facts: { attributes } },
        { key: signer, sides: 'both' },
      )
      await browser.post(acs(), { SAMLResponse, RelayState: id })
      const { result } = await parts.flows.testLogin.result('alder', id)
      const { proposal } = await connections.get('alder', connection)
      return [result?.code, result?.counts, proposal?.tested]
    }
    expect(await outcome(idp.key)).toEqual(['saml.signature_invalid', false, false])
    expect(await outcome(key)).toEqual(['', true, true])
  })
  test('is of its own institution', async () => {
    const { id } = await started()
    await expect(parts.flows.testLogin.result('birch', id)).rejects.toMatchObject({
      code: 'request.not_found',
    })
  })
})

describe('cannot be used as a sign-in', () => {
  test('it makes no subject, session, sign-in, consent, token or device', async () => {
    const before = await made()
    const { id, browser, requestId } = await started()
    await browser.post(acs(), { SAMLResponse: goodAnswer(requestId), RelayState: id })
    expect((await parts.flows.testLogin.result('alder', id)).outcome).toBe('passed')
    expect(await made()).toEqual(before)
  })
  test('neither its page nor its handle leads to a sign-in', async () => {
    const { id, browser, requestId } = await started()
    expect((await browser.get(`${parts.issuer}/interaction/${id}`)).status).toBe(400)
    const fields = { SAMLResponse: goodAnswer(requestId), RelayState: id }
    const posted = await fetch(acs(), {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams(fields),
    })
    const handle = posted.headers.get('location')?.split('/').at(-1)
    const other = await browser.get(`${parts.issuer}/upstream/${handle}`)
    expect([other.status, await other.text()]).toEqual([400, expect.stringContaining('upstream.unsolicited')])
    expect((await parts.flows.testLogin.result('alder', id)).outcome).toBe('open')
  })
  test('its answer is not taken by an open sign-in of the same browser, nor the other way round', async () => {
    const browser = bareBrowser()
    const { id, requestId } = await started('present', browser)
    const uid = `uid-${next}-0123456789`
    const open = {
      ...loginRecord(uid, { connection, browserHash: browser.hash, upstreamRequest: '_real' }),
      expiresAt: Date.now() + 60_000,
    }
    await parts.inUnit(() => parts.stores.logins.create(open))
    await activated()
    const stolen = await browser.post(acs(), { SAMLResponse: goodAnswer(requestId), RelayState: uid })
    expect(await stolen.text()).toContain('saml.in_response_to')
    await browser.post(acs(), { SAMLResponse: goodAnswer('_real'), RelayState: id })
    expect((await parts.flows.testLogin.result('alder', id)).result?.code).toBe('saml.in_response_to')
    // The control: the sign-in's own answer is taken.
    const taken = await browser.post(acs(), { SAMLResponse: goodAnswer('_real'), RelayState: uid })
    expect([taken.status, taken.headers.get('location')]).toEqual([303, `/alder/interaction/${uid}`])
  })
  test('an answer counts once, also when it was used for a test', async () => {
    const { id, browser, requestId } = await started()
    const fields = { SAMLResponse: goodAnswer(requestId), RelayState: id }
    expect((await browser.post(acs(), fields)).status).toBe(303)
    expect((await browser.post(acs(), fields)).status).toBe(400)
  })
  test('another browser cannot bring its answer', async () => {
    const { id, requestId } = await started()
    const fields = { SAMLResponse: goodAnswer(requestId), RelayState: id }
    const page = await bareBrowser().post(acs(), fields)
    expect(await page.text()).toContain('upstream.foreign_browser')
    expect((await parts.flows.testLogin.result('alder', id)).outcome).toBe('open')
  })
})

/** The present connection, tested with an answer of its own and activated. */
async function activated() {
  const { id, browser, requestId } = await started()
  await browser.post(acs(), { SAMLResponse: goodAnswer(requestId), RelayState: id })
  const { connections } = parts.flows
  await connections.activate(await connections.get('alder', connection), actor)
}

describe('a failed exchange of a customer', () => {
  const failing = async (uid: string, SAMLResponse: string) => {
    const browser = bareBrowser()
    const change = { connection, browserHash: browser.hash, upstreamRequest: '_real' }
    await parts.inUnit(() => parts.stores.logins.create(loginRecord(uid, change)))
    return browser.post(acs(), { SAMLResponse, RelayState: uid })
  }
  test('is kept with what failed, found by the number on the page, and told without anything personal', async () => {
    await activated()
    const page = await failing(
      `uid-${next}-a-456789`,
      goodAnswer('_real', { issuer: 'https://evil.example' }),
    )
    const reference = /DB-[A-Z0-9]{4}-[A-Z0-9]{4}/.exec(await page.text())?.[0] as string
    const { exchangeFlows } = parts.flows
    const [kept, ...others] = await exchangeFlows.list('alder', { reference, limit: 10 })
    expect(others).toEqual([])
    expect(kept).toMatchObject({ connection, outcome: 'failed', code: 'saml.issuer', reference })
    const report = await exchangeFlows.report('alder', kept?.id ?? '')
    expect(report).toMatch(/FAILED {2}Issuer.*\n.*idp\.example.*\n.*evil\.example/)
    expect(report).toContain('<saml:Issuer>https://evil.example</saml:Issuer>')
    expect(report).not.toMatch(/alice|Alice|_s1/)
    const row = await parts.base.database.knex('exchange').where({ id: kept?.id }).first()
    expect(JSON.stringify(row)).not.toMatch(/evil\.example/)
    expect(await exchangeFlows.list('birch', { limit: 10 })).toEqual([])
    await expect(exchangeFlows.get('birch', kept?.id ?? '')).rejects.toMatchObject({
      code: 'request.not_found',
    })
  })
  test('is filtered by connection, code and time, and counted as health', async () => {
    await activated()
    const at = Date.now()
    await failing(`uid-${next}-b-456789`, goodAnswer('_real', { destination: 'https://evil.example/acs' }))
    await failing(`uid-${next}-c-456789`, goodAnswer('_real'))
    const { exchangeFlows } = parts.flows
    const outcomes = async (filter: object) =>
      (await exchangeFlows.list('alder', { connection, limit: 10, ...filter })).map(({ outcome }) => outcome)
    expect((await outcomes({})).sort()).toEqual(['answered', 'failed'])
    expect(await outcomes({ code: 'saml.destination' })).toEqual(['failed'])
    expect(await outcomes({ before: at })).toEqual([])
    const health = (await exchangeFlows.health('alder')).find((one) => one.connection === connection)
    expect(health).toMatchObject({ failures: 1 })
    expect(health?.lastSuccessAt).toBeGreaterThanOrEqual(at)
  })
})

describe('a failed test login', () => {
  const failed = async () => {
    const { id, browser, requestId } = await started()
    const SAMLResponse = goodAnswer(requestId, { issuer: 'https://evil.example' })
    await browser.post(acs(), { SAMLResponse, RelayState: id })
    return parts.flows.testLogin.result('alder', id)
  }
  test('stands among the failed sign-ins, marked, by its reference, with the same report', async () => {
    const { id, reference } = await failed()
    const { exchangeFlows } = parts.flows
    const list = (filter: object) => exchangeFlows.list('alder', { connection, limit: 10, ...filter })
    const [kept, ...others] = await list({ reference })
    expect(others).toEqual([])
    expect(kept).toMatchObject({ connection, outcome: 'failed', code: 'saml.issuer', test: id })
    expect((await list({ of: 'tests' })).map((one) => one.id)).toEqual([kept?.id])
    expect(await list({ of: 'people' })).toEqual([])
    const report = await exchangeFlows.report('alder', kept?.id ?? '')
    expect(report).toMatch(new RegExp(`^Test login ${reference} by`))
    expect(report).toMatch(/FAILED {2}Issuer.*\n.*idp\.example.*\n.*evil\.example/)
    expect(report).not.toMatch(/alice|Alice|_s1/)
    const row = await parts.base.database.knex('exchange').where({ id: kept?.id }).first()
    expect(JSON.stringify(row)).not.toMatch(/evil\.example/)
    // It is no customer who could not sign in.
    const health = await exchangeFlows.health('alder')
    expect(health.map((one) => one.connection)).not.toContain(connection)
  })
  test('is found in the console, told from people’s, and leads to the report', async () => {
    const { id, reference } = await failed()
    const visitors = consoleVisitors(parts)
    const { cookie } = await visitors.somebody(['viewer'])
    const find = async (query: string) =>
      (await visitors.go(`/exchanges?connection=${connection}&${query}`, { cookie })).text
    expect(await find('')).toMatch(new RegExp(`${reference}[\\s\\S]*Refused[\\s\\S]*>Test</span>`))
    expect(await find('of=tests')).toContain(reference)
    expect(await find('of=people')).not.toContain(reference)
    const page = (await visitors.go(`/connections/${connection}/tests/${id}`, { cookie })).text
    const link = /href="\/alder\/console(\/exchanges\/[^"]+\/report)"/.exec(page)?.[1] as string
    expect((await visitors.go(link, { cookie })).text).toContain(`Test login ${reference} by`)
    const one = (await visitors.go(link.replace('/report', ''), { cookie })).text
    expect(one).toContain('This test login')
    expect(one).not.toContain('The customer read')
  })
  test('one that passed is kept as a test alone', async () => {
    await activated()
    expect(await parts.flows.exchangeFlows.list('alder', { connection, limit: 10 })).toEqual([])
  })
})

test('#197 two connections to one IdP: an answer for the one opens nothing at the other', async () => {
  const twin = `twin-${next}`
  await parts.flows.connections.create({ institution: 'alder', id: twin, content: idp.content }, actor)
  const { id, browser, requestId } = await started()
  const forTwin = answerTo({ issuer: parts.issuer, connection: twin, requestId }, { key: idp.key })
  await browser.post(acs(), { SAMLResponse: forTwin, RelayState: id })
  expect((await parts.flows.testLogin.result('alder', id)).result?.code).toBe('saml.destination')
  const again = await started()
  await browser.post(`${parts.issuer}/saml/${twin}/acs`, {
    SAMLResponse: goodAnswer(again.requestId),
    RelayState: again.id,
  })
  expect((await parts.flows.testLogin.result('alder', again.id)).outcome).toBe('open')
})

test('a stranger’s key does not pass, whatever the message brings along', async () => {
  const { id, browser, requestId } = await started()
  const evil = answerTo({ issuer: parts.issuer, connection, requestId }, { key: await makeKey() })
  await browser.post(acs(), { SAMLResponse: evil, RelayState: id })
  const { result } = await parts.flows.testLogin.result('alder', id)
  expect(result?.code).toBe('saml.signature_invalid')
})
