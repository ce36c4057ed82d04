// Choosing the connection of a sign-in: which are offered, and taking one of them, as often as the customer likes.
import { homeOf } from '../domain/choice.ts'
import type { Connection } from '../domain/institution.ts'
import { type LoginTransaction, nextStep } from '../domain/login.ts'
import { Refusal } from '../domain/refusal.ts'
import type { Directory, Logins } from '../ports/stores.ts'
import type { Audit } from '../ports/unit-of-work.ts'
import { change, traceOf } from './login.ts'
import { offeredOf } from './offered.ts'

export interface ChoicePorts {
  readonly directory: Directory
  readonly logins: Logins
  readonly audit: Audit
}

export type Choice = ReturnType<typeof createChoice>

export function createChoice(ports: ChoicePorts) {
  return {
    /** The connections that this sign-in may go by now, in the order of the relying party. */
    offered: (login: LoginTransaction): Promise<readonly Connection[]> => offeredTo(ports, login),
    /** Takes the connection of this id. Refuses with `interaction.step` once the subject is known. */
    take: (login: LoginTransaction, id: string) => take(ports, login, id),
    /** Takes the connection at which this mail address is at home; undefined when that cannot be told. Keeps no address. */
    async takeByAddress(login: LoginTransaction, address: string): Promise<LoginTransaction | undefined> {
      const home = homeOf(await offeredTo(ports, login), address)
      return home === undefined ? undefined : take(ports, login, home.id)
    },
  }
}

const offeredTo = ({ directory }: ChoicePorts, login: LoginTransaction): Promise<Connection[]> =>
  offeredOf(directory, login.institution, login.choices)

async function take(ports: ChoicePorts, login: LoginTransaction, id: string): Promise<LoginTransaction> {
  const { step } = nextStep(login)
  if (step !== 'choose' && step !== 'upstream') throw new Refusal('interaction.step', { uid: login.uid })
  const offered = await offeredTo(ports, login)
  if (!offered.some((connection) => connection.id === id))
    throw new Refusal('connection.unknown', { connection: id.slice(0, 64) })
  if (login.connection === id) return login
  // An answer of the connection that was chosen before must not end this sign-in any more.
  const forgotten = { upstreamRequest: undefined, upstreamMemory: undefined, askedAcr: undefined }
  const next = { ...login, ...forgotten, connection: id, upstreamSpent: false }
  await change(ports.logins, next)
  const detail = {
    offered: offered.map((connection) => connection.id),
    ...(login.connection !== undefined && { instead_of: login.connection }),
  }
  ports.audit.record({ type: 'login.connection_chosen', outcome: 'ok', ...traceOf(next), detail })
  return next
}
