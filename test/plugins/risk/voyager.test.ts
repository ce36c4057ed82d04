// The local engine of access signatures: what it keeps, what it learns from, and its questions.
import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Institution } from '../../../src/domain/institution.ts'
import type { AskedKind, RiskEvent, RiskFacts, ToldKind } from '../../../src/domain/risk-event.ts'
import { derive } from '../../../src/plugins/keys/seal.ts'
import { networkOf, voyagerIa } from '../../../src/plugins/risk/voyager.ts'
import type { RiskDeadline, RiskProvider } from '../../../src/ports/risk.ts'
import { memoryInMemory } from './memory.ts'

const master = randomBytes(32)
const plugin = voyagerIa({ keys: { secret: (id, purpose) => derive(master, id, purpose) } })
const deadline: RiskDeadline = { signal: new AbortController().signal, ms: 800 }
const hour = 3_600_000

const home: RiskFacts = {
  ...{ 'subject.id': 's1', 'network.address': '198.51.100.7', 'network.country': 'SE' },
  ...{ 'network.town': 'Stockholm', 'network.asn': 29_518, 'client.language': 'sv-SE,sv;q=0.9' },
  ...{ 'network.located': true, 'network.announced': true },
  'client.userAgent': 'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/141.0 Safari/537.36',
}

/** One engine with a clock of its own; events get ids of their own. */
function rig(settings: Readonly<Record<string, unknown>> = {}, slow = false) {
  const clock = { now: Date.UTC(2026, 0, 13, 20) }
  const memory = memoryInMemory(() => clock.now, slow)
  const provider = plugin.open({
    institution: { id: 'alder' } as Institution,
    ...{ provider: 'voyager', settings, memory, now: () => clock.now },
  })
  let events = 0
  const event = <K extends AskedKind | ToldKind>(
    kind: K,
    more: Partial<RiskEvent<K>> = {},
  ): RiskEvent<K> => ({
    ...{ id: `e${++events}`, kind, institution: 'alder', at: clock.now, facts: home },
    ...more,
  })
  const assess = (facts: RiskFacts = home, kind: AskedKind = 'sign-in') =>
    provider.assess(event(kind, { facts }), deadline)
  /** What the bridge tells afterwards: nothing of where it came from, only the engine's own reference. */
  const tell = (
    { reference }: Pick<RiskEvent, 'reference'>,
    outcome: string,
    { kind = 'outcome', method }: { kind?: ToldKind; method?: string } = {},
  ) => {
    const facts = { 'subject.id': 's1', 'result.outcome': outcome, 'result.method': method }
    return provider.report?.(event(kind, { facts, reference }), deadline)
  }
  return { clock, memory, provider, event, assess, tell }
}

/** A customer who stepped up once, at home. */
async function known(settings?: Readonly<Record<string, unknown>>) {
  const rigged = rig(settings)
  await rigged.tell(await rigged.assess(), 'approved', { kind: 'step-up-result', method: 'pin' })
  return rigged
}

test('the first access is asked; once it was proven, the same is allowed, without a cookie', async () => {
  const { assess, tell } = rig()
  const first = await assess()
  expect(first).toMatchObject({ action: 'step-up', band: 'QUESTION', reasons: [{ code: 'no_history' }] })
  expect(first).not.toHaveProperty('score')
  await tell(first, 'approved', { kind: 'step-up-result', method: 'pin' })
  const next = await assess()
  expect(next).toMatchObject({ event: 'e3', action: 'allow', band: 'ALLOW', score: 0, reasons: [] })
  expect(next.deviceToken).toBeUndefined()
})

test('a new country is asked, and another system', async () => {
  const { assess } = await known()
  expect(await assess({ ...home, 'network.country': 'BR' })).toMatchObject({ action: 'step-up', score: 500 })
  const linux = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/141.0 Safari/537.36'
  expect(await assess({ ...home, 'client.userAgent': linux })).toMatchObject({
    ...{ action: 'step-up', score: 450, reasons: [{ code: 'new_os' }] },
  })
})

