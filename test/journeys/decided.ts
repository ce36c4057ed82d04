// Transactions that the policy decided on, in a bridge in its parts: made without a sign-in around them.
import type { Institution } from '../../src/domain/institution.ts'
import { transactionOf } from '../../src/domain/transaction.ts'
import { typesOf } from '../../src/domain/transaction-types/known.ts'
import { createDecide } from '../../src/flows/decide.ts'
import { nobodyAsked } from '../flows/no-risk.ts'
import { alder, type Parts } from './parts.ts'
import { creditor, debtor } from './spending.ts'

export const paymentDetail = {
  type: 'payment_initiation',
  instructedAmount: { currency: 'EUR', amount: '40.00' },
  debtorAccount: { iban: debtor },
  creditorName: 'Nordhaven Energy',
  creditorAccount: { iban: creditor },
}

export interface Deciding {
  readonly institution?: Institution
  /** Over those of a payment, or in their place where it is `whole`. */
  readonly detail?: Readonly<Record<string, unknown>>
  readonly whole?: boolean
  readonly subject?: string
  readonly reference?: string
  readonly at?: number
}

/** One decision, kept; the institution's rows need not be applied. */
export function deciding({ base, stores }: Parts) {
  return ({ institution = alder, detail = {}, whole = false, ...asked }: Deciding = {}) => {
    const { subject = 'customer', reference = 'DB-TEST-0002', at = Date.now() } = asked
    const decide = createDecide({ ...base, ...stores, assess: nobodyAsked, clock: { now: () => at } })
    return base.unit.run({ institution: institution.id, reference }, async () =>
      decide(institution, {
        transaction: transactionOf({ ...(!whole && paymentDetail), ...detail }, typesOf(institution)),
        subject,
        ...{ relyingParty: 'app', device: 'd', amr: ['fed', 'pop'], granted: undefined },
        ...{ authenticatedAt: at, expiresAt: at + 600_000, trace: { reference } },
      }),
    )
  }
}
