// The types of transaction that there are: those that are built in, and an institution's own.
import type { TransactionType } from '../transaction-type.ts'
import { accountAccess } from './account-access.ts'
import { addPayee } from './add-payee.ts'
import { changeContact } from './change-contact.ts'
import { changeLimit } from './change-limit.ts'
import { paymentInitiation } from './payment-initiation.ts'

export const builtInTypes: readonly TransactionType[] = [
  paymentInitiation,
  addPayee,
  changeContact,
  changeLimit,
  accountAccess,
]

/** Every type that this institution knows. */
export const typesOf = ({
  transactionTypes = [],
}: {
  readonly transactionTypes?: readonly TransactionType[] | undefined
}): readonly TransactionType[] => [...builtInTypes, ...transactionTypes]
