// The threads that check SAML answers: what crosses between them, the deadline, and who pays for a slow message.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Refusal } from '../../src/domain/refusal.ts'
import type { ExpectedAnswer } from '../../src/domain/saml-answer.ts'
import type { SamlChecker } from '../../src/ports/saml-checker.ts'
import { createSamlChecker } from '../../src/xml/saml/checker.ts'
import { selfTest } from '../../src/xml/saml/self-test.ts'
import { answer, base64, expected, makeKey, type TestKey } from './hostile/idp.ts'

let key: TestKey
let ec: TestKey
let rogue: TestKey
beforeAll(async () => {
  ;[key, ec, rogue] = await Promise.all([makeKey(), makeKey('ec'), makeKey('ec')])
})

const trusting = (): ExpectedAnswer => ({ ...expected, idpCertificates: [key.pem] })
const genuine = (nameId = 'alice') => base64(answer({ key, facts: { nameId } }))

/** No message of ours takes seconds; a long list of keys that all have to be asked does. */
const slow = (): ExpectedAnswer => ({ ...trusting(), idpCertificates: Array(30_000).fill(ec.pem) })
const slowly = (checker: SamlChecker) => codeOf(checker.check(base64(answer({ key: rogue })), slow()))

const codeOf = (answered: Promise<unknown>): Promise<string> =>
  answered.then(
    () => 'accepted',
    (error: unknown) => (error instanceof Refusal ? error.code : String(error)),
  )

test('a thread proves itself before it serves', () => expect(selfTest()).resolves.toBeUndefined())

describe('one thread', () => {
  let checker: SamlChecker
  beforeAll(async () => {
    checker = await createSamlChecker({ workers: 1, deadlineMs: 20_000 })
  })
  afterAll(() => checker.close())

  test('the subject arrives whole, its attributes as a Map', async () => {
    const attributes =
      '<saml:Attribute Name="n"><saml:AttributeValue>v</saml:AttributeValue></saml:Attribute>'
    const subject = await checker.check(base64(answer({ key, facts: { attributes } })), trusting())
    expect(subject.attributes).toBeInstanceOf(Map)
    expect(subject.attributes.get('n')).toEqual(['v'])
    expect(subject.checks.length).toBeGreaterThan(10)
    expect(subject.verified).toContain('<saml:NameID')
  })
  test('a refusal arrives with its code and detail', async () => {
    const refused = checker.check(genuine(), { ...trusting(), spEntityId: 'https://other.example' })
    await expect(refused).rejects.toMatchObject({
      code: 'saml.audience',
      detail: { check: 'Audience', expected: 'https://other.example', actual: expected.spEntityId },
    })
    await expect(refused).rejects.toBeInstanceOf(Refusal)
  })
  test('what outgrows the memory of a thread is refused, and the next message is served', async () => {
    const huge = { ...trusting(), idpCertificates: Array(150_000).fill(key.pem) }
    const outgrown = codeOf(checker.check(genuine(), huge))
    const behind = codeOf(checker.check(genuine(), trusting()))
    expect(await outgrown).toBe('saml.malformed')
    expect(await behind).toBe('accepted')
  })
  test('a fault in the thread is a refusal, and the next message is served', async () => {
    const broken = { ...trusting(), idpCertificates: undefined } as unknown as ExpectedAnswer
    expect(await codeOf(checker.check(genuine(), broken))).toBe('saml.malformed')
    expect(await codeOf(checker.check(genuine(), trusting()))).toBe('accepted')
  })
  test('too long a queue is refused at once', async () => {
    const form = genuine()
    const codes = await Promise.all(Array.from({ length: 80 }, () => codeOf(checker.check(form, trusting()))))
    expect(new Set(codes)).toEqual(new Set(['accepted', 'busy']))
    expect(codes.filter((code) => code === 'accepted').length).toBeGreaterThanOrEqual(64)
  })
})

// A machine that stalls within so short a time gets another try.
const timed = { retry: 3 }

test('the first message is not late: neither start nor compilation counts', timed, async () => {
  const checker = await createSamlChecker({ workers: 2, deadlineMs: 250 })
  try {
    const both = [checker.check(genuine(), trusting()), checker.check(genuine(), trusting())]
    expect(await Promise.all(both.map(codeOf))).toEqual(['accepted', 'accepted'])
  } finally {
    await checker.close()
  }
})

test(
  'what overruns its deadline is refused, and those who wait behind it do not pay for the new thread',
  timed,
  async () => {
    const checker = await createSamlChecker({ workers: 1, deadlineMs: 250 })
    try {
      const behind = ['alice', 'bob', 'carol'].map((name) => [name, genuine(name)] as const)
      const overrun = slowly(checker)
      const names = behind.map(([, form]) => checker.check(form, trusting()).then((s) => s.nameId.value))
      expect(await overrun).toBe('saml.deadline')
      expect(await Promise.all(names)).toEqual(behind.map(([name]) => name))
    } finally {
      await checker.close()
    }
  },
)

test('a worn thread is replaced between two messages, unnoticed', async () => {
  let threads = 0
  const count = () => {
    threads += 1
  }
  process.on('worker', count)
  const checker = await createSamlChecker({ workers: 1, deadlineMs: 20_000, messagesPerWorker: 2 })
  try {
    for (let message = 0; message < 7; message++) {
      expect(await codeOf(checker.check(genuine(), trusting()))).toBe('accepted')
    }
    expect(threads).toBe(4)
  } finally {
    process.off('worker', count)
    await checker.close()
  }
})

test('closing ends what is still being checked, with a refusal', async () => {
  const checker = await createSamlChecker({ workers: 1, deadlineMs: 20_000 })
  const running = slowly(checker)
  const waiting = codeOf(checker.check(genuine(), trusting()))
  await new Promise((resolve) => setTimeout(resolve, 100))
  await checker.close()
  expect(await running).toMatch(/^saml\./)
  expect(await waiting).toMatch(/^saml\./)
})
