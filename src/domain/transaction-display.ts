// The text that a customer approves: rendered by us from the very data that is hashed, never taken from a client.
import { amountText, dateText, groupedAccount } from './display-values.ts'
import { type Language, localeOf } from './language.ts'
import { type Alphabet, foreignAlphabets } from './plain-text.ts'
import { Refusal } from './refusal.ts'
import type { Transaction } from './transaction.ts'
import {
  aroundSlots,
  type DisplayRow,
  leavesIn,
  slotsOf,
  type TransactionType,
  type ValueKind,
  valuesAt,
} from './transaction-type.ts'

/** One fact as it is shown. */
export interface ShownRow {
  readonly label: string
  /** The items of a list stand on a line each. */
  readonly value: string
  readonly kind: ValueKind
  readonly prominent: boolean
  /** Said plainly beside a value whose letters could be taken for others. */
  readonly note: string | undefined
}

/** A transaction in the words of one language. */
export interface Display {
  readonly title: string
  /** The words on the button. */
  readonly approve: string
  readonly rows: readonly ShownRow[]
  /** All of it as plain text, for evidence and for channels without pages; a line a fact. */
  readonly text: string
}

/**
 * What the customer is shown. Pure: the same data give the same text. Refuses with `transaction.malformed` when a value
 * would not be shown, which happens when the type was changed since the transaction was checked.
 */
export function displayOf(
  transaction: Transaction,
  type: TransactionType | undefined,
  language: Language,
): Display {
  if (type === undefined || type.type !== transaction.type)
    throw new Refusal('transaction.malformed', { field: 'type' })
  const { title, approve, rows } = type.display[language]
  const shown = rows.flatMap((row) => rowOf(row, transaction.detail, language))
  const named = new Set(rows.flatMap(slotsOf))
  const unseen = leavesIn(transaction.detail).find(
    ({ pointer }) => pointer !== '/type' && !named.has(pointer),
  )
  if (unseen !== undefined) throw new Refusal('transaction.malformed', { field: unseen.pointer.slice(1) })
  const money = shown.find(({ kind }) => kind === 'money')?.value ?? ''
  return {
    title,
    approve: approve.replace('{amount}', () => money),
    rows: shown,
    text: [title, ...shown.map(lineOf)].join('\n'),
  }
}

/** A fact as a line of plain text; the items of a list stand on lines of their own. */
export function lineOf({ label, value, kind, note }: ShownRow): string {
  const after = note === undefined ? '' : ` [${note}]`
  return kind === 'list'
    ? `${label}:${after}\n- ${value.replaceAll('\n', '\n- ')}`
    : `${label}: ${value}${after}`
}

function rowOf(row: DisplayRow, detail: object, language: Language): ShownRow[] {
  const { label, as: kind, absent, prominent = false } = row
  const slots = slotsOf(row)
  const [first = [], second = []] = slots.map((pointer) => valuesAt(detail, pointer))
  const common = { label, kind, prominent }
  if (first.length === 0 && second.length === 0) {
    const gone = valuesAt(detail, `/${slots[0]?.split('/')[1] ?? ''}`).length === 0
    return absent !== undefined && gone ? [{ ...common, kind: 'text', value: absent, note: undefined }] : []
  }
  const [before, after] = aroundSlots(row)
  const said = (value: string) => `${before}${value}${after}`
  if (kind === 'money') {
    const [amount, currency] = [first[0], second[0]]
    if (typeof amount !== 'string' || typeof currency !== 'string') throw changed(label)
    return [{ ...common, value: said(amountText(amount, currency, language)), note: undefined }]
  }
  const values = first.map((value) => said(valueText(row, value, language)))
  return [{ ...common, value: values.join('\n'), note: noteOf(values.join('\n'), language) }]
}

const changed = (label: string) => new Refusal('transaction.malformed', { field: label })

function valueText(
  { label, as, each = 'text', words }: DisplayRow,
  value: unknown,
  language: Language,
): string {
  if (typeof value === 'object') throw changed(label)
  const text = String(value)
  if (words !== undefined) {
    const word = Object.hasOwn(words, text) ? words[text] : undefined
    if (word === undefined) throw changed(label)
    return word
  }
  const kind = as === 'list' ? each : as
  if (kind === 'account') return groupedAccount(text)
  return kind === 'date' ? dateText(text, language) : text
}

const alphabetNames: Readonly<Record<Language, (names: readonly Alphabet[]) => string[]>> = {
  en: (names) => [...new Set(names.map((name) => `${name} letters`))],
  es: (names) => [...new Set(names.map((name) => spanish[name] ?? 'letras no latinas'))],
}

const spanish: Readonly<Partial<Record<Alphabet, string>>> = {
  Cyrillic: 'letras cirílicas',
  Greek: 'letras griegas',
  Armenian: 'letras armenias',
  Georgian: 'letras georgianas',
}

/** A word of one alphabet can still look like one of another: which letters they are is said plainly. */
function noteOf(value: string, language: Language): string | undefined {
  const names = alphabetNames[language](foreignAlphabets(value))
  return names.length === 0 ? undefined : new Intl.ListFormat(localeOf[language]).format(names)
}
