// What becomes of a connection when its IdP's metadata is read again: what takes over by itself, what waits, and until when.
import { type FieldChange, fieldChanges } from './connection.ts'
import type { ConnectionContent } from './institution.ts'
import { certificatesIn, holds, sameTrust, sameValue } from './learned-keys.ts'
import { longestAnswerSeconds } from './saml-answer.ts'

type Settings = ConnectionContent['settings']

export interface Refreshed {
  /** What customers sign in by, learned keys included. */
  readonly present: ConnectionContent
  /** The settings as what was read would have them. */
  readonly published: Settings
  /** Was it signed by a pinned key? */
  readonly signed: boolean
  /** The certificates that a file names; undefined where no file rules the connection. */
  readonly file: readonly string[] | undefined
  /** Keys that were no longer published at the reading before this one. */
  readonly gone: readonly string[]
}

export interface RefreshDecision {
  /** Takes over at once; the present content where nothing does. */
  readonly apply: ConnectionContent
  readonly applied: readonly FieldChange[]
  /** What a person must agree to, on top of what takes over; undefined where nothing waits. */
  readonly propose: ConnectionContent | undefined
  readonly waits: readonly FieldChange[]
  /** Keys that are no longer published; for the next reading. */
  readonly gone: readonly string[]
  /** Some of them are still there for answers on their way, and go at the next reading. */
  readonly leaving: boolean
}

/**
 * A new key takes over by itself only when the document was signed by a pinned key, or the connection says that it trusts
 * what stands at its address (attack 194). A key that is gone is taken out under the same trust, never the last one,
 * and never at the first reading without it, whenever its successor came: answers that it signed may be on their way. Addresses, where passwords are typed,
 * change by themselves under a pinned signature alone. A file's own words are never changed: under it only keys are learned.
 */
export function refreshDecision(refreshed: Refreshed): RefreshDecision {
  const { present, published: read, signed, file } = refreshed
  const trusted = signed || present.settings.trustNewKeys === true
  const keys = keyChanges(certificatesIn(present), certificatesIn({ settings: read }))
  const { come, gone } = keys
  const counts = trusted && keys.some
  const going = counts ? gone.filter((pem) => holds(refreshed.gone, pem)) : []
  const fixed = file ?? []
  const others = differing(present.settings, read)
  const alone = signed && file === undefined
  const apply = withChanges(present, {
    come: trusted ? come : [],
    gone: going.filter((pem) => !holds(fixed, pem)),
    others: alone ? others : {},
  })
  const later = withChanges(apply, {
    come: trusted ? [] : come,
    gone: trusted ? going.filter((pem) => holds(fixed, pem)) : gone,
    others: alone ? {} : others,
  })
  const waits = fieldChanges(apply, later, [])
  return {
    apply,
    applied: fieldChanges(present, apply, []),
    propose: waits.length === 0 ? undefined : later,
    waits,
    gone: counts ? gone : [],
    leaving: counts && gone.length > going.length,
  }
}

function keyChanges(before: readonly string[], after: readonly string[]) {
  return {
    come: after.filter((pem) => !holds(before, pem)),
    gone: before.filter((pem) => !holds(after, pem)),
    some: after.length > 0,
  }
}

// All that metadata can speak of, beside keys. Whatever else differs was changed by a person, and is theirs.
const published = ['ssoUrl', 'binding', 'sloUrl', 'sloBinding'] as const

/** What metadata changes but for the keys; `undefined` where it is no longer there. */
function differing(before: Settings, after: Settings): Settings {
  const changed = published.filter((name) => !sameValue(before[name], after[name]))
  return Object.fromEntries(changed.map((name) => [name, after[name]]))
}

export interface Looked {
  /** As it was read, before anybody said who signs it. */
  readonly read: Settings
  /** As it would be saved. */
  readonly typed: Settings
  /** As it was read again under the signature. */
  readonly signed: Settings
}

// Also where our answers to the IdP's own sign-outs go: a person agrees to it by looking, and a refresh leaves it alone.
const lookedAt: Readonly<Record<string, string>> = {
  ssoUrl: 'another sign-in address',
  binding: 'another way to the sign-in address',
  sloUrl: 'another sign-out address',
  sloBinding: 'another way to the sign-out address',
  sloResponseUrl: 'another address for answers to sign-outs',
}

