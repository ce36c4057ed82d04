// What of a transaction somebody at the bank sees: the customer's text, and no account number whole, whatever its format.
import { expect, test } from 'vitest'
import { maskedDisplay, maskedParties } from '../../src/domain/masked-display.ts'
import { transactionOf } from '../../src/domain/transaction.ts'
import type { TransactionType } from '../../src/domain/transaction-type.ts'

const words = {
  title: 'Move money?',
  approve: 'Move {amount}',
  rows: [
    { label: 'Amount', value: '{/sum/amount} {/sum/currency}', as: 'money', prominent: true },
    { label: 'From', value: 'account {/from}', as: 'account' },
    { label: 'To', value: '{/to}', as: 'account' },
    { label: 'Also', value: '{/others/*}', as: 'list', each: 'account' },
    { label: 'Name', value: '{/name}', as: 'text' },
    { label: 'Note', value: '{/note}', as: 'text', absent: 'None' },
  ],
} as const
const account = { type: 'string', format: 'account' } as const
const type: TransactionType = {
  type: 'transfer',
  risk: 'payment',
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['sum', 'from', 'to', 'name', 'others'],
    properties: {
      sum: {
        type: 'object',
        additionalProperties: false,
        required: ['amount', 'currency'],
        properties: {
          amount: { type: 'string', format: 'amount' },
          currency: { type: 'string', format: 'currency' },
        },
      },
      ...{ from: account, to: account, others: { type: 'array', maxItems: 3, items: account } },
      ...{ name: { type: 'string', maxLength: 70 }, note: { type: 'string', maxLength: 70 } },
    },
  },
  facts: {
    ...{ amount: '/sum/amount', currency: '/sum/currency' },
    ...{ debtorAccount: '/from', creditorAccount: '/to', creditorName: '/name' },
  },
  display: { en: words, es: words },
}
const [from, to] = ['100200300400', 'CH12345678X']
const transaction = transactionOf(
  {
    ...{ type: 'transfer', sum: { amount: '12.00', currency: 'EUR' }, from, to },
    ...{ others: ['555666777888', '4821'], name: `Shop ${to}`, note: `out of ${from}, 2026` },
  },
  [type],
)

test('accounts that are no IBAN are masked in their rows, in lists and in texts', () => {
  const { title, rows } = maskedDisplay(transaction, type, 'en')
  expect([title, ...rows.map(({ label, value }) => `${label}: ${value}`)]).toEqual([
    'Move money?',
    'Amount: €12.00',
    'From: account ••••0400',
    'To: ••••678X',
    'Also: ••••7888\n••••',
    'Name: Shop ••••678X',
    'Note: out of ••••0400, 2026',
  ])
  expect(maskedParties(transaction, type)).toEqual({
    from: '••••0400',
    to: '••••678X',
    name: 'Shop ••••678X',
  })
})
test('of a type that is gone, or shows less than there is, every value is masked', () => {
  const less = { ...type, display: { ...type.display, en: { ...words, rows: words.rows.slice(0, 5) } } }
  for (const now of [undefined, less, { ...type, type: 'another' }]) {
    const { title, rows } = maskedDisplay(transaction, now, 'en')
    expect(title).toBeUndefined()
    expect(rows.filter(({ value }) => !/^••••\w{0,4}$|^••••( |,)?.{0,4}$/.test(value))).toEqual([])
    expect(rows).toHaveLength(8)
  }
  expect(maskedParties(transaction, undefined).name).toBe('••••678X')
})
