// Masking: what pages, logs and devices may see of personal values.
import type { PaymentInitiation } from './transaction.ts'

/** All but the last four characters hidden; short values are hidden whole. */
export function mask(value: string): string {
  return value.length > 8 ? `••••${value.slice(-4)}` : '••••'
}

/** The detail as a device may see it: account numbers masked, the rest as it was approved (ruling R-17). */
export function maskedDetail(detail: PaymentInitiation): PaymentInitiation {
  return {
    ...detail,
    debtorAccount: { iban: mask(detail.debtorAccount.iban) },
    creditorAccount: { iban: mask(detail.creditorAccount.iban) },
  }
}
