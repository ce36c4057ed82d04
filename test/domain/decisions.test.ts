// The pure rules, as tables.
import { describe, expect, test } from 'vitest'
import {
  acrOf,
  delegated,
  highest,
  lowestRequested,
  satisfies,
  withDevice,
  withDeviceAndPin,
  withoutDevice,
} from '../../src/domain/acr.ts'
import { counts, type Device } from '../../src/domain/device.ts'
import { type CallerToken, decideCall, operationOf } from '../../src/domain/gateway.ts'
import { asksConsentEachTime, type Core, isId } from '../../src/domain/institution.ts'
import { type LoginTransaction, nextStep } from '../../src/domain/login.ts'
import { mask, maskedDetail } from '../../src/domain/mask.ts'
import { checkNewPin } from '../../src/domain/pin.ts'
import { referenceFrom } from '../../src/domain/reference.ts'
import { Refusal } from '../../src/domain/refusal.ts'
import {
  decimal,
  hashOf,
  isOver,
  type Money,
  money,
  onlyTransaction,
  transactionOf,
} from '../../src/domain/transaction.ts'
import { builtInTypes } from '../../src/domain/transaction-types/known.ts'

/** The code of what is thrown; the value when nothing is. */
function codeOf(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    return error instanceof Refusal ? error.code : error
  }
}

describe('levels', () => {
  test.each([
    [withDeviceAndPin, withDevice, true],
    [withDevice, withDeviceAndPin, false],
    [delegated, delegated, true],
    [undefined, delegated, false],
    [delegated, undefined, true],
    ['urn:other', delegated, false],
    [withDevice, 'urn:other', false],
  ])('%s satisfies %s: %s', (have, need, is) => expect(satisfies(have, need)).toBe(is))
  test.each([
    [['fed'], delegated],
    [['fed', 'pop'], withDevice],
    [['fed', 'pop', 'pin'], withDeviceAndPin],
    [['fed', 'pin'], delegated],
    [[], delegated],
  ])('%j reaches %s: a PIN counts only on a device', (amr, acr) => expect(acrOf(amr)).toBe(acr))
  test('without the device its PIN falls too', () =>
    expect(withoutDevice(['fed', 'pop', 'pin'])).toEqual(['fed']))
  test('alternatives: the lowest of ours would do', () => {
    expect(lowestRequested(['urn:x', withDeviceAndPin, withDevice])).toBe(withDevice)
    expect(lowestRequested(['urn:x'])).toBeUndefined()
    expect(highest(undefined, withDevice)).toBe(withDevice)
    expect(highest(withDeviceAndPin, withDevice)).toBe(withDeviceAndPin)
  })
})

