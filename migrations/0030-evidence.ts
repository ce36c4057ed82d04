// Finding the audit event of an approval by the digest of its evidence.
import type { Knex } from 'knex'

// Of text: canonical JSON has a quote inside a value only behind a backslash, so that no value looks like this member.
const index = `
create index audit_event_evidence on audit_event (institution, substring(body from '"evidence":"([A-Za-z0-9_-]{43})"'))
  where type in ('approval.approved', 'approval.held', 'transaction.approved');
`

export async function up(knex: Knex): Promise<void> {
  await knex.raw(index)
}

/** Migrations go forward only; a mistake is mended by the next one. */
export async function down(): Promise<void> {
  throw new Error('migrations go forward only')
}
