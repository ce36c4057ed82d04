// Attacks on the registration of apps, and what a form must not lose: fresh proof, mixtures, versions, origins, names.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Connection, RelyingParty } from '../../src/domain/institution.ts'
import { isOrigin } from '../../src/domain/redirect.ts'
import { isRelyingPartyId, offeredBy, partyFaults, partyWidened } from '../../src/domain/relying-party.ts'
import { consoleVisitors } from '../journeys/console-visitors.ts'
import { type Parts, startIdp, startParts } from '../journeys/parts.ts'

let parts: Parts
let visitors: ReturnType<typeof consoleVisitors>
let idp: Awaited<ReturnType<typeof startIdp>>

const connection = (id: string, change: Partial<Connection> = {}): Connection => ({
  ...{ ...idp.content, institution: 'alder', id, version: 0, state: 'active' },
  ...change,
})
const apply = (connections: readonly Connection[]) =>
  parts.stores.directory.put({ ...parts.rows, connections }, 'file')
const people = () => [
  connection('people'),
  connection('staff', { audience: 'workforce' }),
  connection('desk', { audience: 'workforce', state: 'disabled' }),
]

beforeAll(async () => {
  ;[parts, idp] = await Promise.all([startParts(), startIdp()])
  visitors = consoleVisitors(parts)
  await apply(people())
})
afterAll(() => parts.stop())

const typed = (id: string) => ({
  ...{ platform: 'ios', name: `App ${id}`, id, redirectUris: `com.example.${id}:/cb` },
  ...{ 'connections.people': 'on', 'scopes.openid': 'on' },
})

async function admin(age = 0) {
  const { cookie } = await visitors.somebody(['federation-admin'], { age })
  const form_token = await visitors.tokenOf(cookie)
  const post = (path: string, form: Readonly<Record<string, string>>) =>
    visitors.go(`/relying-parties${path}`, { cookie, form: { form_token, ...form } })
  return { cookie, post, get: (path: string) => visitors.go(`/relying-parties${path}`, { cookie }) }
}
const stored = async (id: string) =>
  (await parts.inUnit(() => parts.flows.relyingParties.list('alder'))).find(({ party }) => party.id === id)

/** Registered by whoever may, a moment ago. */
async function registered(id: string) {
  const done = await (await admin()).post('/new', typed(id))
  expect([id, done.status]).toEqual([id, 303])
  return stored(id)
}

describe('#202 an app that lets somebody in is registered by somebody who is there', () => {
  test('who proved themselves ten minutes ago signs in again, and finds what they typed', async () => {
    const late = await admin(600)
    const sent = await late.post('/new', typed('late'))
    expect([sent.status, await stored('late')]).toEqual([303, undefined])
    const way = new URL(sent.location as string, parts.issuer).searchParams
    expect(way.get('fresh')).toBe('yes')
    const then = way.get('then') as string
    expect(then).toMatch(/^\/console\/relying-parties\/new\?platform=ios&typed=/)
    // The way back holds no text of theirs that could be read or changed, and is one that a sign-in leads to.
    expect(then).not.toContain('com.example')
    const back = await visitors.go(`/sign-in?then=${encodeURIComponent(then)}`)
    expect(back.status).toBeLessThan(400)
    const page = await late.get(then.slice('/console/relying-parties'.length))
    expect(page.text).toContain('value="App late"')
    expect(page.text).toContain('com.example.late:/cb')
    expect(page.text).toMatch(/name="connections\.people"[^>]* checked/)
    // Nobody else is shown it, and it is for that form.
    const other = await admin()
    expect((await other.get(then.slice('/console/relying-parties'.length))).text).not.toContain('App late')
    expect((await registered('late'))?.party.name).toBe('App late')
  })
  test('what is too long to come along is not lost either', async () => {
    const late = await admin(600)
    const many = Array.from({ length: 60 }, (_, i) => `com.example.long:/callback-${i}`).join('\n')
    const kept = await late.post('/new', { ...typed('long'), redirectUris: many })
    expect([kept.status, kept.text.includes('callback-59'), await stored('long')]).toEqual([
      200,
      true,
      undefined,
    ])
    expect(kept.text).toContain('sign in once more')
  })
  test('an edit that widens too; one that does not is saved', async () => {
    const record = await registered('edited')
    const late = await admin(600)
    const form = { ...typed('edited'), version: String(record?.version) }
    const wider = { ...form, backchannelLogoutUri: 'https://spy.example/logout' }
    const sent = await late.post('/edited/edit', wider)
    expect(decodeURIComponent(sent.location ?? '')).toContain('/console/relying-parties/edited/edit?typed=')
    expect((await stored('edited'))?.party.backchannelLogoutUri).toBeUndefined()
    expect((await late.post('/edited/edit', { ...form, name: 'Renamed' })).location).toBe(
      '/alder/console/relying-parties/edited',
    )
    const before = { ...record?.party, backchannelLogoutUri: undefined } as RelyingParty
    const told = { ...before, backchannelLogoutUri: 'https://spy.example/logout' }
    expect(partyWidened(before, told)).toEqual(['backchannelLogoutUri'])
    expect(partyWidened(told, before)).toEqual([])
    const polls = { ...before, backchannel: {} }
    const pinged = { ...before, backchannel: { ping: 'https://spy.example/pings' } }
    expect([partyWidened(polls, pinged), partyWidened(pinged, polls)]).toEqual([['backchannel'], []])
  })
})

