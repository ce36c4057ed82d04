// How much may be paid from now on.
import type { TransactionType } from '../transaction-type.ts'

export const changeLimit: TransactionType = {
  type: 'change_limit',
  risk: 'limit-change',
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['limit', 'newAmount'],
    properties: {
      limit: { type: 'string', enum: ['single', 'daily', 'weekly', 'monthly', 'card', 'cash'] },
      newAmount: {
        type: 'object',
        additionalProperties: false,
        required: ['amount', 'currency'],
        properties: {
          amount: { type: 'string', format: 'amount' },
          currency: { type: 'string', format: 'currency' },
        },
      },
    },
  },
  facts: { amount: '/newAmount/amount', currency: '/newAmount/currency' },
  display: {
    en: {
      title: 'Change this limit?',
      approve: 'Change limit',
      rows: [
        {
          label: 'Limit',
          value: '{/limit}',
          as: 'text',
          words: {
            single: 'One payment',
            daily: 'Payments in a day',
            weekly: 'Payments in a week',
            monthly: 'Payments in a month',
            card: 'Card purchases',
            cash: 'Cash withdrawals',
          },
        },
        {
          label: 'New limit',
          value: '{/newAmount/amount} {/newAmount/currency}',
          as: 'money',
          prominent: true,
        },
      ],
    },
    es: {
      title: '¿Cambiar este límite?',
      approve: 'Cambiar límite',
      rows: [
        {
          label: 'Límite',
          value: '{/limit}',
          as: 'text',
          words: {
            single: 'Un pago',
            daily: 'Pagos en un día',
            weekly: 'Pagos en una semana',
            monthly: 'Pagos en un mes',
            card: 'Compras con tarjeta',
            cash: 'Retiradas de efectivo',
          },
        },
        {
          label: 'Nuevo límite',
          value: '{/newAmount/amount} {/newAmount/currency}',
          as: 'money',
          prominent: true,
        },
      ],
    },
  },
}
