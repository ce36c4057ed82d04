// A payment (RFC 9396 section 2, the shape of the Berlin Group's example): at once, on a day, or as a standing order.
import type { TransactionType } from '../transaction-type.ts'

export const paymentInitiation: TransactionType = {
  type: 'payment_initiation',
  risk: 'payment',
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['instructedAmount', 'debtorAccount', 'creditorName', 'creditorAccount'],
    properties: {
      instructedAmount: {
        type: 'object',
        additionalProperties: false,
        required: ['amount', 'currency'],
        properties: {
          amount: { type: 'string', format: 'amount' },
          currency: { type: 'string', format: 'currency' },
        },
      },
      creditorName: { type: 'string', maxLength: 70 },
      debtorAccount: {
        type: 'object',
        additionalProperties: false,
        required: ['iban'],
        properties: { iban: { type: 'string', format: 'iban' } },
      },
      creditorAccount: {
        type: 'object',
        additionalProperties: false,
        required: ['iban'],
        properties: { iban: { type: 'string', format: 'iban' } },
      },
      remittanceInformation: { type: 'string', maxLength: 140 },
      schedule: {
        type: 'object',
        additionalProperties: false,
        minProperties: 1,
        // Either one payment on a day, or a standing order.
        not: { required: ['requestedExecutionDate', 'frequency'] },
        dependentRequired: { frequency: ['firstDate'], firstDate: ['frequency'], lastDate: ['frequency'] },
        properties: {
          requestedExecutionDate: { type: 'string', format: 'date' },
          frequency: { type: 'string', enum: ['daily', 'weekly', 'monthly', 'quarterly', 'yearly'] },
          firstDate: { type: 'string', format: 'date' },
          lastDate: { type: 'string', format: 'date' },
        },
      },
    },
  },
  facts: {
    amount: '/instructedAmount/amount',
    currency: '/instructedAmount/currency',
    debtorAccount: '/debtorAccount/iban',
    creditorAccount: '/creditorAccount/iban',
    creditorName: '/creditorName',
  },
  display: {
    en: {
      title: 'Approve this payment?',
      approve: 'Approve {amount}',
      rows: [
        {
          label: 'Amount',
          value: '{/instructedAmount/amount} {/instructedAmount/currency}',
          as: 'money',
          prominent: true,
        },
        { label: 'To', value: '{/creditorName}', as: 'text', prominent: true },
        { label: 'To account', value: '{/creditorAccount/iban}', as: 'account' },
        { label: 'From', value: '{/debtorAccount/iban}', as: 'account' },
        { label: 'Message', value: '{/remittanceInformation}', as: 'text' },
        {
          label: 'When',
          value: '{/schedule/requestedExecutionDate}',
          as: 'date',
          absent: 'Now, once you approve',
        },
        {
          label: 'Repeats',
          value: '{/schedule/frequency}',
          as: 'text',
          words: {
            daily: 'Every day',
            weekly: 'Every week',
            monthly: 'Every month',
            quarterly: 'Every three months',
            yearly: 'Every year',
          },
        },
        { label: 'First payment', value: '{/schedule/firstDate}', as: 'date' },
        { label: 'Last payment', value: '{/schedule/lastDate}', as: 'date' },
      ],
    },
    es: {
      title: '¿Apruebas este pago?',
      approve: 'Aprobar {amount}',
      rows: [
        {
          label: 'Importe',
          value: '{/instructedAmount/amount} {/instructedAmount/currency}',
          as: 'money',
          prominent: true,
        },
        { label: 'A', value: '{/creditorName}', as: 'text', prominent: true },
        { label: 'A la cuenta', value: '{/creditorAccount/iban}', as: 'account' },
        { label: 'Desde', value: '{/debtorAccount/iban}', as: 'account' },
        { label: 'Concepto', value: '{/remittanceInformation}', as: 'text' },
        {
          label: 'Cuándo',
          value: '{/schedule/requestedExecutionDate}',
          as: 'date',
          absent: 'Ahora, cuando lo apruebes',
        },
        {
          label: 'Se repite',
          value: '{/schedule/frequency}',
          as: 'text',
          words: {
            daily: 'Cada día',
            weekly: 'Cada semana',
            monthly: 'Cada mes',
            quarterly: 'Cada tres meses',
            yearly: 'Cada año',
          },
        },
        { label: 'Primer pago', value: '{/schedule/firstDate}', as: 'date' },
        { label: 'Último pago', value: '{/schedule/lastDate}', as: 'date' },
      ],
    },
  },
}
