// Customers whose payments are decided over one database, slowly enough that parallel ones would see the same if anything let them.
import { setTimeout } from 'node:timers/promises'
import type { CustomerTransaction } from '../../src/domain/customer-transaction.ts'
import type { Institution } from '../../src/domain/institution.ts'
import { transactionOf } from '../../src/domain/transaction.ts'
import { builtInTypes } from '../../src/domain/transaction-types/known.ts'
import { createDecide } from '../../src/flows/decide.ts'
import { nobodyAsked } from '../flows/no-risk.ts'
import { type everything, id, now } from './rig.ts'

export const payment = (amount: string, creditor = 'DE89370400440532013000', currency = 'EUR') =>
  transactionOf(
    {
      type: 'payment_initiation',
      instructedAmount: { amount, currency },
      debtorAccount: { iban: 'ES9121000418450200051332' },
      creditorName: 'Nordhaven Energy',
      creditorAccount: { iban: creditor },
    },
    builtInTypes,
  )

/** Time enough for others to read the same, if anything lets them. */
export const slowly =
  <A extends unknown[], R>(read: (...args: A) => Promise<R>) =>
  async (...args: A): Promise<R> => {
    const result = await read(...args)
    await setTimeout(20)
    return result
  }

/** Whose stores are asked only when a test runs: then they are there. */
export function decidingOn(all: () => ReturnType<typeof everything>) {
  const customer = async () => {
    const key = {
      institution: 'alder',
      connection: 'idp',
      issuer: 'i',
      format: 'f',
      qualifiers: '[]',
      value: id(),
    }
    return all().subjects.resolve(key, {}, id())
  }
  const asked = (
    subject: string,
    amount: string,
    change: {
      creditor?: string
      currency?: string
      at?: number
      reference?: string
      relyingParty?: string
    } = {},
  ) => {
    const { at = now, reference = 'DB-TEST', relyingParty = 'app' } = change
    const decided = createDecide({
      ...all(),
      assess: nobodyAsked,
      transactions: { ...all().transactions, history: slowly(all().transactions.history) },
      keys: { secret: () => new Uint8Array(32) },
      clock: { now: () => at },
      chance: { token: id, number: () => 0 } as never,
    })
    return (institution: Institution): Promise<CustomerTransaction> =>
      all().unit.run({ institution: 'alder', reference: 'DB-TEST' }, async () =>
        decided(institution, {
          transaction: payment(amount, change.creditor, change.currency),
          subject,
          ...{ relyingParty, device: 'd', amr: ['fed', 'pop'], granted: undefined },
          ...{ authenticatedAt: at, expiresAt: at + 600_000, trace: { reference } },
        }),
      )
  }
  return { customer, asked }
}