describe('an attempt does not teach itself', () => {
  const abroad = { ...home, 'network.country': 'BR' }
  test.each<[string, string, { kind?: ToldKind; method?: string }, 'allow' | 'step-up']>([
    ['nobody stepped up', 'failed', { kind: 'step-up-result', method: 'pin' }, 'step-up'],
    ['it was denied', 'denied', {}, 'step-up'],
    ['it passed without a step-up, by whatever rule', 'approved', {}, 'step-up'],
    ['it failed', 'approved', { kind: 'failed-sign-in' }, 'step-up'],
    ['an outcome that there is not', 'Approved', { kind: 'step-up-result' }, 'step-up'],
    ['the customer stepped up', 'approved', { kind: 'step-up-result', method: 'pin' }, 'allow'],
    ['by a phone', 'approved', { method: 'approval' }, 'allow'],
    ['the bank vouches for it', 'genuine', {}, 'allow'],
  ])('%s', async (_what, outcome, how, action) => {
    const { assess, tell } = await known()
    for (let i = 0; i < 3; i++) await tell(await assess(abroad), outcome, how)
    expect((await assess(abroad)).action).toBe(action)
  })

  test('merely asking changes nothing that is known', async () => {
    const { assess, memory } = await known()
    const before = memory.kept.get('history:s1')?.value
    for (let i = 0; i < 5; i++) await assess(abroad)
    expect(memory.kept.get('history:s1')?.value).toBe(before)
  })
})

test('each 20th sign-in is asked even on a match, and a payment does not count', async () => {
  const { assess, tell } = await known()
  for (let i = 0; i < 19; i++) {
    const access = await assess()
    expect(access.action).toBe('allow')
    await tell(access, 'approved')
    await tell(await assess(home, 'payment'), 'approved')
  }
  const due = await assess()
  expect(due).toMatchObject({ action: 'step-up', score: 0, reasons: [{ code: 'question_due' }] })
  // As long as nobody answers it stays due.
  await tell(due, 'approved')
  expect((await assess()).action).toBe('step-up')
  await tell(due, 'approved', { kind: 'step-up-result', method: 'pin' })
  expect((await assess()).action).toBe('allow')
})

test('told twice, an access is learned once; what is told of no access, or too late, is nothing', async () => {
  const { assess, tell, memory, clock } = await known()
  const access = await assess()
  await tell(access, 'approved')
  const once = memory.kept.get('history:s1')?.value
  await tell(access, 'approved')
  await tell({ reference: { access: 'another' } }, 'genuine')
  await tell({ reference: undefined }, 'genuine')
  expect(memory.kept.get('history:s1')?.value).toBe(once)
  clock.now += 36 * 24 * hour
  await tell(access, 'fraud')
  expect(memory.kept.get('history:s1')?.value).toBe(once)
})

test('a confirmed fraud is known again, also after it was learned', async () => {
  const { assess, tell } = await known({ denyBelow: 0.1 })
  const thief = { ...home, 'network.address': '203.0.113.9', 'network.asn': 64_500 }
  const access = await assess(thief)
  expect(access.action).toBe('allow')
  await tell(access, 'approved')
  await tell(access, 'fraud')
  expect(await assess(thief)).toMatchObject({
    action: 'deny',
    score: 1000,
    reasons: [{ code: 'known_fraud' }],
  })
  expect((await assess()).action).toBe('allow')
})

test('history of one customer is not another’s; nobody’s is refused', async () => {
  const { assess } = await known()
  expect((await assess({ ...home, 'subject.id': 's2' })).reasons[0]?.code).toBe('no_history')
  await expect(assess({ ...home, 'subject.id': undefined })).rejects.toThrow('the fact subject.id is needed')
})

test('no reason names an address', async () => {
  const { assess } = await known()
  const { reasons } = await assess({ ...home, 'network.address': '203.0.113.9' })
  expect(reasons.map(({ code }) => code)).toEqual(['new_network'])
  expect(JSON.stringify(reasons)).not.toMatch(/203\.0\.113|198\.51\.100/)
})

test.each([
  ['198.51.100.7', '198.51.100.0/24'],
  ['::ffff:198.51.100.7', '198.51.100.0/24'],
  ['2001:db8:1:2ff::7', '2001:db8:1:200::/56'],
  ['nonsense', undefined],
  [undefined, undefined],
])('the network of %s', (address, expected) => expect(networkOf(address)).toBe(expected))

test.each<[Readonly<Record<string, unknown>>, RegExp]>([
  [{ minMatch: 2 }, /minMatch/],
  [{ denyBelow: 0.9 }, /may not be more than min_match/],
  [{ costs: { fonts: 1 } }, /costs/],
  [{ questionEvery: -1 }, /questionEvery/],
])('settings that do not hold: %j', (settings, words) => expect(() => plugin.check(settings)).toThrow(words))

const answers = {
  'first-pet': 'Señor  Patas',
  'first-dish': 'Empanadas',
  'first-film': 'Ｔｏｙ Story',
  'secret-word': 'xyzzy!',
  'dream-job': 'Astronauta',
}
type Questioned = RiskProvider & Required<Pick<RiskProvider, 'challenge' | 'authenticate' | 'questions'>>

