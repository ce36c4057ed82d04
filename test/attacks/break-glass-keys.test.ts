// Attacks on what stands behind break-glass: the keys in their safes, and that everybody is told.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  answer,
  asked,
  entered,
  events,
  fieldOf,
  freshKeys,
  go,
  here,
  inUnit,
  key,
  open,
  optionsOf,
  other,
  parts,
  register,
  somebody,
  start,
  stop,
} from './break-glass-rig.ts'
import { softwareKey } from './software-key.ts'

beforeAll(start)
afterAll(stop)
beforeEach(freshKeys)

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
    // What was posted beside it is anybody's text, and stands in no audit.
    const free = Array.from({ length: 999 }, (_, i) => `forged-${i}`).join(' ')
    const before = (await events('break_glass.seen')).length
    await go('/break-glass/seen', { ...b, form: { ...form, uses: free } })
    expect((await events('break_glass.seen')).length).toBe(before)
    await go('/break-glass/seen', { ...b, form: { ...form, uses: `${free} ${form.uses}` } })
    expect((await events('break_glass.seen')).at(-1)?.detail).toEqual({ uses: form.uses.split(' ') })
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
