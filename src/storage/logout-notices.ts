// Notices that apps are owed: written with the end of the session, taken by one node at a time.
import type { DueNotice, LogoutNotices } from '../ports/sign-out.ts'
import type { Connections } from './unit-of-work.ts'

interface Row {
  institution: string
  id: string
  relying_party: string
  subject: string
  sid: string
  tries: number
}

const noticeOf = (row: Row): DueNotice => ({
  institution: row.institution,
  id: row.id,
  relyingParty: row.relying_party,
  subject: row.subject,
  sid: row.sid,
  tries: row.tries,
})

// One statement: the lease is taken and committed before anything is sent, and no two nodes take the same row.
const taking = `
update logout_notice set tries = tries + 1, due_at = ?
where institution = ? and id in (
  select id from logout_notice where institution = ? and due_at <= ? order by due_at limit ? for update skip locked)
returning institution, id, relying_party, subject, sid, tries`

export function createLogoutNotices({ writer, send }: Connections): LogoutNotices {
  return {
    async put(notice, { dueAt, expiresAt }) {
      const row = {
        institution: notice.institution,
        id: notice.id,
        relying_party: notice.relyingParty,
        subject: notice.subject,
        sid: notice.sid,
        due_at: new Date(dueAt),
        expires_at: new Date(expiresAt),
      }
      await send((db) => db('logout_notice').insert(row))
    },
    async take(institution, { now, leaseUntil, most }) {
      const db = await writer()
      const values = [new Date(leaseUntil), institution, institution, new Date(now), most]
      const { rows } = (await db.raw(taking, values)) as unknown as { rows: Row[] }
      return rows.map(noticeOf)
    },
    async settle(institution, id) {
      await send((db) => db('logout_notice').where({ institution, id }).del())
    },
    async postpone(institution, id, dueAt) {
      await send((db) =>
        db('logout_notice')
          .where({ institution, id })
          .update({ due_at: new Date(dueAt) }),
      )
    },
  }
}
