// How every store asks whether something is frozen: one condition and one lock, the same for all of them.
import type { Knex } from 'knex'
import type { FreezeKind, FreezeTarget } from '../domain/freeze.ts'
import type { Queries } from './transaction.ts'

/** In force, by the clock of the database: one for all nodes. */
export const inForce =
  'freeze_record.lifted_at is null and (freeze_record.ends_at is null or freeze_record.ends_at > now())'

/** A condition: is that of this kind frozen whose institution and key these columns or bindings are? */
export const frozen = (
  kind: FreezeKind,
  { institution, key }: { readonly institution: string; readonly key: string },
): string =>
  `exists (select 1 from freeze_record where freeze_record.institution = ${institution} and freeze_record.kind = '${kind}' and freeze_record.target = ${key} and ${inForce})`

const lockKey = (institution: string, { kind, key }: FreezeTarget): string =>
  `freeze|${institution}|${kind}|${key}`

/** Until the transaction ends, whoever would freeze it waits; those who hold it do not wait for one another. */
export const held = (db: Queries, institution: string, target: FreezeTarget): Knex.Raw =>
  db.raw('select pg_advisory_xact_lock_shared(hashtextextended(?, 0))', [lockKey(institution, target)])

/** The same for the payee of transactions, whose token stands in their rows. */
export const heldPayees = (db: Queries, rows: Readonly<Record<string, string>>): Knex.QueryBuilder =>
  db('customer_transaction')
    .where(rows)
    .whereNotNull('to_account')
    .select(
      db.raw(
        "pg_advisory_xact_lock_shared(hashtextextended('freeze|' || institution || '|payee|' || to_account, 0))",
      ),
    )

/** Waits for all who hold it. */
export const taken = (db: Queries, institution: string, target: FreezeTarget): Knex.Raw =>
  db.raw('select pg_advisory_xact_lock(hashtextextended(?, 0))', [lockKey(institution, target)])
