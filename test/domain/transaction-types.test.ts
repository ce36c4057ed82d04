// The types of transaction: what each takes and refuses, what the customer is shown, and that both are the same data.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Language, languages } from '../../src/domain/language.ts'
import { maskedDetail } from '../../src/domain/mask.ts'
import { Refusal } from '../../src/domain/refusal.ts'
import { keptTransaction, transactionOf } from '../../src/domain/transaction.ts'
import { displayOf } from '../../src/domain/transaction-display.ts'
import { leavesIn, typeNamed } from '../../src/domain/transaction-type.ts'
import { builtInTypes, typesOf } from '../../src/domain/transaction-types/known.ts'
import { cardControl, cardDetail, details } from './transaction-samples.ts'

const types = typesOf({ transactionTypes: [cardControl] })
const every = [...Object.values(details), cardDetail]

const fieldOf = (detail: unknown): unknown => {
  try {
    transactionOf(detail, types)
    return 'taken'
  } catch (error) {
    if (error instanceof Refusal && error.code === 'transaction.malformed') return error.detail.field
    throw error
  }
}

const shown = (detail: { readonly type: string }, language: Language = 'en') =>
  displayOf(transactionOf(detail, types), typeNamed(types, detail.type), language)

const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ')

describe('what a type takes', () => {
  const { payment_initiation: payment, change_contact: contact, account_access: access } = details
  const { schedule: _, ...atOnce } = payment
  test.each(every)('$type, whole', (detail) => expect(fieldOf(detail)).toBe('taken'))
  test.each<[string, unknown, string]>([
    ['no type of ours', { type: 'other' }, 'type'],
    ['a type that every object has', { type: 'constructor' }, 'type'],
    ['no type', {}, 'type'],
    ['a list', [payment], 'detail'],
    ['a member too many', { ...contact, note: 'x' }, 'note'],
    [
      'a member of every object',
      JSON.parse('{"type":"change_contact","kind":"phone","newValue":"1","__proto__":1}'),
      '__proto__',
    ],
    ['one with a name that a log should not hold', { ...contact, '<b>\n': 1 }, 'a member that is not known'],
    [
      'one inside',
      { ...payment, creditorAccount: { iban: 'DE89370400440532013000', bic: 'X' } },
      'creditorAccount.bic',
    ],
    ['a member too few', { type: 'add_payee', creditorName: 'N' }, 'creditorAccount'],
    ['another choice', { ...contact, kind: 'fax' }, 'kind'],
    ['a day that is none', { ...access, validUntil: '2027-02-30' }, 'validUntil'],
    ['a list without items', { ...access, accounts: [] }, 'accounts'],
    ['an item twice', { ...access, permissions: ['cards', 'cards'] }, 'permissions'],
    [
      'eleven accounts',
      {
        ...access,
        accounts: Array.from({ length: 11 }, (_, i) => ({ iban: `EE${i + 10}2200221020144821` })),
      },
      'accounts',
    ],
    ['a number for a text', { ...contact, newValue: 5 }, 'newValue'],
    ['a cent too fine', { ...payment, instructedAmount: { amount: '1.001', currency: 'EUR' } }, 'amount'],
    ['a yen too fine', { ...details.change_limit, newAmount: { amount: '1.5', currency: 'JPY' } }, 'amount'],
    ['a payment of nothing', { ...payment, instructedAmount: { amount: '0.00', currency: 'EUR' } }, 'amount'],
    ['a schedule of nothing', { ...payment, schedule: {} }, 'schedule'],
    [
      'a day and a standing order',
      { ...payment, schedule: { ...payment.schedule, requestedExecutionDate: '2026-12-01' } },
      'schedule',
    ],
    [
      'a standing order without its first day',
      { ...payment, schedule: { frequency: 'daily' } },
      'schedule.firstDate',
    ],
    ['a whole number that is none', { ...cardDetail, days: 1.5 }, 'days'],
  ])('%s is refused', (_, detail, field) => expect(fieldOf(detail)).toBe(field))
  test.each([
    [{ ...atOnce, schedule: { requestedExecutionDate: '2026-12-24' } }],
    [{ ...details.change_limit, newAmount: { amount: '0', currency: 'EUR' } }],
    [{ ...payment, creditorName: 'Яндекс Go' }],
    [{ ...payment, creditorName: 'José Mª Núñez, 1º' }],
    [{ ...payment, creditorName: 'חברת החשמל (2026)' }],
    [{ ...payment, creditorName: 'α-Systems' }],
    [{ ...payment, creditorName: '東京 Tシャツ' }],
  ])('%j is taken', (detail) => expect(fieldOf(detail)).toBe('taken'))
})

