// Rows that configuration owns, read through a short cache: they are needed at every request and change seldom.
import { consoleId, consoleParty } from '../domain/console-party.ts'
import type { Connection, Core, Institution, ManagedBy, RelyingParty } from '../domain/institution.ts'
import type { Policy } from '../domain/policy.ts'
import { policyOf } from '../domain/policy-default.ts'
import { offeredBy } from '../domain/relying-party.ts'
import type { FieldSeal } from '../ports/field-seal.ts'
import type { Directory, DirectoryWriter, InstitutionSet } from '../ports/stores.ts'
import { contentIn, learnedIn, putConnections } from './connections.ts'
import { createPolicies } from './policies.ts'
import { openedRisk } from './risk-settings.ts'
import type { Queries } from './transaction.ts'
import type { Connections } from './unit-of-work.ts'

const freshMs = 2000

interface Kept<T> {
  readonly at: number
  readonly value: Promise<T>
  settled: boolean
}

/**
 * A value that may be as old as `freshMs`; concurrent readers share one query, but for those who hold a connection: the
 * other's query may be waiting for that very connection, on the embedded database for ever.
 */
function cached<T>(now: () => number, holds: () => boolean) {
  const kept = new Map<string, Kept<T>>()
  return {
    get(key: string, load: () => Promise<T>): Promise<T> {
      const hit = kept.get(key)
      const fresh = hit !== undefined && now() - hit.at < freshMs
      if (fresh && (hit.settled || !holds())) return hit.value
      if (fresh) return load()
      const entry: Kept<T> = { at: now(), value: load(), settled: false }
      kept.set(key, entry)
      const settled = () => {
        entry.settled = true
      }
      entry.value.then(settled, () => kept.get(key) === entry && kept.delete(key))
      return entry.value
    },
    clear: () => kept.clear(),
  }
}

export interface DirectoryPorts {
  readonly connections: Connections
  readonly seal: FieldSeal
  readonly now: () => number
  /** For the console's own entry among the relying parties. */
  readonly publicUrl: string
}

/** `forget` drops what is cached: after a row was written by another store. */
export function createDirectory({
  connections,
  seal,
  now,
  publicUrl,
}: DirectoryPorts): Directory & DirectoryWriter & { forget(): void } {
  const sets = cached<InstitutionSet | undefined>(now, connections.holds)
  const policies = createPolicies(connections)
  const all = cached<readonly Institution[]>(now, connections.holds)
  const set = (id: string) => sets.get(id, async () => readSet(await connections.reader(), seal, { id }))
  const forget = () => {
    sets.clear()
    all.clear()
  }
  return {
    institution: async (id) => (await set(id))?.institution,
    institutions: () => all.get('', async () => readAll(await connections.reader(), seal)),
    relyingParty: async (institution, id) => relyingPartyIn(await set(institution), id, publicUrl),
    connection: async (institution, id) => (await set(institution))?.connections.find((row) => row.id === id),
    connections: async (institution) => (await set(institution))?.connections ?? [],
    core: async (institution, id) => (await set(institution))?.cores.find((row) => row.id === id),
    everything: async (id, managedBy) => readSet(await connections.reader(), seal, { id, managedBy }),
    async put(given, managedBy) {
      const db = await connections.writer()
      await writeSet(db, seal, { given, managedBy })
      await policies.keep(given.institution.id, policyOf(await withConsolePolicy(db, given.institution)))
      const dropped = await putConnections(db, seal, {
        institution: given.institution.id,
        connections: given.connections,
        managedBy,
      })
      forget()
      return dropped
    },
    forget,
  }
}

/** Also the console, which has no row. */
function relyingPartyIn(
  found: InstitutionSet | undefined,
  id: string,
  publicUrl: string,
): RelyingParty | undefined {
  if (found === undefined) return undefined
  if (id === consoleId) return consoleParty(found.institution, found.connections, publicUrl)
  const row = found.relyingParties.find((one) => one.id === id)
  return row && { ...row, connections: offeredBy(row, found.connections) }
}

// JSON drops members that are undefined; they are put back so that the types stay true.
const institutionOf = (
  seal: FieldSeal,
  { channels, risk, lineFacts, ...settings }: KeptInstitution,
): Institution => ({
  ...settings,
  host: settings.host,
  help: settings.help,
  ...(channels !== undefined && { channels: JSON.parse(seal.open(settings.id, channels)) }),
  ...(risk !== undefined && { risk: JSON.parse(seal.open(settings.id, risk)) }),
  ...(lineFacts !== undefined && { lineFacts: JSON.parse(seal.open(settings.id, lineFacts)) }),
})

/** Its channels, risk providers and line facts are sealed: their settings have passwords of gateways, engines and operators. */
type KeptInstitution = Omit<Institution, 'channels' | 'risk' | 'lineFacts'> & {
  readonly channels?: string | undefined
  readonly risk?: string | undefined
  readonly lineFacts?: string | undefined
}

const keptInstitution = (
  seal: FieldSeal,
  { channels, risk, lineFacts, ...settings }: Institution,
): KeptInstitution => ({
  ...settings,
  ...(channels !== undefined && { channels: seal.seal(settings.id, JSON.stringify(channels)) }),
  ...(risk !== undefined && { risk: seal.seal(settings.id, JSON.stringify(risk)) }),
  ...(lineFacts !== undefined && { lineFacts: seal.seal(settings.id, JSON.stringify(lineFacts)) }),
})

