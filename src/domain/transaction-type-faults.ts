// What does not hold of a type of transaction that an institution wrote; what a customer is not shown is never approved.
import { type Language, languages } from './language.ts'
import { textFault, wordsFault } from './plain-text.ts'
import { bounds, isTree, schemaFaults, type TypeFault } from './transaction-schema.ts'
import {
  aroundSlots,
  type DisplayRow,
  type FactName,
  factNames,
  type Leaf,
  riskKinds,
  slotsOf,
  valueKinds,
} from './transaction-type.ts'
import { builtInTypes } from './transaction-types/known.ts'

type Tree = Readonly<Record<string, unknown>>

const typeName = /^[a-z][a-z0-9_]{1,49}$/

/**
 * Every fault of one type, each with its place in it; empty when it can be used. `earlier` are the institution's types before
 * it: names and titles are taken by them and by those that are built in.
 */
export function transactionTypeFaults(value: unknown, earlier: readonly unknown[]): TypeFault[] {
  if (!isTree(value)) return [{ path: [], message: 'a type of transaction is needed' }]
  const { type, schema, facts = {}, display, risk } = value
  const { faults, leaves } = schemaFaults(schema)
  const others: readonly unknown[] = [...builtInTypes, ...earlier]
  return [
    ...keyFaults(value, ['type', 'schema', 'facts', 'display', 'risk'], []),
    ...nameFaults(type, others),
    ...oneOf(risk, riskKinds, ['risk']),
    ...faults.map(({ path, message }) => ({ path: ['schema', ...path], message })),
    ...factFaults(facts, leaves, risk),
    ...displayFaults(display, leaves),
    ...titleFaults(display, others),
  ]
}

function nameFaults(type: unknown, others: readonly unknown[]): TypeFault[] {
  const path = ['type']
  if (typeof type !== 'string' || !typeName.test(type))
    return [{ path, message: '2 to 50 lower-case letters, digits and _ are needed' }]
  const taken = others.some((other) => isTree(other) && other.type === type)
  return taken ? [{ path, message: `${type} is there already` }] : []
}

const titleOf = (display: unknown, language: Language): unknown => {
  const template = isTree(display) ? display[language] : undefined
  return isTree(template) ? template.title : undefined
}

/** The title alone says on the page which type it is. */
const titleFaults = (display: unknown, others: readonly unknown[]): TypeFault[] =>
  languages.flatMap((language) => {
    const title = titleOf(display, language)
    const other = others.find((one) => isTree(one) && titleOf(one.display, language) === title)
    if (title === undefined || !isTree(other)) return []
    return [{ path: ['display', language, 'title'], message: `this is the title of ${String(other.type)}` }]
  })

const keyFaults = (value: Tree, known: readonly string[], path: TypeFault['path']): TypeFault[] =>
  Object.keys(value)
    .filter((key) => !known.includes(key))
    .map((key) => ({ path: [...path, key], message: `no such member; known are ${known.join(', ')}` }))

const oneOf = (value: unknown, known: readonly string[], path: TypeFault['path']): TypeFault[] =>
  known.includes(value as string) ? [] : [{ path, message: `one of ${known.join(', ')} is needed` }]

const formatOf = (leaf: Leaf | undefined): string | undefined =>
  leaf?.schema.type === 'string' ? leaf.schema.format : undefined

const factFormats: Readonly<Record<FactName, readonly string[] | undefined>> = {
  amount: ['amount'],
  currency: ['currency'],
  debtorAccount: ['iban', 'account'],
  creditorAccount: ['iban', 'account'],
  creditorName: undefined,
}

