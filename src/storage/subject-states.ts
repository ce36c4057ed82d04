// Customers who are disabled or frozen, and the reverse of pairwise names.
import type { SubjectNames, SubjectStates } from '../ports/subjects.ts'
import { frozen } from './frozen.ts'
import type { Connections } from './unit-of-work.ts'

// Two reasons, told apart nowhere but here: lifting one leaves the other.
const stopped = `select exists (
  select 1 from disabled_subject where institution = :institution and subject = :subject
) or ${frozen('customer', { institution: ':institution', key: ':subject' })} as stopped`

export function createSubjectStates({ reader, writer }: Connections): SubjectStates {
  return {
    async isDisabled(institution, subject) {
      const db = await reader()
      const { rows }: { rows: { stopped: boolean }[] } = await db.raw(stopped, { institution, subject })
      return rows[0]?.stopped === true
    },
    async disable(institution, subject) {
      const db = await writer()
      const rows = await db('disabled_subject')
        .insert({ institution, subject })
        .onConflict(['institution', 'subject'])
        .ignore()
        .returning('subject')
      return rows.length === 1
    },
    async enable(institution, subject) {
      const db = await writer()
      return (await db('disabled_subject').where({ institution, subject }).del()) === 1
    },
  }
}

export function createSubjectNames({ reader, send }: Connections): SubjectNames {
  return {
    async remember(institution, pairwise, subject) {
      const row = { institution, pairwise, subject }
      await send((db) => db('pairwise_subject').insert(row).onConflict(['institution', 'pairwise']).ignore())
    },
    async meant(institution, sub) {
      const db = await reader()
      const own = await db('subject').where({ institution, sub }).first('sub')
      if (own !== undefined) return own.sub
      const row = await db('pairwise_subject').where({ institution, pairwise: sub }).first('subject')
      return row?.subject
    },
  }
}
