// Attacks on the console as such: forged forms, roles that are not held, sessions that are not one's own, invitations.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Role } from '../../src/domain/administrator.ts'
import { createConsoleAccess } from '../../src/flows/console-access.ts'
import { alder, type Parts, startIdp, startParts } from '../journeys/parts.ts'

let parts: Parts
let birch = ''

beforeAll(async () => {
  parts = await startParts()
  const rows = {
    institution: { ...alder, id: 'birch', name: 'Birch Bank' },
    relyingParties: [],
    connections: [],
    cores: [],
  }
  await parts.stores.directory.put(rows, 'file')
  birch = parts.issuer.replace(/alder$/, 'birch')
})
afterAll(() => parts.stop())

const inUnit = <T>(work: () => Promise<T>) => parts.inUnit(work)
let next = 0

/** An administrator with these roles, signed in: the cookie. `age` is how long ago they proved themselves, in seconds. */
async function somebody(roles: readonly Role[], { age = 0, institution = 'alder' } = {}) {
  next += 1
  const subject = `staff-${next}`
  const now = Date.now()
  const scope = { institution, reference: 'DB-TEST-0001' }
  const cookie = await parts.base.unit.run(scope, async () => {
    await parts.stores.administrators.put({ institution, subject, roles, addedBy: 'test', addedAt: now })
    const signedIn = { subject, authenticatedAt: now - age * 1000, invitation: undefined, before: undefined }
    return parts.flows.consoleAccess.signIn(institution, signedIn)
  })
  return { subject, cookie }
}

interface Asking {
  readonly cookie?: string
  readonly form?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

async function go(path: string, { cookie, form, headers, body }: Asking = {}, issuer = parts.issuer) {
  const posted = form === undefined ? body : new URLSearchParams(form)
  const response = await fetch(`${issuer}/console${path}`, {
    method: posted === undefined ? 'GET' : 'POST',
    redirect: 'manual',
    headers: { accept: 'text/html', ...(cookie && { cookie: `db_console=${cookie}` }), ...headers },
    ...(posted !== undefined && { body: posted }),
  })
  return {
    status: response.status,
    location: response.headers.get('location'),
    text: await response.text(),
    headers: response.headers,
  }
}

/** The token of this session's forms, as its pages have it. */
async function tokenOf(cookie: string): Promise<string> {
  const { text } = await go('', { cookie })
  return /name="form_token" value="([^"]+)"/.exec(text)?.[1] as string
}

const events = async (type: string) => {
  const rows = await parts.base.database.knex('audit_event').where({ type }).orderBy('at')
  return rows.map(({ body }) => JSON.parse(body))
}

test('#198 only our own page posts our forms: token, Origin, Sec-Fetch-Site and type of the body', async () => {
  const { cookie } = await somebody(['owner'])
  const form_token = await tokenOf(cookie)
  const form = { form_token, 'role.viewer': 'on' }
  const path = '/administrators/invite'
  const other = await tokenOf((await somebody(['owner'])).cookie)
  const refused: Asking[] = [
    { form: { 'role.viewer': 'on' } },
    { form: { ...form, form_token: other } },
    { form, headers: { origin: 'https://evil.example' } },
    { form, headers: { 'sec-fetch-site': 'cross-site' } },
    { form, headers: { 'sec-fetch-site': 'same-site' } },
  ]
  for (const asking of refused) {
    const { status, text } = await go(path, { cookie, ...asking })
    expect([status, /form\.forged/.test(text)]).toEqual([403, true])
  }
  for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=x']) {
    const body = type.includes('json') ? JSON.stringify(form) : new URLSearchParams(form).toString()
    const { status } = await go(path, { cookie, body, headers: { 'content-type': type } })
    expect([type, status]).toEqual([type, 415])
  }
  // No page of another origin may read an answer of the console.
  const cors = await go('', { cookie, headers: { origin: 'https://evil.example' } })
  expect(cors.headers.get('access-control-allow-origin')).toBeNull()
  const before = (await events('administrator.invited')).length
  // The control.
  const done = await go(path, { cookie, form, headers: { 'sec-fetch-site': 'same-origin', origin: 'null' } })
  expect([done.status, done.text.includes('/console/invitation/')]).toEqual([200, true])
  expect((await events('administrator.invited')).length).toBe(before + 1)
})

