// Customers as we know them: a stable `sub` a key, claims sealed; and what they agreed to.
import type { Claims } from '../domain/claims.ts'
import { subjectKeyHash } from '../domain/subject.ts'
import type { FieldSeal } from '../ports/field-seal.ts'
import type { Consents, Subjects } from '../ports/stores.ts'
import type { Connections } from './unit-of-work.ts'

export function createSubjects({ reader, writer }: Connections, seal: FieldSeal): Subjects {
  return {
    async resolve(key, claims, fresh) {
      const db = await writer()
      const sealed = seal.seal(key.institution, JSON.stringify(claims))
      // One statement for both cases: of concurrent first sights, the later finds the earlier's sub.
      const [row] = await db('subject')
        .insert({ institution: key.institution, key_hash: subjectKeyHash(key), sub: fresh, claims: sealed })
        .onConflict(['institution', 'key_hash'])
        .merge({ claims: sealed, updated_at: db.fn.now() })
        .returning('sub')
      return row.sub
    },
    async claims(institution, subject) {
      const db = await reader()
      const row = await db('subject').where({ institution, sub: subject }).first('claims')
      return row && (JSON.parse(seal.open(institution, row.claims)) as Claims)
    },
  }
}

export function createConsents({ reader, send }: Connections): Consents {
  return {
    async scopes(institution, subject, relyingParty) {
      const db = await reader()
      const row = await db('consent')
        .where({ institution, subject, relying_party: relyingParty })
        .first('scopes')
      return row?.scopes ?? []
    },
    async remember(institution, { subject, relyingParty, scopes }) {
      await send((db) =>
        db('consent')
          .insert({ institution, subject, relying_party: relyingParty, scopes: [...scopes] })
          .onConflict(['institution', 'subject', 'relying_party'])
          .merge({
            scopes: db.raw('array(select distinct unnest(consent.scopes || excluded.scopes) order by 1)'),
            updated_at: db.fn.now(),
          }),
      )
    },
  }
}
