// Attacks on the door of break-glass: every lie that a key or a browser can tell, tried beside the truth.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createConsoleAccess } from '../../src/flows/console-access.ts'
import {
  alerts,
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
  tries,
} from './break-glass-rig.ts'
import { type Lie, softwareKey } from './software-key.ts'

beforeAll(start)
afterAll(stop)
beforeEach(freshKeys)

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
    const callback = await go('/callback?code=x', { cookies: renamed })
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
  // The last one: nothing comes through afterwards.
  test('is tried so often and not more; another institution’s is not shut by it', async () => {
    const form = { credential: key.get('x') }
    let tried = 0
    while (tried <= tries && (await go('/break-glass', { form })).status !== 429) tried += 1
    expect(tried).toBeLessThan(tries)
    const question = await asked()
    const late = await answer(question, key.get(question.challenge))
    expect([late.status, late.code]).toEqual([429, 'rate.exceeded'])
    expect((await go('/break-glass', { form, institution: 'birch' })).code).toBe('break_glass.late')
  })
})