describe('#199 institutions are apart', () => {
  test('a session of the one is nothing at the other', async () => {
    const { cookie } = await somebody(['owner'])
    const there = await go('', { cookie }, birch)
    expect([there.status, there.location]).toEqual([303, '/birch/console/sign-in?then=%2Fconsole'])
    const own = await somebody(['owner'], { institution: 'birch' })
    expect((await go('', own, birch)).status).toBe(200)
  })
  test('what belongs to the other is not there, and who asked is recorded', async () => {
    const made = await parts.base.unit.run({ institution: 'birch', reference: 'DB-TEST-0001' }, async () => {
      const party = {
        ...{
          institution: 'birch',
          id: 'birch-app',
          name: 'Birch app',
          kind: 'api' as const,
          platform: 'server' as const,
        },
        ...{ redirectUris: [], postLogoutRedirectUris: [], webOrigins: [], connections: [], scopes: [] },
        ...{ acrFloor: undefined, requirePar: false, requireDpop: false, transactionTypes: [] },
        keys: [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }],
      }
      await parts.flows.relyingParties.create(party, 'test')
      return party.id
    })
    const { cookie, subject } = await somebody(['owner'])
    const asked = await go(`/relying-parties/${made}`, { cookie })
    expect([asked.status, asked.text.includes('Birch app')]).toEqual([404, false])
    expect(await events('console.refused')).toContainEqual(
      expect.objectContaining({ institution: 'alder', detail: { by: `administrator:${subject}` } }),
    )
    const own = await somebody(['viewer'], { institution: 'birch' })
    expect((await go(`/relying-parties/${made}`, own, birch)).text).toContain('Birch app')
  })
  test('a sealed sign-in of the one is not taken up by the other', async () => {
    const begun = await go(
      '/callback?state=x&code=y',
      { headers: { cookie: 'db_console_begin=forged' } },
      birch,
    )
    expect([begun.status, begun.text.includes('console.signed_out')]).toEqual([401, true])
  })
})

describe('#200 roles', () => {
  const posts: readonly (readonly [path: string, needs: readonly Role[]])[] = [
    ['/administrators/invite', ['owner']],
    ['/relying-parties/new', ['owner', 'security-admin', 'federation-admin']],
  ]
  test.each(['viewer', 'federation-admin', 'security-admin', 'owner'] as const)(
    'a %s posts what is theirs',
    async (role) => {
      const { cookie } = await somebody([role])
      const form_token = await tokenOf(cookie)
      for (const [path, needs] of posts) {
        const { status, text } = await go(path, { cookie, form: { form_token, platform: 'ios' } })
        if (needs.includes(role)) expect([200, 303, 422], `${role} ${path}`).toContain(status)
        else expect([status, text.includes('console.forbidden')], `${role} ${path}`).toEqual([403, true])
      }
    },
  )
  test('nobody makes themselves more: the page of administrators is an owner’s', async () => {
    const { cookie, subject } = await somebody(['security-admin'])
    const form = { form_token: await tokenOf(cookie), 'role.owner': 'on' }
    expect((await go('/administrators', { cookie })).status).toBe(403)
    expect((await go(`/administrators/${subject}/roles`, { cookie, form })).status).toBe(403)
    expect((await inUnit(() => parts.stores.administrators.get('alder', subject)))?.roles).toEqual([
      'security-admin',
    ])
  })
  test('a role that does not exist is not given', async () => {
    const { cookie } = await somebody(['owner'])
    const form = { form_token: await tokenOf(cookie), 'role.root': 'on' }
    expect((await go('/administrators/invite', { cookie, form })).status).toBe(400)
  })
})

