// Where the bank reaches the customer from now on: whoever changes that can take over what is sent there.
import type { TransactionType } from '../transaction-type.ts'

export const changeContact: TransactionType = {
  type: 'change_contact',
  risk: 'contact-change',
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['kind', 'newValue'],
    properties: {
      kind: { type: 'string', enum: ['phone', 'email', 'address'] },
      newValue: { type: 'string', maxLength: 200 },
    },
  },
  facts: {},
  display: {
    en: {
      title: 'Change how we reach you?',
      approve: 'Change it',
      rows: [
        {
          label: 'Change',
          value: '{/kind}',
          as: 'text',
          words: { phone: 'Phone number', email: 'Email address', address: 'Postal address' },
        },
        { label: 'New', value: '{/newValue}', as: 'text', prominent: true },
      ],
    },
    es: {
      title: '¿Cambiar cómo te contactamos?',
      approve: 'Cambiar',
      rows: [
        {
          label: 'Cambio',
          value: '{/kind}',
          as: 'text',
          words: { phone: 'Número de teléfono', email: 'Correo electrónico', address: 'Dirección postal' },
        },
        { label: 'Nuevo', value: '{/newValue}', as: 'text', prominent: true },
      ],
    },
  },
}
