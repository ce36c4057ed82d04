// Sign-ins that a risk engine wants to be sure of, met by what it asks itself: a code, its call, its questions; and attacks on them.
import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { formIn } from '../../src/demo/app-client.ts'
import { delegated, withDeviceAndPin } from '../../src/domain/acr.ts'
import type { RiskProviderSetting } from '../../src/domain/risk.ts'
import type { RiskEvent } from '../../src/domain/risk-event.ts'
import type { RsaRig } from '../demo/risk-rsa-rig.ts'
import { details } from './back-end.ts'
import type { TestBridge } from './bridge.ts'
import {
  applied,
  asFarAsUs,
  asked,
  begun,
  calls,
  challenges,
  clock,
  closeChallengeBank,
  codeIn,
  engine,
  errorOf,
  events,
  idpSays,
  openChallengeBank,
  type Page,
  type Person,
  parts,
  pause,
  person,
  press,
  settings,
  text,
  textsTo,
  told,
  type,
  wrongFor,
} from './challenge-bank.ts'
import { agreed, arrived, customer, enrol, introspect, signIn } from './customer.ts'
import type { LevelIdp } from './level-idps.ts'

let rsa: RsaRig
let bridge: TestBridge
let idps: readonly [LevelIdp, LevelIdp]

beforeAll(async () => {
  ;({ rsa, bridge, idps } = await openChallengeBank())
}, 90_000)
afterAll(closeChallengeBank)
afterEach(clock.back)
beforeEach(() => {
  challenges()
  events.length = 0
})

describe('a code of the engine’s own', () => {
  test('is texted, judged by the engine, and raises neither level nor methods', async () => {
    const who = await person()
    const { started, page } = await begun(who)
    const message = await text(who)
    expect(message).toMatch(/^Alder Bank: \d{6} is your code to sign in\. Never tell it to anybody\.$/)
    expect(page.url).toMatch(/\/challenge$/)
    expect(page.body).not.toContain(codeIn(message))
    const { base } = parts()
    const [row] = await base.database.knex('login_transaction').orderBy('expires_at', 'desc').limit(1)
    const [call] = calls('challenge').slice(-1)
    expect(row.record.challenge.sends).toBe(1)
    expect(JSON.stringify(row)).not.toContain(call?.given.session as string)
    const done = await type(who, page, codeIn(message))
    const tokens = await who.app.redeem(await agreed(who, done), started)
    expect(tokens.claims.acr).toBe(delegated)
    expect(await introspect(bridge, tokens.accessToken)).toMatchObject({ acr: delegated, amr: ['fed'] })
    expect(told('step_up.passed').map(({ detail }) => detail)).toEqual([
      { method: 'risk-challenge', challenge: 'code', provider: 'engine' },
    ])
    expect(JSON.stringify(events)).not.toContain(codeIn(message))
    const heard = () => rsa.simulator.outcomes.filter(({ user }) => user === call?.user)
    for (let i = 0; i < 400 && heard().length < 2; i++) await pause(50)
    const extra = heard().find(({ event }) => event === 'EXTRA_AUTH')
    expect(extra).toMatchObject({ successful: true, facts: { STEP_UP_METHOD: 'risk-challenge' } })
    await begun({ ...who, browser: (await customer(bridge, who.user, idps[0].app)).browser })
    // No device was proven: what the engine gave this browser is shown for no other.
    expect(calls('analyze').at(-1)).toMatchObject({ user: call?.user, token: 'none' })
  })

  test('that is mistyped may be typed again, and what is no code is no try', async () => {
    const who = await person()
    const { page } = await begun(who)
    const code = codeIn(await text(who))
    const before = asked('authenticate')
    for (const typed of ['', '12', 'a code', '１２３４５６']) {
      const again = await type(who, page, typed)
      expect([again.status, again.body.includes('isn’t in the form of a code')]).toEqual([400, true])
    }
    expect(asked('authenticate', before)).toBe(0)
    const wrong = await type(who, page, wrongFor(code))
    expect(wrong.status).toBe(400)
    expect(wrong.body).toContain('That isn’t right. 4 tries left.')
    expect(told('step_up.tried')).toMatchObject([{ outcome: 'refused', code: 'challenge.failed' }])
    const on = await type(who, wrong, code)
    expect(on.body).toContain('value="allow"')
    // The same once more, from the page before: it is led to where the first one led, and the engine does not hear of it (attack 158).
    const heard = asked('authenticate')
    expect((await type(who, wrong, code)).url).toBe(on.url)
    expect([asked('authenticate', heard), told('step_up.passed').length]).toEqual([0, 1])
  })

  test('is sent three times at most, each ends the one before, and none is good for long', async () => {
    const who = await person()
    const { page } = await begun(who)
    const first = codeIn(await text(who))
    await who.browser.go(page.url)
    expect((await press(who, page, { do: 'again' })).status).toBe(400)
    expect(textsTo(who)).toHaveLength(1)
    let last = first
    for (let i = 1; i < 3; i++) {
      clock.advance(31)
      await press(who, page, { do: 'again' })
      last = codeIn(await text(who, i))
    }
    clock.advance(31)
    const fourth = await press(who, page, { do: 'again' })
    expect([fourth.status, fourth.body.includes('There is no new one now.')]).toEqual([400, true])
    if (first !== last) expect((await type(who, page, first)).status).toBe(400)
    clock.advance(300)
    const late = await type(who, page, last)
    expect([late.status, late.body.includes('The time of that code is over.')]).toEqual([400, true])
    const stopped = await press(who, page, { do: 'deny' })
    expect(errorOf(stopped)).toEqual(['access_denied', 'login.cancelled'])
  })

  test('is for a customer who has a number and nothing that reaches the level: others go on as before', async () => {
    const before = asked('challenge')
    const unreachable = await customer(bridge, randomUUID(), idps[0].app)
    idps[0].will({ name: unreachable.user })
    const { page } = await asFarAsUs(unreachable, await arrived(unreachable))
    expect(errorOf(page)).toEqual(['unmet_authentication_requirements', 'upstream.too_weak'])
    const owner = await person()
    challenges({ verdict: { action: 'ALLOW' } })
    idpSays(owner)
    await enrol(owner, await signIn(owner))
    challenges()
    const again = await begun({ ...owner, browser: (await customer(bridge)).browser })
    expect(again.page.body).toContain('name="pin"')
    expect(asked('challenge', before)).toBe(0)
  })

  test('meets what the engine wants and nothing else: a payment, or an app, needs a factor of ours', async () => {
    const before = asked('challenge')
    const payment = await begun(await person(), { authorization_details: details('2500.00') })
    expect(errorOf(payment.page)[1]).toBe('device.required')
    const level = await begun(await person(), { acr_values: withDeviceAndPin })
    expect(errorOf(level.page)[1]).toBe('upstream.too_weak')
    expect(asked('challenge', before)).toBe(0)
    const who = await person()
    const small = await begun(who, { authorization_details: details('20.00') })
    const done = await type(who, small.page, codeIn(await text(who)))
    expect(done.body).toContain('Nordhaven Energy')
    const tokens = await who.app.redeem(await agreed(who, done), small.started)
    expect(tokens.claims.acr).toBe(delegated)
  })
})