function factFaults(facts: unknown, leaves: readonly Leaf[], risk: unknown): TypeFault[] {
  if (!isTree(facts)) return [{ path: ['facts'], message: 'a table of facts is needed' }]
  const at = (name: FactName) => leaves.find(({ pointer }) => pointer === facts[name])
  const faults = factNames.flatMap((name): TypeFault[] => {
    if (facts[name] === undefined) return []
    const wanted = factFormats[name]
    const leaf = at(name)
    const path = ['facts', name]
    if (leaf === undefined || leaf.inList || leaf.schema.type !== 'string')
      return [{ path, message: `no text stands at ${String(facts[name])}` }]
    if (wanted === undefined || wanted.includes(formatOf(leaf) ?? '')) return []
    return [{ path, message: `a text with the format ${wanted.join(' or ')} is needed` }]
  })
  const alone = (facts.amount === undefined) !== (facts.currency === undefined)
  if (alone) faults.push({ path: ['facts'], message: 'amount and currency go together' })
  const counted = at('amount')?.always && at('currency')?.always
  if (risk === 'payment' && !counted)
    faults.push({ path: ['facts', 'amount'], message: 'a payment always has an amount and a currency' })
  return [...keyFaults(facts, factNames, ['facts']), ...faults]
}

function displayFaults(display: unknown, leaves: readonly Leaf[]): TypeFault[] {
  if (!isTree(display)) return [{ path: ['display'], message: `words are needed in ${languages.join(', ')}` }]
  return [
    ...keyFaults(display, languages, ['display']),
    ...languages.flatMap((language) => templateFaults(display[language], leaves, language)),
  ]
}

function templateFaults(template: unknown, leaves: readonly Leaf[], language: Language): TypeFault[] {
  const path = ['display', language]
  if (!isTree(template)) return [{ path, message: 'is required: title, approve and rows' }]
  const rows = Array.isArray(template.rows) ? template.rows : []
  const faults = [
    ...keyFaults(template, ['title', 'approve', 'rows'], path),
    ...said(template.title, [...path, 'title']),
    ...approveFaults(template.approve, { rows, leaves }, [...path, 'approve']),
    ...rows.flatMap((row, i) => rowFaults(row, leaves, [...path, 'rows', i])),
  ]
  const labels = rows.map((row) => (isTree(row) ? row.label : undefined))
  for (const [i, label] of labels.entries())
    if (labels.indexOf(label) !== i)
      faults.push({ path: [...path, 'rows', i, 'label'], message: `${String(label)} is there twice` })
  const shown = rows.flatMap((row) =>
    isTree(row) && typeof row.value === 'string' ? slotsOf(row as never) : [],
  )
  for (const { pointer } of leaves)
    if (!shown.includes(pointer))
      faults.push({
        path: [...path, 'rows'],
        message: `${pointer} is not shown: what is not shown is not approved`,
      })
  return faults
}

interface Rows {
  readonly rows: readonly unknown[]
  readonly leaves: readonly Leaf[]
}

/** The amount on the button is always there. */
function approveFaults(words: unknown, { rows, leaves }: Rows, path: TypeFault['path']): TypeFault[] {
  if (typeof words !== 'string' || !words.includes('{amount}')) return said(words, path)
  const money = rows.find((row) => isTree(row) && row.as === 'money' && typeof row.value === 'string')
  const [pointer] = money === undefined ? [] : slotsOf(money as DisplayRow)
  if (!leaves.some((leaf) => leaf.pointer === pointer && leaf.always))
    return [{ path, message: 'no money is always shown that {amount} could stand for' }]
  return said(words.replace('{amount}', '1'), path)
}

function said(text: unknown, path: TypeFault['path']): TypeFault[] {
  const fault = wordsFault(text, bounds.words) ?? (/[{}]/.test(text as string) ? 'no braces' : undefined)
  return fault === undefined ? [] : [{ path, message: fault }]
}

const rowKeys = ['label', 'value', 'as', 'each', 'words', 'absent', 'prominent']

