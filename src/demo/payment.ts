// The payment that the demo is about, as an RFC 9396 authorization detail.

/** Over the bank's limit. */
export const large = {
  type: 'payment_initiation',
  instructedAmount: { amount: '1240.00', currency: 'EUR' },
  debtorAccount: { iban: 'ES9121000418450200051332' },
  creditorName: 'Nordhaven Energy',
  creditorAccount: { iban: 'DE89370400440532013000' },
}

/** The same over another amount; any member may be another. */
export const payment = (amount: string, change: Readonly<Record<string, unknown>> = {}) => ({
  ...large,
  instructedAmount: { amount, currency: 'EUR' },
  ...change,
})

/** Whom nobody has paid before. */
export const newPayee = {
  creditorName: 'Birch Books',
  creditorAccount: { iban: 'EE471000001020140937' },
} as const
