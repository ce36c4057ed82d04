// A type of transaction as data: what may stand in it, what the customer is shown of it, and where its facts stand.
import type { Language } from './language.ts'

/** What kind of event it is to risk and policy. */
export const riskKinds = ['payment', 'payee', 'contact-change', 'limit-change', 'access'] as const
export type RiskKind = (typeof riskKinds)[number]

/** Facts that others compare and count; the type says where each stands, as a JSON pointer (RFC 6901). */
export const factNames = ['amount', 'currency', 'debtorAccount', 'creditorAccount', 'creditorName'] as const
export type FactName = (typeof factNames)[number]

export interface StringSchema {
  readonly type: 'string'
  readonly enum?: readonly string[]
  readonly format?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly description?: string
}

export interface IntegerSchema {
  readonly type: 'integer'
  readonly minimum: number
  readonly maximum: number
  readonly description?: string
}

export interface BooleanSchema {
  readonly type: 'boolean'
  readonly description?: string
}

export type LeafSchema = StringSchema | IntegerSchema | BooleanSchema

/** Always closed: what the schema does not name is refused. */
export interface ObjectSchema {
  readonly type: 'object'
  readonly additionalProperties: false
  readonly properties: Readonly<Record<string, LeafSchema | ObjectSchema | ArraySchema>>
  readonly required?: readonly string[]
  readonly minProperties?: number
  readonly dependentRequired?: Readonly<Record<string, readonly string[]>>
  /** Members that may not come together. */
  readonly not?: { readonly required: readonly string[] }
  readonly description?: string
}

/** Its items hold one value each, so that a list can be shown item by item. */
export interface ArraySchema {
  readonly type: 'array'
  readonly items: LeafSchema | ObjectSchema
  readonly minItems?: number
  readonly maxItems: number
  readonly uniqueItems?: boolean
  readonly description?: string
}

/** A value that a schema allows. In its pointer `*` stands for each item of a list. */
export interface Leaf {
  readonly pointer: string
  readonly schema: LeafSchema
  /** It is there whenever the detail is. */
  readonly always: boolean
  /** It is there whenever the object that it stands in is. */
  readonly required: boolean
  readonly inList: boolean
}

export const valueKinds = ['text', 'money', 'account', 'date', 'list'] as const
export type ValueKind = (typeof valueKinds)[number]

/** One fact on the page. */
export interface DisplayRow {
  readonly label: string
  /** Words with the place of the value in braces: `{/creditorName}`; money has two, `{/sum/amount} {/sum/currency}`. */
  readonly value: string
  readonly as: ValueKind
  /** What the items of a `list` are; `text` unless told. */
  readonly each?: 'text' | 'account' | 'date' | undefined
  /** What is said in the place of the values of an enum or a boolean. */
  readonly words?: Readonly<Record<string, string>> | undefined
  /** What is said when the member of the detail that the value belongs to is not there; else the row is left out. */
  readonly absent?: string | undefined
  /** Stands in the question itself, large. */
  readonly prominent?: boolean | undefined
}

/** What a customer is shown, in one language. */
export interface DisplayTemplate {
  /** The question: “Approve this payment?” */
  readonly title: string
  /** The words on the button; `{amount}` stands for the first money that is shown. */
  readonly approve: string
  readonly rows: readonly DisplayRow[]
}

/** One type. Those that are built in and those of an institution have the same form. */
export interface TransactionType {
  readonly type: string
  /** Of the whole detail but for `type`, which belongs to every detail. JSON Schema 2020-12, a safe part of it. */
  readonly schema: ObjectSchema
  readonly facts: Readonly<Partial<Record<FactName, string>>>
  readonly display: Readonly<Record<Language, DisplayTemplate>>
  readonly risk: RiskKind
}

const slot = /\{([^{}]*)\}/g

/** The pointers of a row's value, in order. */
export const slotsOf = ({ value }: Pick<DisplayRow, 'value'>): string[] =>
  [...value.matchAll(slot)].map((found) => found[1] ?? '')

/** The words before the first value and after the last. */
export function aroundSlots({ value }: Pick<DisplayRow, 'value'>): readonly [before: string, after: string] {
  return [value.slice(0, value.indexOf('{')), value.slice(value.lastIndexOf('}') + 1)]
}

/** The type of this name; undefined when there is none. */
export const typeNamed = (types: readonly TransactionType[], name: unknown): TransactionType | undefined =>
  types.find(({ type }) => type === name)

/** The values at a pointer: one at most, or those of a list's items; empty where nothing stands. */
export function valuesAt(detail: unknown, pointer: string): readonly unknown[] {
  const steps = pointer.split('/').slice(1)
  return steps.reduce<readonly unknown[]>(
    (found, step) => found.flatMap((value) => below(value, step)),
    [detail],
  )
}

function below(value: unknown, step: string): readonly unknown[] {
  if (step === '*') return Array.isArray(value) ? value : []
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, step))
    return []
  return [(value as Record<string, unknown>)[step]]
}

/** The values of a detail that are no objects or lists, each with its pointer; `*` stands for an item. */
export function leavesIn(value: unknown, pointer = ''): { pointer: string; value: unknown }[] {
  if (Array.isArray(value)) return value.flatMap((item) => leavesIn(item, `${pointer}/*`))
  if (typeof value !== 'object' || value === null) return [{ pointer, value }]
  return Object.entries(value).flatMap(([key, inner]) => leavesIn(inner, `${pointer}/${key}`))
}
