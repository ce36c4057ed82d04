// Our own keys of a connection: their states, what an IdP must still know of, and when a renewal is due (attack 204).

export const ownKeyPurposes = ['saml-signing', 'saml-decryption', 'client-assertion'] as const
export type OwnKeyPurpose = (typeof ownKeyPurposes)[number]

/**
 * `next` is published and opens what is encrypted to it, `active` signs, `retired` is still published and still opens.
 * Of a `dropped` one only the name is left, so that no other key is ever called so.
 */
export const ownKeyStates = ['next', 'active', 'retired', 'dropped'] as const
export type OwnKeyState = (typeof ownKeyStates)[number]

export interface OwnKeyPlace {
  readonly institution: string
  readonly connection: string
  readonly purpose: OwnKeyPurpose
}

/** All times are epoch milliseconds. */
export interface OwnKey extends OwnKeyPlace {
  readonly kid: string
  readonly state: OwnKeyState
  /** Base64 DER without armour; empty where peers know the bare key. */
  readonly certificate: string
  /** From then on it is published. */
  readonly createdAt: number
  readonly expiresAt: number
  /** When the schedule promotes it, while it is `next`. */
  readonly promoteAt: number | undefined
  readonly promotedAt: number | undefined
  readonly retiredAt: number | undefined
}

/** All in milliseconds. */
export interface RenewalPolicy {
  /** How long before the active key's end its successor is made. */
  readonly prepareBefore: number
  /** How long before the active key's end its successor takes over. */
  readonly promoteBefore: number
  /** How long a key must have been published before it may become the active one. */
  readonly published: number
  /** How long a retired key is still published and still opens. */
  readonly overlap: number
}

export type RenewalStep =
  | { readonly step: 'prepare'; readonly promoteAt: number }
  | { readonly step: 'promote'; readonly active: OwnKey; readonly next: OwnKey }
  | { readonly step: 'drop'; readonly key: OwnKey }

export const inState = (keys: readonly OwnKey[], state: OwnKeyState): OwnKey | undefined =>
  keys.find((key) => key.state === state)

/** From when on peers have had the time to fetch it. */
export const promotableAt = (next: OwnKey, { published }: RenewalPolicy): number => next.createdAt + published

export const overlapEnds = (retired: OwnKey, { overlap }: RenewalPolicy): number =>
  (retired.retiredAt ?? 0) + overlap

/**
 * May a peer still need a key that is not the active one? A retired one for its overlap; a next one from the moment it is
 * published, where peers encrypt to it, since each of them takes whichever it reads first.
 */
export const mayBeUsed = (key: OwnKey, policy: RenewalPolicy, now: number): boolean =>
  key.state === 'next'
    ? key.purpose === 'saml-decryption'
    : key.state === 'retired' && now < overlapEnds(key, policy)

/** What the schedule does now with the keys of one place, in this order. */
export function dueSteps(keys: readonly OwnKey[], policy: RenewalPolicy, now: number): RenewalStep[] {
  const [active, next] = [inState(keys, 'active'), inState(keys, 'next')]
  const steps: RenewalStep[] = keys
    .filter((key) => key.state === 'retired' && now >= overlapEnds(key, policy))
    .map((key) => ({ step: 'drop', key }))
  if (active === undefined) return steps
  const ends = active.expiresAt - policy.promoteBefore
  if (next === undefined) {
    if (now >= active.expiresAt - policy.prepareBefore)
      steps.push({ step: 'prepare', promoteAt: Math.max(now + policy.published, ends) })
    return steps
  }
  // Whoever made it early may have named a day; the end of the active one comes first all the same.
  const due = Math.max(promotableAt(next, policy), Math.min(next.promoteAt ?? ends, ends))
  if (now >= due) steps.push({ step: 'promote', active, next })
  return steps
}

/** When a key made now by hand takes over: peers get as long as they do by the schedule. */
export const handPromotion = (policy: RenewalPolicy, now: number): number =>
  now + Math.max(policy.published, policy.prepareBefore - policy.promoteBefore)

const order: readonly OwnKeyState[] = ['active', 'next', 'retired']

/** What peers are told of: the active one first, since many take only the first. */
export const publishedOf = <Key extends Pick<OwnKey, 'state'>>(keys: readonly Key[]): Key[] =>
  keys
    .filter(({ state }) => state !== 'dropped')
    .toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state))
