// Which classes of a bank's IdP count as which level of ours, when the IdP is asked for one, and for how long it counts.
import { type Acr, acrLadder, acrOf, delegated, isAcr, levelName, satisfies } from './acr.ts'
import { longestSkewSeconds } from './saml-answer.ts'

/** Short name of a level -> classes of the IdP (AuthnContextClassRef, acr) that count as it; exact texts. */
export type LevelTable = Readonly<Record<string, readonly string[]>>

/** Who raises a sign-in first where both could: the bridge by its own factors, or the IdP. */
export const raisers = ['bridge', 'idp'] as const
export type Raiser = (typeof raisers)[number]

/** How long a level counts after the IdP asked the customer: a second factor of yesterday proves nothing now. */
export const grantSeconds = 3600

// SAML AuthnContext 3.4.25 and OpenID Connect Core 2: both say that nothing is said, or not enough.
const meaningless: ReadonlySet<string> = new Set(['urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified', '0'])

const mostClasses = 20
const longestClass = 500

/** One thing that is wrong with a table; `path` is below the table. */
export interface LevelFault {
  readonly path: string
  readonly message: string
}

/** What is wrong with a table; empty where it can be used. */
export function levelFaults(table: LevelTable = {}): LevelFault[] {
  const names = acrLadder.map(levelName)
  const seen = new Set<string>()
  return Object.entries(table).flatMap(([name, classes]) => {
    if (!names.includes(name))
      return [{ path: name, message: `no such level; known are ${names.join(', ')}` }]
    if (classes.length > mostClasses) return [{ path: name, message: `at most ${mostClasses} classes` }]
    return classes.flatMap((one) => {
      const message = classFault(one, { name, seen })
      seen.add(one)
      return message === undefined ? [] : [{ path: name, message }]
    })
  })
}

function classFault(one: string, { name, seen }: { name: string; seen: ReadonlySet<string> }) {
  // Both protocols separate or trim at white space, so a class with some could never be compared exactly.
  if (one === '' || one.length > longestClass || /\s/.test(one))
    return `1 to ${longestClass} characters without white space are needed`
  if (seen.has(one)) return `${one} stands for one level only`
  if (meaningless.has(one) && name !== levelName(delegated)) return `${one} says nothing of the sign-in`
  return undefined
}

const classesOf = (table: LevelTable | undefined, acr: Acr): readonly string[] =>
  table?.[levelName(acr)] ?? []

const above = acrLadder.filter((acr) => acr !== delegated)

/** The strongest level that this IdP can be asked for; undefined where its table has none. */
export const strongestOf = (table: LevelTable | undefined): Acr | undefined =>
  above.findLast((acr) => classesOf(table, acr).length > 0)

/** The classes that reach this level, weakest first; every one of them would do. */
export const classesFor = (table: LevelTable | undefined, acr: Acr): string[] =>
  acrLadder.filter((one) => satisfies(one, acr)).flatMap((one) => classesOf(table, one))

/**
 * What the class of a verified answer counts as. Exact texts; what is in no row is `delegated` (attack 70), and so is a
 * class that says nothing. What was asked for, and what attributes say, is no part of this.
 */
export function levelOfClass(table: LevelTable | undefined, authnContext: string): Acr {
  const found = above.find((acr) => classesOf(table, acr).includes(authnContext))
  return found === undefined || authnContext === '' || meaningless.has(authnContext) ? delegated : found
}

/**
 * The same level as time passes: within `grantSeconds` of the moment when the IdP asked the customer, else `delegated`. A
 * moment that is still to come would never pass, so it counts only as far ahead as a clock may be.
 */
export function grantAt({ acr, authenticatedAt }: { acr: Acr; authenticatedAt: number }, now: number): Acr {
  const age = now - authenticatedAt
  return age < grantSeconds * 1000 && age >= -longestSkewSeconds * 1000 ? acr : delegated
}

/** An IdP that answers from a session of its own did not ask the customer after we had sent them there, as far as clocks agree. */
export const answersFromBefore = (
  askedAt: number | undefined,
  authenticatedAt: number | undefined,
): boolean => askedAt !== undefined && (authenticatedAt ?? 0) < askedAt - longestSkewSeconds * 1000

/** What the IdP's part of a sign-in is called in `amr`. */
export const amrOfGrant = (granted: Acr): string[] => (granted === delegated ? ['fed'] : ['fed', 'mfa'])

/** What of a token's level rests on the IdP, at least: a token says its level and methods, not which gave which. */
export function grantIn({ acr, amr }: { acr: string | undefined; amr: readonly string[] }): Acr {
  if (!isAcr(acr) || acr === delegated || !amr.includes('mfa')) return delegated
  return satisfies(acrOf(amr), acr) ? (above[0] as Acr) : acr
}

export interface Asking {
  readonly needed: Acr | undefined
  readonly approval: Acr | undefined
  /** The strongest that the IdP can be asked for. */
  readonly gives: Acr | undefined
  /** What the device proven at PAR, and the PIN of its owner, could reach. */
  readonly ours: Acr | undefined
  readonly raisedBy: Raiser
  /** The IdP was asked before, in vain. */
  readonly spent: boolean
}

/**
 * The level that the request upstream asks for; undefined where it asks for nothing beyond the settings. The IdP is spared
 * where our own factors can do it, unless the institution wants the IdP asked first, and where only ours would count.
 */
export function askedOf({ needed, approval, gives, ours, raisedBy, spent }: Asking): Acr | undefined {
  if (needed === undefined || needed === delegated || approval !== undefined || spent) return undefined
  if (!satisfies(gives, needed)) return undefined
  return raisedBy === 'bridge' && satisfies(ours, needed) ? undefined : needed
}

export interface Accepting {
  /** What the settings ask for each time; empty takes any class. */
  readonly usual: readonly string[]
  readonly comparison: 'exact' | 'minimum'
  readonly table: LevelTable | undefined
  readonly asked: Acr | undefined
}

/**
 * The classes that an answer may have; empty takes any, and what it counts as is judged apart. Which classes are stronger
 * than a minimum only the IdP knows: those of the table are taken for it.
 */
export function acceptedClasses({ usual, comparison, table, asked }: Accepting): string[] {
  if (usual.length === 0) return []
  const known = comparison === 'minimum' ? classesFor(table, delegated) : []
  return [...new Set([...usual, ...known, ...(asked === undefined ? [] : classesFor(table, asked))])]
}
