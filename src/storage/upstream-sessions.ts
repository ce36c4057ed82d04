// Sign-ins at IdPs and the browser sessions that they became. Names are sealed, and found by their hash.
import { createHash } from 'node:crypto'
import type { Knex } from 'knex'
import type { FieldSeal } from '../ports/field-seal.ts'
import type { LinkedSession, UpstreamName, UpstreamSession, UpstreamSessions } from '../ports/sign-out.ts'
import type { Connections } from './unit-of-work.ts'

interface Row {
  institution: string
  connection: string
  login: string
  name_id: string
  session_index: string
  subject: string
  logout_hint: string | null
  browser_session: string
  expires_at: Date
}

/** Format, value and both qualifiers: names that differ in any of them are different names (SAML Core 3.3.4). */
const nameOf = ({ format, value, nameQualifier, spNameQualifier }: UpstreamSession['nameId']): string =>
  JSON.stringify([format, value, nameQualifier ?? null, spNameQualifier ?? null])

const hashOf = (name: string): string => createHash('sha256').update(name).digest('base64url')

function linkedOf(seal: FieldSeal, row: Row): LinkedSession {
  const { institution, connection, login, subject } = row
  const [format, value, nameQualifier, spNameQualifier] = JSON.parse(seal.open(institution, row.name_id))
  return {
    institution,
    connection,
    login,
    subject,
    nameId: {
      format,
      value,
      nameQualifier: nameQualifier ?? undefined,
      spNameQualifier: spNameQualifier ?? undefined,
    },
    sessionIndex: row.session_index,
    logoutHint: row.logout_hint === null ? undefined : seal.open(institution, row.logout_hint),
    browserSession: row.browser_session,
    expiresAt: row.expires_at.getTime(),
  }
}

function rowOf(seal: FieldSeal, session: UpstreamSession) {
  const { institution, connection, login, subject, sessionIndex, logoutHint } = session
  const name = nameOf(session.nameId)
  return {
    institution,
    login,
    connection,
    name_id_hash: hashOf(name),
    name_id: seal.seal(institution, name),
    session_index: sessionIndex,
    subject,
    logout_hint: logoutHint === undefined ? null : seal.seal(institution, logoutHint),
    expires_at: new Date(session.expiresAt),
  }
}

/** Throws where neither a name nor an index is given: that would be everybody. */
function meant(
  rows: Knex.QueryBuilder,
  { institution, connection, nameId, sessionIndexes }: UpstreamName,
): Knex.QueryBuilder {
  if (nameId === undefined && sessionIndexes.length === 0) throw new Error('a logout must name somebody')
  rows.where({ institution, connection })
  if (nameId !== undefined) rows.where({ name_id_hash: hashOf(nameOf(nameId)) })
  if (sessionIndexes.length > 0) rows.whereIn('session_index', [...sessionIndexes])
  return rows
}

export function createUpstreamSessions(
  { reader, writer, send }: Connections,
  seal: FieldSeal,
): UpstreamSessions {
  const linked = (row: Row) => linkedOf(seal, row)
  return {
    async put(session) {
      const row = rowOf(seal, session)
      await send((db) => db('upstream_session').insert(row).onConflict(['institution', 'login']).merge())
    },
    async link(institution, login, browserSession) {
      const change = { browser_session: browserSession }
      const db = await writer()
      const rows = await db('upstream_session')
        .where({ institution, login })
        .update(change)
        .returning('login')
      return rows.length === 1
    },
    async ofBrowser(institution, browserSession) {
      const db = await reader()
      const where = { institution, browser_session: browserSession }
      const rows: Row[] = await db('upstream_session').where(where).orderBy('expires_at', 'desc')
      return rows.map(linked)
    },
    async named(name) {
      const db = await reader()
      const rows: Row[] = await meant(db('upstream_session'), name).whereNotNull('browser_session')
      return rows.map(linked)
    },
    async abandon(name) {
      await send((db) => meant(db('upstream_session'), name).whereNull('browser_session').del())
    },
    async ofLogin(institution, login) {
      const db = await reader()
      const where = { institution, login }
      const row = await db('upstream_session').where(where).whereNotNull('browser_session').first()
      return row && linked(row)
    },
    async forget(institution, browserSession) {
      const where = { institution, browser_session: browserSession }
      await send((db) => db('upstream_session').where(where).del())
    },
  }
}
