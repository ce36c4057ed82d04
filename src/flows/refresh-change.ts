// What was read of an IdP becomes a change of its connection: some of it at once, some as a proposal, all of it told.
import { digestOf, type FieldChange, fieldChanges, pathsOf } from '../domain/connection.ts'
import type { ConnectionContent } from '../domain/institution.ts'
import { certificatesIn, effectiveContent, fingerprintOf, holds } from '../domain/learned-keys.ts'
import { type RefreshDecision, rebased, refreshDecision } from '../domain/metadata-refresh.ts'
import { Refusal } from '../domain/refusal.ts'
import type { Actor, ConnectionRecord, Proposal } from '../ports/connections.ts'
import type { ConnectorPlugin } from '../ports/connector.ts'
import { SettingsRefused } from '../ports/connector-settings.ts'
import type { Discovered } from '../ports/discovery.ts'
import type { Log, Metrics } from '../ports/log.ts'
import type { Audit } from '../ports/unit-of-work.ts'
import { type ConnectionFlows, connectionOfRecord, contentOfRecord, type Decision } from './connections.ts'

export interface RefreshChangePorts {
  readonly connectionFlows: Pick<ConnectionFlows, 'change'>
  readonly audit: Audit
  readonly log: Log
  readonly metrics: Pick<Metrics, 'count'>
}

export interface ReadAgain {
  readonly record: ConnectionRecord
  readonly plugin: ConnectorPlugin
  readonly found: Extract<Discovered, { kind: 'one' }>
  /** The digest that was kept after the reading before. */
  readonly known: string
  /** Keys that the reading before no longer found. */
  readonly gone: readonly string[]
  readonly actor: Actor
}

export interface TakenOver {
  readonly decision: RefreshDecision
  /** Of what waits, and has been told; '' where nothing does. */
  readonly digest: string
}

/** Such proposals may be replaced and dropped by the next reading, whoever asked for it; what a person wrote never is. */
const isReading = ({ by, read }: Pick<Proposal, 'by' | 'read'>): boolean => read === true || by === 'schedule'

/** Runs inside a unit. Refuses with `connection.settings` when the connector does not accept what would take over. */
export async function takenOver(ports: RefreshChangePorts, read: ReadAgain): Promise<TakenOver> {
  const { record, found, known, gone } = read
  const file = record.managedBy === 'file' ? certificatesIn(contentOfRecord(record)) : undefined
  const decision = refreshDecision({
    present: effectiveContent(connectionOfRecord(record)),
    published: found.settings,
    signed: found.facts.signedBy !== undefined,
    file,
    gone,
  })
  const fresh = decision.applied.length === 0 ? record : await applied(ports, read, decision)
  const waiting = await proposed(ports, { ...read, record: fresh }, decision)
  if (decision.applied.length > 0 || (waiting.digest !== known && waiting.digest !== ''))
    tell(ports, read, { decision, ...waiting })
  return { decision, digest: waiting.digest }
}

function checked({ plugin }: ReadAgain, content: ConnectionContent): void {
  try {
    plugin.check(content.settings)
  } catch (error) {
    if (!(error instanceof SettingsRefused)) throw error
    throw new Refusal('connection.settings', { faults: error.faults })
  }
}

/** Of a file's connection only the learned keys change: the file's own words stay what the file says. */
async function applied(
  ports: RefreshChangePorts,
  read: ReadAgain,
  { apply, applied: changes }: RefreshDecision,
): Promise<ConnectionRecord> {
  checked(read, apply)
  const { institution, id, version } = read.record
  return ports.connectionFlows.change({ institution, id, version }, read.actor, (record): Decision => {
    const own = contentOfRecord(record)
    const common = { change: 'refreshed', state: record.state, fields: pathsOf(changes) } as const
    if (record.managedBy === 'file') {
      const said = certificatesIn(own)
      const learned = certificatesIn(apply).filter((pem) => !holds(said, pem))
      return { ...common, content: own, proposal: record.proposal, learned }
    }
    const { proposal } = record
    const waiting = proposal && { ...proposal, content: rebased(proposal.content, own, apply) }
    return { ...common, content: apply, proposal: waiting }
  })
}

type Place = 'proposal' | 'another proposal' | 'file' | 'not active' | 'nothing'

interface Waiting {
  readonly digest: string
  readonly place: Place
}

/** Once for the same content: a proposal that somebody dropped does not come back until the IdP says something else. */
async function proposed(
  ports: RefreshChangePorts,
  read: ReadAgain,
  { propose }: RefreshDecision,
): Promise<Waiting> {
  const { record, known } = read
  const { institution, id, version, proposal } = record
  const at = { institution, id, version }
  if (propose === undefined) {
    if (proposal && isReading(proposal)) await ports.connectionFlows.change(at, read.actor, withdrawn)
    return { digest: '', place: 'nothing' }
  }
  const digest = digestOf(propose)
  const place = placeFor(record)
  if (place !== 'proposal') return { digest: `${place}:${digest}`, place }
  if (digest === known) return { digest, place }
  await ports.connectionFlows.change(at, read.actor, (now): Decision => {
    const waits = { content: propose, tested: false, ...read.actor, read: true } as const
    const fields = pathsOf(decisionChanges(now, propose))
    return { change: 'proposed', state: now.state, content: contentOfRecord(now), proposal: waits, fields }
  })
  return { digest, place }
}

const decisionChanges = (record: ConnectionRecord, after: ConnectionContent) =>
  fieldChanges(contentOfRecord(record), after, [])

function placeFor({ managedBy, state, proposal }: ConnectionRecord): Place {
  if (managedBy === 'file') return 'file'
  if (state !== 'active') return 'not active'
  return proposal === undefined || isReading(proposal) ? 'proposal' : 'another proposal'
}

function withdrawn(record: ConnectionRecord): Decision {
  const content = contentOfRecord(record)
  const fields = pathsOf(decisionChanges(record, record.proposal?.content ?? content))
  return { change: 'discarded', state: record.state, content, proposal: undefined, fields }
}

const keysIn = (changes: readonly FieldChange[], side: 'before' | 'after'): string[] =>
  changes.flatMap(({ path, [side]: pem }) =>
    path === 'settings.certificates[]' && pem !== undefined ? [fingerprintOf(pem)] : [],
  )

/** What waits is an alert: somebody may be trying to have their own key believed (attack 194). */
function tell(
  ports: RefreshChangePorts,
  { record, found, actor, known }: ReadAgain,
  { decision, digest, place }: { decision: RefreshDecision } & Waiting,
): void {
  const { applied: done, waits } = decision
  const anew = waits.length > 0 && digest !== known
  const code = 'metadata.untrusted'
  const declared = record.settings.trustNewKeys === true ? 'by the connection' : 'none'
  const detail = {
    by: actor.by,
    trust: found.facts.signedBy ?? declared,
    applied: pathsOf(done),
    waits: pathsOf(waits),
    waits_as: place,
    keys_added: keysIn(done, 'after'),
    keys_removed: keysIn(done, 'before'),
    keys_waiting: keysIn(waits, 'after'),
  }
  const { institution, id: connection } = record
  ports.audit.record({
    type: 'connection.metadata_refreshed',
    outcome: anew ? 'refused' : 'ok',
    ...(anew && { code }),
    connection,
    detail,
  })
  if (!anew) return
  ports.metrics.count('drawbridge_alerts_total', { code })
  ports.log.warn('alert', { code, institution, connection, detail })
}
