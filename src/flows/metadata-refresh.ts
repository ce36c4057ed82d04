// IdP metadata read again: by a schedule, by a person, and once when an answer is signed by a key that nobody knows.
import { pathsOf } from '../domain/connection.ts'
import type { Connection } from '../domain/institution.ts'
import { effectiveContent } from '../domain/learned-keys.ts'
import { nextAttempt, nextRefresh, unknownKeyMs } from '../domain/metadata-refresh.ts'
import { Refusal } from '../domain/refusal.ts'
import type { Chance, Clock } from '../ports/clock.ts'
import type { Actor, ConnectionRecord, ConnectionStore } from '../ports/connections.ts'
import type { ConnectorPlugin, Connectors } from '../ports/connector.ts'
import type { Discovered, DiscoveryWish } from '../ports/discovery.ts'
import type { Log, Metrics } from '../ports/log.ts'
import type { Claim, MetadataStates } from '../ports/metadata-states.ts'
import type { Audit, UnitOfWork } from '../ports/unit-of-work.ts'
import type { ConnectionFlows } from './connections.ts'
import { takenOver } from './refresh-change.ts'

export interface MetadataRefreshPorts {
  readonly connectionStore: Pick<ConnectionStore, 'get' | 'list'>
  readonly connectionFlows: Pick<ConnectionFlows, 'change'>
  readonly connectors: Pick<Connectors, 'plugins'>
  readonly metadataStates: MetadataStates
  readonly metadataSettings: MetadataSettings
  readonly unit: UnitOfWork
  readonly audit: Audit
  readonly clock: Clock
  readonly chance: Chance
  readonly log: Log
  readonly metrics: Pick<Metrics, 'count'>
  /** Resolves after so many milliseconds. */
  readonly rest: (ms: number) => Promise<unknown>
}

export interface MetadataSettings {
  /** How often a document is read again that does not ask for less. */
  readonly refreshMs: number
}

/** What one reading came to. */
export interface RefreshReport {
  /** '' when it was read, else the refusal's code. */
  readonly error: string
  /** Paths of what took over by itself. */
  readonly applied: readonly string[]
  /** Paths of what waits: as a proposal, or for whoever keeps the file. */
  readonly waits: readonly string[]
}

export type MetadataRefresh = ReturnType<typeof createMetadataRefresh>

const leaseMs = 60_000
const scheduled: Actor = { by: 'schedule', why: 'the IdP’s metadata was read again' }

export function createMetadataRefresh(ports: MetadataRefreshPorts) {
  return {
    /** Reads what is due in this institution and what no other node is at; resolves with how many were read. No unit may be open. */
    pass: (institution: string) => pass(ports, institution),
    /**
     * Reads now, whatever the schedule says. Refuses with `connection.unknown`, `connection.state` where the connection names no
     * metadata, `busy` while another reading is under way. What the IdP got wrong is in the report.
     */
    now: (institution: string, id: string, actor: Actor) => now(ports, { institution, id, actor }),
    /**
     * An answer came by a key that this connection does not list. Reads, or waits while another reads; at most once in
     * five minutes for all nodes. Commits the unit around the caller before, and again after. Only a `sign-in` uses up the looks that
     * sign-ins have: what `anybody` may send, and what is only tried, makes us read nothing that was just read.
     */
    forUnknownKey: (institution: string, id: string, from: Sender = 'sign-in') =>
      forUnknownKey(ports, { institution, id, from }),
    /** Undefined before the first reading. */
    state: (institution: string, id: string) => ports.metadataStates.get(institution, id),
    metadataValidity: (institution: string) => ports.metadataStates.metadataValidity(institution),
  }
}

function againOf(ports: MetadataRefreshPorts, connection: Connection): Readable | undefined {
  const plugin = ports.connectors.plugins().find(({ type }) => type === connection.type)
  const wish = plugin?.discovery?.again(effectiveContent(connection).settings)
  return plugin && wish && { plugin, wish }
}

interface Readable {
  readonly plugin: ConnectorPlugin
  readonly wish: DiscoveryWish
}

const claimed = ({ metadataStates, clock }: MetadataRefreshPorts, record: Connection, why: Claim['why']) => {
  const at = clock.now()
  const claim = { why, now: at, leaseMs, since: at - unknownKeyMs }
  return metadataStates.claim(record.institution, record.id, claim)
}

