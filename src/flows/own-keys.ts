// Our own keys of connections as their administrators and the schedule change them: prepare, promote, remove (attack 204).
import {
  dueSteps,
  handPromotion,
  inState,
  mayBeUsed,
  type OwnKey,
  type OwnKeyPlace,
  overlapEnds,
  promotableAt,
  type RenewalPolicy,
  type RenewalStep,
} from '../domain/own-key.ts'
import { Refusal } from '../domain/refusal.ts'
import type { Chance, Clock } from '../ports/clock.ts'
import type { Actor } from '../ports/connections.ts'
import type { ConnectorPlugin } from '../ports/connector.ts'
import type {
  MakeOwnKey,
  NeededKeys,
  OneKey,
  OwnKeyStore,
  OwnKeys,
  OwnKeysAt,
  OwnKeyView,
} from '../ports/own-keys.ts'
import type { Directory } from '../ports/stores.ts'
import type { Audit, UnitOfWork } from '../ports/unit-of-work.ts'

export interface OwnKeyPorts {
  readonly directory: Pick<Directory, 'connections'>
  readonly plugins: readonly ConnectorPlugin[]
  readonly ownKeys: OwnKeys & { readonly make: MakeOwnKey }
  readonly ownKeyStore: OwnKeyStore
  readonly renewal: RenewalPolicy
  readonly unit: UnitOfWork
  readonly audit: Audit
  readonly clock: Clock
  readonly chance: Chance
}

export type OwnKeyFlows = ReturnType<typeof createOwnKeyFlows>

/**
 * Every change is one unit of work with its audit events, or joins the caller's, which is committed first where a key must
 * be made. Refuses with `key.unknown` where the connection has no such keys, or there is no such connection.
 */
export function createOwnKeyFlows(ports: OwnKeyPorts) {
  return {
    /** Makes the keys that the institution's connections lack; before a unit of work (OwnKeys.ready). */
    ready: async (institution: string): Promise<void> =>
      ports.ownKeys.ready(institution, await neededBy(ports, institution)),
    /** Without the dropped ones; of all connections where none is named. */
    list: async (institution: string, connection?: string): Promise<OwnKeyView[]> => {
      await ports.ownKeys.ready(institution, await neededBy(ports, institution))
      const keys = await ports.ownKeyStore.list(institution)
      return keys
        .filter((key) => key.state !== 'dropped' && (connection ?? key.connection) === key.connection)
        .map((key) => viewOf(ports, key))
    },
    /** Makes and publishes the next keys, where there are none; the schedule promotes them in its time. */
    prepare: (at: OwnKeysAt, actor: Actor) => prepare(ports, at, actor),
    /**
     * The next keys become the active ones, all that there are or none. Refuses with `key.no_next` where there is none, and with
     * `key.unpublished` where peers have not had the time to learn of one, unless `unpublished` says that this is known.
     */
    promote: (at: OwnKeysAt, actor: Actor, given: { readonly unpublished?: boolean } = {}) =>
      promote(ports, at, { actor, unpublished: given.unpublished === true }),
    /**
     * Destroys a key that is not the active one (`key.active`). A retired one may still be needed, and a next one that peers
     * encrypt to may be in use already: `key.overlap`, unless its time is over or `early` says that this is known.
     */
    remove: (which: OneKey, actor: Actor, given: { readonly early?: boolean } = {}) =>
      remove(ports, which, { actor, early: given.early === true }),
    /** One pass of the schedule over an institution; of two nodes at once, one does each step. Resolves with the steps done. */
    renew: (institution: string) => renew(ports, institution),
  }
}

async function neededBy({ directory, plugins }: OwnKeyPorts, institution: string): Promise<NeededKeys[]> {
  const connections = await directory.connections(institution)
  return connections.map(({ id, type }) => ({
    id,
    purposes: plugins.find((plugin) => plugin.type === type)?.ownKeys ?? [],
  }))
}

const viewOf = ({ renewal }: OwnKeyPorts, key: OwnKey): OwnKeyView => ({
  ...key,
  promotableAt: key.state === 'next' ? promotableAt(key, renewal) : undefined,
  dropAt: key.state === 'retired' ? overlapEnds(key, renewal) : undefined,
})

interface PlaceKeys {
  readonly place: OwnKeyPlace
  readonly keys: readonly OwnKey[]
}

/** The places of connections that there are, with their keys as they are now. */
async function places(ports: OwnKeyPorts, institution: string): Promise<PlaceKeys[]> {
  const needed = await neededBy(ports, institution)
  await ports.ownKeys.ready(institution, needed)
  const all = await ports.ownKeyStore.list(institution)
  return needed.flatMap(({ id: connection, purposes }) =>
    purposes.map((purpose) => ({
      place: { institution, connection, purpose },
      keys: all.filter((key) => key.connection === connection && key.purpose === purpose),
    })),
  )
}

async function placesAt(ports: OwnKeyPorts, at: OwnKeysAt): Promise<PlaceKeys[]> {
  const { institution, connection, purpose } = at
  const found = (await places(ports, institution)).filter(
    ({ place }) => place.connection === connection && (purpose ?? place.purpose) === place.purpose,
  )
  if (found.length === 0) throw new Refusal('key.unknown', { ...at })
  return found
}

/** One unit; afterwards this node reads the keys anew. */
export async function run<T>(ports: OwnKeyPorts, institution: string, work: () => Promise<T>): Promise<T> {
  try {
    return await ports.unit.run({ institution, reference: ports.chance.reference() }, work)
  } finally {
    ports.ownKeys.changed(institution)
  }
}

type KeyEvent = 'key.prepared' | 'key.certified' | 'key.promoted' | 'key.retired' | 'key.dropped'

