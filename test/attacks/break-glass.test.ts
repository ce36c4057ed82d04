// Attacks on break-glass: every lie that a key or a browser can tell, tried beside the truth.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Role } from '../../src/domain/administrator.ts'
import { createConsoleAccess } from '../../src/flows/console-access.ts'
import { alder, type Parts, startParts } from '../journeys/parts.ts'
import { type Lie, type SoftwareKey, softwareKey } from './software-key.ts'

let parts: Parts
let issuers: Readonly<Record<string, string>>
const rpId = '127.0.0.1'
let here: { readonly rpId: string; readonly origin: string }

beforeAll(async () => {
  parts = await startParts({ limits: { rates: { pin: { points: 10_000, seconds: 60 } } } } as never)
  const rows = { relyingParties: [], connections: [], cores: [] }
  await parts.stores.directory.put(
    { ...rows, institution: { ...alder, id: 'birch', name: 'Birch Bank' } },
    'file',
  )
  issuers = { alder: parts.issuer, birch: parts.issuer.replace(/alder$/, 'birch') }
  here = { rpId, origin: new URL(parts.issuer).origin }
})
afterAll(() => parts.stop())

const inUnit = <T>(work: () => Promise<T>, institution = 'alder') =>
  parts.base.unit.run({ institution, reference: 'DB-TEST-0001' }, work)

interface Answer {
  readonly status: number
  readonly location: string | null
  readonly text: string
  readonly code: string | undefined
  /** Cookies by name, as this answer sets them. */
  readonly cookies: Readonly<Record<string, string>>
}

interface Going {
  readonly cookies?: Readonly<Record<string, string>>
  readonly form?: Readonly<Record<string, string>>
  readonly institution?: string
}

async function go(path: string, { cookies = {}, form, institution = 'alder' }: Going = {}): Promise<Answer> {
  const cookie = Object.entries(cookies)
    .map((pair) => pair.join('='))
    .join('; ')
  const response = await fetch(`${issuers[institution]}/console${path}`, {
    method: form === undefined ? 'GET' : 'POST',
    redirect: 'manual',
    headers: { accept: 'text/html', ...(cookie && { cookie }) },
    ...(form !== undefined && { body: new URLSearchParams(form) }),
  })
  const text = await response.text()
  const set = response.headers.getSetCookie().map((line) => line.split(';')[0]?.split('=') as string[])
  return {
    status: response.status,
    location: response.headers.get('location'),
    text,
    code: /(?:break_glass|console|form|request|rate)\.\w+/.exec(
      text.replace(/<head>[\s\S]*<\/head>/, ''),
    )?.[0],
    cookies: Object.fromEntries(set.map(([name = '', ...rest]) => [name, rest.join('=')])),
  }
}

const fieldOf = (text: string, name: string): string =>
  new RegExp(`name="${name}" value="([^"]*)"`).exec(text)?.[1] ?? ''
const optionsOf = (text: string) =>
  JSON.parse((/data-options="([^"]*)"/.exec(text)?.[1] ?? '{}').replaceAll('&quot;', '"'))

const events = async (type: string) => {
  const rows = await parts.base.database.knex('audit_event').where({ type }).orderBy('at')
  return rows.map(({ body }) => JSON.parse(body))
}

const alerts = async (code: string): Promise<number> => {
  const text = await parts.base.metrics.render()
  return Number(new RegExp(`drawbridge_alerts_total\\{code="${code}"\\} (\\d+)`).exec(text)?.[1] ?? 0)
}

let next = 0
async function somebody(roles: readonly Role[], { age = 0, institution = 'alder' } = {}) {
  next += 1
  const subject = `staff-${next}`
  const cookie = await inUnit(async () => {
    const now = Date.now()
    await parts.stores.administrators.put({ institution, subject, roles, addedBy: 'test', addedAt: now })
    const authenticatedAt = now - age * 1000
    const signedIn = { subject, authenticatedAt, invitation: undefined, before: undefined }
    return parts.flows.consoleAccess.signIn(institution, signedIn)
  }, institution)
  return { subject, cookies: { db_console: cookie } }
}

/** Registers a key as the page does. */
async function register(
  key: SoftwareKey,
  { label = 'Safe', lie = {}, replaces = '', by = undefined as Going['cookies'], institution = 'alder' } = {},
): Promise<Answer> {
  const cookies = by ?? (await somebody(['owner'], { institution })).cookies
  const path = `/break-glass/keys/new${replaces && `?replaces=${replaces}`}`
  const page = await go(path, { cookies, institution })
  if (page.status !== 200) return page
  const credential = key.create(optionsOf(page.text).challenge, lie)
  const form = { form_token: fieldOf(page.text, 'form_token'), label, credential }
  return go('/break-glass/keys/new', {
    cookies: { ...cookies, ...page.cookies },
    form: { ...form, ...(replaces && { replaces }) },
    institution,
  })
}

