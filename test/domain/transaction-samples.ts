// One detail of each type that is built in, whole; and a type of an institution's own.
import type { TransactionType } from '../../src/domain/transaction-type.ts'

export const details = {
  payment_initiation: {
    type: 'payment_initiation',
    instructedAmount: { amount: '1240.00', currency: 'EUR' },
    debtorAccount: { iban: 'ES9121000418450200051332' },
    creditorName: 'Nordhaven Energy',
    creditorAccount: { iban: 'DE89370400440532013000' },
    remittanceInformation: 'Invoice 2026-118',
    schedule: { frequency: 'monthly', firstDate: '2026-12-01', lastDate: '2027-12-01' },
  },
  add_payee: {
    type: 'add_payee',
    creditorName: 'Nordhaven Energy',
    creditorAccount: { iban: 'DE89370400440532013000' },
    alias: 'Power',
  },
  change_contact: { type: 'change_contact', kind: 'phone', newValue: '+37255512345' },
  change_limit: {
    type: 'change_limit',
    limit: 'daily',
    newAmount: { amount: '2500.00', currency: 'EUR' },
  },
  account_access: {
    type: 'account_access',
    accounts: [{ iban: 'EE382200221020144821' }, { iban: 'EE471000001020140937' }],
    permissions: ['balances', 'transactions'],
    validUntil: '2027-05-31',
  },
} as const

/** What Alder might add: a card is paused abroad, or not. */
export const cardControl: TransactionType = {
  type: 'card_control',
  risk: 'access',
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['card', 'abroad', 'days'],
    properties: {
      card: { type: 'string', format: 'digits' },
      abroad: { type: 'boolean' },
      days: { type: 'integer', minimum: 1, maximum: 90 },
      merchants: { type: 'array', maxItems: 3, items: { type: 'string', maxLength: 40 } },
    },
  },
  facts: {},
  display: {
    en: {
      title: 'Change this card?',
      approve: 'Change card',
      rows: [
        { label: 'Card', value: 'ending in {/card}', as: 'text', prominent: true },
        { label: 'Abroad', value: '{/abroad}', as: 'text', words: { true: 'Works', false: 'Paused' } },
        { label: 'For', value: '{/days} days', as: 'text' },
        { label: 'Only at', value: '{/merchants/*}', as: 'list', absent: 'Everywhere' },
      ],
    },
    es: {
      title: '¿Cambiar esta tarjeta?',
      approve: 'Cambiar tarjeta',
      rows: [
        { label: 'Tarjeta', value: 'que acaba en {/card}', as: 'text', prominent: true },
        {
          label: 'En el extranjero',
          value: '{/abroad}',
          as: 'text',
          words: { true: 'Funciona', false: 'En pausa' },
        },
        { label: 'Durante', value: '{/days} días', as: 'text' },
        { label: 'Solo en', value: '{/merchants/*}', as: 'list', absent: 'En todas partes' },
      ],
    },
  },
}

export const cardDetail = {
  type: 'card_control',
  card: '4821',
  abroad: false,
  days: 14,
  merchants: ['Alder Air'],
}
