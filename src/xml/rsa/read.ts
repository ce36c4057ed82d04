// Answers of an AA-compatible engine, read strictly: one envelope, one return, our namespace, every single element once.
import { Refusal } from '../../domain/refusal.ts'
import { XmlRefused } from '../gate.ts'
import { NS } from '../names.ts'
import { readEnvelope } from '../soap.ts'
import { all, elements, hasText, type Tree, textOf } from '../tree.ts'
import {
  type RsaChild,
  type RsaDialect,
  type RsaOperation,
  responseType,
  rsaOperations,
  shapeOf,
  typesIn,
} from './shapes.ts'

/** Elements by name as they were read; a repeated one is a list also where it came once. */
export interface RsaRead {
  readonly [name: string]: string | RsaRead | readonly (string | RsaRead)[] | undefined
}

/** The engine's refusal: codes alone, in letters that may be logged. What it says in words may repeat what it was sent. */
export interface RsaFault {
  readonly faultCode: string
  readonly code: string | undefined
}

export type RsaAnswer =
  | { readonly returned: RsaRead; readonly fault?: undefined }
  | { readonly fault: RsaFault; readonly returned?: undefined }

export interface RsaReading {
  readonly operation: RsaOperation
  readonly dialect: RsaDialect
}

const refuse = (reason: string): never => {
  throw new XmlRefused(reason)
}

/** Answers with pictures in them are the largest: a page of a catalogue. */
const mostBytes: Readonly<Partial<Record<RsaOperation, number>>> = { query: 2 * 1024 * 1024 }
const usualBytes = 256 * 1024

/** Throws XmlRefused where it is no answer to that operation, in words of ours alone. */
export function readAnswer(input: Uint8Array, { operation, dialect }: RsaReading): RsaAnswer {
  if (input.byteLength > (mostBytes[operation] ?? usualBytes)) refuse('too large')
  const content = contentOf(input)
  if (content.uri === NS.soap11 && content.local === 'Fault') return { fault: faultIn(content) }
  const wrapper = named(content, `${operation}Response`)
  const [found, second] = elements(wrapper)
  if (found === undefined || second !== undefined || hasText(wrapper)) return refuse('one return is due')
  const returned = named(found, `${operation}Return`)
  return { returned: readElement(returned, responseType(operation), dialect) }
}

/** The single element in the Body. What stands in the Header is not read: nobody there has told us anything to be obeyed. */
function contentOf(input: Uint8Array): Tree {
  const { version, body } = opened(input)
  if (version !== '1.1') return refuse('SOAP 1.1 is spoken')
  const [content, second] = elements(body)
  if (content === undefined || second !== undefined || hasText(body)) return refuse('one element is due')
  return content
}

function opened(input: Uint8Array) {
  try {
    return readEnvelope(input)
  } catch (error) {
    if (error instanceof Refusal) return refuse(`${error.code}: ${safeWords(String(error.detail.actual))}`)
    throw error
  }
}

/** What comes after a colon, and the name of a root, are the engine's words, which may repeat what it was sent. */
const safeWords = (actual: string): string =>
  actual.startsWith('root is') ? 'another root' : (actual.split(':')[0] ?? '')

function named(element: Tree, local: string): Tree {
  if (element.uri !== NS.rsa || element.local !== local) return refuse(`${local} is due`)
  return element
}

/*
 * What decides: it stands where the schema has it and nowhere else. An engine may grow elements that we do not know, which are
 * passed over with all that is in them; but nothing that decides may hide there (attack 168).
 */
const decisive: ReadonlySet<string> = new Set([
  ...Object.keys(rsaOperations).flatMap((name) => [`${name}Response`, `${name}Return`]),
  ...[
    'Envelope',
    'Fault',
    'SoapFault',
    'deviceResult',
    'identificationData',
    'messageHeader',
    'statusHeader',
  ],
  ...['riskResult', 'riskScore', 'triggeredRule', 'actionCode'],
])

function passOver(element: Tree): void {
  for (const one of all(element)) if (decisive.has(one.local)) refuse(`${one.local} where it does not belong`)
}