test('every amount that is shown is an amount of its currency, a fact or not', () => {
  const { schema, display } = cardControl
  const fee = {
    type: 'object',
    additionalProperties: false,
    required: ['amount', 'currency'],
    properties: {
      amount: { type: 'string', format: 'amount' },
      currency: { type: 'string', format: 'currency' },
    },
  } as const
  const row = { label: 'Fee', value: '{/fee/amount} {/fee/currency}', as: 'money' } as const
  const withFee = {
    ...cardControl,
    schema: { ...schema, properties: { ...schema.properties, fee } },
    display: { ...display, en: { ...display.en, rows: [...display.en.rows, row] } },
  }
  const taken = (amount: string) =>
    transactionOf({ ...cardDetail, fee: { amount, currency: 'JPY' } }, [withFee])
  expect(taken('5').amount).toBeUndefined()
  expect(() => taken('5.5')).toThrow('transaction.malformed')
})

test('the facts are found where the type says', () => {
  expect(transactionOf(details.payment_initiation, types)).toMatchObject({
    type: 'payment_initiation',
    amount: { minor: 124000n, currency: 'EUR' },
    debtorAccount: 'ES9121000418450200051332',
    creditorAccount: 'DE89370400440532013000',
    creditorName: 'Nordhaven Energy',
  })
  expect(transactionOf(details.add_payee, types)).toMatchObject({
    amount: undefined,
    debtorAccount: undefined,
    creditorName: 'Nordhaven Energy',
  })
  expect(transactionOf(details.change_limit, types).amount).toEqual({ minor: 250000n, currency: 'EUR' })
})

test('what is kept is not judged again: a type may change while a token lives', () => {
  const gone = keptTransaction([cardDetail], builtInTypes)
  expect(gone).toMatchObject({
    type: 'card_control',
    amount: undefined,
    hash: transactionOf(cardDetail, types).hash,
  })
  expect(JSON.stringify(maskedDetail(gone!.detail, undefined))).not.toMatch(/4821|Alder/)
  expect(() => displayOf(gone!, undefined, 'en')).toThrow('transaction.malformed')
  const narrower = {
    ...cardControl,
    display: {
      ...cardControl.display,
      en: { ...cardControl.display.en, rows: cardControl.display.en.rows.slice(1) },
    },
  }
  expect(() => displayOf(gone!, narrower, 'en')).toThrow('transaction.malformed')
})

test('devices see accounts masked, in lists too', () => {
  const masked = (detail: { type: string }) =>
    JSON.stringify(maskedDetail(detail, typeNamed(types, detail.type)))
  expect(masked(details.account_access)).toContain('"accounts":[{"iban":"••••4821"},{"iban":"••••0937"}]')
  expect(masked(details.add_payee)).not.toContain('DE89')
  expect(masked(details.payment_initiation)).not.toMatch(/ES91|DE89/)
  expect(masked(details.payment_initiation)).toContain('"type":"payment_initiation"')
})

describe('what is shown', () => {
  test.each<[{ type: string }, Language, string]>([
    [
      details.payment_initiation,
      'en',
      'Approve this payment?\nAmount: €1,240.00\nTo: Nordhaven Energy\nTo account: DE89 3704 0044 0532 0130 00\nFrom: ES91 2100 0418 4502 0005 1332\nMessage: Invoice 2026-118\nRepeats: Every month\nFirst payment: 1 December 2026\nLast payment: 1 December 2027',
    ],
    [
      details.payment_initiation,
      'es',
      '¿Apruebas este pago?\nImporte: 1240,00 €\nA: Nordhaven Energy\nA la cuenta: DE89 3704 0044 0532 0130 00\nDesde: ES91 2100 0418 4502 0005 1332\nConcepto: Invoice 2026-118\nSe repite: Cada mes\nPrimer pago: 1 de diciembre de 2026\nÚltimo pago: 1 de diciembre de 2027',
    ],
    [
      details.add_payee,
      'en',
      'Add this payee?\nPayee: Nordhaven Energy\nAccount: DE89 3704 0044 0532 0130 00\nYou call them: Power',
    ],
    [details.change_contact, 'en', 'Change how we reach you?\nChange: Phone number\nNew: +37255512345'],
    [
      details.change_contact,
      'es',
      '¿Cambiar cómo te contactamos?\nCambio: Número de teléfono\nNuevo: +37255512345',
    ],
    [details.change_limit, 'en', 'Change this limit?\nLimit: Payments in a day\nNew limit: €2,500.00'],
    [
      details.account_access,
      'en',
      'Give access to your accounts?\nAccounts:\n- EE38 2200 2210 2014 4821\n- EE47 1000 0010 2014 0937\nMay see:\n- Balances\n- Transactions\nUntil: 31 May 2027',
    ],
    [
      cardDetail,
      'en',
      'Change this card?\nCard: ending in 4821\nAbroad: Paused\nFor: 14 days\nOnly at:\n- Alder Air',
    ],
  ])('%j in %s', (detail, language, text) => expect(plain(shown(detail, language).text)).toBe(text))

  test('the button names the amount of a payment', () => {
    expect(shown(details.payment_initiation).approve).toBe('Approve €1,240.00')
    expect(plain(shown(details.payment_initiation, 'es').approve)).toBe('Aprobar 1240,00 €')
    expect(shown(details.change_limit).approve).toBe('Change limit')
  })

  test('what is absent is said, or left out', () => {
    const { schedule: _, remittanceInformation: _message, ...atOnce } = details.payment_initiation
    expect(shown(atOnce).text).toContain('When: Now, once you approve')
    expect(shown(atOnce).text).not.toContain('Message')
    expect(shown(details.payment_initiation).text).not.toContain('Now')
  })

  test('a word of another alphabet is named, whichever it looks like', () => {
    const row = (creditorName: string, language: Language) =>
      shown({ ...details.add_payee, creditorName } as never, language).rows[0]?.note
    expect(row('сосо', 'en')).toBe('Cyrillic letters')
    expect(row('сосо', 'es')).toBe('letras cirílicas')
    expect(row('Ωmega'.slice(0, 1), 'en')).toBe('Greek letters')
    expect(row('coco', 'en')).toBeUndefined()
    expect(shown({ ...details.add_payee, creditorName: 'сосо' } as never).text).toContain(
      'сосо [Cyrillic letters]',
    )
  })

  test('two currencies never read the same', () => {
    for (const language of languages) {
      const texts = Intl.supportedValuesOf('currency').map((currency) =>
        shown({ ...details.change_limit, newAmount: { amount: '5', currency } } as never, language)
          .text.replace(/\s/g, '')
          // How many decimals there are does not tell them apart.
          .replace(/[.,]0+/, ''),
      )
      expect(new Set(texts).size).toBe(texts.length)
    }
  })
})

