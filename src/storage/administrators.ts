// Administrators, their sessions and invitations as rows.
import type { Role } from '../domain/administrator.ts'
import type {
  AdministratorRecord,
  Administrators,
  ConsoleSession,
  ConsoleSessions,
  Invitation,
  Invitations,
} from '../ports/administrators.ts'
import type { Connections } from './unit-of-work.ts'

interface AdministratorRow {
  readonly institution: string
  readonly subject: string
  readonly roles: Role[]
  readonly added_by: string
  readonly added_at: Date
}

const administratorOf = (row: AdministratorRow): AdministratorRecord => ({
  institution: row.institution,
  subject: row.subject,
  roles: row.roles,
  addedBy: row.added_by,
  addedAt: row.added_at.getTime(),
})

export function createAdministrators({ reader, writer }: Connections): Administrators {
  return {
    async get(institution, subject) {
      const db = await reader()
      const row = await db('administrator').where({ institution, subject }).first()
      return row && administratorOf(row)
    },
    async list(institution) {
      const db = await reader()
      const rows = await db('administrator').where({ institution }).orderBy('added_at')
      return rows.map(administratorOf)
    },
    async put({ institution, subject, roles, addedBy, addedAt }) {
      const db = await writer()
      await db('administrator')
        .insert({
          institution,
          subject,
          roles: [...roles],
          added_by: addedBy,
          added_at: new Date(addedAt),
        })
        .onConflict(['institution', 'subject'])
        .merge(['roles'])
    },
    async change({ institution, subject, roles }) {
      const db = await writer()
      const present = db('administrator').where({ institution, subject })
      return (await present.update({ roles: [...roles] })) === 1
    },
    async remove(institution, subject) {
      const db = await writer()
      return (await db('administrator').where({ institution, subject }).del()) === 1
    },
    async owners(institution) {
      const db = await writer()
      // The institution's row is what two who change administrators at once both have to wait for.
      await db('institution').where({ institution }).forUpdate().first('institution')
      const rows = await db('administrator').where({ institution }).whereRaw(`'owner' = any(roles)`)
      return rows.length
    },
  }
}

interface SessionRow {
  readonly institution: string
  readonly id_hash: string
  readonly kind: ConsoleSession['kind']
  readonly administrator: string
  readonly browser_session: string | null
  readonly authenticated_at: Date
  readonly seen_at: Date
  readonly expires_at: Date
}

const sessionOf = (row: SessionRow): ConsoleSession => ({
  institution: row.institution,
  idHash: row.id_hash,
  kind: row.kind,
  administrator: row.administrator,
  browserSession: row.browser_session ?? undefined,
  authenticatedAt: row.authenticated_at.getTime(),
  seenAt: row.seen_at.getTime(),
  expiresAt: row.expires_at.getTime(),
})

const minute = 60_000

export function createConsoleSessions({ reader, writer, alone }: Connections): ConsoleSessions {
  return {
    async create({ institution, idHash, kind, administrator, browserSession = null, ...times }) {
      const db = await writer()
      await db('console_session').insert({
        ...{ institution, kind, administrator, id_hash: idHash, browser_session: browserSession },
        authenticated_at: new Date(times.authenticatedAt),
        seen_at: new Date(times.seenAt),
        expires_at: new Date(times.expiresAt),
      })
    },
    async get(institution, idHash) {
      const db = await reader()
      const row = await db('console_session').where({ institution, id_hash: idHash }).first()
      return row && sessionOf(row)
    },
    async seen({ institution, idHash, seenAt }, at) {
      if (at - seenAt < minute) return
      // By itself: the form of the page is read after it, and no unit is open while a client takes its time (ruling R-3).
      const db = await alone()
      await db('console_session')
        .where({ institution, id_hash: idHash })
        .update({ seen_at: new Date(at) })
    },
    async end(institution, idHash) {
      const db = await writer()
      return (await db('console_session').where({ institution, id_hash: idHash }).del()) === 1
    },
    async endOf(institution, browserSession) {
      const db = await writer()
      return db('console_session').where({ institution, browser_session: browserSession }).del()
    },
    async endBy({ institution, id: connection }, actor) {
      const db = await writer()
      const theirs = db('upstream_session').where({ institution, connection }).select('browser_session')
      const own = db.raw(`'administrator:' || administrator <> ?`, [actor])
      return db('console_session').where({ institution }).whereIn('browser_session', theirs).where(own).del()
    },
    async endAll(institution, administrator) {
      const db = await writer()
      return db('console_session').where({ institution, administrator }).del()
    },
  }
}

interface InvitationRow {
  readonly institution: string
  readonly token_hash: string
  readonly roles: Role[]
  readonly invited_by: string
  readonly created_at: Date
  readonly expires_at: Date
}

const invitationOf = (row: InvitationRow): Invitation => ({
  institution: row.institution,
  tokenHash: row.token_hash,
  roles: row.roles,
  by: row.invited_by,
  createdAt: row.created_at.getTime(),
  expiresAt: row.expires_at.getTime(),
})

export function createInvitations({ reader, writer }: Connections): Invitations {
  return {
    async create({ institution, tokenHash, roles, by, createdAt, expiresAt }) {
      const db = await writer()
      await db('console_invitation').insert({
        ...{ institution, token_hash: tokenHash, roles: [...roles], invited_by: by },
        created_at: new Date(createdAt),
        expires_at: new Date(expiresAt),
      })
    },
    async get(institution, tokenHash, now) {
      const db = await reader()
      const row = await db('console_invitation')
        .where({ institution, token_hash: tokenHash })
        .whereNull('used_at')
        .where('expires_at', '>', new Date(now))
        .first()
      return row && invitationOf(row)
    },
    async use(institution, { tokenHash, by, now }) {
      const db = await writer()
      const used = await db('console_invitation')
        .where({ institution, token_hash: tokenHash })
        .whereNull('used_at')
        .where('expires_at', '>', new Date(now))
        .update({ used_at: new Date(now), used_by: by })
      return used === 1
    },
    async list(institution, now) {
      const db = await reader()
      const rows = await db('console_invitation')
        .where({ institution })
        .whereNull('used_at')
        .where('expires_at', '>', new Date(now))
        .orderBy('created_at', 'desc')
      return rows.map(invitationOf)
    },
    async withdraw(institution, tokenHash) {
      const db = await writer()
      const open = { institution, token_hash: tokenHash, used_at: null }
      return (await db('console_invitation').where(open).del()) === 1
    },
    async withdrawBy(institution, by) {
      const db = await writer()
      return db('console_invitation').where({ institution, invited_by: by, used_at: null }).del()
    },
  }
}
