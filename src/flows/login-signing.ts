// A sign-in that waits for others to sign what its customer has approved: they are asked once, and its page looks.
import type { CustomerTransaction } from '../domain/customer-transaction.ts'
import type { Institution } from '../domain/institution.ts'
import { type LoginTransaction, nextStep } from '../domain/login.ts'
import { Refusal, type RefusalCode } from '../domain/refusal.ts'
import type { Clock } from '../ports/clock.ts'
import type { Logins } from '../ports/stores.ts'
import type { Transactions } from '../ports/transactions.ts'
import type { CoSigning } from './co-signing.ts'
import { change } from './login.ts'

export interface LoginSigningPorts {
  readonly logins: Logins
  readonly transactions: Pick<Transactions, 'get'>
  readonly coSigning: CoSigning
  readonly clock: Clock
}

/** Where the sign-in stands. */
export type Signing =
  | { readonly kind: 'waiting'; readonly until: number }
  /** The record, with which it goes on. */
  | { readonly kind: 'signed'; readonly login: LoginTransaction }
  | { readonly kind: 'refused'; readonly code: RefusalCode }

export type LoginSigning = ReturnType<typeof createLoginSigning>

/** Every function runs inside a unit of work; they refuse with `interaction.step` where nobody is to sign. */
export function createLoginSigning(ports: LoginSigningPorts) {
  return {
    /** Asks where nobody was asked yet, and takes up what there is. */
    state: (institution: Institution, login: LoginTransaction) => state(ports, institution, login),
    /** Is it still waited for? Nothing is changed. */
    async waits(login: LoginTransaction): Promise<boolean> {
      if (nextStep(login).step !== 'sign') return false
      const one = await transactionOf(ports, login)
      return one.state === 'open' && !(await ports.coSigning.isSigned(one))
    },
    /** Nobody waits any more. */
    withdraw: (login: LoginTransaction) =>
      ports.coSigning.withdraw(login.institution, login.decision?.id ?? ''),
  }
}

async function transactionOf(
  { transactions }: LoginSigningPorts,
  { institution, uid, decision }: LoginTransaction,
): Promise<CustomerTransaction> {
  const one = await transactions.get(institution, decision?.id ?? '')
  if (one === undefined) throw new Refusal('interaction.step', { uid })
  return one
}

async function state(
  ports: LoginSigningPorts,
  institution: Institution,
  seen: LoginTransaction,
): Promise<Signing> {
  // Not held: whoever is asked is held in one order, and of two tabs one asks.
  const login = (await ports.logins.get(seen.institution, seen.uid)) ?? seen
  if (nextStep(login).step !== 'sign') throw new Refusal('interaction.step', { uid: login.uid })
  const one = await transactionOf(ports, login)
  // Whoever of them said no has ended it.
  if (one.state !== 'open') return { kind: 'refused', code: 'approval.denied' }
  const begun = await ports.coSigning.begin(institution, one.id, true)
  if (begun === 'lacking') return { kind: 'refused', code: 'transaction.signatories' }
  if (begun === 'over') throw new Refusal('interaction.expired', { uid: login.uid })
  if (!(await ports.coSigning.isSigned(one))) return { kind: 'waiting', until: one.expiresAt }
  const next: LoginTransaction = { ...login, signed: true }
  await change(ports.logins, next)
  return { kind: 'signed', login: next }
}
