// The part of JSON Schema (2020-12) that a type of transaction may be written in: closed, bounded, without patterns.

import { wordsFault } from './plain-text.ts'
import { formats, isFormat } from './transaction-formats.ts'
import type { Leaf, LeafSchema } from './transaction-type.ts'

/** What does not hold, and where. */
export interface TypeFault {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** What a customer can still read, and what an approval page can still show. */
export const bounds = {
  depth: 4,
  members: 30,
  leaves: 40,
  items: 20,
  text: 500,
  words: 100,
  choices: 50,
} as const

type Tree = Readonly<Record<string, unknown>>
type Path = readonly (string | number)[]

interface Place {
  readonly pointer: string
  readonly path: Path
  readonly depth: number
  readonly always: boolean
  readonly required: boolean
  readonly inList: boolean
}

interface Found {
  readonly faults: TypeFault[]
  readonly leaves: Leaf[]
}

/** What does not hold of a schema, and the values that it allows. With a fault the list of values may be short. */
export function schemaFaults(schema: unknown): Found {
  const found: Found = { faults: [], leaves: [] }
  const root = { pointer: '', path: [], depth: 1, always: true, required: true, inList: false }
  if (!isTree(schema) || schema.type !== 'object') {
    found.faults.push({ path: [], message: 'the schema of an object is needed: type: object' })
    return found
  }
  object(schema, root, found)
  if (isTree(schema.properties) && Object.hasOwn(schema.properties, 'type'))
    found.faults.push({
      path: ['properties', 'type'],
      message: 'every detail has its `type`; leave it out here',
    })
  if (found.leaves.length > bounds.leaves)
    found.faults.push({ path: [], message: `more than ${bounds.leaves} values: nobody could read them` })
  return found
}

export const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isWhole = (value: unknown, min: number, max: number): value is number =>
  Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max

const isNames = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((name) => typeof name === 'string')

function told({ faults }: Found, { path }: Place, message: string, ...below: Path): void {
  faults.push({ path: [...path, ...below], message })
}

function any(schema: unknown, place: Place, found: Found): void {
  if (!isTree(schema)) told(found, place, 'a schema is needed, with its type')
  else if (schema.type === 'object') object(schema, place, found)
  else if (schema.type === 'array') array(schema, place, found)
  else leaf(schema, place, found)
}

/** Only these keywords; one that is not known here could allow what is never shown. */
function onlyKeywords(schema: Tree, known: readonly string[], place: Place, found: Found): void {
  for (const key of Object.keys(schema)) {
    if (known.includes(key) || key === 'type' || key === 'description') continue
    const why =
      key === 'pattern' ? 'no pattern: a bad one can stop the bridge; use a format' : 'is not supported'
    told(found, place, `${why}; known here are ${known.join(', ')}`, key)
  }
}

const memberName = /^[A-Za-z][A-Za-z0-9_]{0,39}$/

const isMember = (name: string): boolean => memberName.test(name) && !(name in Object.prototype)

const objectKeywords = [
  'properties',
  'required',
  'additionalProperties',
  'minProperties',
  'dependentRequired',
  'not',
]

function object(schema: Tree, place: Place, found: Found): void {
  onlyKeywords(schema, objectKeywords, place, found)
  if (place.depth > bounds.depth) {
    told(found, place, `deeper than ${bounds.depth} levels`)
    return
  }
  if (schema.additionalProperties !== false)
    told(found, place, 'must be false: what is not named is not shown', 'additionalProperties')
  const properties = isTree(schema.properties) ? schema.properties : {}
  const names = Object.keys(properties)
  if (names.length === 0 || names.length > bounds.members)
    told(found, place, `1 to ${bounds.members} members are needed`, 'properties')
  const required = schema.required ?? []
  if (!isNames(required)) told(found, place, 'a list of members is needed', 'required')
  relations(schema, names, place, found)
  for (const [name, inner] of Object.entries(properties)) {
    const path = [...place.path, 'properties', name]
    if (!isMember(name)) found.faults.push({ path, message: 'a name of letters, digits and _ is needed' })
    const needed = isNames(required) && required.includes(name)
    const inside = { ...place, path, pointer: `${place.pointer}/${name}`, depth: place.depth + 1 }
    any(inner, { ...inside, always: place.always && needed, required: needed }, found)
  }
}

/** What members say of one another: only names that are there. */
function relations(schema: Tree, names: readonly string[], place: Place, found: Found): void {
  const { minProperties, dependentRequired, not } = schema
  if (minProperties !== undefined && !isWhole(minProperties, 0, bounds.members))
    told(found, place, 'a small number is needed', 'minProperties')
  const lists: [unknown, ...Path][] = [[schema.required ?? [], 'required']]
  if (dependentRequired !== undefined && !isTree(dependentRequired))
    told(found, place, 'a table is needed: member -> members', 'dependentRequired')
  if (isTree(dependentRequired)) {
    lists.push([Object.keys(dependentRequired), 'dependentRequired'])
    for (const [name, needed] of Object.entries(dependentRequired))
      lists.push([needed, 'dependentRequired', name])
  }
  if (not !== undefined) {
    const pair =
      isTree(not) &&
      Object.keys(not).join() === 'required' &&
      isNames(not.required) &&
      not.required.length > 1
    if (pair) lists.push([not.required, 'not', 'required'])
    else told(found, place, 'only `required` with members that may not come together', 'not')
  }
  for (const [list, ...below] of lists) {
    if (!isNames(list)) told(found, place, 'a list of members is needed', ...below)
    else if (list.some((name) => !names.includes(name)))
      told(found, place, 'names a member that is not there', ...below)
  }
}

const arrayKeywords = ['items', 'minItems', 'maxItems', 'uniqueItems']

function array(schema: Tree, place: Place, found: Found): void {
  onlyKeywords(schema, arrayKeywords, place, found)
  if (place.inList) {
    told(found, place, 'a list inside a list cannot be shown')
    return
  }
  if (!isWhole(schema.maxItems, 1, bounds.items))
    told(found, place, `1 to ${bounds.items} is needed`, 'maxItems')
  if (schema.minItems !== undefined && !isWhole(schema.minItems, 0, bounds.items))
    told(found, place, `0 to ${bounds.items} is needed`, 'minItems')
  if (isWhole(schema.minItems, 0, bounds.items) && Number(schema.minItems) > Number(schema.maxItems))
    told(found, place, 'is more than maxItems', 'minItems')
  if (schema.uniqueItems !== undefined && typeof schema.uniqueItems !== 'boolean')
    told(found, place, 'true or false is needed', 'uniqueItems')
  const before = found.leaves.length
  const path = [...place.path, 'items']
  const always = place.always && isWhole(schema.minItems, 1, bounds.items)
  const inside = { pointer: `${place.pointer}/*`, path, depth: place.depth + 1 }
  any(schema.items, { ...inside, always, required: true, inList: true }, found)
  // With two values, or one that may be missing, nobody could tell which belong together.
  const one = found.leaves.length === before + 1 && alwaysInside(schema.items)
  if (!one) found.faults.push({ path, message: 'an item holds exactly one value, and requires it' })
}

/** Is the one value of an item there whenever the item is? */
function alwaysInside(items: unknown): boolean {
  if (!isTree(items) || items.type !== 'object' || !isTree(items.properties)) return true
  return Object.entries(items.properties).every(
    ([name, inner]) => isNames(items.required) && items.required.includes(name) && alwaysInside(inner),
  )
}

const leafKeywords: Readonly<Record<string, readonly string[]>> = {
  string: ['enum', 'format', 'minLength', 'maxLength'],
  integer: ['minimum', 'maximum'],
  boolean: [],
}

function leaf(schema: Tree, place: Place, found: Found): void {
  const known = typeof schema.type === 'string' ? leafKeywords[schema.type] : undefined
  if (known === undefined) {
    told(found, place, 'string, integer, boolean, object or array is needed', 'type')
    return
  }
  onlyKeywords(schema, known, place, found)
  if (schema.type === 'string') text(schema, place, found)
  if (schema.type === 'integer') integer(schema, place, found)
  const { pointer, always, required, inList } = place
  found.leaves.push({ pointer, schema: schema as unknown as LeafSchema, always, required, inList })
}

function text(schema: Tree, place: Place, found: Found): void {
  const { enum: choices, format, minLength, maxLength } = schema
  if (format !== undefined && !isFormat(format))
    told(found, place, `no such format; known are ${Object.keys(formats).join(', ')}`, 'format')
  if (choices !== undefined) choicesOf(choices, place, found)
  if (minLength !== undefined && !isWhole(minLength, 0, bounds.text))
    told(found, place, `0 to ${bounds.text} is needed`, 'minLength')
  if (Number(minLength ?? 0) > Number(maxLength ?? bounds.text))
    told(found, place, 'is more than maxLength', 'minLength')
  if (maxLength === undefined && (format !== undefined || choices !== undefined)) return
  if (!isWhole(maxLength, 1, bounds.text)) told(found, place, `1 to ${bounds.text} is needed`, 'maxLength')
}

function choicesOf(choices: unknown, place: Place, found: Found): void {
  if (!isNames(choices) || choices.length === 0 || choices.length > bounds.choices) {
    told(found, place, `1 to ${bounds.choices} texts are needed`, 'enum')
    return
  }
  for (const [i, choice] of choices.entries()) {
    const fault =
      wordsFault(choice, bounds.words) ?? (choices.indexOf(choice) === i ? undefined : 'is there twice')
    if (fault !== undefined) told(found, place, fault, 'enum', i)
  }
}

function integer({ minimum, maximum }: Tree, place: Place, found: Found): void {
  const most = Number.MAX_SAFE_INTEGER
  if (!isWhole(minimum, -most, most)) told(found, place, 'a whole number is needed', 'minimum')
  if (!isWhole(maximum, -most, most)) told(found, place, 'a whole number is needed', 'maximum')
  if (Number(minimum) > Number(maximum)) told(found, place, 'is more than maximum', 'minimum')
}