function rowFaults(row: unknown, leaves: readonly Leaf[], path: TypeFault['path']): TypeFault[] {
  if (!isTree(row)) return [{ path, message: 'label, value and as are needed' }]
  const { label, value, as, each, absent, prominent } = row
  const faults = [
    ...keyFaults(row, rowKeys, path),
    ...said(label, [...path, 'label']),
    ...oneOf(as, valueKinds, [...path, 'as']),
  ]
  if (absent !== undefined) faults.push(...said(absent, [...path, 'absent']))
  if (prominent !== undefined && typeof prominent !== 'boolean')
    faults.push({ path: [...path, 'prominent'], message: 'true or false is needed' })
  if (each !== undefined && (as !== 'list' || !['text', 'account', 'date'].includes(each as string)))
    faults.push({ path: [...path, 'each'], message: 'only for a list: text, account or date' })
  if (faults.length > 0) return faults
  const message = valueFault(value, row as unknown as DisplayRow, leaves)
  if (message !== undefined) return [{ path: [...path, 'value'], message }]
  return choiceFaults(row as unknown as DisplayRow, leaves, [...path, 'words'])
}

function valueFault(value: unknown, row: DisplayRow, leaves: readonly Leaf[]): string | undefined {
  if (typeof value !== 'string' || value.length > 2 * bounds.words)
    return 'words with the place of a value are needed: {/member}'
  const slots = slotsOf(row)
  const found = slots.map((pointer) => leaves.find((leaf) => leaf.pointer === pointer))
  const lost = slots.find((_, i) => found[i] === undefined)
  if (lost !== undefined) return `the schema has no value at ${lost}`
  if (slots.length !== (row.as === 'money' ? 2 : 1))
    return 'one value is needed; for money an amount and a currency'
  if (row.as === 'money' && !/\} \{/.test(value))
    return 'amount and currency stand beside one another: {/a} {/b}'
  const around = aroundSlots(row).map((words) => words.trim())
  if (around.some((words) => /[{}]/.test(words) || (words !== '' && textFault(words) !== undefined)))
    return 'only plain words around the value'
  return kindFault(row, found as Leaf[])
}

function kindFault(row: DisplayRow, [first, second]: readonly Leaf[]): string | undefined {
  if (first === undefined || first.inList !== (row.as === 'list') || second?.inList)
    return row.as === 'list' ? 'a list is needed there' : 'the values of a list are shown as list'
  const kind = row.as === 'list' ? row.each : row.as
  if (kind === 'money') {
    const together = parentOf(first) === parentOf(second) && first.required && second?.required
    const fit = formatOf(first) === 'amount' && formatOf(second) === 'currency' && together
    return fit ? undefined : 'the formats amount and currency are needed, in one object that requires both'
  }
  if (kind === 'date') return formatOf(first) === 'date' ? undefined : 'the format date is needed'
  if (kind !== 'account') return undefined
  return ['iban', 'account'].includes(formatOf(first) ?? '')
    ? undefined
    : 'the format iban or account is needed'
}

const parentOf = (leaf: Leaf | undefined): string => (leaf?.pointer ?? '').replace(/\/[^/]*$/, '')

/** Words for choices: all of them, or none; two choices never read the same. */
function choiceFaults(row: DisplayRow, leaves: readonly Leaf[], path: TypeFault['path']): TypeFault[] {
  const schema = leaves.find(({ pointer }) => pointer === slotsOf(row)[0])?.schema
  const choices =
    schema?.type === 'boolean' ? ['true', 'false'] : schema?.type === 'string' ? schema.enum : undefined
  const { words } = row
  if (words === undefined)
    return schema?.type === 'boolean' ? [{ path, message: 'words for true and false are needed' }] : []
  if (choices === undefined || !isTree(words))
    return [{ path, message: 'words are for an enum or a boolean' }]
  const given = Object.values(words)
  const twice = given.some((text, i) => given.indexOf(text) !== i)
  const faults = Object.entries(words).flatMap(([choice, text]) => said(text, [...path, choice]))
  if (twice) faults.push({ path, message: 'two choices read the same' })
  if ([...choices].sort().join('\n') !== Object.keys(words).sort().join('\n'))
    faults.push({ path, message: `words are needed for exactly ${choices.join(', ')}` })
  return faults
}
