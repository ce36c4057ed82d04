// PIN verifiers, and attempts counted in one statement before anything is compared (attack 153).
import type { Pins } from '../ports/stores.ts'
import type { Connections } from './unit-of-work.ts'

// A lock that has passed starts the budget anew; a lock in force, or a spent budget, counts nothing more.
const countTry = `
insert into pin_attempts as a (institution, subject, device, used, locked_until, updated_at)
values (:institution, :subject, :device, 1, case when :budget <= 1 then :until::timestamptz end, :now)
on conflict (institution, subject, device) do update set
  used = case when a.locked_until <= :now then 1 else a.used + 1 end,
  locked_until = case
    when a.locked_until <= :now then case when :budget <= 1 then :until::timestamptz end
    when a.used + 1 >= :budget then :until::timestamptz end,
  updated_at = :now
where a.locked_until is null or a.locked_until <= :now
returning used, locked_until`

export function createPins({ reader, writer }: Connections): Pins {
  const place = (p: { institution: string; subject: string; device: string }) => ({
    institution: p.institution,
    subject: p.subject,
    device: p.device,
  })
  return {
    async set(institution, subject, verifier) {
      const db = await writer()
      const row = { institution, subject, verifier }
      await db('pin')
        .insert(row)
        .onConflict(['institution', 'subject'])
        .merge({ verifier, updated_at: db.fn.now() })
    },
    async setFirst(institution, subject, verifier) {
      const db = await writer()
      const row = { institution, subject, verifier }
      return (
        (await db('pin').insert(row).onConflict(['institution', 'subject']).ignore().returning('subject'))
          .length === 1
      )
    },
    async verifier(institution, subject) {
      const db = await reader()
      return (await db('pin').where({ institution, subject }).first('verifier'))?.verifier
    },
    async countTry(where, policy, now) {
      const db = await writer()
      const until = new Date(now + policy.lockSeconds * 1000)
      const bindings = { ...place(where), budget: policy.attempts, until, now: new Date(now) }
      const [row] = (await db.raw(countTry, bindings)).rows
      if (row) return { allowed: true, used: row.used, lockedUntil: row.locked_until?.getTime() }
      const locked = await db('pin_attempts').where(place(where)).first('used', 'locked_until')
      return {
        allowed: false,
        used: locked?.used ?? policy.attempts,
        lockedUntil: locked?.locked_until?.getTime(),
      }
    },
    async clear(where) {
      const db = await writer()
      await db('pin_attempts').where(place(where)).del()
    },
  }
}
