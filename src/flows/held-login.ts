// A sign-in that two tabs or two presses may change at once.
import type { LoginTransaction } from '../domain/login.ts'
import { Refusal } from '../domain/refusal.ts'
import type { Logins } from '../ports/stores.ts'
import type { Transactions } from '../ports/transactions.ts'

export interface HeldLoginPorts {
  readonly logins: Pick<Logins, 'get'>
  readonly transactions: Pick<Transactions, 'hold'>
}

/**
 * The record as it is once nobody else changes it, until the unit ends: the second sees what the first did, one code is sent,
 * and one is used up (attacks 139, 158). Refuses with `interaction.step` before the customer is known.
 */
export async function heldLogin(
  { transactions, logins }: HeldLoginPorts,
  login: LoginTransaction,
): Promise<LoginTransaction> {
  const { institution, subject, uid } = login
  if (subject === undefined) throw new Refusal('interaction.step', { uid })
  await transactions.hold({ institution, subject })
  return (await logins.get(institution, uid)) ?? login
}