async function pass(ports: MetadataRefreshPorts, institution: string): Promise<number> {
  // In this order: a connection that is made meanwhile must not lose its state.
  const states = await ports.metadataStates.list(institution)
  const records = await ports.connectionStore.list(institution)
  const wanted = records.filter((one) => one.state !== 'disabled' && againOf(ports, one) !== undefined)
  const at = ports.clock.now()
  const due = wanted.filter(({ id }) => {
    const state = states.find(({ connection }) => connection === id)
    return state === undefined || state.nextAt <= at
  })
  for (const { connection } of states)
    if (!wanted.some(({ id }) => id === connection))
      await ports.metadataStates.forget(institution, connection)
  let count = 0
  for (const record of due) {
    if (!(await claimed(ports, record, 'due'))) continue
    await read(ports, record, scheduled)
    count += 1
  }
  return count
}

interface Asked {
  readonly institution: string
  readonly id: string
  readonly actor: Actor
}

async function now(ports: MetadataRefreshPorts, { institution, id, actor }: Asked): Promise<RefreshReport> {
  const record = await ports.connectionStore.get(institution, id)
  if (record === undefined) throw new Refusal('connection.unknown', { connection: id })
  if (againOf(ports, record) === undefined)
    throw new Refusal('connection.state', { connection: id, step: 'refresh' })
  if (!(await claimed(ports, record, 'now'))) throw new Refusal('busy', { metadata: id })
  return read(ports, record, actor)
}

// As long as one reading may take: 5 seconds for the fetch, 5 for what is made of the document.
const longestWaitMs = 11_000
const stepMs = 100

/** Who brought what is signed by an unknown key. The keys of a test may be a mistake that waits: that must cost no customer's sign-in. */
export type Sender = 'sign-in' | 'test-login' | 'anybody'

interface Unknown {
  readonly institution: string
  readonly id: string
  readonly from: Sender
}

/** Is a look due, though it is no customer who makes us look? A document that cannot be read has its own times. */
async function quiet({ metadataStates, clock }: MetadataRefreshPorts, { institution, id }: Unknown) {
  const { fetchedAt = 0, failures = 0, nextAt = 0 } = (await metadataStates.get(institution, id)) ?? {}
  const at = clock.now()
  return at - fetchedAt >= unknownKeyMs && (failures === 0 || nextAt <= at)
}

async function forUnknownKey(ports: MetadataRefreshPorts, unknown: Unknown): Promise<void> {
  const { institution, id, from } = unknown
  const record = await ports.connectionStore.get(institution, id)
  if (record === undefined || againOf(ports, record) === undefined) return
  const mine =
    from === 'sign-in'
      ? await claimed(ports, record, 'unknown-key')
      : (await quiet(ports, unknown)) && (await claimed(ports, record, 'now'))
  if (mine) {
    await read(ports, record, { by: 'schedule', why: 'something was signed by a key that nobody knew' })
    return
  }
  // Whoever is at it must not wait for this unit.
  await ports.unit.checkpoint()
  for (let waited = 0; waited < longestWaitMs; waited += stepMs) {
    if (!(await ports.metadataStates.busy(institution, id, ports.clock.now()))) return
    await ports.rest(stepMs)
  }
}

/** The lease is ours: whatever happens, it ends here. */
async function read(ports: MetadataRefreshPorts, given: Connection, actor: Actor): Promise<RefreshReport> {
  const { institution } = given
  const scope = { institution, reference: ports.chance.reference() }
  // The claim is seen by the others, and nothing is open while the IdP thinks (ruling R-1).
  await ports.unit.checkpoint()
  try {
    return await readAsItIs(ports, { given, actor })
  } catch (error) {
    return ports.unit.run(scope, async () => {
      const report = await failed(ports, { given, actor }, error)
      await ports.unit.checkpoint()
      return report
    })
  }
}

const mostReadings = 3

/**
 * What was read is judged by the signers, and put beside the settings, of the record that it was read for. Where somebody has
 * changed that meanwhile it is worth nothing, and is read again for what is there now (attack 194).
 */
