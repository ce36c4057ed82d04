// Attacks on the way in: who rules the IdP of the staff could be any of them, and the first link could do more than build it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Role } from '../../src/domain/administrator.ts'
import type { ConnectionContent } from '../../src/domain/institution.ts'
import { consoleVisitors } from '../journeys/console-visitors.ts'
import { alder, answerTo, bareBrowser, type Parts, startIdp, startParts } from '../journeys/parts.ts'

let parts: Parts
let idp: Awaited<ReturnType<typeof startIdp>>
let own: Awaited<ReturnType<typeof startIdp>>
let visitors: ReturnType<typeof consoleVisitors>
const actor = { by: 'test', why: '' }
const workforce = { audience: 'workforce' } as const

beforeAll(async () => {
  ;[parts, idp, own] = await Promise.all([startParts(), startIdp(), startIdp()])
  visitors = consoleVisitors(parts)
})
afterAll(() => parts.stop())

const get = (id: string, institution = 'alder') => parts.flows.connections.get(institution, id)

async function made(id: string, change: Partial<ConnectionContent> = {}, institution = 'alder') {
  const content = { ...idp.content, ...change }
  await parts.flows.connections.create({ institution, id, content }, actor)
}

/** Passes a test login, signed by this key. */
async function passed(id: string, { by = idp, what = 'present' as 'present' | 'proposal' } = {}) {
  const browser = bareBrowser()
  const start = { connection: id, what, by: 'test', browserHash: browser.hash }
  const begun = await parts.inUnit(() => parts.flows.testLogin.start(alder, start))
  const to = { issuer: parts.issuer, connection: id, requestId: begun.departure.requestId }
  const SAMLResponse = answerTo(to, { key: by.key, sides: 'both' })
  await browser.post(`${parts.issuer}/saml/${id}/acs`, { SAMLResponse, RelayState: begun.id })
}

async function live(id: string, change: Partial<ConnectionContent> = {}) {
  await made(id, change)
  await passed(id)
  return parts.flows.connections.activate(await get(id), actor)
}

/** What becomes of this step when somebody of this role takes it. */
async function taken(role: Role, id: string, step: string, more: Readonly<Record<string, string>> = {}) {
  const { cookie } = await visitors.somebody([role])
  const form = {
    form_token: await visitors.tokenOf(cookie),
    version: String((await get(id)).version),
    ...more,
  }
  const { status, text } = await visitors.go(`/connections/${id}/${step}`, { cookie, form })
  return [
    status,
    /<code>(console\.[a-z]+)/.exec(text)?.[1] ?? (text.includes('console.forbidden') && 'console.forbidden'),
  ]
}

const refused = [403, 'console.forbidden']