describe('#202 sessions', () => {
  test('a planted cookie opens nothing and is not taken over', async () => {
    const planted = await go('', { cookie: 'planted-by-a-stranger' })
    expect(planted.status).toBe(303)
    const { cookie } = await somebody(['owner'])
    expect(cookie).not.toBe('planted-by-a-stranger')
  })
  test('a role that is taken away is gone at the next click, and so is a removed administrator', async () => {
    const boss = await somebody(['owner'])
    const { cookie, subject } = await somebody(['federation-admin'])
    expect((await go('/relying-parties/new', { cookie })).status).toBe(200)
    const form_token = await tokenOf(boss.cookie)
    await go(`/administrators/${subject}/roles`, {
      cookie: boss.cookie,
      form: { form_token, 'role.viewer': 'on' },
    })
    expect((await go('/relying-parties/new', { cookie })).status).toBe(403)
    await go(`/administrators/${subject}/remove`, { cookie: boss.cookie, form: { form_token } })
    expect((await go('', { cookie })).status).toBe(303)
    expect((await go('', { cookie: boss.cookie })).status).toBe(200)
  })
  test('a customer disabled by the bank is no administrator either', async () => {
    const { cookie, subject } = await somebody(['viewer'])
    expect((await go('', { cookie })).status).toBe(200)
    await inUnit(() => parts.stores.subjectStates.disable('alder', subject))
    expect((await go('', { cookie })).status).toBe(303)
  })
  test('roles are changed only after a sign-in of the last five minutes', async () => {
    const { cookie } = await somebody(['owner'], { age: 301 })
    const form = { form_token: await tokenOf(cookie), 'role.viewer': 'on' }
    const { status, location } = await go('/administrators/invite', { cookie, form })
    expect([status, location]).toEqual([
      303,
      '/alder/console/sign-in?fresh=yes&then=%2Fconsole%2Fadministrators',
    ])
    const recent = await somebody(['owner'], { age: 299 })
    const again = { ...form, form_token: await tokenOf(recent.cookie) }
    expect((await go('/administrators/invite', { cookie: recent.cookie, form: again })).status).toBe(200)
  })
  test('idle for a quarter of an hour, or eight hours old, a session is over', async () => {
    const at = { now: Date.now() }
    const access = createConsoleAccess({ ...parts.base, ...parts.stores, clock: { now: () => at.now } })
    const { cookie } = await somebody(['viewer'])
    const alive = () => inUnit(async () => (await access.visitor('alder', cookie)) !== undefined)
    for (let minutes = 0; minutes < 8 * 60 - 14; minutes += 14) {
      expect(await alive(), `after ${minutes} minutes`).toBe(true)
      at.now += 14 * 60_000
    }
    at.now += 14 * 60_000
    expect(await alive()).toBe(false)
    const idle = await somebody(['viewer'])
    at.now = Date.now() + 15 * 60_000 - 1000
    expect(await inUnit(() => access.visitor('alder', idle.cookie))).toBeDefined()
    at.now = Date.now() + 2 * 15 * 60_000
    expect(await inUnit(() => access.visitor('alder', idle.cookie))).toBeUndefined()
  })
  test('of two owners who remove each other at once one stays', async () => {
    const institution = 'cedar'
    const rows = {
      institution: { ...alder, id: institution },
      relyingParties: [],
      connections: [],
      cores: [],
    }
    await parts.stores.directory.put(rows, 'file')
    const [a, b] = [await somebody(['owner'], { institution }), await somebody(['owner'], { institution })]
    const remove = (subject: string) =>
      parts.base.unit
        .run({ institution, reference: 'DB-TEST-0001' }, () =>
          parts.flows.administratorFlows.remove({ institution, subject, by: 'test' }),
        )
        .then(
          () => 'removed',
          (error) => error.code,
        )
    expect((await Promise.all([remove(a.subject), remove(b.subject)])).sort()).toEqual([
      'console.last_owner',
      'removed',
    ])
  })
})

