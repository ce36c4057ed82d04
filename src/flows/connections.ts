// The life of connections as an administrator leads it: draft, save, activate, disable, restore; each change a version.
import {
  contentOf,
  digestOf,
  type FieldChange,
  fieldChanges,
  loosened,
  needsTest,
  pathsOf,
  stateAfter,
} from '../domain/connection.ts'
import { contentFaults } from '../domain/connection-content.ts'
import { type Connection, type ConnectionContent, isId } from '../domain/institution.ts'
import { withLearned } from '../domain/learned-keys.ts'
import { Refusal } from '../domain/refusal.ts'
import { levelFaults } from '../domain/upstream-level.ts'
import type { ConsoleSessions } from '../ports/administrators.ts'
import type { Chance, Clock } from '../ports/clock.ts'
import type {
  Actor,
  ConnectionChange,
  ConnectionRecord,
  ConnectionStore,
  ConnectionVersion,
  Proposal,
} from '../ports/connections.ts'
import type { ConnectorPlugin, Connectors } from '../ports/connector.ts'
import { SettingsRefused } from '../ports/connector-settings.ts'
import type { Audit, UnitOfWork } from '../ports/unit-of-work.ts'
import { endWayIn } from './staff-sessions.ts'

export interface ConnectionsPorts {
  readonly connectionStore: ConnectionStore
  readonly connectors: Pick<Connectors, 'plugins'>
  readonly consoleSessions: Pick<ConsoleSessions, 'endBy'>
  readonly unit: UnitOfWork
  readonly audit: Audit
  readonly clock: Clock
  readonly chance: Chance
}

/** Which connection, and the version that the administrator had before their eyes: optimistic locking. */
export interface ConnectionAt {
  readonly institution: string
  readonly id: string
  readonly version: number
}

/** What a change would do, before it is made. */
export interface ChangePreview {
  /** With values for display; those of secrets are masked. */
  readonly changes: readonly FieldChange[]
  readonly needsTest: boolean
  /** Paths that are not proven to ask more than before (ruling R-34); empty for a mere tightening. */
  readonly loosened: readonly string[]
}

export interface HistoryEntry extends ConnectionVersion {
  /** What this version changed against what customers signed in by before it. */
  readonly changes: readonly FieldChange[]
}

export type ConnectionFlows = ReturnType<typeof createConnections>

/**
 * Every function is one unit of work, or joins the caller's. Writers refuse with `connection.stale` when the connection
 * has moved on from the version given, `connection.state` when its state does not allow the step, `connection.managed`
 * when a file rules it, and `connection.settings` (detail `faults`) when what is said does not hold, in itself (name, claims,
 * levels), beside other connections (domains), or for the connector.
 */
export function createConnections(ports: ConnectionsPorts) {
  const change = (at: ConnectionAt, actor: Actor, decide: Decide) => changed(ports, { at, actor, decide })
  return {
    list: (institution: string) => ports.connectionStore.list(institution),
    /** Refuses with `connection.unknown`. */
    get: (institution: string, id: string) => found(ports, institution, id),
    /** A draft. Refuses with `connection.exists` and `connection.settings`. */
    create: (given: NewConnection, actor: Actor) => create(ports, given, actor),
    /** What saving this content would change. */
    compare: async (institution: string, id: string, content: ConnectionContent): Promise<ChangePreview> =>
      previewOf(ports, contentOfRecord(await found(ports, institution, id)), content),
    /**
     * Takes the content over. What touches the exchange with the IdP needs a new test login: of an active connection it
     * waits as a proposal, any other becomes a draft again. The same content as the present one drops the proposal.
     */
    save: (at: ConnectionAt, content: ConnectionContent, actor: Actor) =>
      change(at, actor, (record, others) =>
        saved(ports, record, { content, change: 'saved', actor, others }),
      ),
    /** Makes the tested connection, or the tested proposal of an active one, what customers sign in by. */
    activate: (at: ConnectionAt, actor: Actor) =>
      change(at, actor, (record, others) => activated(ports, record, others)),
    /**
     * At any time, also where a file rules the connection. Nobody can sign in by it any more; a proposal is dropped. Staff who
     * came into the console by it are out, but for whoever does this.
     */
    disable: (at: ConnectionAt, actor: Actor) => change(at, actor, disabled),
    /** Drops the proposal of an active connection. */
    discard: (at: ConnectionAt, actor: Actor) => change(at, actor, discarded),
    /** An earlier version's content, through the same checks as any other save. */
    restore: async (at: ConnectionAt, version: number, actor: Actor) => {
      const versions = await ports.connectionStore.versions(at.institution, at.id)
      const content = versions.find((one) => one.version === version)?.content
      if (content === undefined) throw new Refusal('connection.unknown', { ...at, restore: version })
      return change(at, actor, (record, others) =>
        saved(ports, record, { content, change: 'restored', actor, others }),
      )
    },
    /** For other flows that decide of a record: locking, version, history and audit are those of any change. */
    change,
    /** Newest first, with what each version changed. */
    history: (institution: string, id: string) => historyOf(ports, institution, id),
    /** Notes a passed test login of exactly this content; what was tested has moved on where nothing matches. */
    testPassed: (institution: string, id: string, tested: TestedContent) =>
      testPassed(ports, { institution, id, ...tested }),
  }
}

