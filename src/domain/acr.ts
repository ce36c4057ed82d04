// The ladder of authentication levels (ruling R-18) and the methods (RFC 8176) that reach each step.

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

/** Methods as RFC 8176 names them. A PIN typed on a page is knowledge (`pin`) and never `hwk` (ruling R-19). */
export type Amr = 'fed' | 'pop' | 'pin'

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

/** The level that a set of methods reaches: a PIN counts only on top of a device. */
export function acrOf(amr: readonly string[]): Acr {
  if (!amr.includes('pop')) return delegated
  return amr.includes('pin') ? withDeviceAndPin : withDevice
}

/** The methods that remain once the device is taken away: what rested on it falls with it. */
export function withoutDevice(amr: readonly string[]): string[] {
  return amr.filter((method) => method !== 'pop' && method !== 'pin')
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