describe('what is next in a sign-in', () => {
  const base: LoginTransaction = {
    institution: 'alder',
    uid: 'u',
    reference: 'DB-TEST-0001',
    relyingParty: 'app',
    choices: ['c'],
    connection: 'c',
    redirectUri: 'https://app.example/cb',
    scope: ['openid'],
    languages: [],
    neededAcr: undefined,
    transaction: undefined,
    dpopJkt: undefined,
    freshLogin: false,
    consent: 'not-needed',
    browserHash: undefined,
    upstreamRequest: undefined,
    upstreamAskedAt: undefined,
    upstreamMemory: undefined,
    upstreamSent: undefined,
    subject: 's',
    authenticatedAt: 0,
    sessionNotOnOrAfter: undefined,
    amr: ['fed', 'pop'],
    device: 'd',
    hasPin: true,
    outcome: 'open',
    refusal: undefined,
    startedAt: 0,
    expiresAt: 1,
  }
  test.each<[string, Partial<LoginTransaction>, object]>([
    ['nobody yet', { subject: undefined }, { step: 'upstream' }],
    ['all there', {}, { step: 'finish', acr: withDevice }],
    ['a PIN needed', { neededAcr: withDeviceAndPin }, { step: 'step-up', acr: withDeviceAndPin }],
    [
      'a PIN given',
      { neededAcr: withDeviceAndPin, amr: ['fed', 'pop', 'pin'] },
      { step: 'finish', acr: withDeviceAndPin },
    ],
    [
      'a PIN needed before consent',
      { neededAcr: withDeviceAndPin, consent: 'needed' },
      { step: 'step-up', acr: withDeviceAndPin },
    ],
    [
      'no device for a PIN',
      { neededAcr: withDeviceAndPin, device: undefined, amr: ['fed'] },
      { step: 'refuse', code: 'device.required' },
    ],
    [
      'no device',
      { neededAcr: withDevice, device: undefined, amr: ['fed'] },
      { step: 'refuse', code: 'device.required' },
    ],
    ['no PIN set', { neededAcr: withDeviceAndPin, hasPin: false }, { step: 'refuse', code: 'pin.unset' }],
    ['consent needed', { consent: 'needed' }, { step: 'consent' }],
    ['consent to be shown again', { consent: 'confirm' }, { step: 'consent' }],
    ['consent given', { consent: 'given' }, { step: 'finish', acr: withDevice }],
    ['cancelled', { outcome: 'cancelled' }, { step: 'refuse', code: 'login.cancelled' }],
    [
      'refused',
      { outcome: 'refused', refusal: 'device.required' },
      { step: 'refuse', code: 'device.required' },
    ],
    ['finished', { outcome: 'finished' }, { step: 'done' }],
  ])('%s', (_, change, step) => expect(nextStep({ ...base, ...change })).toEqual(step))
})

const detail = {
  type: 'payment_initiation',
  instructedAmount: { amount: '1240.00', currency: 'EUR' },
  debtorAccount: { iban: 'ES9121000418450200051332' },
  creditorName: 'Nordhaven Energy',
  creditorAccount: { iban: 'DE89370400440532013000' },
}

describe('money and transactions', () => {
  test.each([
    ['1240.00', 'EUR', 124000n],
    ['0.5', 'EUR', 50n],
    ['7', 'JPY', 7n],
    ['1.234', 'KWD', 1234n],
    ['999999999999999.99', 'USD', 99999999999999999n],
  ])('%s %s is %s minor units', (amount, currency, minor) => {
    expect(money(amount, currency).minor).toBe(minor)
    expect(money(decimal(money(amount, currency)), currency).minor).toBe(minor)
  })
  test.each([
    ['1,240.00', 'EUR'],
    ['-1', 'EUR'],
    ['+1', 'EUR'],
    ['1e3', 'EUR'],
    ['01', 'EUR'],
    ['1.001', 'EUR'],
    ['1.0', 'JPY'],
    ['.5', 'EUR'],
    ['5.', 'EUR'],
    ['', 'EUR'],
    ['NaN', 'EUR'],
    ['٣', 'EUR'],
    [' 1', 'EUR'],
    ['1', 'eur'],
    ['1', 'EURO'],
    ['1'.repeat(20), 'EUR'],
  ])('%j %s is no money', (amount, currency) =>
    expect(codeOf(() => money(amount, currency))).toBe('transaction.malformed'),
  )
  test('limits compare numbers, not texts; a currency without one is always over', () => {
    const limits = { EUR: '2500.00' }
    expect(isOver(money('10000.00', 'EUR'), limits)).toBe(true)
    expect(isOver(money('2500.00', 'EUR'), limits)).toBe(false)
    expect(isOver(money('2500.01', 'EUR'), limits)).toBe(true)
    expect(isOver(money('0.01', 'USD'), limits)).toBe(true)
  })
  test('the hash is of the canonical form: order of members is no matter, a cent is', () => {
    const { type, ...rest } = detail
    expect(hashOf({ ...rest, type })).toBe(transactionOf(detail, builtInTypes).hash)
    // RFC 8785 by hand, independent of the library.
    expect(hashOf({ b: 'é', a: [1, true] })).toBe(hashOf(JSON.parse('{"a":[1,true],"b":"\\u00e9"}')))
    expect(
      transactionOf({ ...detail, instructedAmount: { amount: '1240.01', currency: 'EUR' } }, builtInTypes)
        .hash,
    ).not.toBe(transactionOf(detail, builtInTypes).hash)
  })
  test.each<[string, unknown]>([
    ['another type', { ...detail, type: 'other' }],
    ['a member that would not be shown', { ...detail, fee: '5' }],
    ['a member inside', { ...detail, creditorAccount: { iban: detail.creditorAccount.iban, bic: 'X' } }],
    ['right-to-left override', { ...detail, creditorName: 'Nord\u202ehaven' }],
    ['zero width', { ...detail, creditorName: 'Nord\u200bhaven' }],
    ['control', { ...detail, creditorName: 'Nord\nhaven' }],
    ['only spaces', { ...detail, creditorName: '   ' }],
    ['too long', { ...detail, creditorName: 'x'.repeat(71) }],
    ['an amount as number', { ...detail, instructedAmount: { amount: 1240, currency: 'EUR' } }],
    ['nothing', { ...detail, instructedAmount: { amount: '0.00', currency: 'EUR' } }],
    ['no IBAN', { ...detail, debtorAccount: { iban: 'x' } }],
    ['a list', [detail]],
    ['null', null],
  ])('%s is refused', (_, value) =>
    expect(codeOf(() => transactionOf(value, builtInTypes))).toBe('transaction.malformed'),
  )
  test('exactly one rides on an authorization', () => {
    expect(onlyTransaction(undefined, builtInTypes)).toBeUndefined()
    expect(onlyTransaction([detail], builtInTypes)?.amount?.minor).toBe(124000n)
    for (const list of [[], [detail, detail], detail, 'x'])
      expect(codeOf(() => onlyTransaction(list, builtInTypes))).toBe('transaction.malformed')
  })
  test('what a device sees is masked', () => {
    expect(mask('ES9121000418450200051332')).toBe('••••1332')
    expect(mask('1234')).toBe('••••')
    expect(
      JSON.stringify(maskedDetail(transactionOf(detail, builtInTypes).detail, builtInTypes[0])),
    ).not.toMatch(/ES91|DE89/)
  })
})