export interface NewConnection {
  readonly institution: string
  readonly id: string
  readonly content: ConnectionContent
}

/** Which content a test login was for (domain/connection, `digestOf`), and who made it. */
export interface TestedContent {
  readonly digest: string
  readonly actor: Actor
}

/** A change of a record, before it is written. */
export interface Decision {
  readonly change: ConnectionChange
  readonly state: ConnectionRecord['state']
  readonly content: ConnectionContent
  readonly proposal: Omit<Proposal, 'version' | 'at'> | Proposal | undefined
  /** The paths for the audit. */
  readonly fields: readonly string[]
  /** Keys beside what a file says; as they were where it is left out. */
  readonly learned?: readonly string[]
}

/** Undefined where there is nothing to do. `others` are the institution's other connections. */
export type Decide = (record: ConnectionRecord, others: readonly ConnectionRecord[]) => Decision | undefined

const run = <T>(ports: ConnectionsPorts, institution: string, work: () => Promise<T>): Promise<T> =>
  ports.unit.run({ institution, reference: ports.chance.reference() }, work)

async function found(ports: ConnectionsPorts, institution: string, id: string): Promise<ConnectionRecord> {
  const record = await ports.connectionStore.get(institution, id)
  if (record === undefined) throw new Refusal('connection.unknown', { connection: id })
  return record
}

/** A record's content, without what only records have. */
export const contentOfRecord = (record: ConnectionRecord): ConnectionContent =>
  contentOf(connectionOfRecord(record))

/** A record as customers sign in by it. */
export function connectionOfRecord(record: ConnectionRecord): Connection {
  const { managedBy: _managedBy, updatedAt: _updatedAt, proposal: _proposal, ...connection } = record
  return connection
}

function pluginOf({ connectors }: ConnectionsPorts, type: string): ConnectorPlugin {
  const plugin = connectors.plugins().find((one) => one.type === type)
  if (plugin === undefined)
    throw new Refusal('connection.settings', { faults: [{ path: 'type', message: `no connector ${type}` }] })
  return plugin
}

const secretsOf = (ports: Pick<ConnectionsPorts, 'connectors'>, type: string): readonly string[] =>
  ports.connectors.plugins().find((one) => one.type === type)?.secrets ?? []

/** Throws `connection.settings` with every fault of the content, or what the connector does not accept of the settings. */
function checkContent(
  ports: ConnectionsPorts,
  content: ConnectionContent,
  others: readonly ConnectionRecord[],
): void {
  const plugin = pluginOf(ports, content.type)
  const levels = levelFaults(content.levels).map(({ path, message }) => ({ path: `levels.${path}`, message }))
  const faults = [...contentFaults(content, others), ...levels]
  if (faults.length > 0) throw new Refusal('connection.settings', { faults })
  try {
    plugin.check(content.settings)
  } catch (error) {
    if (!(error instanceof SettingsRefused)) throw error
    throw new Refusal('connection.settings', { faults: error.faults })
  }
}

