// Access signatures: what they are made of, how alike two are, what is learned, and how answers are compared.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RiskFacts } from '../../src/domain/risk-event.ts'
import {
  type AccessFeature,
  type AccessHistory,
  type AccessPolicy,
  type AccessSignature,
  accessFeatures,
  judgeAccess,
  learned,
  noHistory,
  signatureOf,
  usualCosts,
  withFraud,
} from '../../src/domain/voyager.ts'
import {
  allQuestions,
  answersFault,
  askedOf,
  challengeQuestions,
  folded,
  questionTexts,
} from '../../src/domain/voyager-questions.ts'

const day = 86_400_000
// 20 o'clock UTC of a Tuesday.
const evening = Date.UTC(2026, 0, 13, 20, 30)
const policy: AccessPolicy = {
  ...{ costs: usualCosts, halfLifeDays: 30, minMatch: 0.62, denyBelow: 0, questionEvery: 20 },
}
const facts: RiskFacts = {
  ...{ 'network.country': 'US', 'network.town': 'Portland', 'network.asn': 64_500 },
  ...{ 'network.located': true, 'network.announced': true, 'client.language': 'en-US,en;q=0.8' },
  'client.userAgent': 'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/141.0 Safari/537.36',
}
const usual = signatureOf(facts, { at: evening, network: '198.51.100.0/24' })
const proof = { signature: usual, proven: true, signIn: true, now: evening }
const history: AccessHistory = { ...learned(noHistory, proof, policy), accesses: 57 }

const judged = (signature: AccessSignature, more: Partial<Parameters<typeof judgeAccess>[0]> = {}) =>
  judgeAccess({ history, signature, policy, kind: 'sign-in', now: evening + day, ...more })

test('a signature: families and short forms, hours of UTC; nothing of a screen where the bank does not ask', () => {
  expect(usual).toEqual({
    ...{ country: 'US', town: 'Portland', asn: '64500', network: '198.51.100.0/24' },
    ...{ os: 'windows', browser: 'chrome', language: 'en-us', hour: '20', weekday: '2' },
  })
})

test('what no database covers is missing; what one does not know, or nobody says, is empty', () => {
  const bare = signatureOf({ 'network.located': false }, { at: evening, network: undefined })
  expect(bare).toMatchObject({ country: '', town: '', asn: undefined, os: '', browser: '', language: '' })
})

describe('screen and time zone', () => {
  const screen = { 'client.screenWidth': 390, 'client.screenHeight': 844, 'client.colorDepth': 24 }
  const place = { at: evening, network: '198.51.100.0/24' }
  const told = (said: RiskFacts) => signatureOf({ ...facts, 'client.collected': 'page', ...said }, place)
  const phone = told({ ...screen, 'client.timeZone': 'America/Los_Angeles', 'client.utcOffset': -480 })
  const known = {
    ...history,
    known: { ...history.known, ...learned(noHistory, { ...proof, signature: phone }, policy).known },
  }

  test('are as they are said, whichever way the phone is held', () => {
    expect(phone).toMatchObject({ screen: '844x390x24', zone: 'America/Los_Angeles' })
    const turned = { ...screen, 'client.screenWidth': 844, 'client.screenHeight': 390 }
    expect(told(turned).screen).toBe('844x390x24')
    expect(told({ ...screen, 'client.utcOffset': -480 }).zone).toBe('UTC -480')
    expect(told({})).toMatchObject({ screen: '', zone: '' })
  })

  test('that are others make it less alike; so does who says nothing where they were said before', () => {
    expect(judged(phone, { history: known }).match).toBe(1)
    const abroad = told({ ...screen, 'client.timeZone': 'Asia/Tokyo' })
    expect(judged(abroad, { history: known })).toMatchObject({
      ...{ match: 0.8, decision: 'ALLOW' },
      reasons: [
        { code: 'new_zone', text: 'the time zone is new: Asia/Tokyo, not America/Los_Angeles (× 0.80)' },
      ],
    })
    expect(judged(told({}), { history: known }).reasons.map(({ code }) => code)).toEqual([
      'unknown_zone',
      'unknown_screen',
    ])
  })

  test('raise nobody when a bank begins to ask, or ceases to', () => {
    expect(judged(phone).match).toBe(1)
    expect(judged(usual, { history: known }).match).toBe(1)
  })
})

