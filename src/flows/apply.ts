// Applying configuration: what the given institutions would change, and, unless it is a dry run, changing it.
import { domainsTaken } from '../domain/connection-content.ts'
import type { ConsoleSessions } from '../ports/administrators.ts'
import type { ApplyReport, RowChange } from '../ports/application.ts'
import type { Channels } from '../ports/channel.ts'
import type { Chance } from '../ports/clock.ts'
import type { ConnectionStore } from '../ports/connections.ts'
import type { Connectors } from '../ports/connector.ts'
import { ApplyFault } from '../ports/judged.ts'
import type { Pictures } from '../ports/pictures.ts'
import type { Directory, DirectoryWriter, InstitutionSet } from '../ports/stores.ts'
import type { UnitOfWork } from '../ports/unit-of-work.ts'
import { type ApplyLinePorts, lineFaults } from './apply-lines.ts'
import { type ApplyPingPorts, pingFaults } from './apply-pings.ts'
import {
  type ApplyPolicyPorts,
  policyApplied,
  policyEffect,
  policyFaults,
  withPolicy,
} from './apply-policy.ts'
import { type ApplyRiskPorts, riskFaults } from './apply-risk.ts'
import { pictureFault } from './pictures.ts'
import { endWayIn } from './staff-sessions.ts'

export interface ApplyPorts extends ApplyPolicyPorts, ApplyRiskPorts, ApplyPingPorts, ApplyLinePorts {
  readonly directory: Directory
  readonly writer: DirectoryWriter
  readonly unit: UnitOfWork
  readonly chance: Chance
  readonly connectors: Pick<Connectors, 'plugins'>
  readonly channels: Pick<Channels, 'plugins'>
  readonly pictures: Pictures
  readonly consoleSessions: Pick<ConsoleSessions, 'endBy'>
  readonly connectionStore: Pick<ConnectionStore, 'lock' | 'list'>
}

export type Apply = ReturnType<typeof createApply>

/**
 * Idempotent: the same sets twice change nothing the second time, and nothing is audited then. Each institution is one
 * unit of work with its `configuration.applied` event. Throws ApplyFault before any change when a set does not hold.
 */
export function createApply(ports: ApplyPorts) {
  return async function apply(
    sets: readonly InstitutionSet[],
    { dryRun }: { readonly dryRun: boolean },
  ): Promise<ApplyReport> {
    const faults = [
      ...settingsFaults(ports, sets),
      ...channelFaults(ports, sets),
      ...sets.flatMap((set) => lineFaults(ports, set)),
      ...(await Promise.all(sets.map((set) => riskFaults(ports, set)))).flat(),
      ...sets.flatMap((set) => pingFaults(ports, set)),
      ...(await logoFaults(ports, sets)),
      ...(await hostFaults(ports, sets)),
      ...(await ownerFaults(ports, sets)),
      ...(await Promise.all(sets.map((set) => domainFaults(ports, set)))).flat(),
      ...(await Promise.all(sets.map((set) => policyFaults(ports, set)))).flat(),
    ]
    if (faults.length > 0) throw new ApplyFault(faults)
    const changes: RowChange[] = []
    for (const set of sets) changes.push(...(await applied(ports, set, dryRun)))
    return { dryRun, changes }
  }
}

async function applied(ports: ApplyPorts, set: InstitutionSet, dryRun: boolean): Promise<RowChange[]> {
  const { id } = set.institution
  if (dryRun) {
    const rows = changesBetween(await ports.directory.everything(id, 'file'), set)
    return withPolicy(rows, id, await policyEffect(ports, set))
  }
  return ports.unit.run({ institution: id, reference: ports.chance.reference() }, async () => {
    // What was judged above may have changed: from here on nobody else changes a connection.
    await ports.connectionStore.lock(id)
    const faults = [...(await domainFaults(ports, set)), ...(await policyFaults(ports, set))]
    if (faults.length > 0) throw new ApplyFault(faults)
    const before = await ports.directory.everything(id, 'file')
    const effect = await policyEffect(ports, set)
    const changes = withPolicy(changesBetween(before, set), id, effect)
    if (changes.length === 0) return changes
    const loosened = [...effect.ratesLoosen, ...effect.settingsLoosen]
    await policyApplied(ports, id, effect)
    for (const { connection, ...key } of await ports.writer.put(set, 'file')) {
      const detail = { by: 'file', why: 'the connection was removed', ...key }
      ports.audit.record({ type: 'key.dropped', outcome: 'ok', connection, detail })
    }
    for (const was of before?.connections ?? []) {
      const after = set.connections.find((one) => one.id === was.id)
      await endWayIn(ports, { institution: id, id: was.id, before: was, after, by: 'file' })
    }
    const named = (change: RowChange['change']) =>
      changes.filter((row) => row.change === change).map((row) => `${row.kind} ${row.id}`)
    ports.audit.record({
      type: 'configuration.applied',
      outcome: 'ok',
      detail: {
        ...{ by: 'file', added: named('added'), changed: named('changed'), removed: named('removed') },
        // The policy is the same, and less is asked or kept: no other event tells of it.
        ...(loosened.length > 0 && { loosened }),
      },
    })
    return changes
  })
}

type Rows = readonly { readonly kind: RowChange['kind']; readonly id: string; readonly row: object }[]

const rowsOf = (set: InstitutionSet): Rows => [
  { kind: 'institution', id: set.institution.id, row: set.institution },
  ...set.relyingParties.map((row) => ({ kind: 'relying_party' as const, id: row.id, row })),
  // The version is counted where the row is kept, and what metadata taught stands beside it; a file has neither.
  ...set.connections.map(({ version: _, learned: _learned, metadataUntil: _until, ...row }) => ({
    kind: 'connection' as const,
    id: row.id,
    row,
  })),
  ...set.cores.map((row) => ({ kind: 'core' as const, id: row.id, row })),
]