describe('challenge questions', () => {
  test('are off unless the institution turns them on', () => {
    const { provider } = rig()
    expect([provider.challenge, provider.authenticate, provider.questions]).toEqual(Array(3).fill(undefined))
    expect(plugin.fields.find(({ path }) => path === 'questions')).toMatchObject({ usual: false })
  })

  let rigged: ReturnType<typeof rig>
  let provider: Questioned
  const asked = async () => {
    const challenge = await provider.challenge(rigged.event('step-up-result'), 'questions', deadline)
    if (challenge.kind !== 'questions') throw new Error('questions are asked')
    return challenge
  }
  const answer = async (change: (answer: string) => string = (same) => same) => {
    const { questions, reference } = await asked()
    const given = questions.map(({ id }) => [id, change(answers[id as keyof typeof answers])])
    const challenged = { reference, answers: Object.fromEntries(given) }
    return (await provider.authenticate(rigged.event('step-up-result'), challenged, deadline)).state
  }

  beforeAll(async () => {
    rigged = rig({ questions: true }, true)
    provider = rigged.provider as Questioned
    const taken = await provider.questions.enrol(rigged.event('enrolment'), answers, deadline)
    expect(taken).toEqual({ taken: true })
  })

  test('twenty to choose from; who chose none is not asked', async () => {
    expect(await provider.questions.list(rigged.event('enrolment'), deadline)).toHaveLength(20)
    const event = rigged.event('enrolment', { facts: { 'subject.id': 's9' } })
    await expect(provider.challenge(event, 'questions', deadline)).rejects.toThrow(/has given no answers yet/)
    await expect(provider.challenge(event, 'code', deadline)).rejects.toThrow(
      /asks questions and nothing else/,
    )
    expect(await provider.questions.enrol(event, { 'first-pet': 'Rex' }, deadline)).toEqual({
      ...{ taken: false, fault: 'count' },
    })
  })

  test('answers are kept as salted slow hashes of what they fold to, and nothing else of them', async () => {
    const kept = rigged.memory.kept.get('answers:s1')?.value ?? ''
    expect(kept).not.toMatch(/patas|empanadas|xyzzy|toy/i)
    const hashes = Object.values(JSON.parse(kept).answers as Record<string, string>)
    expect(hashes).toHaveLength(5)
    for (const hash of hashes) expect(hash).toMatch(/^\$hmac-argon2id\$v=1\$m=19456,t=2,p=1\$/)
    // The salts: no two are alike.
    expect(new Set(hashes.map((hash) => hash.split('$')[4])).size).toBe(5)
  })

  test('two are asked, the same ones until they are answered, and folding forgives', async () => {
    const first = await asked()
    expect(first.questions).toHaveLength(2)
    expect(await asked()).toEqual(first)
    expect(await answer((right) => ` ${right.toUpperCase().normalize('NFD')} `)).toBe('passed')
    // The same answers again are answers to what is no longer asked.
    const again = { reference: first.reference, answers }
    expect(await provider.authenticate(rigged.event('step-up-result'), again, deadline)).toEqual({
      state: 'failed',
    })
  })

  test('without answers it is still open, and not counted', async () => {
    const { reference } = await asked()
    for (let i = 0; i < 5; i++)
      expect(await provider.authenticate(rigged.event('step-up-result'), { reference }, deadline)).toEqual({
        state: 'pending',
      })
    expect(await answer()).toBe('passed')
  })

  test('three wrong answers lock: right ones no more help, nor new ones, for a day', async () => {
    expect(await answer((right) => `${right}x`)).toBe('failed')
    expect(await answer(() => 'x'.repeat(1_000_000))).toBe('failed')
    expect(await answer(() => '')).toBe('locked')
    expect(await answer()).toBe('locked')
    expect(await rigged.assess()).toMatchObject({
      action: 'locked',
      reasons: [{ code: 'answers_locked' }, {}],
    })
    await provider.questions.enrol(rigged.event('enrolment'), answers, deadline)
    expect(await answer()).toBe('locked')
    rigged.clock.now += 25 * hour
    expect(await answer()).toBe('passed')
    expect((await rigged.assess()).action).toBe('step-up')
  })

  test('a right answer begins the count anew', async () => {
    for (let i = 0; i < 2; i++) expect(await answer(() => 'wrong')).toBe('failed')
    expect(await answer()).toBe('passed')
    expect(await answer(() => 'wrong')).toBe('failed')
    expect(await answer()).toBe('passed')
  })

  test('of many wrong ones at once none is lost: two fail, all others lock, and three are compared', async () => {
    const states = await Promise.all(Array.from({ length: 12 }, () => answer(() => 'wrong')))
    expect(states.filter((state) => state === 'failed')).toHaveLength(2)
    expect(states.filter((state) => state === 'locked')).toHaveLength(10)
    expect(await answer()).toBe('locked')
  })
})
