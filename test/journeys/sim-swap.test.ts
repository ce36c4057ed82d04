// Codes by text message where the bank asks the telephone operator first: a swapped SIM card gets none, and everything else goes on.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { withDevice } from '../../src/domain/acr.ts'
import type { Institution } from '../../src/domain/institution.ts'
import type { ApprovalMethod } from '../../src/domain/outcome.ts'
import type { SimFallback } from '../../src/domain/sim.ts'
import { hangs, type Operator, says, startOperator } from '../plugins/line-operator.ts'
import { approver, waiting } from './approver.ts'
import { asked as askedByApi, details } from './back-end.ts'
import type { TestBridge } from './bridge.ts'
import {
  asked,
  begun,
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
  person,
  press,
  settings,
  text,
  textsTo,
  told,
  type,
} from './challenge-bank.ts'
import { agreed, arrived, customer, enrol, introspect, signIn } from './customer.ts'
import { type OwnEngine, startOwnEngine } from './own-engine.ts'

let bridge: TestBridge
let operator: Operator
let own: OwnEngine
let app: string
let ahead = 0

beforeAll(async () => {
  const bank = await openChallengeBank()
  bridge = bank.bridge
  app = bank.idps[0].app
  operator = await startOperator()
  own = await startOwnEngine()
}, 90_000)
afterAll(async () => {
  operator.stop()
  own.stop()
  await closeChallengeBank()
})
/** Proofs of apps have the time of this machine: each test puts the clock back. */
const later = (seconds: number) => {
  ahead += seconds
  clock.advance(seconds)
}
afterEach(() => later(-ahead))
beforeEach(() => {
  challenges()
  events.length = 0
  operator.asked.length = 0
  operator.will(says({ swapped: false }))
})

interface Asking {
  readonly by: ApprovalMethod[]
  readonly change?: Partial<Institution>
  readonly onFailure?: SimFallback
  /** Long enough for a slow machine unless nobody is to answer. */
  readonly timeoutMs?: number
}

/** From now on the bank asks the operator, and its policy wants payments from 200 approved so. */
async function bankAsks({ by, change = {}, onFailure = 'refuse', timeoutMs = 10_000 }: Asking) {
  const { stores } = parts()
  const set = await stores.directory.everything('alder', 'file')
  if (set === undefined) throw new Error('the bank is gone')
  const rule = {
    ...{ id: 'middling', when: 'transaction.kind == "payment" && transaction.amount > 20000' },
    outcome: { kind: 'step-up', acr: withDevice, by },
  } as const
  const { risk: _risk, ...rest } = set.institution
  const institution: Institution = {
    ...{ ...rest, policy: { rules: [rule], limits: [] } },
    lineFacts: {
      ...{ type: 'camara-sim-swap', maxAgeHours: 72, onFailure },
      settings: { ...operator.settings, timeoutMs },
    },
    ...change,
  }
  await bridge.application.apply([{ ...set, institution }], { dryRun: false })
}

