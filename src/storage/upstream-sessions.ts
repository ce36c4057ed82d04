// Sign-ins at IdPs and the browser sessions that they became. Names are sealed, and found by their hash.
import { createHash } from 'node:crypto'
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
    browserSession: row.browser_session,
    expiresAt: row.expires_at.getTime(),
  }
}

export function createUpstreamSessions({ reader, send }: Connections, seal: FieldSeal): UpstreamSessions {
  const linked = (row: Row) => linkedOf(seal, row)
  const named = async ({ institution, connection, nameId, sessionIndexes }: UpstreamName) => {
    const db = await reader()
    const rows = db('upstream_session')
      .where({ institution, connection, name_id_hash: hashOf(nameOf(nameId)) })
      .whereNotNull('browser_session')
    if (sessionIndexes.length > 0) rows.whereIn('session_index', [...sessionIndexes])
    return ((await rows) as Row[]).map(linked)
  }
  return {
    async put(session) {
      const name = nameOf(session.nameId)
      const row = {
        institution: session.institution,
        login: session.login,
        connection: session.connection,
        name_id_hash: hashOf(name),
        name_id: seal.seal(session.institution, name),
        session_index: session.sessionIndex,
        subject: session.subject,
        expires_at: new Date(session.expiresAt),
      }
      await send((db) => db('upstream_session').insert(row).onConflict(['institution', 'login']).merge())
    },
    async link(institution, login, browserSession) {
      const change = { browser_session: browserSession }
      await send((db) => db('upstream_session').where({ institution, login }).update(change))
    },
    async ofBrowser(institution, browserSession) {
      const db = await reader()
      const where = { institution, browser_session: browserSession }
      const rows: Row[] = await db('upstream_session').where(where).orderBy('expires_at', 'desc')
      return rows.map(linked)
    },
    named,
    async forget(institution, browserSession) {
      const where = { institution, browser_session: browserSession }
      await send((db) => db('upstream_session').where(where).del())
    },
  }
}
