// Who may sign for which account: the account by its token, people and roles sealed.
import type { Mandate } from '../domain/signatories.ts'
import type { FieldSeal } from '../ports/field-seal.ts'
import type { Mandates } from '../ports/mandates.ts'
import type { Connections } from './unit-of-work.ts'

interface Row {
  readonly record: string
  readonly changed_at: Date
}

export function createMandates({ reader, writer, send }: Connections, seal: FieldSeal): Mandates {
  return {
    async get(institution, account) {
      const db = await reader()
      const row: Row | undefined = await db('mandate').where({ institution, account }).first()
      if (row === undefined) return undefined
      const signatories = JSON.parse(seal.open(institution, row.record)) as Mandate['signatories']
      return { institution, account, signatories, changedAt: row.changed_at.getTime() }
    },
    put: ({ institution, account, signatories, changedAt }) =>
      send((db) => {
        const told = {
          record: seal.seal(institution, JSON.stringify(signatories)),
          changed_at: new Date(changedAt),
        }
        const row = { institution, account, ...told }
        return db('mandate').insert(row).onConflict(['institution', 'account']).merge(told)
      }),
    async remove(institution, account) {
      const db = await writer()
      return (await db('mandate').where({ institution, account }).del()) === 1
    },
  }
}