describe('an API that uses transactions up by introspection', () => {
  const key = JSON.stringify({ kty: 'EC', crv: 'P-256', x: 'a', y: 'b', kid: 'k1' })
  const api = { platform: 'server', name: 'Payments API', id: 'paying', keys: key }
  const using = { ...api, 'introspection.consume': 'on', 'scopes.transactions': 'on' }
  test('is registered by its form, and shown so', async () => {
    const by = await admin()
    expect((await by.post('/new', using)).status).toBe(303)
    expect((await stored('paying'))?.party).toMatchObject({
      ...{ kind: 'api', introspection: 'consume', scopes: ['transactions'] },
    })
    expect((await by.get('/paying')).text).toContain('uses transactions up')
    expect((await by.get('/paying/edit')).text).toMatch(/name="introspection\.consume"[^>]* checked/)
  })
  test('lets a transaction be used by others again only by somebody who is there', async () => {
    const version = String((await stored('paying'))?.version)
    const late = await admin(600)
    const sent = await late.post('/paying/edit', { ...api, version, 'scopes.transactions': 'on' })
    expect(decodeURIComponent(sent.location ?? '')).toContain('/paying/edit?typed=')
    expect((await stored('paying'))?.party.introspection).toBe('consume')
    const there = await admin()
    await there.post('/paying/edit', { ...api, version, 'scopes.transactions': 'on' })
    expect((await stored('paying'))?.party.introspection).toBeUndefined()
    expect((await there.get('/paying')).text).toContain('looks')
  })
  test('is no app: the form of one has neither, whatever is sent', async () => {
    const by = await admin()
    const sent = { ...typed('appish'), 'introspection.consume': 'on', 'scopes.transactions': 'on' }
    expect((await by.post('/new', sent)).status).toBe(303)
    const party = (await stored('appish'))?.party
    expect([party?.introspection, party?.scopes]).toEqual([undefined, ['openid']])
  })
})

describe('two people at one app', () => {
  test('the second keeps what they typed, and sees that the first was there', async () => {
    const record = await registered('shared')
    const form = { ...typed('shared'), version: String(record?.version) }
    const [first, second] = [await admin(), await admin()]
    await first.post('/shared/edit', { ...form, name: 'By the first' })
    const stale = await second.post('/shared/edit', { ...form, name: 'By the second' })
    expect(stale.status).toBe(409)
    expect(stale.text).toContain('value="By the second"')
    expect(stale.text).toContain('somebody changed this app since you opened the page')
    expect((await stored('shared'))?.party.name).toBe('By the first')
    const removal = await second.post('/shared/remove', { version: form.version })
    expect([removal.status, removal.text.includes('Nothing was removed.')]).toEqual([409, true])
    // The control: on the page as it is now.
    const version = /name="version" value="(\d+)"/.exec(stale.text)?.[1] as string
    expect((await second.post('/shared/edit', { ...form, version })).status).toBe(303)
  })
  test('what is no version is refused as that, and never reaches the database', async () => {
    await registered('counted')
    const { post } = await admin()
    for (const version of ['abc', '', '1.5', '-1', '99999999999', '1e3'])
      for (const step of ['edit', 'remove']) {
        const { status, text } = await post(`/counted/${step}`, { ...typed('counted'), version })
        expect([version, step, status, text.includes('request.malformed')]).toEqual([
          version,
          step,
          400,
          true,
        ])
      }
    expect(await stored('counted')).toBeDefined()
  })
})

describe('staff and customers', () => {
  const faults = (connections: readonly string[]) =>
    partyFaults({ ...party, connections }, { connections: people(), scopes: [] })
  const party = {
    ...{
      id: 'xy',
      name: 'X',
      kind: 'app' as const,
      redirectUris: ['com.example.x:/cb'],
      postLogoutRedirectUris: [],
    },
    ...{ backchannelLogoutUri: undefined, scopes: [], webOrigins: [], keys: [] },
  } as const
  test('an app is for the ones or for the others', async () => {
    expect(faults(['people'])).toEqual([])
    expect(faults(['staff', 'desk'])).toEqual([])
    expect(faults(['people', 'staff']).map(({ field }) => field)).toEqual(['connections'])
    const { post } = await admin()
    const mixed = await post('/new', { ...typed('mixed'), 'connections.staff': 'on' })
    expect([mixed.status, mixed.text.includes('an app is for customers or for staff')]).toEqual([422, true])
    expect(await stored('mixed')).toBeUndefined()
  })
  test('where a connection becomes one of staff, customers are no longer led there', async () => {
    expect(offeredBy({ connections: ['staff', 'people'] }, people())).toEqual(['people'])
    expect(offeredBy({ connections: ['staff'] }, people())).toEqual(['staff'])
    await apply([...people(), connection('second')])
    const app = { ...typed('both'), 'connections.second': 'on' }
    await (await admin()).post('/new', app)
    const seen = async () => (await parts.stores.directory.relyingParty('alder', 'both'))?.connections
    expect(await seen()).toEqual(['people', 'second'])
    await apply([...people(), connection('second', { audience: 'workforce' })])
    expect(await seen()).toEqual(['people'])
  })
  test('the console is entered by no connection that is switched off, nor by a session from there', async () => {
    await apply(people())
    const console = await parts.stores.directory.relyingParty('alder', 'drawbridge-console')
    expect(console?.connections).toEqual(['staff'])
  })
})

