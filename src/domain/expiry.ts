// Things that end on a day: how urgent they are, and which warning is due.

export const expiryKinds = [
  'idp-certificate',
  'own-certificate',
  'metadata',
  'client-secret',
  'client-certificate',
  'compat',
] as const
export type ExpiryKind = (typeof expiryKinds)[number]

/** Something of a connection that ends. */
export interface Expiry {
  readonly connection: string
  readonly kind: ExpiryKind
  /** Tells things of one kind apart (a fingerprint, a key id); the same for as long as the thing is. No secret. */
  readonly name: string
  /** Epoch milliseconds. */
  readonly at: number
}

/** Days before the end; 0 is after it. */
export const warningLevels = [60, 30, 7, 0] as const
export type WarningLevel = (typeof warningLevels)[number]

const dayMs = 24 * 3600_000

/** Days until then, with fractions; negative when it is over. */
export const daysUntil = (at: number, now: number): number => (at - now) / dayMs

/** The most urgent warning that is due; one that was slept through is not made up for. */
export function warningLevel(at: number, now: number): WarningLevel | undefined {
  const left = daysUntil(at, now)
  return warningLevels.findLast((level) => left <= level)
}

/** What ends first comes first. */
export const byUrgency = (expiries: readonly Expiry[]): Expiry[] =>
  expiries.toSorted((a, b) => a.at - b.at || a.connection.localeCompare(b.connection))

/**
 * Metadata with an end is published again before it comes, each time with a later one: that it ends is no news. It is when
 * two thirds of the time since this end was first read are over, and no reading has brought a later one.
 */
export const notRenewed = (
  { validSince, validUntil }: { readonly validSince: number; readonly validUntil: number },
  now: number,
): boolean => now - validSince >= ((validUntil - validSince) * 2) / 3