describe('#200 nobody makes themselves an owner by the IdP of the staff', () => {
  const mine = () => ({
    ...idp.content,
    ...workforce,
    settings: { ...idp.content.settings, certificates: [own.key.pem], ssoUrl: 'https://own.example/sso' },
  })
  test.each(['federation-admin', 'security-admin'] as const)(
    'a %s puts no key of theirs there',
    async (role) => {
      const id = `staff-${role.slice(0, 3)}`
      await live(id, workforce)
      await parts.flows.connections.save(await get(id), mine(), actor)
      await passed(id, { by: own, what: 'proposal' })
      expect((await get(id)).proposal?.tested).toBe(true)
      expect(await taken(role, id, 'activate')).toEqual(refused)
      expect((await get(id)).settings.certificates).toEqual([idp.key.pem])
      // The control: an owner may.
      expect((await taken('owner', id, 'activate'))[0]).toBe(303)
      expect((await get(id)).settings.certificates).toEqual([own.key.pem])
    },
  )
  test('connects no IdP of theirs for staff, nor one of customers that becomes one of staff', async () => {
    await made('second', workforce)
    await passed('second')
    expect(await taken('security-admin', 'second', 'activate')).toEqual(refused)
    await live('turned')
    const taker = { visitor: await visitorOf('security-admin'), why: '' }
    const turning = { ...idp.content, ...workforce }
    const save = async (by: typeof taker) =>
      parts.flows.consoleConnections.save(await get('turned'), turning, by).then(
        ({ audience }) => audience,
        (error) => error.code,
      )
    expect(await parts.inUnit(() => save(taker))).toBe('console.forbidden')
    expect((await taken('owner', 'second', 'activate'))[0]).toBe(303)
    expect(await parts.inUnit(async () => save({ visitor: await visitorOf('owner'), why: '' }))).toBe(
      'workforce',
    )
  })
  test('nor by the detours over switching off, and over customers', async () => {
    await live('off', workforce)
    await parts.flows.connections.disable(await get('off'), actor)
    await passed('off')
    expect(await taken('security-admin', 'off', 'activate')).toEqual(refused)
    await parts.flows.connections.save(await get('off'), { ...mine(), audience: 'customers' }, actor)
    await passed('off', { by: own })
    expect((await get('off')).state).toBe('tested')
    expect(await taken('security-admin', 'off', 'activate')).toEqual(refused)
    expect((await taken('owner', 'off', 'activate'))[0]).toBe(303)
  })
  test('the flow judges whatever page asks, by the person and by the version that they saw', async () => {
    await made('flow', workforce)
    await passed('flow')
    const { consoleConnections } = parts.flows
    const at = await get('flow')
    const activate = (by: { visitor: Awaited<ReturnType<typeof visitorOf>> }, version = at.version) =>
      parts
        .inUnit(() => consoleConnections.activate({ ...at, version }, { ...by, why: '' }))
        .then(
          ({ state }) => state,
          (error) => error.code,
        )
    const owner = await visitorOf('owner')
    expect(await activate({ visitor: await visitorOf('security-admin') })).toBe('console.forbidden')
    expect(await activate({ visitor: { ...owner, authenticatedAt: Date.now() - 301_000 } })).toBe(
      'console.recent',
    )
    expect(await activate({ visitor: owner }, at.version - 1)).toBe('connection.stale')
    expect(await activate({ visitor: owner })).toBe('active')
  })
})

async function visitorOf(role: Role) {
  const { cookie } = await visitors.somebody([role])
  const visitor = await parts.inUnit(() => parts.flows.consoleAccess.visitor('alder', cookie))
  if (visitor === undefined) throw new Error('nobody')
  return visitor
}

describe('#203 an old version comes back by the same permissions as any change', () => {
  test('what proved less once is not restored by who may not weaken', async () => {
    const weak = { settings: { ...idp.content.settings, signed: 'either' } }
    await live('back', weak)
    const strict = { ...idp.content, settings: { ...idp.content.settings, signed: 'both' } }
    const { version } = await get('back')
    await parts.flows.connections.save(await get('back'), strict, actor)
    await passed('back', { what: 'proposal' })
    await parts.flows.connections.activate(await get('back'), actor)
    expect((await taken('viewer', 'back', `history/${version}/restore`))[0]).toBe(403)
    // It waits as a proposal, like any edit of a live one ...
    expect((await taken('federation-admin', 'back', `history/${version}/restore`))[0]).toBe(303)
    expect((await get('back')).settings.signed).toBe('both')
    await passed('back', { what: 'proposal' })
    // ... and who may not weaken does not let it out.
    expect(await taken('federation-admin', 'back', 'activate')).toEqual(refused)
    expect((await get('back')).settings.signed).toBe('both')
    expect((await taken('security-admin', 'back', 'activate'))[0]).toBe(303)
    expect((await get('back')).settings.signed).toBe('either')
  })
  test('nor is whom it lets in: that reaches people at once, and is judged at once', async () => {
    await live('whom', workforce)
    const { version } = await get('whom')
    await parts.flows.connections.save(await get('whom'), { ...idp.content, audience: 'customers' }, actor)
    const path = `history/${version}/restore`
    expect(await taken('security-admin', 'whom', path)).toEqual(refused)
    expect((await get('whom')).audience).toBe('customers')
    expect((await taken('owner', 'whom', path))[0]).toBe(303)
    expect((await get('whom')).audience).toBe('workforce')
  })
})