/** The file's policy, else what the console set. */
const ruledBy = (institution: Institution, policy: Policy | null): Institution =>
  institution.policy === undefined && policy !== null ? { ...institution, policy } : institution

async function withConsolePolicy(db: Queries, institution: Institution): Promise<Institution> {
  const row: { content: Policy } | undefined = await db('console_policy')
    .where({ institution: institution.id })
    .first('content')
  return ruledBy(institution, row?.content ?? null)
}

/** The same of its risk engines. */
const askedBy = (seal: FieldSeal, institution: Institution, content: string | null): Institution =>
  institution.risk === undefined && content !== null
    ? { ...institution, risk: openedRisk(seal, institution.id, content) }
    : institution

async function readAll(db: Queries, seal: FieldSeal): Promise<readonly Institution[]> {
  const rows: { settings: KeptInstitution; content: Policy | null; risk: string | null }[] = await db(
    'institution',
  )
    .leftJoin('console_policy', 'console_policy.institution', 'institution.institution')
    .leftJoin('console_risk', 'console_risk.institution', 'institution.institution')
    .select('institution.settings', 'console_policy.content', 'console_risk.content as risk')
    .orderBy('institution.institution')
  return rows.map(({ settings, content, risk }) =>
    askedBy(seal, ruledBy(institutionOf(seal, settings), content), risk),
  )
}

const everything = `
select 'institution' as kind, '' as id, settings, '' as state, 0 as version, '' as managed_by,
  null::jsonb as learned, null::timestamptz as valid_until
  from institution where institution = :id
union all select 'policy', '', content, '', 0, 'console', null, null from console_policy where institution = :id
union all select 'risk', '', to_jsonb(content), '', 0, 'console', null, null from console_risk
  where institution = :id and content is not null
union all select 'relying_party', id, settings, '', 0, managed_by, null, null from relying_party where institution = :id
union all select 'connection', c.id, c.settings, c.state, c.version, c.managed_by, c.learned, m.valid_until
  from connection c
  left join connection_metadata m on m.institution = c.institution and m.connection = c.id
  where c.institution = :id
union all select 'core', id, settings, '', 0, managed_by, null, null from core where institution = :id`

interface SetRow {
  readonly kind: string
  readonly id: string
  readonly settings: unknown
  readonly state: Connection['state']
  readonly version: number
  readonly managed_by: string
  readonly learned: unknown
  readonly valid_until: Date | null
}

interface Wanted {
  readonly id: string
  /** Only the rows from there, beside the institution itself; of the file, without what the console set. */
  readonly managedBy?: ManagedBy | undefined
}

async function readSet(
  db: Queries,
  seal: FieldSeal,
  { id, managedBy }: Wanted,
): Promise<InstitutionSet | undefined> {
  const rows: SetRow[] = (await db.raw(everything, { id })).rows
  const wanted = rows.filter((row) => managedBy === undefined || row.managed_by === managedBy)
  const of = <T>(kind: string) => wanted.filter((row) => row.kind === kind).map((row) => row.settings as T)
  const institution = rows.find((row) => row.kind === 'institution')?.settings as KeptInstitution | undefined
  if (institution === undefined) return undefined
  const [policy = null] = managedBy === 'file' ? [] : of<Policy>('policy')
  const [risk = null] = managedBy === 'file' ? [] : of<string>('risk')
  return {
    institution: askedBy(seal, ruledBy(institutionOf(seal, institution), policy), risk),
    relyingParties: of<RelyingParty>('relying_party'),
    connections: wanted
      .filter((row) => row.kind === 'connection')
      .map((row) => ({
        ...contentIn(seal, id, row.settings),
        institution: id,
        id: row.id,
        state: row.state,
        version: row.version,
        ...(row.learned !== null && { learned: learnedIn(seal, id, row.learned) }),
        ...(row.valid_until !== null && { metadataUntil: row.valid_until.getTime() }),
      })),
    cores: of<Core>('core'),
  }
}

interface WrittenSet {
  readonly given: InstitutionSet
  readonly managedBy: ManagedBy
}

async function writeSet(db: Queries, seal: FieldSeal, { given, managedBy }: WrittenSet): Promise<void> {
  const { institution } = given
  const common = { managed_by: managedBy, updated_at: db.fn.now() }
  await db('institution')
    .insert({
      institution: institution.id,
      settings: JSON.stringify(keptInstitution(seal, institution)),
      ...common,
    })
    .onConflict('institution')
    .merge(['settings', 'managed_by', 'updated_at'])
  const tables = { relying_party: given.relyingParties, core: given.cores }
  for (const [table, rows] of Object.entries(tables)) {
    const ids = rows.map((row) => row.id)
    await db(table).where({ institution: institution.id, managed_by: managedBy }).whereNotIn('id', ids).del()
    if (rows.length === 0) continue
    await db(table)
      .insert(
        rows.map((row) => ({
          institution: institution.id,
          id: row.id,
          settings: JSON.stringify(row),
          ...common,
        })),
      )
      .onConflict(['institution', 'id'])
      .merge(['settings', 'managed_by', 'updated_at'])
  }
}