describe('the list of the wire formats', () => {
  test('the same signature: ALLOW', () => {
    expect(judged(usual)).toEqual({ match: 1, decision: 'ALLOW', reasons: [] })
  })
  test('a new country: QUESTION', () => {
    expect(judged({ ...usual, country: 'BR' })).toEqual({
      ...{ match: 0.5, decision: 'QUESTION' },
      reasons: [{ code: 'new_country', text: 'the country is new: BR, not US (× 0.50)' }],
    })
  })
  test('another system alone: QUESTION', () => {
    const { match, decision, reasons } = judged({ ...usual, os: 'linux' })
    expect(match).toBeCloseTo(0.55)
    expect(decision).toBe('QUESTION')
    expect(reasons).toEqual([
      { code: 'new_os', text: 'the operating system is new: linux, not windows (× 0.55)' },
    ])
  })
  test('the 20th sign-in: QUESTION, even on a match', () => {
    expect(judged(usual, { history: { ...history, sinceQuestion: 18 } }).decision).toBe('ALLOW')
    expect(judged(usual, { history: { ...history, sinceQuestion: 19 } })).toEqual({
      ...{ match: 1, decision: 'QUESTION' },
      reasons: [{ code: 'question_due', text: 'sign-in 20 since the customer was last asked, of 20' }],
    })
    const payment = judged(usual, { history: { ...history, sinceQuestion: 19 }, kind: 'payment' })
    expect(payment.decision).toBe('ALLOW')
    const never = { ...policy, questionEvery: 0 }
    expect(judged(usual, { history: { ...history, sinceQuestion: 99 }, policy: never }).decision).toBe(
      'ALLOW',
    )
  })
})

test.each<[string, Partial<Record<AccessFeature, string | undefined>>, 'ALLOW' | 'QUESTION']>([
  ['another browser', { browser: 'firefox' }, 'ALLOW'],
  ['another browser in another language', { browser: 'firefox', language: 'pt' }, 'QUESTION'],
  ['a café around the corner', { asn: '64501', network: '203.0.113.0/24' }, 'ALLOW'],
  ['another town of the country', { town: 'Salem', asn: '64501', network: '203.0.113.0/24' }, 'ALLOW'],
  [
    'another town at night',
    { town: 'Salem', asn: '64501', network: '203.0.113.0/24', hour: '3', weekday: '3' },
    'QUESTION',
  ],
  ['two hours later', { hour: '22' }, 'ALLOW'],
  ['nobody says what browser', { os: '', browser: '', language: '' }, 'QUESTION'],
  ['an address that the database does not know', { country: '', town: '' }, 'QUESTION'],
  ['the databases are gone', { country: undefined, town: undefined, asn: undefined }, 'ALLOW'],
])('%s', (_what, change, decision) => {
  expect(judged({ ...usual, ...change } as AccessSignature).decision).toBe(decision)
})

test('hours are a circle', () => {
  const late = learned(noHistory, { ...proof, signature: { ...usual, hour: '23' } }, policy)
  expect(judged({ ...usual, hour: '1' }, { history: late }).match).toBe(1)
  expect(judged({ ...usual, hour: '2' }, { history: late }).reasons[0]?.code).toBe('new_hour')
})

test('a database that is new raises nobody; a caller who begins to say something is new', () => {
  const { country: _country, os: _os, ...less } = usual
  const before = learned(noHistory, { ...proof, signature: { ...less, os: '' } }, policy)
  expect(judged(usual, { history: before }).reasons.map(({ code }) => code)).toEqual(['new_os'])
})

test('without a proven access there is nothing to compare with: QUESTION, and never DENY', () => {
  const strict = { ...policy, denyBelow: 0.5 }
  const none = judged(usual, { history: noHistory, policy: strict })
  expect(none).toMatchObject({ match: undefined, decision: 'QUESTION', reasons: [{ code: 'no_history' }] })
  const passed = learned(noHistory, { ...proof, proven: false }, policy)
  expect(judged(usual, { history: passed }).reasons[0]?.code).toBe('no_history')
})

test('DENY below the limit that was set', () => {
  const strict = { ...policy, denyBelow: 0.3 }
  expect(judged({ ...usual, country: 'BR' }, { policy: strict }).decision).toBe('QUESTION')
  expect(judged({ ...usual, country: 'BR', os: 'linux' }, { policy: strict }).decision).toBe('DENY')
})

test('what looks as a fraud did is asked, or denied where somebody may be', () => {
  const after = withFraud(history, usual)
  const moved = { ...usual, hour: '3', language: 'pt' }
  expect(judged(moved, { history: after })).toMatchObject({ match: 0, decision: 'QUESTION' })
  const strict = { ...policy, denyBelow: 0.1 }
  expect(judged(moved, { history: after, policy: strict }).decision).toBe('DENY')
  expect(judged({ ...usual, os: 'macos' }, { history: after }).reasons[0]?.code).toBe('new_os')
  const many = Array.from({ length: 30 }).reduce<AccessHistory>((kept) => withFraud(kept, usual), history)
  expect(many.fraud).toHaveLength(10)
})