describe('invitations', () => {
  const invited = () =>
    inUnit(() => parts.flows.consoleAccess.invite('alder', { roles: ['viewer'], by: 'test' }))
  const join = (subject: string, invitation: string, access = parts.flows.consoleAccess) =>
    inUnit(() =>
      access.signIn('alder', { subject, authenticatedAt: Date.now(), invitation, before: undefined }),
    ).then(
      () => 'in',
      (error) => error.code,
    )
  test('opens for one of twenty who try at once, and for nobody afterwards', async () => {
    const token = await invited()
    const tries = await Promise.all(Array.from({ length: 20 }, (_, i) => join(`guest-${i}`, token)))
    expect(tries.filter((one) => one === 'in')).toHaveLength(1)
    expect(new Set(tries)).toEqual(new Set(['in', 'console.invitation']))
    expect(await join('late', token)).toBe('console.invitation')
  })
  test('is over after three days; a guess, another institution’s and a withdrawn one open nothing', async () => {
    const token = await invited()
    const later = createConsoleAccess({
      ...parts.base,
      ...parts.stores,
      clock: { now: () => Date.now() + 72 * 3600_000 },
    })
    expect(await join('guest', token, later)).toBe('console.invitation')
    expect(await join('guest', 'a-guess')).toBe('console.invitation')
    expect((await go(`/invitation/${token}`, {}, birch)).status).toBe(403)
    // The control: looking at the page does not use it up.
    expect((await go(`/invitation/${token}`)).status).toBe(200)
    expect(await join('guest', token)).toBe('in')
  })
  test('whoever signs in without one is nobody here, and that is recorded', async () => {
    const stranger = {
      subject: 'stranger',
      authenticatedAt: Date.now(),
      invitation: undefined,
      before: undefined,
    }
    await expect(inUnit(() => parts.flows.consoleAccess.signIn('alder', stranger))).rejects.toMatchObject({
      code: 'console.not_administrator',
    })
    expect(await events('console.refused')).toContainEqual(
      expect.objectContaining({ code: 'console.not_administrator', subject: 'stranger' }),
    )
  })
  test('the first owner’s builds the way in only while there is no owner', async () => {
    const token = await inUnit(() =>
      parts.flows.consoleAccess.invite('alder', { roles: ['owner'], by: 'test' }),
    )
    await expect(inUnit(() => parts.flows.consoleAccess.setUp('alder', token))).rejects.toMatchObject({
      code: 'console.invitation',
    })
    const scope = { institution: 'dogwood', reference: 'DB-TEST-0001' }
    const rows = { institution: { ...alder, id: 'dogwood' }, relyingParties: [], connections: [], cores: [] }
    await parts.stores.directory.put(rows, 'file')
    const cookie = await parts.base.unit.run(scope, async () => {
      const first = (await parts.flows.consoleAccess.first('dogwood')) as string
      return parts.flows.consoleAccess.setUp('dogwood', first)
    })
    const dogwood = parts.issuer.replace(/alder$/, 'dogwood')
    expect((await go('', { cookie }, dogwood)).status).toBe(200)
    expect((await go('/administrators', { cookie }, dogwood)).status).toBe(403)
    await somebody(['owner'], { institution: 'dogwood' })
    expect((await go('', { cookie }, dogwood)).status).toBe(303)
  })
})

test('a way back leads to a path of the console and nowhere else', async () => {
  const { content } = await startIdp()
  const staff = {
    ...content,
    institution: 'alder',
    id: 'staff',
    state: 'active',
    version: 0,
    audience: 'workforce',
  } as const
  await parts.stores.directory.put({ ...parts.rows, connections: [staff] }, 'file')
  const onward = async (then: string) => {
    const { headers } = await go(`/sign-in?then=${encodeURIComponent(then)}`)
    const sealed = /db_console_begin=([^;]+)/.exec(headers.get('set-cookie') ?? '')?.[1] as string
    return JSON.parse(parts.base.seal.open('alder', sealed)).onward
  }
  const evil = [
    'https://evil.example',
    '//evil.example',
    '/console/../authorize',
    '/consolevil',
    '/console\\evil',
    '/console//evil',
  ]
  for (const then of evil) expect([then, await onward(then)]).toEqual([then, '/console'])
  expect(await onward('/console/exchanges?reference=DB-1')).toBe('/console/exchanges?reference=DB-1')
})
