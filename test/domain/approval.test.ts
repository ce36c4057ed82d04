// Approvals: what a yes is bound to, how often a customer is asked, and who may answer.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { approvalSeconds, claimMisfit, shownApprovalState } from '../../src/domain/approval.ts'
import { dampedFor, type PastApproval } from '../../src/domain/approval-damping.ts'
import { approvalDisplay, displayHash } from '../../src/domain/approval-display.ts'
import { type ApprovalKey, approves, type Device, usableFrom } from '../../src/domain/device.ts'
import { Refusal } from '../../src/domain/refusal.ts'
import { transactionOf } from '../../src/domain/transaction.ts'
import { typeNamed } from '../../src/domain/transaction-type.ts'
import { builtInTypes } from '../../src/domain/transaction-types/known.ts'
import { details } from './transaction-samples.ts'

const names = { institution: 'Alder Bank', relyingParty: 'Till' }

/** What a device is given to sign of this detail; undefined where it is none that anybody could approve. */
function shownOf(detail: unknown, bindingMessage: string | undefined) {
  try {
    const transaction = transactionOf(detail, builtInTypes)
    const approval = { transaction, bindingMessage, place: { address: '203.0.113.7' } }
    const type = typeNamed(builtInTypes, transaction.type)
    const { text } = approvalDisplay({ approval, names, type }, 'en')
    const claims = { aud: 'a', sub: 's', device: 'd', client_id: 'c', nonce: 'n', exp: 1, language: 'en' }
    return { ...claims, hash: transaction.hash, display: displayHash(text) }
  } catch (error) {
    if (error instanceof Refusal) return undefined
    throw error
  }
}

interface Place {
  readonly holder: Record<string, unknown>
  readonly name: string
}

/** Every value below, also in lists. */
const placesIn = (holder: object): Place[] =>
  Object.entries(holder).flatMap(([name, value]) =>
    typeof value === 'object' ? placesIn(value) : [{ holder: holder as Record<string, unknown>, name }],
  )

/** The detail with one character of one value changed. */
function changed(detail: object, { leaf, at, to }: { leaf: number; at: number; to: string }): object {
  const copy = structuredClone(detail)
  const places = placesIn(copy)
  const { holder, name } = places[leaf % places.length] as Place
  const text = String(holder[name])
  const place = at % text.length
  holder[name] = `${text.slice(0, place)}${to}${text.slice(place + 1)}`
  return copy
}

describe('a yes', () => {
  test('to a changed cent or character is none, in any member of any type', () => {
    const one = fc.record({
      detail: fc.constantFrom(...Object.values(details)),
      leaf: fc.nat(20),
      at: fc.nat(60),
      to: fc.constantFrom(...'0123456789ABCabcxyz .'),
    })
    let compared = 0
    fc.assert(
      fc.property(one, ({ detail, ...change }) => {
        const other = changed(detail, change)
        const [was, is] = [shownOf(detail, undefined), shownOf(other, undefined)]
        if (was === undefined || is === undefined || JSON.stringify(other) === JSON.stringify(detail)) return
        compared++
        expect(claimMisfit(was, is)).toBe('hash')
        expect(was.display).not.toBe(is.display)
      }),
      { numRuns: 2000 },
    )
    expect(compared).toBeGreaterThan(300)
  })

  test('is bound to who asks and to what they say, beside the transaction', () => {
    const detail = details.payment_initiation
    expect(shownOf(detail, 'Order 1')?.display).not.toBe(shownOf(detail, 'Order 2')?.display)
    expect(claimMisfit(shownOf(detail, 'Order 1') ?? {}, shownOf(detail, 'Order 2') as never)).toBe('display')
  })

  test('a sign-in is shown with the app and the bank', () => {
    const approval = {
      transaction: undefined,
      bindingMessage: undefined,
      place: { device: 'Firefox', town: 'Tartu' },
    }
    const text = (language: 'en' | 'es') =>
      approvalDisplay({ approval, names, type: undefined }, language).text
    expect(text('en')).toBe(
      'Sign in to Till\nBank: Alder Bank\nAsked for by: Till\nAsked for from: Firefox, Tartu',
    )
    expect(text('es')).toContain('Iniciar sesión en Till')
  })
})