describe('calls to cores', () => {
  const core: Core = {
    institution: 'alder',
    id: 'payments',
    name: 'p',
    endpoint: 'https://core.example',
    audience: 'a',
    addressing: true,
    timeoutMs: 1,
    assertionSeconds: 1,
    operations: [
      { namespace: 'urn:p', name: 'Balance', soapAction: undefined, acr: withDevice, transaction: undefined },
      {
        namespace: 'urn:p',
        name: 'Pay',
        soapAction: undefined,
        acr: withDevice,
        transaction: {
          type: 'payment_initiation',
          amount: ['a'],
          currency: ['c'],
          debtorAccount: ['d'],
          creditorAccount: ['e'],
          creditorName: ['n'],
        },
      },
    ],
  }
  const approved = transactionOf(detail, builtInTypes)
  const caller: CallerToken = {
    institution: 'alder',
    relyingParty: 'app',
    subject: 's',
    scope: ['core:payments'],
    acr: withDevice,
    amr: ['fed', 'pop'],
    authenticatedAt: 0,
    device: 'd',
    transaction: undefined,
    grant: 'g',
    session: undefined,
  }
  const facts = {
    amount: '1240.00',
    currency: 'EUR',
    debtorAccount: detail.debtorAccount.iban,
    creditorAccount: detail.creditorAccount.iban,
    creditorName: detail.creditorName,
  }
  const alwaysAsks = (amount: Money) => isOver(amount, { EUR: '500.00' })
  const decide = (
    change: { token?: Partial<CallerToken>; facts?: Partial<typeof facts> | undefined; name?: string } = {},
  ) =>
    codeOf(() => {
      const operation = operationOf(core, { namespace: 'urn:p', localName: change.name ?? 'Pay' })
      const given =
        'facts' in change && change.facts === undefined ? undefined : { ...facts, ...change.facts }
      return (
        decideCall({
          core,
          operation,
          token: { ...caller, ...change.token },
          facts: given,
          alwaysAsks,
          types: builtInTypes,
        }).consumes?.hash ?? 'no transaction'
      )
    })
  const strong = { acr: withDeviceAndPin, transaction: approved } as const
  test.each<[string, Parameters<typeof decide>[0], string]>([
    ['a read needs no transaction', { name: 'Balance' }, 'no transaction'],
    ['#235 an operation that is not listed', { name: 'Close' }, 'core.operation'],
    ['no scope for the core', { token: { scope: ['core:other'] } }, 'token.scope'],
    ['too weak', { token: { acr: delegated } }, 'acr.insufficient'],
    ['small money on a device', { facts: { amount: '500.00' } }, 'no transaction'],
    ['#237 over the limit without approval', {}, 'transaction.missing'],
    ['over the limit with approval', { token: strong }, approved.hash],
    ['#237 another amount', { token: strong, facts: { amount: '1240.01' } }, 'transaction.mismatch'],
    ['#237 another currency', { token: strong, facts: { currency: 'USD' } }, 'transaction.mismatch'],
    [
      '#236 another debtor',
      { token: strong, facts: { debtorAccount: 'ES0000000000000000000000' } },
      'transaction.mismatch',
    ],
    [
      '#237 another payee',
      { token: strong, facts: { creditorAccount: 'DE00000000000000000000' } },
      'transaction.mismatch',
    ],
    [
      '#237 another name',
      { token: strong, facts: { creditorName: 'nordhaven energy' } },
      'transaction.mismatch',
    ],
    ['the same amount written otherwise', { token: strong, facts: { amount: '1240' } }, approved.hash],
    ['a Body without the facts', { token: strong, facts: undefined }, 'transaction.malformed'],
    ['an amount that is none', { facts: { amount: 'NaN' } }, 'transaction.malformed'],
  ])('%s', (_, change, result) => expect(decide(change)).toBe(result))
})

