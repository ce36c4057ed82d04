// Break-glass: two passkeys in two safes, an hour of the console for whoever brings one, and everybody told.
import { createHash } from 'node:crypto'
import { actorOf, consoleSeconds, type Visitor } from '../domain/administrator.ts'
import {
  type BreakGlassKey,
  type BreakGlassUse,
  challengeSeconds,
  keysWanted,
  labelOf,
  mayChangeKeys,
} from '../domain/break-glass.ts'
import type { Institution } from '../domain/institution.ts'
import { Refusal, type RefusalCode } from '../domain/refusal.ts'
import type { ConsoleSessions } from '../ports/administrators.ts'
import type { BreakGlassKeys, BreakGlassUses } from '../ports/break-glass.ts'
import type { Chance, Clock } from '../ports/clock.ts'
import type { Log, Metrics } from '../ports/log.ts'
import type { PasskeyPlace, Passkeys } from '../ports/passkeys.ts'
import type { Replays } from '../ports/stores.ts'
import type { Audit, UnitOfWork } from '../ports/unit-of-work.ts'
import { begin } from './console-access.ts'

export interface BreakGlassPorts {
  readonly breakGlassKeys: BreakGlassKeys
  readonly breakGlassUses: BreakGlassUses
  readonly passkeys: Passkeys
  readonly consoleSessions: ConsoleSessions
  readonly replays: Replays
  readonly audit: Audit
  readonly unit: Pick<UnitOfWork, 'reference'>
  readonly metrics: Metrics
  readonly log: Log
  readonly clock: Clock
  readonly chance: Chance
}

/** The institution and where it lives; a request's tenant fits. */
export interface Place {
  readonly institution: Pick<Institution, 'id' | 'name'>
  readonly issuer: string
}

/** What a browser is asked with. The challenge stays with us (in a sealed cookie) until the answer comes. */
export interface PasskeyQuestion {
  readonly challenge: string
  /** Text of JSON for the browser. */
  readonly options: string
}

/** The browser's answer to a question of ours. */
export interface PasskeyReply {
  readonly place: Place
  readonly challenge: string
  readonly credential: string
}

export interface Registering extends PasskeyReply {
  readonly visitor: Visitor
  readonly label: string
  /** The key whose place the new one takes. */
  readonly replaces: string | undefined
}

export interface Opening extends PasskeyReply {
  /** The cookie of the session before this one; it ends. */
  readonly before: string | undefined
}

export type BreakGlass = ReturnType<typeof createBreakGlass>

/** Every function runs inside a unit of work. */
export function createBreakGlass(ports: BreakGlassPorts) {
  const { breakGlassKeys, breakGlassUses, clock } = ports
  return {
    keys: (institution: string): Promise<readonly BreakGlassKey[]> => breakGlassKeys.list(institution),
    /** What to ask a browser that shall register a key. */
    askForNew: (place: Place): Promise<PasskeyQuestion> => askForNew(ports, place),
    /** Refuses with `console.forbidden`, `break_glass.keys` and `break_glass.replayed`. */
    register: (registering: Registering): Promise<void> => register(ports, registering),
    /** The sessions that the key opened end with it. Refuses with `console.forbidden` and `break_glass.keys`. */
    remove: (visitor: Visitor, id: string): Promise<void> => removed(ports, visitor, id),
    /** What to ask a browser that wants in; undefined where no key is registered. */
    askForKnown: (place: Place): Promise<PasskeyQuestion | undefined> => askForKnown(ports, place),
    /**
     * The cookie of a session of one hour with an owner's rights. Refuses with `break_glass.refused`,
     * `break_glass.replayed` and `break_glass.cloned`; whatever comes of it, the challenge is used up.
     */
    open: (opening: Opening): Promise<string> => open(ports, opening),
    /** What this administrator has not said to know yet, newest first; to any other session, what is open still. */
    async untold({ institution, id, kind }: Visitor): Promise<readonly BreakGlassUse[]> {
      const uses = await breakGlassUses.unseen(institution, id)
      return kind === 'workforce' ? uses : uses.filter(({ until }) => until > clock.now())
    },
    /** Only an administrator of the house can say so: a session by a key tells nobody that somebody knows. */
    async acknowledge({ institution, id, kind }: Visitor, uses: readonly string[]): Promise<void> {
      if (kind !== 'workforce') throw new Refusal('console.forbidden', { kind })
      const seen = await breakGlassUses.see(institution, { administrator: id, uses, at: clock.now() })
      // Ours alone: what was posted is anybody's text.
      if (seen.length > 0)
        ports.audit.record({ type: 'break_glass.seen', outcome: 'ok', subject: id, detail: { uses: seen } })
    },
  }
}

/** Ruling R-10: one host name an institution, and its passkeys are good there alone. */
function placeOf({ issuer }: Place): PasskeyPlace {
  const { hostname, origin } = new URL(issuer)
  return { rpId: hostname, origin }
}

async function askForNew({ passkeys, breakGlassKeys, chance }: BreakGlassPorts, place: Place) {
  const { id, name } = place.institution
  const challenge = chance.token(32)
  const options = await passkeys.creation({
    ...placeOf(place),
    rpName: name,
    userName: `Break-glass, ${name}`,
    challenge,
    present: await breakGlassKeys.list(id),
    timeoutSeconds: challengeSeconds,
  })
  return { challenge, options }
}

async function askForKnown({ passkeys, breakGlassKeys, chance }: BreakGlassPorts, place: Place) {
  const allowed = await breakGlassKeys.list(place.institution.id)
  if (allowed.length === 0) return undefined
  const challenge = chance.token(32)
  const asked = { ...placeOf(place), challenge, allowed, timeoutSeconds: challengeSeconds }
  return { challenge, options: await passkeys.request(asked) }
}