/** The rows that differ, in the order institution, relying parties, connections, cores; removed ones last. */
export function changesBetween(before: InstitutionSet | undefined, after: InstitutionSet): RowChange[] {
  const institution = after.institution.id
  const old = before === undefined ? [] : rowsOf(before)
  const now = rowsOf(after)
  const same = (a: Rows[number]) => (b: Rows[number]) => a.kind === b.kind && a.id === b.id
  const present = now.flatMap((entry): RowChange[] => {
    const { kind, id } = entry
    const was = old.find(same(entry))
    if (was === undefined) return [{ institution, kind, id, change: 'added', fields: [] }]
    const fields = differing(was.row, entry.row, '')
    return fields.length === 0 ? [] : [{ institution, kind, id, change: 'changed', fields }]
  })
  const gone = old
    .filter((entry) => !now.some(same(entry)))
    .map(({ kind, id }): RowChange => ({ institution, kind, id, change: 'removed', fields: [] }))
  return [...present, ...gone]
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

/** Paths of the fields that differ. A member that is undefined is the same as none: rows are kept as JSON. */
function differing(before: unknown, after: unknown, path: string): string[] {
  if (!isRecord(before) || !isRecord(after) || Array.isArray(before) !== Array.isArray(after))
    return Object.is(before, after) ? [] : [path]
  const keys = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...keys].flatMap((key) => {
    const inner = Array.isArray(after) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`
    return differing(before[key], after[key], inner)
  })
}

/** Settings of connections, as their connectors judge them. */
function settingsFaults({ connectors }: ApplyPorts, sets: readonly InstitutionSet[]): string[] {
  return sets.flatMap((set) =>
    set.connections.flatMap(({ id, type, settings }) => {
      const plugin = connectors.plugins().find((one) => one.type === type)
      return checkFaults({
        ...{ place: `${set.institution.id}: connection ${id}`, plugin, settings },
        none: `no connector of type ${type}`,
      })
    }),
  )
}

interface Checking {
  readonly place: string
  readonly plugin: { check(settings: Readonly<Record<string, unknown>>): void } | undefined
  readonly settings: Readonly<Record<string, unknown>>
  /** What is wrong where there is no plugin. */
  readonly none: string
}

function checkFaults({ place, plugin, settings, none }: Checking): string[] {
  if (plugin === undefined) return [`${place}: ${none}`]
  try {
    plugin.check(settings)
    return []
  } catch (error) {
    return [`${place}: ${error instanceof Error ? error.message : String(error)}`]
  }
}

/** Settings of channels, as their plugins judge them. */
const channelFaults = ({ channels }: ApplyPorts, sets: readonly InstitutionSet[]): string[] =>
  sets.flatMap(({ institution }) =>
    (institution.channels ?? []).flatMap(({ id, type, settings }) => {
      const plugin = channels.plugins().find((one) => one.type === type)
      return checkFaults({
        ...{ place: `${institution.id}: channel ${id}`, plugin, settings },
        none: `no channel of type ${type}`,
      })
    }),
  )

/** A domain is at home at one connection, also where the console made the other one. */
async function domainFaults({ connectionStore }: ApplyPorts, set: InstitutionSet): Promise<string[]> {
  const { id: institution } = set.institution
  const others = (await connectionStore.list(institution)).filter(({ managedBy }) => managedBy === 'console')
  return set.connections.flatMap((connection) =>
    domainsTaken(connection, others).map(
      ({ message }) => `${institution}: connection ${connection.id}: ${message}`,
    ),
  )
}

/** Pictures are decoded here, as in the console: a file's are sent to customers too. */
async function logoFaults({ pictures }: ApplyPorts, sets: readonly InstitutionSet[]): Promise<string[]> {
  const faults: string[] = []
  for (const { institution, connections } of sets)
    for (const { id, logo } of connections) {
      const fault = logo === undefined ? undefined : await pictureFault(pictures, logo)
      if (fault !== undefined)
        faults.push(`${institution.id}: connection ${id}: logo: ${fault.message} (${fault.code})`)
    }
  return faults
}

/** A row that the console made is not overwritten by a file that happens to use its id. */
async function ownerFaults({ directory }: ApplyPorts, sets: readonly InstitutionSet[]): Promise<string[]> {
  const faults = sets.map(async (set) => {
    const { id } = set.institution
    const others = await directory.everything(id, 'console')
    const taken = others === undefined ? [] : rowsOf(others).slice(1)
    return rowsOf(set)
      .filter((row) => taken.some((other) => other.kind === row.kind && other.id === row.id))
      .map((row) => `${id}: ${row.kind} ${row.id} is managed by the console`)
  })
  return (await Promise.all(faults)).flat()
}

/** Two institutions with one host name would answer for each other (invariant 5). */
async function hostFaults({ directory }: ApplyPorts, sets: readonly InstitutionSet[]): Promise<string[]> {
  const given = sets.map((set) => set.institution)
  const twice = given.filter((one, i) => given.findIndex(({ id }) => id === one.id) !== i)
  const others = (await directory.institutions()).filter((kept) => !given.some(({ id }) => id === kept.id))
  const all = [...others, ...given]
  const clashes = given.flatMap((one) =>
    all
      .filter((other) => other.id !== one.id && other.host !== undefined && other.host === one.host)
      .map((other) => `${one.id}: host ${one.host} is that of ${other.id}`),
  )
  return [...twice.map(({ id }) => `${id}: given twice`), ...clashes]
}