/** The operator answers when it is told to. */
function thinking() {
  const [heard, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  operator.will((question, response) => {
    heard.resolve()
    void release.promise.then(() => says({ swapped: false })(question, response))
  })
  return { heard: heard.promise, release: release.resolve }
}

/** With a device of theirs, and a number that the bank has. */
async function withDeviceOf(who: Person): Promise<Person> {
  idpSays(who)
  await enrol(who, await signIn(who))
  return who
}

const pay = (who: Person, amount = '250.00') => begun(who, { authorization_details: details(amount) })
const swapped = says({ swapped: true })

describe('a payment by a code (#138)', () => {
  beforeEach(() => bankAsks({ by: ['sms'] }))

  test('of a customer whose SIM card is the one that it was goes on; three codes are one question', async () => {
    const who = await withDeviceOf(await person())
    const { started, page } = await pay(who)
    await text(who)
    for (let i = 1; i < 3; i++) {
      later(31)
      await press(who, page, { do: 'again' })
      await text(who, i)
    }
    expect(operator.asked).toEqual([{ path: '/sim-swap/v2/check', phoneNumber: who.mobile, maxAge: 72 }])
    const done = await press(who, page, { do: 'approve', code: codeIn(await text(who, 2)) })
    const tokens = await who.app.redeem(await agreed(who, done), started)
    expect(await introspect(bridge, tokens.accessToken)).toMatchObject({ amr: ['fed', 'pop', 'sms'] })
    expect(told('code.withheld')).toEqual([])
    expect(operator.refused).toEqual([])
  })

  test('of one whose SIM card was swapped ends, and nothing is sent', async () => {
    const who = await withDeviceOf(await person())
    operator.will(swapped)
    const { page } = await pay(who)
    expect(errorOf(page)[1]).toContain('acr.insufficient')
    expect(textsTo(who)).toEqual([])
    expect(told('code.withheld')).toMatchObject([
      { outcome: 'refused', code: 'sim.swapped', detail: { method: 'sms' } },
    ])
    expect(JSON.stringify(events)).not.toContain(who.mobile)
  })

  test('a swap while the customer waits makes the code that was sent worthless', async () => {
    const who = await withDeviceOf(await person())
    const { page } = await pay(who)
    const code = codeIn(await text(who))
    operator.will(swapped)
    later(301)
    const ended = await press(who, page, { do: 'again' })
    expect(errorOf(ended)[1]).toContain('acr.insufficient')
    const tried = await press(who, page, { do: 'approve', code })
    expect(tried.returned ?? '').not.toContain('code=')
    expect(told('step_up.passed')).toEqual([])
    expect(textsTo(who)).toHaveLength(1)
  })

  test.each([
    ['nothing for ever', hangs],
    ['swapped as text', says({ swapped: 'false' })],
    ['that it cannot tell', says({ status: 422, code: 'SERVICE_NOT_APPLICABLE', message: 'x' }, 422)],
  ])('an operator that says %s: no code, unless the bank wants it sent', async (_what, conduct) => {
    const who = await withDeviceOf(await person())
    await bankAsks({ by: ['sms'], timeoutMs: 300 })
    operator.will(conduct)
    expect(errorOf((await pay(who)).page)[1]).toContain('acr.insufficient')
    expect(told('code.withheld')).toMatchObject([{ code: 'sim.unknown' }])
    expect(textsTo(who)).toEqual([])
    await bankAsks({ by: ['sms'], onFailure: 'send', timeoutMs: 300 })
    const { page } = await pay(who)
    expect(page.body).toContain('autocomplete="one-time-code"')
    expect(await text(who)).toContain('250.00')
  })

  test('nobody else waits while the operator thinks', async () => {
    const who = await withDeviceOf(await person())
    const { heard, release } = thinking()
    const paying = pay(who)
    await heard
    // On the embedded database a unit that is open would stop this sign-in at its first write.
    const other = await customer(bridge, 'bob')
    expect(await signIn(other)).toMatchObject({ accessToken: expect.any(String) })
    release()
    expect((await paying).page.body).toContain('autocomplete="one-time-code"')
  })

  test('of two presses while the operator thinks one sends', async () => {
    const who = await withDeviceOf(await person())
    const { page } = await pay(who)
    await text(who)
    later(301)
    const { heard, release } = thinking()
    const presses = [press(who, page, { do: 'again' }), press(who, page, { do: 'again' })]
    await heard
    release()
    const statuses = (await Promise.all(presses)).map(({ status }) => status)
    expect(statuses.toSorted()).toEqual([200, 400])
    await text(who, 1)
    expect(textsTo(who)).toHaveLength(2)
  })
})

test('another way is asked where the policy has one: a phone that approves (#138)', async () => {
  await bankAsks({ by: ['sms', 'approval'] })
  const who = await person()
  idpSays(who)
  const phone = { ...(await approver(bridge, who.user, app)), mobile: who.mobile }
  operator.will(swapped)
  const { page } = await pay(phone)
  expect(page.url).toMatch(/\/approve$/)
  expect(textsTo(who).filter(({ text: words }) => /\d{6}/.test(words))).toEqual([])
  expect(await waiting(phone)).toHaveLength(1)
})

test('what proves nothing is sent all the same: word that something waits', async () => {
  await bankAsks({ by: ['approval'] })
  const who = await person()
  idpSays(who)
  const phone = await approver(bridge, who.user, app)
  operator.will(swapped)
  const before = textsTo(who).length
  await askedByApi(bridge, {
    login_hint: phone.tokens.claims.sub as string,
    authorization_details: details('250.00'),
  })
  expect(await text(who, before)).not.toMatch(/\d{6}/)
})

describe('a code of a risk engine’s own (#138)', () => {
  const challenged = () => bankAsks({ by: ['sms'], change: { risk: settings(engine('code')) } })

  test('goes to a SIM card that is the one that it was', async () => {
    await challenged()
    const who = await person()
    const { page } = await begun(who)
    const done = await type(who, page, codeIn(await text(who)))
    expect(await agreed(who, done)).toContain('code=')
    expect(operator.asked).toHaveLength(1)
  })

  test('is not even made for a swapped one', async () => {
    await challenged()
    operator.will(swapped)
    const who = await person()
    const before = asked('challenge')
    const { page } = await begun(who)
    expect(page.returned).toBeDefined()
    expect(errorOf(page)[0]).not.toBeNull()
    expect(textsTo(who)).toEqual([])
    expect(asked('challenge', before)).toBe(0)
    expect(told('code.withheld')).toMatchObject([{ code: 'sim.swapped' }])
  })

  test('gives way to the next kind that the engine has', async () => {
    await bankAsks({ by: ['sms'], change: { risk: settings(engine('code', 'out-of-band')) } })
    operator.will(swapped)
    const who = await person()
    const { page } = await begun(who)
    expect(page.url).toMatch(/\/challenge$/)
    expect(textsTo(who)).toEqual([])
    expect(told('code.withheld')).toHaveLength(1)
  })
})

test('a swap while the customer waits leads from the engine’s code to its call, and the code is worth nothing (#138)', async () => {
  await bankAsks({ by: ['sms'], change: { risk: settings(engine('code', 'out-of-band')) } })
  const who = await person()
  const { page } = await begun(who)
  const code = codeIn(await text(who))
  operator.will(swapped)
  later(301)
  const call = await press(who, page, { do: 'again' })
  expect(call.body).toMatch(/<output>\d+<\/output>/)
  await type(who, page, code)
  expect(told('step_up.passed')).toEqual([])
  expect(textsTo(who)).toHaveLength(1)
})

describe('what risk engines hear of it', () => {
  const provider = (facts?: string[]) =>
    ({
      ...{ id: 'bank', type: 'service', settings: { url: own.url } },
      ...(facts !== undefined && { facts }),
    }) as never

  async function signedIn(who: Person): Promise<Page> {
    idpSays(who)
    const { started, page } = await arrived(who)
    await who.app.redeem(await agreed(who, page), started).catch(() => undefined)
    return page
  }

  test('the state of the card where it is on their list, and the number never', async () => {
    await bankAsks({ by: ['sms'], change: { risk: settings(provider(['subject.sim', 'subject.id'])) } })
    operator.will(swapped)
    const who = await person()
    const before = own.asked.length
    await signedIn(who)
    const event = own.asked.at(before) as { facts: Record<string, unknown> }
    expect(event.facts).toEqual({ 'subject.sim': 'swapped', 'subject.id': expect.any(String) })
    expect(JSON.stringify(own.asked)).not.toContain(who.mobile.slice(2))
  })

  test('nothing where it is not, and then the operator is not asked', async () => {
    await bankAsks({ by: ['sms'], change: { risk: settings(provider()) } })
    const before = own.asked.length
    await signedIn(await person())
    expect(own.asked.length).toBe(before + 1)
    expect(own.asked.at(-1)?.facts).not.toHaveProperty('subject.sim')
    expect(operator.asked).toEqual([])
  })

  test('our own signals step a sign-in up, and say why', async () => {
    const risk = settings({ id: 'signals', type: 'signals', settings: { points: { unknown_device: 0 } } })
    await bankAsks({ by: ['sms'], change: { risk } })
    operator.will(swapped)
    const { page } = await begun(await person())
    expect(errorOf(page)[1]).toBe('upstream.too_weak')
    expect(told('risk.assessed')[0]?.detail).toMatchObject({ action: 'step-up', score: 400 })
    const [kept] = await parts().stores.riskRecords.ofReference(
      'alder',
      (told('risk.assessed')[0] as { reference?: string }).reference ?? '',
    )
    expect(JSON.stringify(kept)).toContain('the SIM card of the customer’s number was changed lately')
  })
})
