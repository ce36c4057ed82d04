// Judging what an IdP signed by its connection; and where it is by a key that nobody knows, once more after asking for new ones.
import type { Connection, Institution } from '../domain/institution.ts'
import { certificatesIn, effectiveContent, sameValue } from '../domain/learned-keys.ts'
import { byUnknownKey } from '../domain/metadata-refresh.ts'
import { Refusal } from '../domain/refusal.ts'
import type { UpstreamSubject } from '../domain/subject.ts'
import type { ConnectionRecord, ConnectionStore } from '../ports/connections.ts'
import type { Connectors, UpstreamReply } from '../ports/connector.ts'
import type { UnitOfWork } from '../ports/unit-of-work.ts'
import type { MetadataRefresh, Sender } from './metadata-refresh.ts'

export interface JudgingPorts {
  readonly connectionStore: Pick<ConnectionStore, 'get'>
  readonly connectors: Pick<Connectors, 'of'>
  readonly metadataRefresh: Pick<MetadataRefresh, 'forUnknownKey'>
  readonly unit: Pick<UnitOfWork, 'checkpoint'>
}

export interface Signed {
  readonly institution: Institution
  readonly connection: Connection
  /** What of a record, as it is by now, may be judged by instead of `connection`; undefined where nothing may. */
  readonly instead: (record: ConnectionRecord) => Connection | undefined
  /** Who may have sent it; a sign-in of ours where it is left out. */
  readonly from?: Sender
}

export interface Judging extends Signed {
  readonly reply: UpstreamReply
}

export interface Judgement {
  readonly subject: UpstreamSubject
  /** The one that it held by. */
  readonly connection: Connection
}

/** Throws the connector's refusal; the keys are asked for as `byItsKeys` says. */
export function judgeAnswer(ports: JudgingPorts, judging: Judging): Promise<Judgement> {
  return byItsKeys(ports, judging, async (connection) => ({
    subject: await judged(ports, judging, connection),
    connection,
  }))
}

/**
 * Judges, and throws what that throws. Where the answer is by no listed key, the keys may have changed since: elsewhere in the
 * meantime, or at the IdP, which is asked for its metadata then (at most once in five minutes). If there are others by now, the same
 * answer is judged once more, so that a key that the IdP has just begun to use costs no sign-in.
 */
export async function byItsKeys<T>(
  ports: JudgingPorts,
  signed: Signed,
  judge: (connection: Connection) => Promise<T>,
): Promise<T> {
  try {
    return await judge(signed.connection)
  } catch (error) {
    if (!(error instanceof Refusal && byUnknownKey(error.code, error.detail))) throw error
    const other = await otherKeys(ports, signed)
    if (other === undefined) throw error
    return judge(other)
  }
}

async function judged(
  { connectors, unit }: JudgingPorts,
  { institution, reply }: Judging,
  connection: Connection,
): Promise<UpstreamSubject> {
  const connector = connectors.of(institution, connection)
  if (connector.asksUpstream) await unit.checkpoint()
  return connector.complete(reply)
}

async function otherKeys(ports: JudgingPorts, signed: Signed): Promise<Connection | undefined> {
  const { institution, connection, instead } = signed
  const keys = (of: Connection) => certificatesIn(effectiveContent(of))
  const now = async () => {
    const record = await ports.connectionStore.get(institution.id, connection.id)
    const other = record && instead(record)
    return other && !sameValue(keys(other), keys(connection)) ? other : undefined
  }
  // Another node, or the schedule, may have found the key already.
  await ports.unit.checkpoint()
  const found = await now()
  if (found !== undefined) return found
  await ports.metadataRefresh.forUnknownKey(institution.id, connection.id, signed.from)
  return now()
}