describe('an engine that does not answer', () => {
  test('begins nothing and passes nobody; the page says so, and trying again works', async () => {
    const who = await person()
    challenges({ for: { operation: 'challenge' }, trouble: 'soap-fault', times: 1 })
    const { page } = await begun(who)
    expect([page.status, page.body.includes('We couldn’t ask just now.')]).toEqual([503, true])
    expect(textsTo(who)).toHaveLength(0)
    const asks = await press(who, page, { do: 'again' })
    const code = codeIn(await text(who))
    for (const trouble of ['garbage', 'truncated', 'http-500'] as const) {
      challenges({ for: { operation: 'authenticate' }, trouble, times: 1 })
      expect((await type(who, asks, code)).status).toBe(503)
    }
    challenges({ for: { operation: 'authenticate' }, mix: 'transaction', times: 1 })
    expect((await type(who, asks, code)).status).toBe(503)
    expect(told('step_up.passed')).toEqual([])
  })

  test('that has locked the customer ends the sign-in', async () => {
    const who = await person()
    const { page } = await begun(who)
    const code = codeIn(await text(who))
    const user = rsa.simulator.state.find(calls('challenge').at(-1)?.user ?? '')
    if (user) user.status = 'LOCKOUT'
    expect(errorOf(await type(who, page, code))).toEqual(['access_denied', 'risk.denied'])
    expect(told('login.refused')).toMatchObject([{ code: 'risk.denied' }])
  })
})