type Tree = { [key: string]: unknown }

/** The detail with one value changed. */
function changed(detail: object, pointer: readonly string[], value: unknown): Tree {
  const [step = '', ...rest] = pointer
  const copy: Tree = Array.isArray(detail) ? ([...detail] as unknown as Tree) : { ...(detail as Tree) }
  copy[step] = rest.length === 0 ? value : changed(copy[step] as object, rest, value)
  return copy
}

/** Where every value stands, with numbers for items. */
function places(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return path[0] === 'type' ? [] : [path]
  return Object.entries(value).flatMap(([key, inner]) => places(inner, [...path, key]))
}

const at = (detail: object, path: readonly string[]): unknown =>
  path.reduce<unknown>((value, step) => (value as Tree)[step], detail)

/** A text with one character put in, taken out or exchanged. */
const mutated = (text: string) =>
  fc
    .record({
      i: fc.nat(text.length),
      with: fc.constantFrom('', 'a', 'Z', '0', '7', '.', ' ', 'é', 'е', '-'),
      out: fc.nat(1),
    })
    .map(({ i, out, ...by }) => text.slice(0, i) + by.with + text.slice(i + out))

const edits = fc.constantFrom(...every).chain((detail) =>
  fc.constantFrom(...places(detail)).chain((path) => {
    const value = at(detail, path)
    const next =
      typeof value === 'string'
        ? mutated(value)
        : typeof value === 'boolean'
          ? fc.constant(!value)
          : fc.integer({ min: 1, max: 90 })
    return next.map((to) => ({ detail, path, value, to }))
  }),
)

/** The same sum in other digits reads the same: `1240` and `1240.00`. */
const sameSum = (path: readonly string[], a: unknown, b: unknown): boolean =>
  path.at(-1) === 'amount' && Number(a) === Number(b)

test('a changed cent or character changes the hash, and the text in every language (attack 132)', () => {
  const before = new Map(every.map((detail) => [detail.type, transactionOf(detail, types)]))
  let taken = 0
  fc.assert(
    fc.property(edits, ({ detail, path, value, to }) => {
      const next = changed(detail, path, to) as { type: string }
      fc.pre(value !== to && fieldOf(next) === 'taken')
      taken++
      const was = before.get(detail.type)!
      const is = transactionOf(next, types)
      expect(is.hash).not.toBe(was.hash)
      for (const language of languages) {
        const texts = [was, is].map((one) => displayOf(one, typeNamed(types, one.type), language).text)
        if (!sameSum(path, value, to)) expect(texts[0]).not.toBe(texts[1])
      }
    }),
    { numRuns: 600 },
  )
  expect(taken).toBeGreaterThan(100)
})

test('any two texts that are taken and differ read differently', () => {
  const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  const reading = (creditorName: string) => {
    const detail = { ...details.add_payee, creditorName } as never
    return fieldOf(detail) === 'taken' ? shown(detail).text.normalize('NFKC').replace(/\s+/g, ' ') : undefined
  }
  fc.assert(
    fc.property(name, name, (a, b) => {
      const [one, two] = [reading(a), reading(b)]
      fc.pre(a !== b && one !== undefined && two !== undefined)
      expect(one).not.toBe(two)
    }),
    {
      examples: [
        ['ﬁn', 'fin'],
        ['ａ', 'a'],
        ['a  b', 'a b'],
        ['e\u0301', 'é'],
        ['a\u00a0b', 'a b'],
      ],
    },
  )
})

test('every value of every sample is shown', () => {
  for (const detail of every)
    for (const { pointer } of leavesIn(detail))
      if (pointer !== '/type')
        for (const language of languages)
          expect(JSON.stringify(typeNamed(types, detail.type)?.display[language])).toContain(`{${pointer}}`)
})