describe('learning', () => {
  const abroad = { ...usual, country: 'BR' }
  const lesson = { ...proof, signature: abroad }

  test('what passed teaches nothing new; what was proven does', () => {
    const passed = learned(history, { ...lesson, proven: false }, policy)
    expect(judged(abroad, { history: passed }).decision).toBe('QUESTION')
    expect(passed.sinceQuestion).toBe(1)
    const proven = learned({ ...history, sinceQuestion: 7 }, lesson, policy)
    expect(judged(abroad, { history: proven }).decision).toBe('ALLOW')
    expect(judged(usual, { history: proven }).decision).toBe('ALLOW')
    expect(proven.sinceQuestion).toBe(0)
  })

  test('habits fade, and what is repeated fades later', () => {
    const at = (days: number, of: AccessHistory) =>
      judged(usual, { history: of, now: evening + days * day }).reasons.some(
        ({ code }) => code === 'new_country',
      )
    expect([at(99, history), at(100, history)]).toEqual([false, true])
    const often = Array.from({ length: 19 }).reduce<AccessHistory>(
      (kept) => learned(kept, { ...proof, proven: false }, policy),
      history,
    )
    expect([at(229, often), at(231, often)]).toEqual([false, true])
    // A habit that has faded cannot be taken up again by merely passing.
    const year = evening + 365 * day
    const passed = learned(history, { ...proof, proven: false, now: year }, policy)
    expect(judged(usual, { history: passed, now: year }).match).toBeLessThan(0.62)
  })

  test('is bounded, whatever comes', () => {
    const long = Array.from({ length: 200 }).reduce<AccessHistory>((kept, _, i) => {
      const signature = Object.fromEntries(accessFeatures.map((name) => [name, `${name}-${i}`]))
      return learned(kept, { signature, proven: true, signIn: true, now: evening + i }, policy)
    }, noHistory)
    expect(Object.values(long.known).map((values) => values.length)).toEqual(accessFeatures.map(() => 12))
    expect(JSON.stringify(long).length).toBeLessThan(8192)
    expect(
      signatureOf({ 'client.userAgent': `${'x'.repeat(30)}/1` }, { at: 0, network: undefined }).browser,
    ).toHaveLength(30)
  })
})

test('whatever comes, a match is from 0 to 1, and one difference more never makes it more alike', () => {
  const value = fc.constantFrom('', 'a', '7', 'US')
  const anything = fc.record(Object.fromEntries(accessFeatures.map((name) => [name, value])), {
    requiredKeys: [],
  }) as fc.Arbitrary<AccessSignature>
  fc.assert(
    fc.property(anything, anything, fc.constantFrom(...accessFeatures), (known, now, feature) => {
      const before = learned(noHistory, { ...proof, signature: known }, policy)
      const first = judged(now, { history: before })
      expect(first.match).toBeGreaterThanOrEqual(0)
      expect(first.match).toBeLessThanOrEqual(1)
      const worse = judged({ ...now, [feature]: 'never seen' }, { history: before })
      expect(worse.match).toBeLessThanOrEqual(first.match as number)
    }),
  )
})

describe('questions', () => {
  test('there are twenty, each in both languages, no two alike', () => {
    expect(challengeQuestions).toHaveLength(20)
    const texts = challengeQuestions.flatMap(({ text }) => [text.en, text.es])
    expect(new Set(texts).size).toBe(40)
    expect(texts.every((text) => text.length > 10 && text.endsWith('?'))).toBe(true)
    expect(questionTexts(['first-pet'], 'es-MX,es;q=0.9')).toEqual([
      { id: 'first-pet', text: '¿Cómo se llamaba su primera mascota?' },
    ])
    expect(questionTexts(['first-pet'], 'fr')[0]?.text).toBe('What was your first pet called?')
  })

  test.each([
    ['  Señor   PATAS ', 'senor patas'],
    ['ＲＥＸ', 'rex'],
    ['Zoe\u0308', 'zoe'],
    ['Łódź', 'łodz'],
    ['İzmir', 'izmir'],
    ['प्रेम', 'प्रेम'],
  ])('%j is compared as %j', (answer, expected) => expect(folded(answer)).toBe(expected))

  const five = (change: Record<string, string> = {}) =>
    new Map(
      Object.entries({
        ...Object.fromEntries(allQuestions.slice(0, 5).map((id, i) => [id, `answer ${i}`])),
        ...change,
      }),
    )
  test.each([
    [five(), undefined],
    [five({ 'secret-word': 'a sixth' }), 'count'],
    [new Map(), 'count'],
    [new Map([...five()].map(([id, answer], i) => [i === 0 ? '__proto__' : id, answer])), 'unknown'],
    [five({ 'first-pet': ' ́x' }), 'short'],
    [five({ 'first-pet': 'x'.repeat(101) }), 'long'],
    [five({ 'first-pet': 'ANSWER  0' }), 'same'],
  ])('answers to be kept: %#', (answers, fault) => expect(answersFault(answers)).toBe(fault))

  test('the same two are asked until they are answered, then others', () => {
    const ids = allQuestions.slice(0, 5)
    const at = (round: number) => askedOf(ids, { seed: ['alder', 's1', String(round)], count: 2 })
    expect(at(1)).toEqual(at(1))
    expect(new Set(Array.from({ length: 40 }, (_, round) => at(round).toSorted().join()))).toHaveProperty(
      'size',
      10,
    )
  })
})
