// The ladder of authentication levels (ruling R-18) and the methods that reach each step.

export const acrLadder = [
  'urn:drawbridge:acr:delegated',
  'urn:drawbridge:acr:device',
  'urn:drawbridge:acr:device-pin',
] as const

/** A level of our ladder; each includes those before it. */
export type Acr = (typeof acrLadder)[number]

export const delegated: Acr = acrLadder[0]
export const withDevice: Acr = acrLadder[1]
export const withDeviceAndPin: Acr = acrLadder[2]

/**
 * Methods as RFC 8176 names them; `fed`, the IdP's own sign-in, is a name of ours. A PIN typed on a page is knowledge (`pin`) and never `hwk` (ruling R-19); `mfa` is there
 * only where the class of the IdP's answer counts as more than `delegated`.
 */
export type Amr = 'fed' | 'mfa' | 'pop' | 'pin' | 'mca' | 'sms'

/**
 * The customer answered on another device of theirs (RFC 8176 `mca`, multiple-channel authentication): `pop` and `pin` beside it
 * are that device's. They were true of this one answer, so they never outlive the token that was issued for it.
 */
export const elsewhere = 'mca'

const acrPrefix = 'urn:drawbridge:acr:'

/** A level as people write it in files and on pages: `device-pin`. */
export const levelName = (acr: Acr): string => acr.slice(acrPrefix.length)

/** The level of that short name; throws for a name that was not checked before. */
export function acrNamed(level: string): Acr {
  const acr = acrLadder.find((one) => levelName(one) === level)
  if (acr === undefined) throw new Error(`no level is called ${level}`)
  return acr
}

/** Is `value` a level of our ladder? Unknown names are never a level. */
export function isAcr(value: unknown): value is Acr {
  return (acrLadder as readonly unknown[]).includes(value)
}

/** Does the level reached satisfy the level needed? Anything satisfies no need at all; an unknown level satisfies nothing. */
export function satisfies(have: string | undefined, need: string | undefined): boolean {
  if (need === undefined) return true
  if (!isAcr(have) || !isAcr(need)) return false
  return acrLadder.indexOf(have) >= acrLadder.indexOf(need)
}

/** The stronger of two levels; undefined when neither is given. */
export function highest(a: Acr | undefined, b: Acr | undefined): Acr | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return satisfies(a, b) ? a : b
}

/** The level that our own methods reach: a PIN counts only on top of a device. What the IdP granted is not in it. */
export function acrOf(amr: readonly string[]): Acr {
  if (!amr.includes('pop')) return delegated
  return amr.includes('pin') ? withDeviceAndPin : withDevice
}

/** The methods that remain once the device is taken away: what rested on it falls with it. */
export function withoutDevice(amr: readonly string[]): string[] {
  const rested: readonly string[] = ['pop', 'pin', 'sms', elsewhere]
  return amr.filter((method) => !rested.includes(method))
}

/**
 * The lowest of the requested levels (RFC 9470: `acr_values` lists alternatives in order of preference, each of which
 * would do). Names that are not ours are ignored when one of ours is there, and refused by the caller when none is.
 */
export function lowestRequested(acrValues: readonly string[]): Acr | undefined {
  const known = acrValues.filter(isAcr)
  return known.reduce<Acr | undefined>(
    (low, acr) => (low === undefined || satisfies(low, acr) ? acr : low),
    undefined,
  )
}

/** What an authorization needs. */
export interface Need {
  readonly acr: Acr | undefined
  /** For a payment over a limit: reached by factors of ours alone, since the IdP never saw the payment. */
  readonly approval: Acr | undefined
}

/** What was reached: the level, and the methods by which. */
export interface Reached {
  readonly acr: Acr
  readonly amr: readonly string[]
}

/** The level of our methods and of what the IdP granted: whichever is stronger. */
export const levelReached = (amr: readonly string[], granted: Acr = delegated): Acr =>
  highest(granted, acrOf(amr)) as Acr

/** Is the need met? A payment over a limit is approved by our own methods, whatever the IdP granted. */
export const meets = (have: Reached | undefined, { acr, approval }: Need): boolean =>
  satisfies(have?.acr, acr) && (approval === undefined || satisfies(acrOf(have?.amr ?? []), approval))
