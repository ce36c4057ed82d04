// Removing a draft, and switching a connection off: asked first, by who may, at the version that was seen, and nothing stays behind.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ConnectionContent, RelyingParty } from '../../src/domain/institution.ts'
import { consoleVisitors } from '../journeys/console-visitors.ts'
import { alder, answerTo, bareBrowser, type Parts, startIdp, startParts } from '../journeys/parts.ts'

let parts: Parts
let idp: Awaited<ReturnType<typeof startIdp>>
let visitors: ReturnType<typeof consoleVisitors>
let owner = ''
let token = ''
const institution = 'alder'
const actor = { by: 'test', why: '' }

beforeAll(async () => {
  ;[parts, idp] = await Promise.all([startParts(), startIdp()])
  visitors = consoleVisitors(parts)
  owner = (await visitors.somebody(['owner'])).cookie
  token = await visitors.tokenOf(owner)
})
afterAll(() => parts.stop())

const go = (...asking: Parameters<typeof visitors.go>) => visitors.go(...asking)
const get = (id: string) => parts.flows.connections.get(institution, id)
const made = (id: string, change: Partial<ConnectionContent> = {}) =>
  parts.flows.connections.create({ institution, id, content: { ...idp.content, ...change } }, actor)

async function passed(id: string) {
  const browser = bareBrowser()
  const start = { connection: id, what: 'present', by: 'test', browserHash: browser.hash } as const
  const begun = await parts.inUnit(() => parts.flows.testLogin.start(alder, start))
  const to = { issuer: parts.issuer, connection: id, requestId: begun.departure.requestId }
  const SAMLResponse = answerTo(to, { key: idp.key, sides: 'both' })
  await browser.post(`${parts.issuer}/saml/${id}/acs`, { SAMLResponse, RelayState: begun.id })
  return begun.id
}

async function live(id: string, change: Partial<ConnectionContent> = {}) {
  await made(id, change)
  await passed(id)
  return parts.flows.connections.activate(await get(id), actor)
}

const app = (id: string, connections: string[]): RelyingParty => ({
  ...{ institution, id, name: `App ${id}`, kind: 'app', connections, acrFloor: undefined },
  ...{ redirectUris: ['https://app.example/back'], postLogoutRedirectUris: [], scopes: ['openid'] },
  ...{ requirePar: false, requireDpop: false, transactionTypes: [], webOrigins: [], keys: [] },
})

const press = async (path: string, { version, cookie = owner }: { version: number; cookie?: string }) => {
  const form_token = cookie === owner ? token : await visitors.tokenOf(cookie)
  return go(path, { cookie, form: { form_token, version: String(version), why: 'a mistake' } })
}
const rows = (table: string, connection: string) =>
  parts.base.database.knex(table).where({ institution, connection })

