// Connections as somebody in the console changes them: every step is judged here, whatever page asked for it.
import { actorOf, type Visitor } from '../domain/administrator.ts'
import { type Approval, hindrance, mayChange } from '../domain/connection-approval.ts'
import type { ConnectionContent } from '../domain/institution.ts'
import { Refusal } from '../domain/refusal.ts'
import type { Clock } from '../ports/clock.ts'
import type { Actor, ConnectionRecord } from '../ports/connections.ts'
import type { ConnectionApproval } from './connection-approval.ts'
import type { ConnectionRemoval } from './connection-removal.ts'
import type { ConnectionAt, ConnectionFlows, NewConnection } from './connections.ts'

export interface ConsoleConnectionPorts {
  readonly connectionFlows: ConnectionFlows
  readonly connectionRemoval: ConnectionRemoval
  readonly connectionApproval: ConnectionApproval
  readonly clock: Clock
}

/** Who takes the step, and why in their own words. */
export interface Taker {
  readonly visitor: Visitor
  readonly why: string
}

export type ConsoleConnections = ReturnType<typeof createConsoleConnections>

/**
 * Writers refuse like those of flows/connections, and with `console.forbidden` (detail `needs`, `loosened`) where the person lacks a
 * permission, `console.recent` where they must prove themselves first. What was judged is what is done: another version
 * is `connection.stale`. The bare writers are not here, so that no page can go around the judgement.
 */
export function createConsoleConnections(ports: ConsoleConnectionPorts) {
  const { connectionFlows: flows, connectionApproval, connectionRemoval } = ports
  return {
    list: flows.list,
    get: flows.get,
    compare: flows.compare,
    history: flows.history,
    async create(given: NewConnection, taker: Taker): Promise<ConnectionRecord> {
      permitted(taker, [{ ...given.content, managedBy: 'console' }])
      return flows.create(given, actorFor(taker))
    },
    async save(at: ConnectionAt, content: ConnectionContent, taker: Taker): Promise<ConnectionRecord> {
      const record = await judgedAt(ports, at, { taker, becomes: content })
      admit(ports, taker, connectionApproval.toSave(record, content))
      return flows.save(at, content, actorFor(taker))
    },
    async restore(at: ConnectionAt, version: number, taker: Taker): Promise<ConnectionRecord> {
      const history = await flows.history(at.institution, at.id)
      const content = history.find((one) => one.version === version)?.content
      if (content === undefined) throw new Refusal('connection.unknown', { ...at, restore: version })
      const record = await judgedAt(ports, at, { taker, becomes: content })
      admit(ports, taker, connectionApproval.toSave(record, content))
      return flows.restore(at, version, actorFor(taker))
    },
    async activate(at: ConnectionAt, taker: Taker): Promise<ConnectionRecord> {
      const record = await judgedAt(ports, at, { taker })
      admit(ports, taker, await connectionApproval.toActivate(record))
      return flows.activate(at, actorFor(taker))
    },
    async disable(at: ConnectionAt, taker: Taker): Promise<ConnectionRecord> {
      await judgedAt(ports, at, { taker })
      return flows.disable(at, actorFor(taker))
    },
    async discard(at: ConnectionAt, taker: Taker): Promise<ConnectionRecord> {
      await judgedAt(ports, at, { taker })
      return flows.discard(at, actorFor(taker))
    },
    namedBy: connectionRemoval.namedBy,
    removable: connectionRemoval.removable,
    /** A draft that was never live; refuses beside the others with `connection.in_use`. */
    async remove(at: ConnectionAt, taker: Taker): Promise<void> {
      await judgedAt(ports, at, { taker })
      return connectionRemoval.remove(at, actorFor(taker))
    },
  }
}

const actorFor = ({ visitor, why }: Taker): Actor => ({ by: actorOf(visitor), why })

function permitted({ visitor }: Taker, all: Parameters<typeof mayChange>[1]): void {
  if (!mayChange(visitor, all))
    throw new Refusal('console.forbidden', { kind: visitor.kind, roles: visitor.roles })
}

interface Judging {
  readonly taker: Taker
  readonly becomes?: ConnectionContent
}

/** The record at the version that the person saw, if they may work on it. */
async function judgedAt(
  { connectionFlows }: ConsoleConnectionPorts,
  { institution, id, version }: ConnectionAt,
  { taker, becomes }: Judging,
): Promise<ConnectionRecord> {
  const record = await connectionFlows.get(institution, id)
  const { managedBy } = record
  permitted(taker, [record, ...(becomes ? [{ ...becomes, managedBy }] : [])])
  if (record.version !== version)
    throw new Refusal('connection.stale', { connection: id, version, present: record.version })
  return record
}

function admit({ clock }: ConsoleConnectionPorts, { visitor }: Taker, approval: Approval): void {
  const code = hindrance(visitor, approval, clock.now())
  if (code !== undefined) throw new Refusal(code, { needs: approval.needs, loosened: approval.loosened })
}