/** True for exactly one answer to a question; kept longer than any node takes the question for open. */
function first({ replays, clock }: BreakGlassPorts, { place, challenge }: PasskeyReply): Promise<boolean> {
  const expiresAt = clock.now() + 2 * challengeSeconds * 1000
  return replays.once(place.institution.id, { kind: 'passkey', id: challenge, expiresAt })
}

function permitted(visitor: Visitor): void {
  if (!mayChangeKeys(visitor)) throw new Refusal('console.forbidden', { kind: visitor.kind })
}

async function register(ports: BreakGlassPorts, registering: Registering): Promise<void> {
  const { place, visitor, challenge, credential, replaces } = registering
  permitted(visitor)
  const label = labelOf(registering.label)
  if (label === undefined) throw new Refusal('request.malformed', { field: 'label' })
  const made = await ports.passkeys.registered({ ...placeOf(place), challenge, credential })
  if (!(await first(ports, registering))) throw new Refusal('break_glass.replayed')
  if ('fault' in made) throw new Refusal('break_glass.keys', { reason: made.fault })
  // What lies in somebody's cloud lies in no safe.
  if (made.copied) throw new Refusal('break_glass.keys', { reason: 'synced' })
  const by = actorOf(visitor)
  // Before the old key goes: a refusal keeps what its unit did (ruling R-2).
  const { id: institution } = place.institution
  const present = await ports.breakGlassKeys.list(institution)
  if (present.some(({ credentialId }) => credentialId === made.credentialId))
    throw new Refusal('break_glass.keys', { reason: 'registered already' })
  if (replaces !== undefined) await removed(ports, visitor, replaces)
  const { credentialId, publicKey, counter, transports } = made
  const key = { institution, id: ports.chance.token(9), label, credentialId, publicKey, counter, transports }
  const registered = { ...key, registeredBy: by, registeredAt: ports.clock.now(), lastUsedAt: undefined }
  if (!(await ports.breakGlassKeys.add(registered, keysWanted)))
    throw new Refusal('break_glass.keys', { reason: 'there are two' })
  const detail = { key: label, key_id: key.id, by }
  ports.audit.record({ type: 'break_glass.registered', outcome: 'ok', detail })
}

async function removed(ports: BreakGlassPorts, visitor: Visitor, id: string): Promise<void> {
  permitted(visitor)
  const key = await ports.breakGlassKeys.remove(visitor.institution, id)
  if (key === undefined) throw new Refusal('break_glass.keys', { reason: 'no such key' })
  await ports.consoleSessions.endAll(visitor.institution, id)
  const detail = { key: key.label, key_id: id, by: actorOf(visitor) }
  ports.audit.record({ type: 'break_glass.removed', outcome: 'ok', detail })
}

type Proven = { readonly key: BreakGlassKey; readonly counter: number } | Failed
interface Failed {
  readonly code: RefusalCode
  readonly reason: string
  readonly key?: BreakGlassKey | undefined
}

/** Verified first, for that writes nothing; then the challenge is used up, whatever it was used for. */
async function proven(ports: BreakGlassPorts, opening: Opening): Promise<Proven> {
  const { place, challenge, credential } = opening
  const known = await ports.breakGlassKeys.list(place.institution.id)
  const named = ports.passkeys.credentialIdOf(credential)
  const key = known.find(({ credentialId }) => credentialId === named)
  const shown =
    key === undefined
      ? { fault: 'no such key' }
      : await ports.passkeys.asserted({ ...placeOf(place), challenge, credential }, key.publicKey)
  const fresh = await first(ports, opening)
  if (key === undefined || 'fault' in shown)
    return { code: 'break_glass.refused', reason: 'fault' in shown ? shown.fault : 'no such key', key }
  if (!fresh) return { code: 'break_glass.replayed', reason: 'challenge', key }
  const use = { id: key.id, counter: shown.counter, at: ports.clock.now() }
  // Attack 141, WebAuthn 6.1.1: a counter that stands still or goes back is a second copy of the key.
  if (!(await ports.breakGlassKeys.used(place.institution.id, use)))
    return { code: 'break_glass.cloned', reason: `counter ${shown.counter} after ${key.counter}`, key }
  return { key, counter: shown.counter }
}

async function open(ports: BreakGlassPorts, opening: Opening): Promise<string> {
  const { id: institution } = opening.place.institution
  const found = await proven(ports, opening)
  if ('code' in found) {
    const { code, reason, key } = found
    const detail = { reason, ...(key && { key: key.label, key_id: key.id }) }
    ports.audit.record({ type: 'break_glass.refused', outcome: 'refused', code, detail })
    throw new Refusal(code, detail)
  }
  if (opening.before !== undefined)
    await ports.consoleSessions.end(
      institution,
      createHash('sha256').update(opening.before).digest('base64url'),
    )
  await tellEverybody(ports, found.key)
  const session = { institution, kind: 'break-glass', administrator: found.key.id } as const
  return begin(ports, { ...session, authenticatedAt: ports.clock.now() })
}

async function tellEverybody(ports: BreakGlassPorts, { institution, id: key, label }: BreakGlassKey) {
  const at = ports.clock.now()
  const until = at + consoleSeconds['break-glass'] * 1000
  await ports.breakGlassUses.add({ institution, id: ports.chance.token(9), key, label, at, until })
  const code = 'break_glass.used'
  const detail = { key: label, key_id: key, until: new Date(until).toISOString() }
  ports.audit.record({ type: code, outcome: 'ok', detail })
  ports.metrics.count('drawbridge_alerts_total', { code })
  ports.log.warn('alert', { code, institution, reference: ports.unit.reference(), detail })
}