/**
 * What signed metadata says otherwise than what a person looked at, in words; empty where it says the same. An address
 * that the person typed over what was read is theirs, and need not be there; keys must be those that are signed for.
 */
export function signedOtherwise({ read, typed, signed }: Looked): string[] {
  const { come, gone } = keyChanges(certificatesIn({ settings: typed }), certificatesIn({ settings: signed }))
  const others = Object.keys(lookedAt).filter(
    (name) => sameValue(typed[name], read[name]) && !sameValue(signed[name], read[name]),
  )
  return [
    ...(come.length + gone.length > 0 ? ['other signing keys'] : []),
    ...others.flatMap((name) => lookedAt[name] ?? []),
  ]
}

interface Changes {
  readonly come: readonly string[]
  readonly gone: readonly string[]
  readonly others: Settings
}

function withChanges(content: ConnectionContent, { come, gone, others }: Changes): ConnectionContent {
  const keys = certificatesIn(content)
  const left = [...keys.filter((pem) => !holds(gone, pem)), ...come.filter((pem) => !holds(keys, pem))]
  const changed = come.length > 0 || gone.length > 0
  // Whatever asks for it: a connection without any key would believe nobody, or worse (attack 195).
  const certificates = changed && left.length > 0 ? { certificates: left } : {}
  const settings = { ...content.settings, ...others, ...certificates }
  return {
    ...content,
    settings: Object.fromEntries(Object.entries(settings).filter(([, v]) => v !== undefined)),
  }
}

/**
 * What a refresh changed, changed in an edit that waits too: or activating the edit would undo it. What the edit changed
 * itself stays; an edit that trusts somebody else is left alone.
 */
export function rebased(
  edit: ConnectionContent,
  before: ConnectionContent,
  after: ConnectionContent,
): ConnectionContent {
  if (!sameTrust(edit, before)) return edit
  const { come, gone } = keyChanges(certificatesIn(before), certificatesIn(after))
  const others = Object.entries(differing(before.settings, after.settings)).filter(([name]) =>
    sameValue(edit.settings[name], before.settings[name]),
  )
  return withChanges(edit, { come, gone, others: Object.fromEntries(others) })
}

/** Do two contents say the same but for their keys? */
export const sameButKeys = (a: ConnectionContent, b: ConnectionContent): boolean => {
  const bare = ({ settings, ...rest }: ConnectionContent) => ({
    ...rest,
    settings: { ...settings, certificates: [] },
  })
  return sameValue(plain(bare(a)), plain(bare(b)))
}
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

const minute = 60_000
/** Sooner than this no document is read again, whatever it says. */
export const shortestRefreshMs = 5 * minute
/** How often at most an answer by an unknown key makes us ask, for each connection and all nodes. */
export const unknownKeyMs = 5 * minute
/** A replaced key is kept for as long as an answer may be good for, and some. */
const overlapMs = longestAnswerSeconds * 1000 + 5 * minute

export interface RefreshTimes {
  readonly now: number
  /** The setting. */
  readonly refreshMs: number
  readonly cacheSeconds: number | undefined
  readonly validUntil: number | undefined
  readonly leaving: boolean
}

/** When a document that was read well is read again: before it ends, and as soon as it says. */
export function nextRefresh({ now, refreshMs, cacheSeconds, validUntil, leaving }: RefreshTimes): number {
  const most = Math.min(
    refreshMs,
    cacheSeconds === undefined ? refreshMs : cacheSeconds * 1000,
    validUntil === undefined ? refreshMs : (validUntil - now) / 2,
    leaving ? overlapMs : refreshMs,
  )
  return now + Math.max(most, shortestRefreshMs)
}

/** When it is tried again after so many failures in a row (1 and more): 5, 10, 20 minutes, and never later than usual. */
export const nextAttempt = (now: number, failures: number, refreshMs: number): number =>
  now + Math.max(shortestRefreshMs, Math.min(refreshMs, shortestRefreshMs * 2 ** Math.min(failures - 1, 12)))

// Of a signature inside the XML, and of one over a query.
const ofKeys: readonly unknown[] = ['signing key', 'octets']

/** Was this refused because its signature is by none of the connection's keys? The IdP may have a new one. */
export const byUnknownKey = (code: string, detail: Readonly<Record<string, unknown>>): boolean =>
  code === 'saml.signature_invalid' && ofKeys.includes(detail.check)
