// A payment that was approved and not yet used, in the store: what uses and freezes fight for.
import { transactionOf } from '../../src/domain/transaction.ts'
import { builtInTypes } from '../../src/domain/transaction-types/known.ts'
import { type everything, id, now } from './rig.ts'

export async function approvedSample(all: ReturnType<typeof everything>) {
  const transaction = transactionOf(
    {
      type: 'payment_initiation',
      instructedAmount: { amount: '10.00', currency: 'EUR' },
      debtorAccount: { iban: 'ES9121000418450200051332' },
      creditorName: 'Nordhaven Energy',
      creditorAccount: { iban: 'DE89370400440532013000' },
    },
    builtInTypes,
  )
  const one = { id: id(), subject: id(), to: id(), by: { grant: id(), hash: transaction.hash } }
  await all.transactions.create({
    ...{ institution: 'alder', id: one.id, subject: one.subject, relyingParty: 'app', reference: 'DB-TEST' },
    ...{ transaction, kind: 'payment', from: undefined, to: one.to, policy: 'p', state: 'open' },
    ...{ createdAt: now, expiresAt: now + 60_000, endedAt: undefined, usedAt: undefined },
    ...{ decision: { outcome: { kind: 'allow' }, reason: 'allowed' }, inputs: {} as never },
  })
  await all.transactions.end('alder', one.id, { state: 'approved', now })
  await all.transactions.bind('alder', one.id, one.by.grant)
  return one
}