describe('attacks', () => {
  test('153: twenty guesses at once are five, and the right code is worth nothing then, in another sign-in too', async () => {
    const who = await person()
    const { page } = await begun(who)
    const code = codeIn(await text(who))
    const before = asked('authenticate')
    // As many posts as one sign-in may send in a minute; what is over it is 429 before anything is counted.
    await Promise.all(Array.from({ length: 20 }, () => type(who, page, wrongFor(code))))
    expect(asked('authenticate', before)).toBe(5)
    expect(told('login.refused')).toMatchObject([{ code: 'challenge.failed' }])
    const fresh = { ...who, browser: (await customer(bridge)).browser }
    const next = await begun(fresh)
    const ended = await type(fresh, next.page, codeIn(await text(who, 1)))
    expect(errorOf(ended)).toEqual(['access_denied', 'challenge.failed'])
    expect(asked('authenticate', before)).toBe(5)
  })

  test('158: the right code twenty times at once is judged once', async () => {
    const who = await person()
    const { started, page } = await begun(who)
    const code = codeIn(await text(who))
    const before = asked('authenticate')
    const led = await Promise.all(Array.from({ length: 20 }, () => type(who, page, code)))
    expect(asked('authenticate', before)).toBe(1)
    expect(told('step_up.passed')).toHaveLength(1)
    expect(told('step_up.tried')).toEqual([])
    const on = led.find(({ status, url }) => status < 300 && url.includes('/interaction/'))
    await who.app.redeem(await agreed(who, on as Page), started)
  })

  test('159: the code of one sign-in passes no other', async () => {
    const [one, other] = [await person(), await person()]
    const first = await begun(one)
    const second = await begun(other)
    const [mine, theirs] = [codeIn(await text(one)), codeIn(await text(other))]
    if (mine !== theirs) expect((await type(one, first.page, theirs)).status).toBe(400)
    expect((await type(other, second.page, theirs)).url).not.toContain('/challenge')
    const { browser } = await customer(bridge)
    const later = { ...(await begun({ ...other, browser })), browser }
    const fresh = codeIn(await text(other, 1))
    const again = { ...other, browser: later.browser }
    if (fresh !== theirs) expect((await type(again, later.page, theirs)).status).toBe(400)
  })

  test('117, 118: neither a forged form nor another browser answers it', async () => {
    const who = await person()
    const { page } = await begun(who)
    const code = codeIn(await text(who))
    const before = asked('authenticate')
    const form = formIn(page)
    const forged = { ...form.fields, form_token: 'x'.repeat(43), do: 'answer', code }
    expect((await who.browser.follow(form.action, { until: 'none:', form: forged })).status).toBe(403)
    const stranger = await person()
    const theirs = await begun(stranger)
    const stolen = { ...form.fields, do: 'answer', code }
    const taken = await stranger.browser.follow(form.action, { until: 'none:', form: stolen })
    expect(taken.status).toBe(400)
    expect((await stranger.browser.go(`${page.url}/state`)).status).toBe(400)
    expect(theirs.page.url).not.toBe(page.url)
    expect(asked('authenticate', before)).toBe(0)
  })
})

describe('a call of the engine’s own', () => {
  beforeAll(() => applied(settings(engine('out-of-band', 'code'))))

  test('shows what is keyed in, looks until it is over, and no more often than it may', async () => {
    const who = await person()
    challenges({ call: { pending: 1, ends: 'CALL_ANSWERED' } })
    const { started, page } = await begun(who)
    expect(/<output>(\d{4})<\/output>/.exec(page.body)?.[1]).toBeDefined()
    const looks = asked('queryAuthStatus')
    const state = async () => JSON.parse((await who.browser.go(`${page.url}/state`)).body).state
    const three = () => clock.still(async () => [await state(), await state(), await state()])
    expect(await three()).toEqual(['waiting', 'waiting', 'waiting'])
    expect(asked('queryAuthStatus', looks)).toBe(1)
    clock.advance(2)
    expect(await state()).toBe('over')
    const tokens = await who.app.redeem(
      await agreed(who, await who.browser.follow(page.url, { until: who.app.redirectUri })),
      started,
    )
    expect(tokens.claims.acr).toBe(delegated)
    expect(textsTo(who)).toEqual([])
    expect(told('step_up.passed')).toMatchObject([{ detail: { challenge: 'out-of-band' } }])
  })

  test('that came to nothing may be made three times, by a button without a script', async () => {
    const who = await person()
    challenges({ call: { pending: 0, ends: 'CALL_FAILED' } })
    let { page } = await begun(who)
    for (let i = 0; i < 2; i++) {
      const over = await press(who, page, { do: 'look' })
      expect([over.status, over.body.includes('The call came to nothing.')]).toEqual([400, true])
      expect(over.body).toContain('Call me again')
      clock.advance(31)
      page = await press(who, over, { do: 'again' })
      expect(page.body).toContain('<output>')
    }
    expect(errorOf(await press(who, page, { do: 'look' }))).toEqual(['access_denied', 'challenge.failed'])
  })

  test('is none where the file does not let the engine any more, and then nothing is met', async () => {
    const who = await person()
    challenges({ for: { operation: 'challenge' }, trouble: 'http-500', times: 1 })
    const { page } = await begun(who)
    expect(page.status).toBe(503)
    await applied(settings(engine()))
    const ended = await press(who, page, { do: 'again' })
    expect(errorOf(ended)).toEqual(['unmet_authentication_requirements', 'upstream.too_weak'])
  })
})