export function previewOf(
  ports: Pick<ConnectionsPorts, 'connectors'>,
  before: ConnectionContent | undefined,
  after: ConnectionContent,
): ChangePreview {
  const changes = fieldChanges(before, after, secretsOf(ports, after.type))
  return { changes, needsTest: needsTest(changes), loosened: loosened(changes) }
}

async function create(
  ports: ConnectionsPorts,
  { institution, id, content }: NewConnection,
  actor: Actor,
): Promise<ConnectionRecord> {
  if (!isId(id))
    throw new Refusal('connection.settings', { faults: [{ path: 'id', message: '2 to 32 of a-z, 0-9, -' }] })
  return run(ports, institution, async () => {
    await ports.connectionStore.lock(institution)
    checkContent(ports, content, await othersOf(ports, institution, id))
    const version = await ports.connectionStore.nextVersion(institution, id)
    const place = { institution, id, version, state: 'draft', managedBy: 'console' } as const
    const record = { ...content, ...place, proposal: undefined }
    const at = ports.clock.now()
    if (!(await ports.connectionStore.create({ record, change: 'created', content, actor, at })))
      throw new Refusal('connection.exists', { connection: id })
    note(ports, record, { change: 'created', by: actor.by, fields: [] })
    return { ...record, updatedAt: at }
  })
}

const othersOf = async ({ connectionStore }: ConnectionsPorts, institution: string, id: string) =>
  (await connectionStore.list(institution)).filter((one) => one.id !== id)

interface Changing {
  readonly at: ConnectionAt
  readonly actor: Actor
  readonly decide: Decide
}

function changed(ports: ConnectionsPorts, { at, actor, decide }: Changing): Promise<ConnectionRecord> {
  const { institution, id } = at
  return run(ports, institution, async () => {
    // Two steps at once at two connections must see each other: a domain is at home at one of them.
    await ports.connectionStore.lock(institution)
    const present = await found(ports, institution, id)
    if (present.version !== at.version)
      throw new Refusal('connection.stale', { connection: id, version: at.version, present: present.version })
    const decision = decide(present, await othersOf(ports, institution, id))
    return decision === undefined ? present : written(ports, { present, actor, decision })
  })
}

interface Writing {
  readonly present: ConnectionRecord
  readonly actor: Actor
  readonly decision: Decision
}

async function written(
  ports: ConnectionsPorts,
  { present, actor, decision }: Writing,
): Promise<ConnectionRecord> {
  const now = ports.clock.now()
  const { institution, id, managedBy } = present
  const version = present.version + 1
  const { change, content, state, fields } = decision
  const proposal = decision.proposal && { version, at: now, ...decision.proposal }
  const learned = decision.learned ?? present.learned
  const record = { ...content, institution, id, managedBy, state, version, proposal, learned }
  // History shows what customers sign in by: learned keys stand among the others there.
  const inForce = withLearned(content, learned)
  const kept = change === 'proposed' && proposal !== undefined ? proposal.content : inForce
  if (!(await ports.connectionStore.change({ record, change, content: kept, actor, at: now })))
    throw new Refusal('connection.stale', { connection: id, version: present.version })
  note(ports, record, { change, by: actor.by, fields })
  await endWayIn(ports, { institution, id, before: present, after: record, by: actor.by })
  return { ...record, updatedAt: now }
}

/** Field paths only: what a connection says may be secret. */
function note(
  { audit }: ConnectionsPorts,
  { id, version, state }: Pick<ConnectionRecord, 'id' | 'version' | 'state'>,
  { change, by, fields }: { change: ConnectionChange; by: string; fields: readonly string[] },
): void {
  const detail = { change, by, version, state, fields }
  audit.record({ type: 'connection.changed', outcome: 'ok', connection: id, detail })
}

const refused = (record: ConnectionRecord, step: string): Refusal =>
  new Refusal('connection.state', { connection: record.id, state: record.state, step })