describe('small rules', () => {
  const policy = { length: 6, attempts: 5, lockSeconds: 900 }
  test.each([
    ['271828', undefined],
    ['12345', 'pin.format'],
    ['1234567', 'pin.format'],
    ['12345a', 'pin.format'],
    ['١٢٣٤٥٦', 'pin.format'],
    ['111111', 'pin.weak'],
    ['123456', 'pin.weak'],
    ['654321', 'pin.weak'],
    ['789012', 'pin.weak'],
    ['121212', 'pin.weak'],
    ['123123', 'pin.weak'],
  ])('#164 PIN %s: %s', (pin, code) => expect(codeOf(() => checkNewPin(pin, policy))).toBe(code))
  test.each([
    ['alder', true],
    ['a', false],
    ['Alder', false],
    ['a_b', false],
    ['admin', false],
    ['a'.repeat(33), false],
    ['', false],
    ['../x', false],
  ])('id %j: %s', (id, good) => expect(isId(id)).toBe(good))
  test.each([
    ['https://app.example/cb', false],
    ['http://127.0.0.1/cb', true],
    ['com.example.app:/cb', true],
    ['nonsense', true],
  ])('%s asks for consent each time: %s (R-22)', (uri, asks) => expect(asksConsentEachTime(uri)).toBe(asks))
  test('only an active device of the customer counts', () => {
    const device = { state: 'active', subject: 's' } as Device
    expect([
      counts(device, 's'),
      counts(device, 't'),
      counts(device, undefined),
      counts(undefined, 's'),
    ]).toEqual([true, false, false, false])
    for (const state of ['pending', 'suspended', 'revoked'] as const)
      expect(counts({ ...device, state }, 's')).toBe(false)
  })
  test('a reference can be read over the telephone', () => {
    expect(referenceFrom(Uint8Array.from([0, 1, 2, 3, 4, 5, 6, 255]))).toMatch(
      /^DB-[2-9A-HJKMNP-TV-Z]{4}-[2-9A-HJKMNP-TV-Z]{4}$/,
    )
  })
})
