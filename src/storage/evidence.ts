// What proves approvals: written once with the approval itself, sealed, and never changed.
import type { EvidenceMaterial } from '../domain/evidence.ts'
import type { EvidenceStore, KeptEvidence, UserCodes } from '../ports/approvals.ts'
import type { FieldSeal } from '../ports/field-seal.ts'
import type { Connections } from './unit-of-work.ts'

interface Row {
  readonly institution: string
  readonly id: string
  readonly transaction_id: string | null
  readonly digest: string
  readonly record: string
}

const isSignatorys = ({ material }: KeptEvidence): boolean => material.request.origin === 'signatory'

export function createEvidenceStore({ reader, send }: Connections, seal: FieldSeal): EvidenceStore {
  const fromRow = (row: Row): KeptEvidence => ({
    id: row.id,
    transactionId: row.transaction_id ?? undefined,
    digest: row.digest,
    material: JSON.parse(seal.open(row.institution, row.record)) as EvidenceMaterial,
  })
  /** Oldest first. */
  async function all(institution: string, transactionId: string): Promise<readonly KeptEvidence[]> {
    const db = await reader()
    const where = { institution, transaction_id: transactionId }
    const rows: Row[] = await db('approval_evidence').where(where).orderBy('created_at').orderBy('id')
    return rows.map(fromRow)
  }
  return {
    keep: (institution, { id, transactionId, digest, material }) =>
      send((db) =>
        db('approval_evidence').insert({
          ...{ institution, id, digest, transaction_id: transactionId ?? null },
          record: seal.seal(institution, JSON.stringify(material)),
          created_at: new Date(material.times.answered),
        }),
      ),
    async get(institution, id) {
      const db = await reader()
      const row: Row | undefined = await db('approval_evidence').where({ institution, id }).first()
      return row && fromRow(row)
    },
    async ofTransaction(institution, transactionId) {
      // Approved on a phone and on the page in the same moment: both are evidence, and the later one is told.
      return (await all(institution, transactionId)).findLast((one) => !isSignatorys(one))
    },
    async ofSignatories(institution, transactionId) {
      return (await all(institution, transactionId)).filter(isSignatorys)
    },
  }
}

export function createUserCodes({ reader, send }: Connections): UserCodes {
  return {
    async verifier(institution, subject) {
      const db = await reader()
      return (await db('user_code').where({ institution, subject }).first('verifier'))?.verifier
    },
    async set(institution, subject, verifier) {
      if (verifier === undefined) return send((db) => db('user_code').where({ institution, subject }).del())
      const row = { institution, subject, verifier }
      await send((db) =>
        db('user_code')
          .insert(row)
          .onConflict(['institution', 'subject'])
          .merge({ verifier, changed_at: db.fn.now() }),
      )
    },
  }
}
