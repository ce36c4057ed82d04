// Removes what has expired, in small batches that no request waits for.
import type { Log } from '../ports/log.ts'
import type { Database } from './open.ts'

const tables = [
  'login_transaction',
  'upstream_answer',
  'logout_notice',
  'backchannel_ping',
  'pending_logout',
  'replay',
  'oidc_payload',
  'connection_test',
  'exchange',
  'console_session',
  'console_invitation',
  'delivery',
  'device_message',
  'risk_memory',
] as const
const batch = 500
/** Expired rows stay this long: a late request then gets `expired` rather than `unknown`. */
const graceSeconds = 600

const statement = (table: string): string => `
delete from ${table} where ctid in (
  select ctid from ${table} where expires_at < now() - make_interval(secs => ${graceSeconds})
  limit ${batch} for update skip locked)`

// Whoever signed in must be found by their IdP for as long as a session or a token of it is left, however long that is.
const unused = `
delete from upstream_session where ctid in (
  select ctid from upstream_session named where expires_at < now() - make_interval(secs => ${graceSeconds})
  and not exists (select from oidc_payload where institution = named.institution and session_uid = named.browser_session)
  and not exists (
    select from oidc_payload where institution = named.institution and model = 'Session' and uid = named.browser_session)
  limit ${batch} for update skip locked)`

// An enrolment that was never finished; what was once active stays, revoked or not, for the audit to point at.
const abandoned = `
delete from device where ctid in (
  select ctid from device
  where state = 'pending' and nonce_expires_at < now() - make_interval(secs => ${graceSeconds})
  limit ${batch} for update skip locked)`

// Of what has ended long ago nobody needs to know that it was warned of.
const warned = `
delete from expiry_warning where ctid in (
  select ctid from expiry_warning where expires_at < now() - interval '400 days'
  limit ${batch} for update skip locked)`

// The newest stay: what failed last is what is looked for.
const oversize = `
delete from exchange where ctid in (
  select ctid from (
    select ctid, sum(bytes) over (partition by institution order by at desc, id) as total from exchange
  ) kept where total > ?)`

export interface SweeperLimits {
  /** What the kept exchanges of one institution may take. */
  readonly exchangeBytes: number
}

/** One pass over all tables; resolves with how many rows went. */
export async function sweep({ knex }: Database, { exchangeBytes }: SweeperLimits): Promise<number> {
  const { rowCount: excess } = await knex.raw(oversize, [exchangeBytes])
  let removed: number = excess
  for (const expired of [...tables.map(statement), unused, abandoned, warned]) {
    for (;;) {
      const { rowCount } = await knex.raw(expired)
      removed += rowCount
      if (rowCount < batch) break
    }
  }
  return removed
}

export interface Sweeping extends SweeperLimits {
  readonly intervalMs: number
  readonly log: Log
  /** What else is deleted in each pass; resolves with how many rows went. */
  readonly also: () => Promise<number>
}

/** Sweeps at an interval until stopped. On the embedded database it vacuums as well: autovacuum never runs there. */
export function startSweeper(
  database: Database,
  { intervalMs, log, also, ...limits }: Sweeping,
): { stop(): Promise<void> } {
  let running: Promise<void> = Promise.resolve()
  const pass = async () => {
    const removed = (await sweep(database, limits)) + (await also())
    if (removed === 0) return
    log.info('sweeper.removed', { rows: removed })
    if (database.kind === 'embedded') await database.knex.raw('vacuum')
  }
  const timer = setInterval(() => {
    running = running
      .then(pass)
      .catch((error: unknown) => log.error('sweeper.failed', { error: String(error) }))
  }, intervalMs)
  timer.unref()
  return {
    stop: () => {
      clearInterval(timer)
      return running
    },
  }
}