describe('how often a customer is asked', () => {
  const minute = 60_000
  const now = 100 * minute
  const past = (state: PastApproval['state'], ago: number, relyingParty = 'till'): PastApproval => ({
    ...{ state, relyingParty, createdAt: now - ago * minute, expiresAt: now - ago * minute + 5 * minute },
  })
  const asked = { now, most: 3, relyingParty: 'till' }
  test.each<[string, PastApproval[], number | undefined]>([
    ['nobody asked before', [], undefined],
    ['two are open', [past('pending', 1), past('pending', 2)], undefined],
    [
      'three are open: until the first lapses',
      [past('pending', 1), past('pending', 2), past('pending', 3)],
      120,
    ],
    [
      'three were denied: a minute after the last',
      [past('denied', 0.5), past('denied', 1), past('denied', 2)],
      30,
    ],
    ['and then it is over', [past('denied', 1), past('denied', 2), past('denied', 3)], undefined],
    ['four: two minutes', [1, 2, 3, 4].map((ago) => past('failed', ago)), 60],
    ['five lapsed: four minutes', [6, 7, 8, 9, 10].map((ago) => past('pending', ago)), undefined],
    ['ten: an hour at most', Array.from({ length: 12 }, (_, i) => past('denied', i + 1)), 59 * 60],
    [
      'a yes makes them forget',
      [past('denied', 1), past('approved', 2), past('denied', 3), past('denied', 4)],
      undefined,
    ],
    [
      'what was withdrawn rang as well',
      [past('withdrawn', 0.5), past('withdrawn', 0.6), past('denied', 0.7)],
      30,
    ],
    ['reported: a day', [past('approved', 1), past('reported', 60)], 23 * 3600],
    ['somebody else was reported', [past('reported', 60, 'other')], undefined],
  ])('%s', (_what, all, expected) => expect(dampedFor(all, asked)).toBe(expected))
})

describe('who may answer', () => {
  const day = 24 * 3600_000
  const now = 10 * day
  const key: ApprovalKey = { jkt: 'k', publicJwk: {}, registeredAt: 0, usableFrom: 0 }
  const device = (change: Partial<Device>) =>
    ({ state: 'active', subject: 's', approvalKey: key, ...change }) as Device
  test.each<[string, Partial<Device>, boolean]>([
    ['an active device with its key', {}, true],
    ['one without', { approvalKey: undefined }, false],
    ['one that is revoked', { state: 'revoked' }, false],
    ['another customer’s', { subject: 'other' }, false],
    ['one whose key is too new', { approvalKey: { ...key, usableFrom: now + 1 } }, false],
  ])('%s', (_what, change, expected) => expect(approves(device(change), 's', now)).toBe(expected))
  test.each<[string, Partial<Device>[], number]>([
    ['the first key at once', [], now],
    ['beside a device without a key at once', [{ approvalKey: undefined }], now],
    ['beside another after a day', [{}], now + day],
    ['after one that was ended just before, too', [{ state: 'revoked', revokedAt: now - 1 }], now + day],
    ['long after one was ended at once', [{ state: 'revoked', revokedAt: now - day }], now],
  ])('%s', (_what, others, expected) => expect(usableFrom(others.map(device), now, day)).toBe(expected))
})

test('a question lives five minutes unless told, and ten at most', () => {
  expect([undefined, 1, 600, 601, 99_999].map(approvalSeconds)).toEqual([300, 1, 600, 600, 600])
  expect(shownApprovalState({ state: 'pending', expiresAt: 10 }, 9)).toBe('pending')
  expect(shownApprovalState({ state: 'pending', expiresAt: 10 }, 10)).toBe('expired')
  expect(shownApprovalState({ state: 'denied', expiresAt: 10 }, 11)).toBe('denied')
})