async function readAsItIs(ports: MetadataRefreshPorts, reading: Reading): Promise<RefreshReport> {
  const { institution, id } = reading.given
  for (
    let [given, n]: [Connection | undefined, number] = [reading.given, 1];
    given && n <= mostReadings;
    n++
  ) {
    const report = await readOnce(ports, { ...reading, given })
    if (report !== undefined) return report
    given = await ports.connectionStore.get(institution, id)
  }
  throw stale(reading.given)
}

const stale = ({ id: connection, version }: Connection): Refusal =>
  new Refusal('connection.stale', { connection, version })

/** Undefined where the record was changed while the IdP was asked. */
async function readOnce(ports: MetadataRefreshPorts, reading: Reading): Promise<RefreshReport | undefined> {
  const { institution, id } = reading.given
  const found = await published(ports, reading.given)
  return ports.unit.run({ institution, reference: ports.chance.reference() }, async () => {
    const record = await ports.connectionStore.get(institution, id)
    if (record?.version !== reading.given.version) return undefined
    const report = await kept(ports, { ...reading, record, found })
    await ports.unit.checkpoint()
    return report
  })
}

type One = Extract<Discovered, { kind: 'one' }>

async function published(ports: MetadataRefreshPorts, connection: Connection): Promise<One> {
  const again = againOf(ports, connection)
  if (again === undefined) throw stale(connection)
  const found = await again.plugin.discovery?.discover(again.wish)
  if (found?.kind === 'one') return found
  throw new Refusal('metadata.entity', { check: 'metadata', actual: 'not one entity' })
}

interface Reading {
  readonly given: Connection
  readonly actor: Actor
}

interface Read extends Reading {
  /** As it was when the IdP was asked. */
  readonly record: ConnectionRecord
  readonly found: One
}

async function kept(ports: MetadataRefreshPorts, reading: Read): Promise<RefreshReport> {
  const { record, found, actor } = reading
  const { institution, id: connection } = record
  const before = await ports.metadataStates.get(institution, connection)
  const plugin = againOf(ports, record)?.plugin
  if (plugin === undefined) throw stale(record)
  const known = before?.digest ?? ''
  const gone = before?.gone ?? []
  const { decision, digest } = await takenOver(ports, { record, plugin, found, known, gone, actor })
  const [applied, waits] = [pathsOf(decision.applied), pathsOf(decision.waits)]
  const { validUntil, cacheSeconds } = found.facts
  const at = ports.clock.now()
  const times = { now: at, ...ports.metadataSettings, validUntil, cacheSeconds, leaving: decision.leaving }
  await ports.metadataStates.done({
    ...{ institution, connection, fetchedAt: at, nextAt: nextRefresh(times), validUntil },
    validSince: before?.validUntil === validUntil ? (before?.validSince ?? at) : at,
    ...{ error: '', failures: 0, digest, waits, gone: decision.gone },
  })
  return { error: '', applied, waits }
}

/** What was read before goes on to count; it is told once, however often the IdP fails in the same way. */
async function failed(
  ports: MetadataRefreshPorts,
  { given, actor }: Reading,
  error: unknown,
): Promise<RefreshReport> {
  const { institution, id: connection } = given
  // As it is now: a change of the address has dropped what was read from the one before.
  const before = await ports.metadataStates.get(institution, connection)
  const code = error instanceof Refusal ? error.code : 'unexpected'
  const failures = (before?.failures ?? 0) + 1
  const { fetchedAt, validUntil, validSince, digest = '', waits = [], gone = [] } = before ?? {}
  const nextAt = nextAttempt(ports.clock.now(), failures, ports.metadataSettings.refreshMs)
  const detail = error instanceof Refusal ? error.detail : { error: String(error).slice(0, 200) }
  ports.log.warn('metadata.failed', { institution, connection, code, failures, detail })
  if (before?.error !== code)
    ports.audit.record({
      type: 'connection.metadata_refreshed',
      outcome: 'refused',
      code,
      connection,
      detail: { by: actor.by },
    })
  await ports.metadataStates.done({
    ...{ institution, connection, fetchedAt, nextAt, validUntil, validSince },
    ...{ error: code, failures, digest, waits, gone },
  })
  return { error: code, applied: [], waits: [] }
}