function readElement(element: Tree, type: string, dialect: RsaDialect): RsaRead {
  const children = shapeOf(type, dialect) ?? []
  if (hasText(element)) refuse(`text in ${element.local}`)
  const found = new Map(children.map(({ name }) => [name, [] as (string | RsaRead)[]]))
  const seen = new Set<string>()
  for (const one of elements(element)) {
    const child = children.find(({ name }) => name === one.local)
    if (child === undefined) {
      passOver(one)
      continue
    }
    // One of the same name in another namespace would be read by whoever goes by names, and not by us.
    if (one.uri !== NS.rsa) refuse(`${one.local} of another namespace`)
    if (!child.many && seen.has(child.name)) refuse(`${child.name} twice`)
    seen.add(child.name)
    const value = valueIn(one, child, dialect)
    if (value !== undefined) found.get(child.name)?.push(value)
  }
  const entries = children.map(({ name, many }) => [name, many ? found.get(name) : found.get(name)?.[0]])
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
}

/** Undefined where it says nothing: empty text, xsi:nil, or what nobody has told the content of. */
function valueIn(element: Tree, { type }: RsaChild, dialect: RsaDialect): string | RsaRead | undefined {
  const { nil, said } = attributesOf(element)
  if (nil) {
    if (element.children.length > 0) refuse(`${element.local} is nil and is not`)
    return undefined
  }
  if (type === undefined) {
    const text = textOf(element)
    if (text === undefined) return refuse(`elements in ${element.local}`)
    return text.trim() === '' ? undefined : text.trim()
  }
  const holds = typesIn(type) === undefined ? type : slotType(element, { slot: type, said })
  if (holds !== undefined && shapeOf(holds, dialect) !== undefined)
    return readElement(element, holds, dialect)
  for (const one of elements(element)) passOver(one)
  return undefined
}

/** Stacks write the type of each element, and which are nil; nobody has a reason to write anything else. */
function attributesOf(element: Tree): { nil: boolean; said: string | undefined } {
  const known = (local: string) =>
    element.attributes.find((attribute) => attribute.uri === NS.xsi && attribute.local === local)?.value
  const strange = element.attributes.find(
    ({ uri, local }) => uri !== NS.xsi || (local !== 'type' && local !== 'nil'),
  )
  if (strange !== undefined) refuse(`a strange attribute on ${element.local}`)
  return { nil: known('nil') === 'true' || known('nil') === '1', said: known('type') }
}

/** The type that a payload says it is; undefined for one that we do not know, whose content is passed over. */
function slotType(
  element: Tree,
  { slot, said = '' }: { slot: string; said: string | undefined },
): string | undefined {
  const [, prefix = '', local = ''] = /^(?:([^:]+):)?([^:]+)$/.exec(said.trim()) ?? []
  if (element.scope[prefix] !== NS.rsa) return undefined
  return typesIn(slot)?.includes(local) ? local : undefined
}

const sayable = /^[A-Za-z][\w.:-]{0,63}$/

function faultIn(fault: Tree): RsaFault {
  const [code, second] = elements(fault).filter(({ local }) => local === 'faultcode')
  const said = code === undefined || second !== undefined ? undefined : textOf(code)?.trim()
  const [detail] = elements(fault).filter(({ local }) => local === 'detail')
  const [own] = detail === undefined ? [] : elements(detail, NS.rsa, 'SoapFault')
  const [found] = own === undefined ? [] : elements(own, NS.rsa, 'code')
  const word = found === undefined ? undefined : textOf(found)?.trim()
  return {
    faultCode: said !== undefined && sayable.test(said) ? said : 'unknown',
    code: word !== undefined && sayable.test(word) ? word : undefined,
  }
}

/** The element at the end of a path of names; the first of a list. */
export function at(read: RsaRead | undefined, ...path: readonly string[]): RsaRead | undefined {
  let here: RsaRead | undefined = read
  for (const name of path) here = listAt(here, name)[0]
  return here
}

/** Its text. */
export function textAt(read: RsaRead | undefined, ...path: readonly string[]): string | undefined {
  const name = path.at(-1) ?? ''
  const found = at(read, ...path.slice(0, -1))?.[name]
  return typeof found === 'string' ? found : undefined
}

/** All elements of a name. */
export function listAt(read: RsaRead | undefined, name: string): readonly RsaRead[] {
  const found = read?.[name]
  const list: readonly (string | RsaRead)[] = found === undefined ? [] : isMany(found) ? found : [found]
  return list.filter((one) => typeof one !== 'string')
}

const isMany = (
  found: string | RsaRead | readonly (string | RsaRead)[],
): found is readonly (string | RsaRead)[] => Array.isArray(found)