/** The page that asks for a key, in a browser of its own. */
async function asked(institution = 'alder') {
  const page = await go('/break-glass', { institution })
  return { page, challenge: optionsOf(page.text).challenge as string, cookies: page.cookies }
}

type Asked = Awaited<ReturnType<typeof asked>>

const answer = ({ page, cookies }: Asked, credential: string, institution = 'alder') =>
  go('/break-glass', {
    cookies,
    form: {
      form_token: fieldOf(page.text, 'form_token'),
      onward: fieldOf(page.text, 'onward'),
      credential,
    },
    institution,
  })

async function open(key: SoftwareKey, lie: Lie = {}): Promise<Answer> {
  const question = await asked()
  return answer(question, key.get(question.challenge, lie))
}

const entered = ({ status, location, cookies }: Answer): boolean =>
  status === 303 && location === '/alder/console' && (cookies.db_console ?? '').length > 20

let key: SoftwareKey
let other: SoftwareKey

beforeEach(async () => {
  for (const table of ['break_glass_key', 'break_glass_use']) await parts.base.database.knex(table).del()
  key = softwareKey(here)
  other = softwareKey(here)
  expect((await register(key, { label: 'Safe one' })).location).toBe('/alder/console/administrators')
})

describe('the door', () => {
  test('opens for one hour with an owner’s rights, and tells of it', async () => {
    const before = await alerts('break_glass.used')
    const done = await open(key)
    expect(entered(done)).toBe(true)
    const { cookies } = done
    const inside = await go('/administrators', { cookies })
    expect([inside.status, inside.text.includes('By passkey, for an hour; everybody is told')]).toEqual([
      200,
      true,
    ])
    expect((await events('break_glass.used')).at(-1)).toMatchObject({
      outcome: 'ok',
      institution: 'alder',
      detail: { key: 'Safe one' },
    })
    expect((await alerts('break_glass.used')) - before).toBe(1)
    const at = { now: Date.now() }
    const access = createConsoleAccess({ ...parts.base, ...parts.stores, clock: { now: () => at.now } })
    const alive = () => inUnit(async () => (await access.visitor('alder', cookies.db_console)) !== undefined)
    for (let minutes = 0; minutes < 56; minutes += 14) {
      expect(await alive(), `after ${minutes} minutes`).toBe(true)
      at.now += 14 * 60_000
    }
    at.now += 5 * 60_000
    expect(await alive()).toBe(false)
  })
  const lies: readonly (readonly [what: string, lie: () => Lie])[] = [
    ['made for another origin', () => ({ origin: 'https://console.evil.example' })],
    ['made for another port', () => ({ origin: 'http://127.0.0.1:1' })],
    ['made for another RP id', () => ({ rpId: 'evil.example' })],
    ['without user verification', () => ({ verified: false })],
    ['without anybody present', () => ({ present: false })],
    ['to another challenge', () => ({ challenge: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' })],
    ['by another key under this one’s name', () => ({ signer: other })],
    ['by a key that is not registered', () => ({ id: other.id, signer: other })],
    ['that is of a registration', () => ({ type: 'webauthn.create' })],
  ]
  test.each(lies)('#141 does not open for an answer %s; it is recorded, with an alarm', async (_, lie) => {
    const before = await alerts('break_glass.refused')
    const recorded = (await events('break_glass.refused')).length
    const refused = await open(key, lie())
    expect([refused.status, refused.code, refused.cookies.db_console]).toEqual([
      403,
      'break_glass.refused',
      undefined,
    ])
    expect((await alerts('break_glass.refused')) - before).toBe(1)
    expect((await events('break_glass.refused')).length - recorded).toBe(1)
    expect(await parts.base.database.knex('break_glass_use')).toEqual([])
    // The control: the same key with the truth.
    expect(entered(await open(key))).toBe(true)
  })
  test.each([
    ['nothing', ''],
    ['no JSON', '{'],
    ['null', 'null'],
    ['an empty object', '{}'],
    ['a number for an id', '{"id":1,"rawId":1,"type":"public-key","response":{}}'],
  ])('does not open for %s', async (_, credential) => {
    expect((await answer(await asked(), credential)).code).toBe('break_glass.refused')
  })
  test('#141 a counter that stands still or goes back is a copy', async () => {
    expect(entered(await open(key))).toBe(true)
    const before = await alerts('break_glass.cloned')
    for (const counter of [key.counter, key.counter - 1, 0]) {
      const refused = await open(key, { counter })
      expect([counter, refused.status, refused.code]).toEqual([counter, 403, 'break_glass.cloned'])
    }
    expect((await alerts('break_glass.cloned')) - before).toBe(3)
    // Nobody can have it called a copy without it: the counter is looked at behind the signature.
    const forged = await open(key, { counter: 0, signer: other })
    expect(forged.code).toBe('break_glass.refused')
    expect(entered(await open(key))).toBe(true)
  })
  test('a key that never counts is taken as such', async () => {
    const still = softwareKey(here)
    await register(still, { label: 'Safe two', lie: { counter: 0 } })
    for (let i = 0; i < 2; i += 1) expect(entered(await open(still, { counter: 0 }))).toBe(true)
    // Once it counted, it goes on to.
    expect(entered(await open(still, { counter: 4_000_000_000 }))).toBe(true)
    expect((await open(still, { counter: 0 })).code).toBe('break_glass.cloned')
  })
  test('a question is answered once, be it right or wrong', async () => {
    const question = await asked()
    expect(entered(await answer(question, key.get(question.challenge)))).toBe(true)
    const before = await alerts('break_glass.replayed')
    const again = await answer(question, key.get(question.challenge))
    expect([again.status, again.code]).toEqual([403, 'break_glass.replayed'])
    expect((await alerts('break_glass.replayed')) - before).toBe(1)
    const wrong = await asked()
    expect((await answer(wrong, key.get(wrong.challenge, { verified: false }))).code).toBe(
      'break_glass.refused',
    )
    expect((await answer(wrong, key.get(wrong.challenge))).code).toBe('break_glass.replayed')
  })
  test('of ten answers to one question at once one is taken', async () => {
    const question = await asked()
    const answers = Array.from({ length: 10 }, () => key.get(question.challenge))
    const done = await Promise.all(answers.map((one) => answer(question, one)))
    expect(done.filter(entered)).toHaveLength(1)
    expect(new Set(done.filter((one) => !entered(one)).map(({ code }) => code))).toEqual(
      new Set(['break_glass.replayed']),
    )
    expect(await parts.base.database.knex('break_glass_use')).toHaveLength(1)
  })
  test('of ten answers with one counter to ten questions at once one is taken', async () => {
    const questions = await Promise.all(Array.from({ length: 10 }, () => asked()))
    key.counter += 1
    const { counter } = key
    const done = await Promise.all(questions.map((q) => answer(q, key.get(q.challenge, { counter }))))
    expect(done.filter(entered)).toHaveLength(1)
    expect(done.filter(({ code }) => code === 'break_glass.cloned')).toHaveLength(9)
  })
  test('only the browser that was asked answers, and only by our own page', async () => {
    const [mine, theirs] = [await asked(), await asked()]
    const none = await answer({ ...mine, cookies: {} }, key.get(mine.challenge))
    expect([none.status, none.code]).toEqual([400, 'break_glass.late'])
    const swapped = await answer({ ...mine, cookies: theirs.cookies }, key.get(theirs.challenge))
    expect([swapped.status, swapped.code]).toEqual([403, 'form.forged'])
    expect(entered(await answer(mine, key.get(mine.challenge)))).toBe(true)
  })
  test('a question of a registration, or of a sign-in, opens no door', async () => {
    const { cookies } = await somebody(['owner'])
    const page = await go('/break-glass/keys/new', { cookies })
    const { challenge } = optionsOf(page.text)
    const question = await asked()
    const refused = await answer({ ...question, cookies: page.cookies }, key.get(challenge))
    expect(refused.code).toBe('break_glass.late')
    const begun = await go('/break-glass')
    const renamed = { db_console_begin: Object.values(begun.cookies)[0] as string }
    const callback = await go('/callback?state=undefined&code=x', { cookies: renamed })
    expect([callback.status, callback.code]).toEqual([401, 'console.signed_out'])
  })
  test('#199 a key, a question and a session of the one institution are nothing at the other', async () => {
    const theirs = softwareKey(here)
    await register(theirs, { label: 'Birch safe', institution: 'birch' })
    const question = await asked()
    expect(optionsOf(question.page.text).allowCredentials.map(({ id }: { id: string }) => id)).toEqual([
      key.id,
    ])
    expect((await answer(question, theirs.get(question.challenge))).code).toBe('break_glass.refused')
    const at = await asked('birch')
    expect((await answer(at, key.get(at.challenge), 'birch')).code).toBe('break_glass.refused')
    const crossed = await asked()
    expect((await answer(crossed, theirs.get(crossed.challenge), 'birch')).code).toBe('break_glass.late')
    const { cookies } = await open(key)
    expect((await go('', { cookies, institution: 'birch' })).status).toBe(303)
    // Not told there either.
    const neighbour = await somebody(['owner'], { institution: 'birch' })
    const page = await go('', { cookies: neighbour.cookies, institution: 'birch' })
    expect([page.status, page.text.includes('Break-glass was used')]).toEqual([200, false])
    // The control.
    const own = await asked('birch')
    expect((await answer(own, theirs.get(own.challenge), 'birch')).status).toBe(303)
  })
  test('a question is open for five minutes', async () => {
    const question = await asked()
    const later = Date.now() + 5 * 60_000
    const { seal } = parts.base
    const [name = '', value = ''] = Object.entries(question.cookies)[0] ?? []
    const kept = JSON.parse(seal.open('alder', decodeURIComponent(value)))
    expect(Math.abs(kept.expiresAt - later)).toBeLessThan(5000)
    const late = { ...kept, expiresAt: Date.now() - 1 }
    const cookies = { [name]: seal.seal('alder', JSON.stringify(late)) }
    expect((await answer({ ...question, cookies }, key.get(question.challenge))).code).toBe(
      'break_glass.late',
    )
    const still = { [name]: seal.seal('alder', JSON.stringify({ ...kept, expiresAt: Date.now() + 5000 })) }
    expect(entered(await answer({ ...question, cookies: still }, key.get(question.challenge)))).toBe(true)
  })
  test('leads nowhere but into the console', async () => {
    const page = await go('/break-glass?then=https://evil.example/')
    expect(fieldOf(page.text, 'onward')).toBe('/console')
    const question = { page, challenge: optionsOf(page.text).challenge, cookies: page.cookies }
    const form = { form_token: fieldOf(page.text, 'form_token'), onward: '//evil.example' }
    const credential = key.get(question.challenge)
    const done = await go('/break-glass', { cookies: page.cookies, form: { ...form, credential } })
    expect(entered(done)).toBe(true)
  })
})

describe('the keys', () => {
  const owners = () => somebody(['owner'])
  test.each([
    ['another origin', { origin: 'https://evil.example' }, 'break_glass.keys'],
    ['another RP id', { rpId: 'evil.example' }, 'break_glass.keys'],
    ['no user verification', { verified: false }, 'break_glass.keys'],
    ['another challenge', { challenge: 'AAAA' }, 'break_glass.keys'],
    ['a key that is copied to other devices', { copied: true }, 'break_glass.keys'],
  ])('one with %s is not registered', async (_, lie, code) => {
    expect((await register(other, { lie })).code).toBe(code)
    expect(await parts.base.database.knex('break_glass_key')).toHaveLength(1)
    // The control.
    expect((await register(other, { label: 'Safe two' })).status).toBe(303)
  })
  test('there are two, and not one twice; of ten that come at once one is taken', async () => {
    expect((await register(key, { label: 'The same' })).code).toBe('break_glass.keys')
    const { cookies } = await owners()
    const many = await Promise.all(
      Array.from({ length: 10 }, () => register(softwareKey(here), { by: cookies })),
    )
    expect(many.filter(({ status }) => status === 303)).toHaveLength(1)
    expect(await parts.base.database.knex('break_glass_key')).toHaveLength(2)
    expect((await register(softwareKey(here))).code).toBe('break_glass.keys')
  })
  test('a new one takes the place of an old one, whose sessions end', async () => {
    await register(other, { label: 'Safe two' })
    const { cookies } = await open(key)
    const [{ id }] = await parts.base.database.knex('break_glass_key').where({ label: 'Safe one' })
    const fresh = softwareKey(here)
    expect((await register(fresh, { label: 'Safe one, new', replaces: id })).status).toBe(303)
    expect((await go('', { cookies })).status).toBe(303)
    expect((await open(key)).code).toBe('break_glass.refused')
    expect(entered(await open(fresh))).toBe(true)
    expect((await events('break_glass.removed')).at(-1)).toMatchObject({ detail: { key: 'Safe one' } })
    expect((await events('break_glass.registered')).at(-1)).toMatchObject({
      detail: { key: 'Safe one, new' },
    })
  })
  test('are an owner’s, who has just signed in', async () => {
    const removal = async ({ cookies }: { cookies: Record<string, string> }) => {
      const [{ id }] = await parts.base.database.knex('break_glass_key')
      const form = { form_token: fieldOf((await go('', { cookies })).text, 'form_token') }
      return go(`/break-glass/keys/${id}/remove`, { cookies, form })
    }
    const admin = await somebody(['security-admin'])
    expect((await go('/break-glass/keys/new', admin)).status).toBe(403)
    expect((await removal(admin)).code).toBe('console.forbidden')
    const old = await somebody(['owner'], { age: 301 })
    expect((await go('/break-glass/keys/new', old)).text).not.toContain('data-options')
    expect((await removal(old)).location).toMatch(/sign-in\?fresh=yes/)
    expect(await parts.base.database.knex('break_glass_key')).toHaveLength(1)
    expect((await removal(await owners())).status).toBe(303)
    expect(await parts.base.database.knex('break_glass_key')).toHaveLength(0)
  })
  test('a session by a key changes none and speaks for nobody', async () => {
    const { cookies } = await open(key)
    expect((await register(other, { by: cookies })).code).toBe('console.forbidden')
    const [{ id }] = await parts.base.database.knex('break_glass_key')
    const form = { form_token: fieldOf((await go('', { cookies })).text, 'form_token') }
    expect((await go(`/break-glass/keys/${id}/remove`, { cookies, form })).code).toBe('console.forbidden')
    const [use] = await parts.base.database.knex('break_glass_use')
    const seen = await go('/break-glass/seen', { cookies, form: { ...form, uses: use.id } })
    expect(seen.code).toBe('console.forbidden')
    // What needs them once more asks for the key, not for a sign-in that may be broken.
    const again = await go('/sign-in?fresh=yes&then=/console/administrators', { cookies })
    expect(again.location).toBe('/alder/console/break-glass?then=%2Fconsole%2Fadministrators')
  })
  test('another owner’s question does not register', async () => {
    const [a, b] = [await owners(), await owners()]
    const page = await go('/break-glass/keys/new', a)
    const token = fieldOf((await go('', b)).text, 'form_token')
    const form = { form_token: token, label: 'x', credential: other.create(optionsOf(page.text).challenge) }
    const crossed = await go('/break-glass/keys/new', {
      cookies: { ...page.cookies, ...b.cookies },
      form,
    })
    expect(crossed.code).toBe('break_glass.late')
  })
})

describe('everybody is told', () => {
  const said = 'Break-glass was used by key Safe one'
  test('until each says so; who is removed and added again has not', async () => {
    const [a, b] = [await somebody(['owner']), await somebody(['viewer'])]
    const tells = async ({ cookies }: { cookies: Record<string, string> }) =>
      (await go('', { cookies })).text.includes(said)
    expect([await tells(a), await tells(b)]).toEqual([false, false])
    await open(key)
    expect([await tells(a), await tells(b)]).toEqual([true, true])
    const { text } = await go('/exchanges', b)
    const form = {
      form_token: fieldOf(text, 'form_token'),
      uses: fieldOf(text, 'uses'),
      onward: '/console/exchanges',
    }
    const done = await go('/break-glass/seen', { ...b, form })
    expect([done.status, done.location]).toEqual([303, '/alder/console/exchanges'])
    expect([await tells(a), await tells(b)]).toEqual([true, false])
    expect((await events('break_glass.seen')).at(-1)).toMatchObject({ subject: b.subject })
    await inUnit(async () => {
      const record = await parts.stores.administrators.get('alder', b.subject)
      await parts.stores.administrators.remove('alder', b.subject)
      await parts.stores.administrators.put(record as NonNullable<typeof record>)
    })
    expect(await tells(b)).toBe(true)
    // What is seen is seen of one use, not of the next.
    await go('/break-glass/seen', { ...b, form })
    expect(await tells(b)).toBe(false)
    await open(key)
    expect(await tells(b)).toBe(true)
  })
  test('uses of another institution are not there to be seen', async () => {
    const theirs = softwareKey(here)
    await register(theirs, { label: 'Birch safe', institution: 'birch' })
    const at = await asked('birch')
    await answer(at, theirs.get(at.challenge), 'birch')
    const [use] = await parts.base.database.knex('break_glass_use').where({ institution: 'birch' })
    const { cookies } = await somebody(['viewer'])
    const form = { form_token: fieldOf((await go('', { cookies })).text, 'form_token'), uses: use.id }
    expect((await go('/break-glass/seen', { cookies, form })).status).toBe(303)
    expect(await parts.base.database.knex('break_glass_seen').where({ use: use.id })).toEqual([])
  })
})
