// Somebody who may be paid from now on.
import type { TransactionType } from '../transaction-type.ts'

export const addPayee: TransactionType = {
  type: 'add_payee',
  risk: 'payee',
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['creditorName', 'creditorAccount'],
    properties: {
      creditorName: { type: 'string', maxLength: 70 },
      creditorAccount: {
        type: 'object',
        additionalProperties: false,
        required: ['iban'],
        properties: { iban: { type: 'string', format: 'iban' } },
      },
      alias: { type: 'string', maxLength: 40, description: 'What the customer calls them.' },
    },
  },
  facts: { creditorAccount: '/creditorAccount/iban', creditorName: '/creditorName' },
  display: {
    en: {
      title: 'Add this payee?',
      approve: 'Add payee',
      rows: [
        { label: 'Payee', value: '{/creditorName}', as: 'text', prominent: true },
        { label: 'Account', value: '{/creditorAccount/iban}', as: 'account' },
        { label: 'You call them', value: '{/alias}', as: 'text' },
      ],
    },
    es: {
      title: '¿Añadir este beneficiario?',
      approve: 'Añadir beneficiario',
      rows: [
        { label: 'Beneficiario', value: '{/creditorName}', as: 'text', prominent: true },
        { label: 'Cuenta', value: '{/creditorAccount/iban}', as: 'account' },
        { label: 'Lo llamas', value: '{/alias}', as: 'text' },
      ],
    },
  },
}