describe('questions', () => {
  const answers = {
    ...{ 'first-concert': 'a brass band', 'first-dish': 'pea soup', 'childhood-toy': 'a tin crane' },
    ...{ 'first-pet': 'Rufus the fourth', 'dream-job': 'lamplighter' },
  } as const
  const habits: RiskProviderSetting = {
    ...{ id: 'habits', type: 'voyager-ia', challenge: ['questions'] },
    settings: { questions: true },
  }
  beforeAll(() => applied(settings(habits)))

  /** They have signed in once, in vain, so that we have a name of them; then they gave answers. */
  async function answering(): Promise<Person> {
    const who = await person()
    const { page } = await begun(who)
    expect(errorOf(page)[1]).toBe('upstream.too_weak')
    const { stores, services } = parts()
    const { subject } = told('risk.assessed').at(-1) ?? {}
    const institution = await stores.directory.institution('alder')
    if (institution === undefined) throw new Error('the bank is gone')
    const [guarded] = services.riskProviders.of(institution)
    const event: RiskEvent = {
      ...{ id: 'enrol', kind: 'sign-in', institution: 'alder', at: Date.now() },
      facts: { 'subject.id': subject },
    }
    const deadline = { ms: 10_000, signal: new AbortController().signal }
    expect(await guarded?.provider.questions?.enrol(event, answers, deadline)).toEqual({ taken: true })
    return { ...who, browser: (await customer(bridge)).browser }
  }

  /** Every question on the page with its answer, or with this one. */
  const filled = (page: Page, instead?: string): Record<string, string> =>
    Object.fromEntries(
      [...page.body.matchAll(/name="answer\.([a-z-]+)"/g)].map(([, id = '']) => [
        `answer.${id}`,
        instead ?? answers[id as keyof typeof answers],
      ]),
    )

  test('are two on a page; the answers pass, and raise nothing', async () => {
    const who = await answering()
    const { started, page } = await begun(who)
    expect(Object.keys(filled(page))).toHaveLength(2)
    const empty = await press(who, page, { do: 'answer', ...filled(page, ' ') })
    expect([empty.status, empty.body.includes('Something is missing')]).toEqual([400, true])
    const wrong = await press(who, page, { do: 'answer', ...filled(page, 'no idea') })
    expect([wrong.status, wrong.body.includes('That isn’t right.')]).toEqual([400, true])
    expect(wrong.body).not.toContain('no idea')
    const done = await press(who, wrong, { do: 'answer', ...filled(wrong) })
    const tokens = await who.app.redeem(await agreed(who, done), started)
    expect(await introspect(bridge, tokens.accessToken)).toMatchObject({ acr: delegated, amr: ['fed'] })
    expect(told('step_up.passed')).toMatchObject([{ detail: { challenge: 'questions', provider: 'habits' } }])
    expect(JSON.stringify(events)).not.toContain('lamplighter')
  })

  test('that were answered wrongly three times end the sign-in, and the next one', async () => {
    const who = await answering()
    let { page } = await begun(who)
    for (let i = 0; i < 2; i++) page = await press(who, page, { do: 'answer', ...filled(page, 'no idea') })
    const ended = await press(who, page, { do: 'answer', ...filled(page, 'no idea') })
    expect(errorOf(ended)).toEqual(['access_denied', 'risk.denied'])
    const next = await begun({ ...who, browser: (await customer(bridge)).browser })
    expect(errorOf(next.page)).toEqual(['access_denied', 'risk.denied'])
  })
})