describe('a draft is removed', () => {
  test('by a page that asks first, with its keys, tests and secrets, and the event in the same unit', async () => {
    const before = await made('mistake', { settings: { ...idp.content.settings, nameIdFormat: 'hush' } })
    const open = { connection: 'mistake', what: 'present', by: 'test', browserHash: 'x' } as const
    const { id: waiting } = await parts.inUnit(() => parts.flows.testLogin.start(alder, open))
    await go('/connections/mistake/keys', { cookie: owner })
    expect(await rows('connection_key', 'mistake').where({ state: 'active' })).not.toEqual([])
    const page = await go('/connections/mistake', { cookie: owner })
    expect(page.text).toContain('href="/alder/console/connections/mistake/remove"')
    expect(page.text).not.toContain('action="/alder/console/connections/mistake/remove"')
    const asked = await go('/connections/mistake/remove', { cookie: owner })
    expect([asked.status, asked.text]).toEqual([
      200,
      expect.stringContaining('Our keys for it are destroyed'),
    ])
    expect((await get('mistake')).version).toBe(before.version)

    const removed = await press('/connections/mistake/remove', before)
    expect([removed.status, removed.location]).toEqual([303, '/alder/console/connections?done=removed'])
    await expect(get('mistake')).rejects.toMatchObject({ code: 'connection.unknown' })
    const list = await go('/connections?done=removed', { cookie: owner })
    expect(list.text).toContain('The draft is removed.')
    expect(await rows('connection_test', 'mistake')).toEqual([])
    expect((await go(`/connections/mistake/tests/${waiting}`, { cookie: owner })).status).toBe(404)
    const keys = await rows('connection_key', 'mistake')
    expect(new Set(keys.map(({ state, sealed }) => `${state}${sealed}`))).toEqual(new Set(['dropped']))
    const versions = await parts.stores.connectionStore.versions(institution, 'mistake')
    expect(versions.map(({ change, by, why }) => [change, by === 'test' || why])).toEqual([
      ['removed', 'a mistake'],
      ['created', true],
    ])
    expect(versions.map(({ content }) => content.settings)).toEqual([{}, {}])
    const events = (await visitors.events('connection.changed')).filter((one) => one.connection === 'mistake')
    expect(events.at(-1)).toMatchObject({
      outcome: 'ok',
      detail: { change: 'removed', version: 2, why: 'a mistake' },
    })
    const dropped = (await visitors.events('key.dropped')).filter((one) => one.connection === 'mistake')
    expect(dropped.length).toBe(keys.length)
    expect(new Set(dropped.map((one) => one.reference))).toEqual(new Set([events.at(-1)?.reference]))
  })
  test('another one of its id begins with nothing, under numbers of its own', async () => {
    const again = await made('mistake')
    expect([again.version, again.state]).toEqual([3, 'draft'])
    expect((await press('/connections/mistake/remove', again)).status).toBe(303)
  })
  test('not when it was live once, is tested, live, off, or ruled by a file', async () => {
    const once = await live('once')
    await parts.flows.connections.disable(once, actor)
    await passed('once')
    const settings = { ...idp.content.settings, skewSeconds: 30 }
    await parts.flows.connections.save(await get('once'), { ...idp.content, settings }, actor)
    await made('ready')
    await passed('ready')
    await live('alive')
    await made('off')
    await parts.flows.connections.disable(await get('off'), actor)
    for (const id of ['once', 'ready', 'alive', 'off']) {
      const { state, version } = await get(id)
      expect((await go(`/connections/${id}`, { cookie: owner })).text, id).not.toContain(`/${id}/remove"`)
      expect((await go(`/connections/${id}/remove`, { cookie: owner })).status, id).toBe(409)
      const forced = await press(`/connections/${id}/remove`, { version })
      expect([id, forced.status, forced.text.includes('connection.state')]).toEqual([id, 409, true])
      expect((await get(id)).state, id).toBe(state)
    }
    expect((await get('once')).state).toBe('draft')
    const ruled = { ...idp.content, institution, id: 'ruled', version: 0, state: 'draft' } as const
    const rows = { relyingParties: [], connections: [ruled], cores: [] }
    await parts.stores.directory.put({ ...rows, institution: alder }, 'file')
    const { version } = await get('ruled')
    const forced = await press('/connections/ruled/remove', { version })
    expect([forced.status, forced.text.includes('connection.managed')]).toEqual([409, true])
  })
  test('not by a page that did not show what it says now', async () => {
    const seen = await made('moved')
    await parts.flows.connections.save(seen, { ...idp.content, name: 'Theirs' }, actor)
    const stale = await press('/connections/moved/remove', seen)
    expect([stale.status, stale.text]).toEqual([409, expect.stringContaining('Nothing was done.')])
    expect((await get('moved')).name).toBe('Theirs')
  })
  test('not by who only looks, by another institution, or by a forged form', async () => {
    const { version } = await made('kept')
    const { cookie } = await visitors.somebody(['viewer'])
    expect((await go('/connections/kept/remove', { cookie })).status).toBe(403)
    expect((await press('/connections/kept/remove', { version, cookie })).status).toBe(403)
    const form = { form_token: `${token.slice(0, -2)}AA`, version: String(version) }
    expect((await go('/connections/kept/remove', { cookie: owner, form })).status).toBe(403)
    expect((await go('/connections/elsewhere/remove', { cookie: owner })).status).toBe(404)
    expect((await get('kept')).version).toBe(version)
  })
  test('not while an app names it, which the page says in place of a button', async () => {
    const { version } = await made('named')
    await parts.stores.relyingPartyStore.create(app('namer', ['named']))
    const asked = await go('/connections/named/remove', { cookie: owner })
    expect(asked.text).toMatch(/It cannot be removed while an app names it[\s\S]*App namer/)
    expect(asked.text).not.toContain('action="/alder/console/connections/named/remove"')
    const forced = await press('/connections/named/remove', { version })
    expect([forced.status, forced.text.includes('connection.in_use')]).toEqual([409, true])
    expect((await get('named')).version).toBe(version)
  })
})