interface Save {
  readonly content: ConnectionContent
  readonly change: ConnectionChange
  readonly actor: Actor
  readonly others: readonly ConnectionRecord[]
}

function saved(
  ports: ConnectionsPorts,
  record: ConnectionRecord,
  { content, change, actor, others }: Save,
): Decision | undefined {
  if (record.managedBy === 'file') throw new Refusal('connection.managed', { connection: record.id })
  checkContent(ports, content, others)
  const present = contentOfRecord(record)
  const { proposal, state } = record
  const { changes, needsTest: again } = previewOf(ports, present, content)
  const fields = pathsOf(changes)
  if (changes.length === 0) return proposal === undefined ? undefined : discarded(record)
  if (state === 'active' && again) {
    const { by, why } = actor
    return {
      change: 'proposed',
      state,
      content: present,
      proposal: { content, tested: false, by, why },
      fields,
    }
  }
  const next = stateAfter(state, again ? 'edit' : 'relabel')
  if (next === undefined) throw refused(record, 'save')
  return { change, state: next, content, proposal: undefined, fields }
}

function activated(
  ports: ConnectionsPorts,
  record: ConnectionRecord,
  others: readonly ConnectionRecord[],
): Decision {
  const { proposal, state } = record
  if (record.managedBy === 'file') throw new Refusal('connection.managed', { connection: record.id })
  if (state === 'active' && proposal?.tested) {
    const { content } = proposal
    // It was proposed a while ago: another connection may have its domains by now.
    checkContent(ports, content, others)
    const fields = pathsOf(fieldChanges(contentOfRecord(record), content, []))
    return { change: 'activated', state, content, proposal: undefined, fields }
  }
  const next = stateAfter(state, 'activate')
  if (next === undefined) throw refused(record, 'activate')
  checkContent(ports, contentOfRecord(record), others)
  const fields = ['state']
  return { change: 'activated', state: next, content: contentOfRecord(record), proposal: undefined, fields }
}

function disabled(record: ConnectionRecord): Decision {
  const next = stateAfter(record.state, 'disable')
  if (next === undefined) throw refused(record, 'disable')
  const content = contentOfRecord(record)
  return { change: 'disabled', state: next, content, proposal: undefined, fields: ['state'] }
}

function discarded(record: ConnectionRecord): Decision {
  const { proposal, state } = record
  if (proposal === undefined) throw refused(record, 'discard')
  const fields = pathsOf(fieldChanges(contentOfRecord(record), proposal.content, []))
  return { change: 'discarded', state, content: contentOfRecord(record), proposal: undefined, fields }
}

interface Tested extends TestedContent {
  readonly institution: string
  readonly id: string
}

/** True when it counts: the connection, or its proposal, still says exactly what was tested. */
async function testPassed(
  ports: ConnectionsPorts,
  { institution, id, digest, actor }: Tested,
): Promise<boolean> {
  const present = await found(ports, institution, id)
  const content = contentOfRecord(present)
  const { proposal, state } = present
  const fields = ['state']
  if (proposal !== undefined && digestOf(proposal.content) === digest) {
    if (proposal.tested) return true
    const tested = { ...proposal, tested: true }
    const decision: Decision = { change: 'tested', state, content, proposal: tested, fields }
    return written(ports, { present, actor, decision }).then(() => true)
  }
  const next = stateAfter(state, 'test-passed')
  if (next === undefined || digestOf(content) !== digest || present.managedBy === 'file') return false
  if (next === state) return true
  await written(ports, {
    present,
    actor,
    decision: { change: 'tested', state: next, content, proposal, fields },
  })
  return true
}

async function historyOf(ports: ConnectionsPorts, institution: string, id: string): Promise<HistoryEntry[]> {
  const versions = await ports.connectionStore.versions(institution, id)
  return versions.map((version, i) => {
    // What customers signed in by before it: proposals were never that.
    const before = versions.slice(i + 1).find(({ change }) => change !== 'proposed')
    const { changes } = previewOf(ports, before?.content, version.content)
    return { ...version, changes }
  })
}
