// Counting what was decided day by day without reading the rows, and finding evidence and cases by their age.
import type { Knex } from 'knex'

const indexes = `
create index customer_transaction_outcome on customer_transaction (institution, created_at)
  include (outcome, state, expires_at);
create index approval_evidence_at on approval_evidence (institution, created_at);
create index held_case_at on held_case (institution, created_at);
`

export async function up(knex: Knex): Promise<void> {
  await knex.raw(indexes)
}

/** Migrations go forward only; a mistake is mended by the next one. */
export async function down(): Promise<void> {
  throw new Error('migrations go forward only')
}