describe('disabling asks first', () => {
  const asked = async (id: string) => (await go(`/connections/${id}/disable`, { cookie: owner })).text
  test('its page says which apps stop, which go on, and changes nothing', async () => {
    const { version } = await live('main')
    await live('side', { name: 'The other way' })
    await parts.stores.relyingPartyStore.create(app('alone', ['main']))
    await parts.stores.relyingPartyStore.create(app('both', ['main', 'side']))
    const page = await go('/connections/main', { cookie: owner })
    expect(page.text).toContain('href="/alder/console/connections/main/disable"')
    expect(page.text).not.toContain('action="/alder/console/connections/main/disable"')
    const text = await asked('main')
    expect(text).toMatch(/App alone<\/bdi>:<\/strong> nobody can sign in to it any more/)
    expect(text).toMatch(/App both<\/bdi>:<\/strong> it goes on to offer <bdi>The other way/)
    expect(text).not.toContain('This console:')
    expect((await get('main')).state).toBe('active')
    const done = await press('/connections/main/disable', { version })
    expect(done.location).toBe('/alder/console/connections/main?done=disabled')
    expect((await get('main')).state).toBe('disabled')
    expect((await go('/connections/main/disable', { cookie: owner })).status).toBe(409)
  })
  test('of the staff’s, it says that this console closes, and for whom', async () => {
    await live('staff', { name: 'Staff', audience: 'workforce' })
    expect(await asked('staff')).toContain('It is their only way in')
    await live('staff-2', { name: 'Second door', audience: 'workforce' })
    expect(await asked('staff')).toMatch(/out at once, but for you\. They come in by <bdi>Second door/)
  })
  test('a set-up link, which sees no apps, learns no name of one', async () => {
    const birch = { institution: 'birch', id: 'first-staff' }
    const rows = { relyingParties: [], connections: [], cores: [] }
    await parts.stores.directory.put({ ...rows, institution: { ...alder, id: 'birch' } }, 'file')
    await parts.flows.connections.create(
      { ...birch, content: { ...idp.content, audience: 'workforce' } },
      actor,
    )
    await parts.stores.relyingPartyStore.create({ ...app('secret', ['first-staff']), institution: 'birch' })
    const scope = { institution: 'birch', reference: 'DB-TEST-0001' }
    const cookie = await parts.base.unit.run(scope, async () => {
      const link = await parts.flows.consoleAccess.invite('birch', { roles: ['owner'], by: 'start' })
      return parts.flows.consoleAccess.setUp('birch', link)
    })
    const issuer = parts.issuer.replace(/alder$/, 'birch')
    const { text } = await go('/connections/first-staff/remove', { cookie, issuer })
    expect(text).toContain('It cannot be removed while an app names it')
    expect(text).not.toContain('App secret')
  })
  test('not everybody is asked: who may not change it does not see the page', async () => {
    const { cookie } = await visitors.somebody(['viewer'])
    await made('unseen')
    expect((await go('/connections/unseen/disable', { cookie })).status).toBe(403)
  })
})
