// Who else must sign: the roles that the bank gives people at an account, and how many of each a policy wants.

/** Role -> how many different people of it. */
export type NeededSignatories = Readonly<Record<string, number>>

/** One who may sign for an account; each person once, in one role. */
export interface Signatory {
  readonly subject: string
  readonly role: string
}

/** What the bank says of one account: who may sign for it, and as what. */
export interface Mandate {
  readonly institution: string
  /** The account's token: which account it is, nobody learns from the row. */
  readonly account: string
  /** `sub` is the name by which the bank's back end called them. */
  readonly signatories: readonly (Signatory & { readonly sub: string })[]
  /** Epoch milliseconds. */
  readonly changedAt: number
}

/** The most that one account has. */
export const mostSignatories = 50

/** Is `text` a name that a role may have? */
export const isRole = (text: string): boolean => /^[a-z0-9-]{2,32}$/.test(text)

/** Does `a` want at least as many of each role as `b` wants? */
export const asksAsMany = (a: NeededSignatories | undefined, b: NeededSignatories | undefined): boolean =>
  rolesOf(b).every(([role, count]) => countOf(a, role) >= count)

/** What meets all of them: of each role the highest count; undefined where none wants anybody. */
export function joined(all: readonly (NeededSignatories | undefined)[]): NeededSignatories | undefined {
  const roles = [...new Set(all.flatMap((one) => rolesOf(one).map(([role]) => role)))].sort()
  if (roles.length === 0) return undefined
  return Object.fromEntries(roles.map((role) => [role, Math.max(...all.map((one) => countOf(one, role)))]))
}

/** The roles of which there are fewer people than are wanted; who is named twice counts once. */
export const lacking = (needed: NeededSignatories, signatories: readonly Signatory[]): string[] =>
  rolesOf(needed)
    .filter(([role, count]) => peopleOf(signatories, role).size < count)
    .map(([role]) => role)

/** How many different people of this role are among them. */
export const peopleOf = (signatories: readonly Signatory[], role: string): ReadonlySet<string> =>
  new Set(signatories.filter((one) => one.role === role).map(({ subject }) => subject))

/** `joint-holder: 1`, one a role. */
export const signatoriesText = (needed: NeededSignatories): string[] =>
  rolesOf(needed).map(([role, count]) => `${role}: ${count}`)

export const rolesOf = (needed: NeededSignatories | undefined): [string, number][] =>
  Object.entries(needed ?? {})

const countOf = (needed: NeededSignatories | undefined, role: string): number =>
  needed !== undefined && Object.hasOwn(needed, role) ? (needed[role] ?? 0) : 0
