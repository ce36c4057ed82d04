// Transactions as JSON, which has no word for the integers of money nor for members that are undefined.
import type { Transaction } from '../domain/transaction.ts'

/** A bigint becomes `{"$int": "123"}`, so that it comes back as one. */
export const written = (value: unknown): string =>
  JSON.stringify(value, (_key, one: unknown) => (typeof one === 'bigint' ? { $int: one.toString() } : one))

/** What `written` wrote. */
export const parsed = <T>(text: string): T =>
  JSON.parse(text, (_key, one: unknown) => (isInt(one) ? BigInt(one.$int) : one)) as T

const isInt = (value: unknown): value is { readonly $int: string } =>
  typeof value === 'object' && value !== null && typeof (value as { $int?: unknown }).$int === 'string'

/** Members that are undefined are put back, so that the types stay true. */
export const restored = (one: Transaction): Transaction => ({
  ...one,
  amount: one.amount,
  debtorAccount: one.debtorAccount,
  creditorAccount: one.creditorAccount,
  creditorName: one.creditorName,
})
