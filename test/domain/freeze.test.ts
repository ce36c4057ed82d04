// Freezes: how an account is written that somebody types, and what a frozen payee says beside everything else.
import { describe, expect, test } from 'vitest'
import { accountTyped } from '../../src/domain/freeze.ts'
import { payeeFrozen, stopCode } from '../../src/domain/outcome.ts'
import { decide, type PolicyInputs } from '../../src/domain/policy.ts'
import { unasked } from '../../src/domain/policy-facts.ts'

const facts: PolicyInputs['facts'] = {
  transaction: {
    ...{ type: 'payment_initiation', kind: 'payment', hasAmount: true, amount: 100n, currency: 'EUR' },
    ...{ debtorAccount: 'A1', creditorAccount: 'B2', creditorName: 'N' },
  },
  ...{ subject: { id: 's' }, app: { id: 'a' }, device: { present: true } },
  session: { level: 1n, ageSeconds: 0n },
  history: { knownPayee: true, countDay: 0n, sumDay: 0n },
  ...{ risk: unasked, time: { hour: 1n, weekday: 1n } },
}

describe('an account, as somebody types it', () => {
  test.each([
    ['DE89370400440532013000', 'DE89370400440532013000'],
    [' de89 3704 0044 0532 0130 00\n', 'DE89370400440532013000'],
    ['DE89-3704-0044-0532-0130-00', 'DE89370400440532013000'],
    ['12.34.56/7890', '1234567890'],
    ['+34 600 000 000', '+34600000000'],
    ['1'.repeat(40), '1'.repeat(40)],
    ['DE0212', undefined],
    ['DE89370400440532013001', undefined],
    ['DE8937040044', undefined],
    ['GB82 WEST 1234 5698 7654 32', 'GB82WEST12345698765432'],
    ['GB82 WEST 1234 5698 7654 23', undefined],
    ['AB1234', undefined],
    ['A1234567', 'A1234567'],
    ['', undefined],
    ['123', undefined],
    ['1'.repeat(41), undefined],
    ['my aunt!', undefined],
    ['DE89<script>', undefined],
    ['ДЕ89370400440532013000', undefined],
  ])('%j is %j', (typed, account) => expect(accountTyped(typed)).toBe(account))
})

describe('a frozen payee', () => {
  const denying = { id: 'r', when: 'true', outcome: { kind: 'deny' } } as const
  const inputs: PolicyInputs = { facts, measures: {}, own: [], payeeFrozen: true }
  test('beats whatever else is said, also what denies', () => {
    for (const rules of [[], [denying]])
      expect(decide({ rules, limits: [] }, inputs)).toEqual({ ...payeeFrozen })
    expect(decide({ rules: [denying], limits: [] }, { ...inputs, payeeFrozen: undefined }).reason).toBe(
      'rule.r',
    )
  })
  test('beats what two people released as well', () => {
    const release = { case: 'c', proposedBy: 'administrator:a', releasedBy: 'administrator:b' }
    expect(decide({ rules: [], limits: [] }, { ...inputs, release })).toEqual({ ...payeeFrozen })
  })
  test.each([
    [payeeFrozen, 'payee.frozen'],
    [{ outcome: { kind: 'deny' }, reason: 'rule.r' }, 'transaction.denied'],
    [{ outcome: { kind: 'review' }, reason: 'payee.frozen' }, 'transaction.held'],
    [{ outcome: { kind: 'allow' }, reason: 'allowed' }, undefined],
  ] as const)('%j is told as %s', (decided, code) => expect(stopCode(decided)).toBe(code))
})
