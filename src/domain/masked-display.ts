// What the customer reads of a transaction, as somebody else may see it: account numbers masked wherever they stand.
import type { Language } from './language.ts'
import { mask, maskedDetail, withoutAccounts } from './mask.ts'
import { Refusal } from './refusal.ts'
import type { Transaction } from './transaction.ts'
import { displayOf } from './transaction-display.ts'
import { leavesIn, type TransactionType } from './transaction-type.ts'

export interface MaskedRow {
  readonly label: string
  readonly value: string
  readonly note: string | undefined
}

export interface MaskedDisplay {
  /** The question; undefined where the type no longer says what was asked. */
  readonly title: string | undefined
  readonly rows: readonly MaskedRow[]
}

/**
 * The text in the words of the type as it is now. Of a type that is gone, or that no longer shows all of it, every value is
 * masked and named by its place.
 */
export function maskedDisplay(
  transaction: Transaction,
  type: TransactionType | undefined,
  language: Language,
): MaskedDisplay {
  const shown = displayed(transaction, type, language)
  if (shown === undefined) return { title: undefined, rows: bare(transaction) }
  const rows = shown.rows.map(({ label, value, note }) => ({
    label,
    value: maskedText(value, transaction).replaceAll('•••• ', '••••'),
    note,
  }))
  return { title: shown.title, rows }
}

/** A text about it: every account number in it masked. */
export const maskedText = (text: string, transaction: Accounts): string =>
  withoutOwn(withoutAccounts(text), transaction)

type Accounts = Partial<Pick<Transaction, 'debtorAccount' | 'creditorAccount'>>

/** Its own account numbers, also where a text names them and they are no IBAN. */
const withoutOwn = (text: string, { debtorAccount, creditorAccount }: Accounts): string =>
  [debtorAccount, creditorAccount].reduce<string>(
    (kept, account) => (account === undefined ? kept : kept.replaceAll(account, mask(account))),
    text,
  )

function displayed(transaction: Transaction, type: TransactionType | undefined, language: Language) {
  try {
    return displayOf({ ...transaction, detail: maskedDetail(transaction.detail, type) }, type, language)
  } catch (error) {
    // The type was changed since: `displayOf` shows all of a transaction or nothing.
    if (error instanceof Refusal || error instanceof RangeError) return undefined
    throw error
  }
}

const bare = ({ detail }: Transaction): MaskedRow[] =>
  leavesIn(detail)
    .filter(({ pointer }) => pointer !== '/type')
    .map(({ pointer, value }) => ({ label: pointer.slice(1), value: mask(String(value)), note: undefined }))

/** Who is paid, and between which accounts, on one line of a list. Of a type that is gone the name is masked as well. */
export function maskedParties(
  transaction: Transaction,
  type: TransactionType | undefined,
): { from: string | undefined; to: string | undefined; name: string | undefined } {
  const { debtorAccount, creditorAccount, creditorName } = transaction
  const hidden = (value: string | undefined) => value && mask(value)
  return {
    from: hidden(debtorAccount),
    to: hidden(creditorAccount),
    name: type === undefined ? hidden(creditorName) : creditorName && maskedText(creditorName, transaction),
  }
}
