// Names of accounts that only one institution's key can make: a copy of the table, or a risk provider, learns none of them.
import { createHmac } from 'node:crypto'
import type { Transaction } from '../domain/transaction.ts'
import type { Freezes } from '../ports/freezes.ts'
import type { KeyStore } from '../ports/key-store.ts'

// As many accounts as the policies of some institutions list; what a policy names is asked for at every decision.
const mostTokens = 50_000

export type AccountTokens = ReturnType<typeof createAccountTokens>

/** The same account of the same institution always has the same token; 22 characters of base64url. */
export function createAccountTokens(keys: Pick<KeyStore, 'secret'>) {
  const made = new Map<string, string>()
  return (institution: string, account: string): string => {
    const place = `${institution}|${account}`
    const known = made.get(place)
    if (known !== undefined) return known
    const key = keys.secret(institution, 'accounts')
    const token = createHmac('sha256', key).update(account).digest('base64url').slice(0, 22)
    if (made.size >= mostTokens) made.clear()
    made.set(place, token)
    return token
  }
}

export interface PayeePorts {
  readonly freezes: Pick<Freezes, 'hold'>
  readonly tokenOfAccount: AccountTokens
}

/** Is the account frozen that this transaction goes to? Inside a unit, until whose end nobody freezes it. */
export async function isPayeeFrozen(
  { freezes, tokenOfAccount }: PayeePorts,
  institution: string,
  transaction: Transaction | undefined,
): Promise<boolean> {
  const account = transaction?.creditorAccount
  if (account === undefined) return false
  return freezes.hold(institution, { kind: 'payee', key: tokenOfAccount(institution, account) })
}
