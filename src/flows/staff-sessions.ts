// Sessions of the console by a connection that staff no longer come in by.
import { isWorkforce } from '../domain/console-party.ts'
import type { Connection } from '../domain/institution.ts'
import type { ConsoleSessions } from '../ports/administrators.ts'
import type { Audit } from '../ports/unit-of-work.ts'

export interface StaffSessionPorts {
  readonly consoleSessions: Pick<ConsoleSessions, 'endBy'>
  readonly audit: Audit
}

export interface Way {
  readonly institution: string
  readonly id: string
  readonly before: Opener
  /** Undefined where the connection is gone. */
  readonly after: Opener | undefined
  /** Whose own session stays: they must see what they did. */
  readonly by: string
}

type Opener = Pick<Connection, 'state' | 'audience'>

const opens = (connection: Opener): boolean => connection.state === 'active' && isWorkforce(connection)
const same = (a: Opener, b: Opener): boolean => a.state === b.state && isWorkforce(a) === isWorkforce(b)

/**
 * Ends what came by a connection that changes and does not open the console any more: switched off, removed, or for customers
 * now. Inside the unit that changes the connection: both commit, or neither.
 */
export async function endWayIn({ consoleSessions, audit }: StaffSessionPorts, way: Way): Promise<void> {
  const { institution, id, before, after, by } = way
  if (after !== undefined && (opens(after) || same(before, after))) return
  const sessions = await consoleSessions.endBy({ institution, id }, by)
  const detail = { by: 'connection', sessions }
  if (sessions > 0) audit.record({ type: 'console.signed_out', outcome: 'ok', connection: id, detail })
}
