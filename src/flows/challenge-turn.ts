// Turns with the engine: of one sign-in one request at a time speaks with it, and the others wait until it has (attacks 153, 158).
import { type LoginTransaction, nextStep } from '../domain/login.ts'
import { noChallenge } from '../domain/login-challenge.ts'
import { Refusal } from '../domain/refusal.ts'
import type { Chance, Clock } from '../ports/clock.ts'
import type { Logins } from '../ports/stores.ts'
import type { UnitOfWork } from '../ports/unit-of-work.ts'
import { engineMs } from './challenge-engine.ts'
import { type HeldLoginPorts, heldLogin } from './held-login.ts'
import { change } from './login.ts'

export interface ChallengeTurnPorts extends HeldLoginPorts {
  readonly logins: Logins
  readonly unit: Pick<UnitOfWork, 'checkpoint'>
  readonly rest: (ms: number) => Promise<unknown>
  readonly clock: Clock
  readonly chance: Chance
}

// One whose process died in it must not keep the customer for long.
const turnMs = engineMs + 2000
const patienceMs = turnMs + 1000
const lookMs = 100

export const isBusy = ({ challenge }: LoginTransaction, now: number): boolean =>
  (challenge?.turn?.until ?? 0) > now

/**
 * The record, held, once nobody speaks with the engine about it. Refuses with `interaction.step` where no challenge is due (any
 * more), and with `busy` where it takes too long.
 */
export async function awaitTurn(
  ports: ChallengeTurnPorts,
  seen: LoginTransaction,
): Promise<LoginTransaction> {
  const until = ports.clock.now() + patienceMs
  for (;;) {
    const login = await heldLogin(ports, seen)
    if (nextStep(login).step !== 'challenge') throw new Refusal('interaction.step', { uid: login.uid })
    const now = ports.clock.now()
    if (!isBusy(login, now)) return login
    if (now >= until) throw new Refusal('busy')
    await ports.unit.checkpoint()
    await ports.rest(lookMs)
  }
}

/** The record, with a turn that is ours: what was counted and changed commits when the engine is asked. */
export async function takeTurn(
  ports: ChallengeTurnPorts,
  login: LoginTransaction,
): Promise<LoginTransaction> {
  const turn = { id: ports.chance.token(12), until: ports.clock.now() + turnMs }
  const next = { ...login, challenge: { ...(login.challenge ?? noChallenge), turn } }
  await change(ports.logins, next)
  return next
}

/** The record, held, after the engine was asked; undefined where our turn was over before, so that nothing is made of its answer. */
export async function endTurn(
  ports: ChallengeTurnPorts,
  taken: LoginTransaction,
): Promise<LoginTransaction | undefined> {
  const { challenge, ...login } = await heldLogin(ports, taken)
  const mine = challenge?.turn?.id === taken.challenge?.turn?.id
  if (!mine || challenge === undefined || nextStep(login).step !== 'challenge') return undefined
  return { ...login, challenge: { ...challenge, turn: undefined } }
}
