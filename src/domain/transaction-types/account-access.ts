// What the app may see of the customer's accounts, and until when.
import type { TransactionType } from '../transaction-type.ts'

export const accountAccess: TransactionType = {
  type: 'account_access',
  risk: 'access',
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['accounts', 'permissions', 'validUntil'],
    properties: {
      accounts: {
        type: 'array',
        minItems: 1,
        maxItems: 10,
        uniqueItems: true,
        items: {
          type: 'object',
          additionalProperties: false,
          required: ['iban'],
          properties: { iban: { type: 'string', format: 'iban' } },
        },
      },
      permissions: {
        type: 'array',
        minItems: 1,
        maxItems: 5,
        uniqueItems: true,
        items: { type: 'string', enum: ['details', 'balances', 'transactions', 'standing_orders', 'cards'] },
      },
      validUntil: { type: 'string', format: 'date' },
    },
  },
  facts: {},
  display: {
    en: {
      title: 'Give access to your accounts?',
      approve: 'Give access',
      rows: [
        { label: 'Accounts', value: '{/accounts/*/iban}', as: 'list', each: 'account' },
        {
          label: 'May see',
          value: '{/permissions/*}',
          as: 'list',
          words: {
            details: 'Names and numbers of accounts',
            balances: 'Balances',
            transactions: 'Transactions',
            standing_orders: 'Standing orders',
            cards: 'Cards',
          },
        },
        { label: 'Until', value: '{/validUntil}', as: 'date' },
      ],
    },
    es: {
      title: '¿Dar acceso a tus cuentas?',
      approve: 'Dar acceso',
      rows: [
        { label: 'Cuentas', value: '{/accounts/*/iban}', as: 'list', each: 'account' },
        {
          label: 'Podrá ver',
          value: '{/permissions/*}',
          as: 'list',
          words: {
            details: 'Nombres y números de las cuentas',
            balances: 'Saldos',
            transactions: 'Movimientos',
            standing_orders: 'Órdenes permanentes',
            cards: 'Tarjetas',
          },
        },
        { label: 'Hasta', value: '{/validUntil}', as: 'date' },
      ],
    },
  },
}