describe('names and origins', () => {
  test('no app takes the place where apps are registered', async () => {
    const { status } = await (await admin()).post('/new', typed('new'))
    expect([status, await stored('new')]).toEqual([422, undefined])
    expect(['new', 'drawbridge-console', 'newer'].map(isRelyingPartyId)).toEqual([false, false, true])
  })
  test.each([
    ['https://app.example', true],
    ['https://app.example:8443', true],
    ['http://127.0.0.1:3000', true],
    ['http://localhost:3000', true],
    ['http://evil.example', false],
    ['ftp://x', false],
    ['https://app.example/', false],
    ['https://user@app.example', false],
    ['null', false],
    ['com.example.app://x', false],
  ])('%s may call the token endpoint from a browser: %s', (origin, expected) => {
    expect(isOrigin(origin)).toBe(expected)
  })
})

describe('#205 what is looked for is text, wherever it comes from', () => {
  const hostile = [
    "' or 1=1 --",
    "'; drop table exchange; --",
    '%',
    '_',
    '\\',
    '$.code ? (@ == "x")',
    'null',
    '{"a":1}',
    '=HYPERLINK("https://evil.example")',
    '2026-13-45',
    '0000-01-01',
    '999999999999999999999',
    '<script>alert(1)</script>',
    'x'.repeat(5000),
    '\u0000',
    '\ud800',
  ]
  const find = async (cookie: string, query: Readonly<Record<string, string>>) =>
    visitors.go(`/exchanges?${new URLSearchParams(query)}`, { cookie })
  test('no filter of failed sign-ins is an error of ours, and none finds what was not asked for', async () => {
    const { cookie } = await visitors.somebody(['viewer'])
    const at = Date.now() - 1000
    const reference = 'DB-SECR-ET01'
    const kept = {
      ...{
        institution: 'alder',
        id: 'kept',
        connection: 'people',
        at,
        outcome: 'failed' as const,
        code: 'saml.shape',
      },
      ...{ reference, loginReference: reference, checks: [], clockOffsetMs: 0, request: '', answer: '' },
    } as const
    await parts.inUnit(() => parts.stores.exchanges.keep(kept, Date.now() + 3600_000))
    for (const name of ['reference', 'connection', 'outcome', 'code', 'on', 'before'])
      for (const value of hostile) {
        const { status, text } = await find(cookie, { [name]: value })
        const said = [name, value.slice(0, 40)]
        expect([...said, status]).toEqual([...said, value.includes('\u0000') ? 400 : 200])
        expect(text).not.toMatch(/<script>alert|syntax error|invalid input|select .* from/i)
        // What is malformed is not asked for; what is text is looked for as it is.
        if (['reference', 'connection', 'code'].includes(name)) expect(text).not.toContain(reference)
      }
    // The control: each filter finds it by what it is.
    const today = new Date(at).toISOString().slice(0, 10)
    const filters = {
      reference,
      connection: 'people',
      outcome: 'failed' as const,
      code: 'saml.shape',
      on: today,
    }
    for (const [name, value] of Object.entries(filters))
      expect([name, (await find(cookie, { [name]: value })).text.includes(reference)]).toEqual([name, true])
    expect((await find(cookie, { before: String(at) })).text).not.toContain(reference)
    expect((await find(cookie, { before: String(at + 1) })).text).toContain(reference)
  })
  test('no column, order or number of rows is taken from the address', async () => {
    const { cookie } = await visitors.somebody(['viewer'])
    const plain = await find(cookie, {})
    for (const name of ['order', 'sort', 'limit', 'offset', 'institution', 'select'])
      expect((await find(cookie, { [name]: 'at; drop table exchange' })).text).toBe(plain.text)
  })
  test('what no text of the database can hold is refused in paths and forms too', async () => {
    const { cookie, post } = await admin()
    for (const path of [
      '/exchanges/%00',
      '/relying-parties/%00',
      '/connections/%00',
      '/connections/x%00/history',
    ])
      expect([path, (await visitors.go(path, { cookie })).status]).toEqual([path, 400])
    const named = await post('/new', { ...typed('zero'), name: 'Zero \u0000' })
    expect([named.status, named.text.includes('request.malformed')]).toEqual([400, true])
    expect(await stored('zero')).toBeUndefined()
  })
})