export function note(
  { audit }: OwnKeyPorts,
  type: KeyEvent,
  { key, actor }: { key: OwnKey; actor: Actor },
): void {
  const { by, why } = actor
  const expires = new Date(key.expiresAt).toISOString()
  const detail = { by, purpose: key.purpose, kid: key.kid, expires, ...(why !== '' && { why }) }
  audit.record({ type, outcome: 'ok', connection: key.connection, detail })
}

/** The keys as they are by now. */
export const after = async (ports: OwnKeyPorts, { institution, connection, purpose }: OwnKeysAt) => {
  const keys = await ports.ownKeyStore.list(institution)
  return keys
    .filter((key) => key.connection === connection && (purpose ?? key.purpose) === key.purpose)
    .filter(({ state }) => state !== 'dropped')
    .map((key) => viewOf(ports, key))
}

async function prepare(ports: OwnKeyPorts, at: OwnKeysAt, actor: Actor): Promise<OwnKeyView[]> {
  const promoteAt = handPromotion(ports.renewal, ports.clock.now())
  for (const { place, keys } of await placesAt(ports, at))
    if (inState(keys, 'next') === undefined) await madeNext(ports, place, { actor, promoteAt })
  return after(ports, at)
}

async function madeNext(
  ports: OwnKeyPorts,
  place: OwnKeyPlace,
  { actor, promoteAt }: { actor: Actor; promoteAt: number },
): Promise<boolean> {
  // An RSA key takes its time, and no transaction waits for it (ruling R-1).
  await ports.unit.checkpoint()
  const key = { ...(await ports.ownKeys.make(place)), promoteAt }
  return run(ports, place.institution, async () => {
    const first = await ports.ownKeyStore.insertNext(key)
    if (first) note(ports, 'key.prepared', { key, actor })
    return first
  })
}

interface Promoting {
  readonly actor: Actor
  readonly unpublished: boolean
}

async function promote(ports: OwnKeyPorts, at: OwnKeysAt, { actor, unpublished }: Promoting) {
  const now = ports.clock.now()
  const changes = (await placesAt(ports, at)).flatMap(({ place, keys }) => {
    const [active, next] = [inState(keys, 'active'), inState(keys, 'next')]
    // Of the other purposes' next keys may have been removed meanwhile: that is no reason to keep this one back.
    if (active === undefined || next === undefined) return []
    const from = promotableAt(next, ports.renewal)
    if (now < from && !unpublished)
      throw new Refusal('key.unpublished', { ...place, kid: next.kid, from: new Date(from).toISOString() })
    return [{ active, next }]
  })
  if (changes.length === 0) throw new Refusal('key.no_next', { ...at })
  await run(ports, at.institution, async () => {
    for (const change of changes) {
      if (await promoted(ports, change, actor)) continue
      // All or none; and somebody else has just changed them.
      ports.unit.fail()
      throw new Refusal('connection.stale', { ...at })
    }
  })
  return after(ports, at)
}

/** Within a unit; false when another node was first. */
async function promoted(
  ports: OwnKeyPorts,
  { active, next }: { active: OwnKey; next: OwnKey },
  actor: Actor,
): Promise<boolean> {
  const change = { from: active.kid, to: next.kid, at: ports.clock.now() }
  if (!(await ports.ownKeyStore.promote(next, change))) return false
  note(ports, 'key.promoted', { key: next, actor })
  note(ports, 'key.retired', { key: active, actor })
  return true
}

async function remove(
  ports: OwnKeyPorts,
  { institution, connection, kid }: OneKey,
  { actor, early }: { actor: Actor; early: boolean },
): Promise<OwnKeyView[]> {
  const keys = await ports.ownKeyStore.list(institution)
  const key = keys.find((one) => one.connection === connection && one.kid === kid)
  if (key === undefined || key.state === 'dropped') throw new Refusal('key.unknown', { connection, kid })
  if (key.state === 'active') throw new Refusal('key.active', { connection, kid })
  if (mayBeUsed(key, ports.renewal, ports.clock.now()) && !early)
    throw new Refusal('key.overlap', { connection, kid, state: key.state, ...endOf(key, ports) })
  const gone = await run(ports, institution, () => dropped(ports, key, actor))
  if (!gone) throw new Refusal('connection.stale', { connection, kid })
  return after(ports, { institution, connection })
}

/** Until when a retired key may still be needed; a next one has no such day. */
const endOf = (key: OwnKey, { renewal }: OwnKeyPorts): { until?: string } =>
  key.state === 'retired' ? { until: new Date(overlapEnds(key, renewal)).toISOString() } : {}

async function dropped(ports: OwnKeyPorts, key: OwnKey, actor: Actor): Promise<boolean> {
  const { kid, state } = key
  if (state !== 'next' && state !== 'retired') return false
  const gone = await ports.ownKeyStore.drop(key, { kid, state, at: ports.clock.now() })
  if (gone) note(ports, 'key.dropped', { key, actor })
  return gone
}

const schedule: Actor = { by: 'schedule', why: '' }

async function renew(ports: OwnKeyPorts, institution: string): Promise<RenewalStep[]> {
  const done: RenewalStep[] = []
  for (const { place, keys } of await places(ports, institution))
    for (const step of dueSteps(keys, ports.renewal, ports.clock.now()))
      if (await taken(ports, place, step)) done.push(step)
  return done
}

/** False when another node has taken it. */
function taken(ports: OwnKeyPorts, place: OwnKeyPlace, step: RenewalStep): Promise<boolean> {
  if (step.step === 'prepare') return madeNext(ports, place, { actor: schedule, promoteAt: step.promoteAt })
  return run(ports, place.institution, () =>
    step.step === 'promote' ? promoted(ports, step, schedule) : dropped(ports, step.key, schedule),
  )
}