describe('#200 the first link builds the way in, and does nothing else', () => {
  const institution = 'elm'
  let issuer = ''
  let cookie = ''
  let form_token = ''
  beforeAll(async () => {
    issuer = parts.issuer.replace(/alder$/, institution)
    const ruled = { ...idp.content, institution, id: 'ruled', version: 0, state: 'active' } as const
    const rows = { relyingParties: [], connections: [{ ...ruled, ...workforce }], cores: [] }
    await parts.stores.directory.put({ ...rows, institution: { ...alder, id: institution } }, 'file')
    await made('people', {}, institution)
    await made('staff', workforce, institution)
    cookie = await parts.base.unit.run({ institution, reference: 'DB-TEST-0001' }, async () => {
      const token = (await parts.flows.consoleAccess.first(institution)) as string
      return parts.flows.consoleAccess.setUp(institution, token)
    })
    const page = await visitors.go('/connections', { cookie, issuer })
    form_token = /name="form_token" value="([^"]+)"/.exec(page.text)?.[1] as string
  })
  const post = async (path: string, more: Readonly<Record<string, string>> = {}) => {
    const id = /^\/connections\/([a-z]+)\//.exec(path)?.[1]
    const version = id === undefined ? '1' : String((await get(id, institution)).version)
    const { status } = await visitors.go(path, { cookie, issuer, form: { form_token, version, ...more } })
    return [path, status]
  }
  test('it touches no connection of customers, and none of a file', async () => {
    for (const id of ['people', 'ruled'])
      for (const step of ['disable', 'test', 'activate', 'refresh', 'history/1/restore'])
        expect(await post(`/connections/${id}/${step}`)).toEqual([`/connections/${id}/${step}`, 403])
    expect(await post('/connections/people/edit', { do: 'check' })).toEqual(['/connections/people/edit', 403])
    expect((await get('people', institution)).state).toBe('draft')
    expect((await get('ruled', institution)).state).toBe('active')
    // The control: the one that it is for.
    expect(await post('/connections/staff/disable')).toEqual(['/connections/staff/disable', 303])
  })
  test('it makes none of customers', async () => {
    const visitor = await parts.inUnit(() => parts.flows.consoleAccess.visitor(institution, cookie))
    const taker = { visitor: visitor as NonNullable<typeof visitor>, why: '' }
    const create = (id: string, content: ConnectionContent) =>
      parts.base.unit
        .run({ institution, reference: 'DB-TEST-0001' }, () =>
          parts.flows.consoleConnections.create({ institution, id, content }, taker),
        )
        .then(
          ({ state }) => state,
          (error) => error.code,
        )
    expect(await create('theirs', idp.content)).toBe('console.forbidden')
    expect(await create('ours', { ...idp.content, ...workforce })).toBe('draft')
  })
  test('it reads no exchange and no app, and touches no key', async () => {
    const page = async (path: string) => (await visitors.go(path, { cookie, issuer })).status
    for (const path of ['/exchanges', '/relying-parties', '/relying-parties/new', '/administrators'])
      expect([path, await page(path)]).toEqual([path, 403])
    expect(await page('/connections/staff/keys')).toBe(403)
    for (const step of ['prepare', 'promote', 'remove'])
      expect(await post(`/connections/staff/keys/${step}`)).toEqual([`/connections/staff/keys/${step}`, 403])
    for (const path of ['', '/connections', '/connections/staff', '/connections/new'])
      expect([path, await page(path)]).toEqual([path, 200])
  })
})
