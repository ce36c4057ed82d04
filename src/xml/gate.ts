// The gate: what may be XML at all here. One streaming pass, before anything is built (duties D1, D2 of the attacks page).
import { SaxesParser, type SaxesTagNS } from 'saxes'

export interface GateLimits {
  readonly bytes: number
  readonly depth: number
  readonly elements: number
  readonly attributes: number
  /** Characters in the name of an element or attribute, and in an attribute's value. */
  readonly name: number
  readonly value: number
  /** Comments may stand between elements: people write them into metadata, nobody into a message. */
  readonly comments: boolean
}

export const defaultLimits: GateLimits = {
  bytes: 128 * 1024,
  depth: 32,
  elements: 2000,
  attributes: 32,
  name: 256,
  value: 16 * 1024,
  comments: false,
}

/** The input is not XML of the kind that we read; `reason` is for the log. */
export class XmlRefused extends Error {
  readonly reason: string
  constructor(reason: string) {
    super(reason)
    this.name = 'XmlRefused'
    this.reason = reason
  }
}

const refuse = (reason: string): never => {
  throw new XmlRefused(reason)
}

// NUL, the other C0 controls but tab, LF and CR, and U+FFFE/U+FFFF: XML 1.0 has none of them.
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point
const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/
// An XML declaration may say version 1.0 and UTF-8, nothing else.
const declaration =
  /^<\?xml version=(["'])1\.0\1(?: encoding=(["'])[Uu][Tt][Ff]-8\2)?(?: standalone=(["'])(?:yes|no)\3)?\s*\?>/
// Names that some library or other takes for an element's identity; a message may use each value once.
const identities: ReadonlySet<string> = new Set(['ID', 'Id', 'id', 'AssertionID'])

function textOf(input: Uint8Array | string, limit: number): string {
  const size = typeof input === 'string' ? Buffer.byteLength(input) : input.byteLength
  if (size > limit) refuse('too large')
  if (typeof input === 'string') return input.isWellFormed() ? input : refuse('lone surrogate')
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(input)
  } catch {
    return refuse('not UTF-8')
  }
}

/** Quick refusals on the raw text, so that a bomb never reaches a parser. */
function scan(text: string, comments: boolean): void {
  if (text.startsWith('\ufeff')) refuse('byte order mark')
  if (forbidden.test(text)) refuse('forbidden character')
  const whole = text.replace(declaration, '')
  const body = comments ? whole.replaceAll('<!--', '') : whole
  if (body.includes('<!')) refuse('declaration, comment or CDATA')
  if (body.includes('<?')) refuse('processing instruction')
}

/** Checks one start tag; `seen` are the identities so far. */
function checkTag(tag: SaxesTagNS, seen: Set<string>, limits: GateLimits): void {
  const attributes = Object.values(tag.attributes)
  if (attributes.length > limits.attributes) refuse('too many attributes')
  if (tag.name.length > limits.name) refuse('name too long')
  for (const { name, prefix, local, value } of attributes) {
    if (name.length > limits.name) refuse('name too long')
    if (value.length > limits.value) refuse('attribute too long')
    // `xmlnsfoo` and `x:xmlns` are attributes to one parser and declarations to another.
    if (name !== 'xmlns' && prefix !== 'xmlns' && (/^xmlns/i.test(name) || /^xmlns/i.test(local)))
      refuse('attribute named like a declaration')
    // xml:id is an identity and xml:base changes addresses; a language (SOAP 1.2 faults have one) harms nobody.
    if (prefix === 'xml' && local !== 'lang') refuse('attribute of the xml namespace')
    if (prefix === 'xmlns' || name === 'xmlns' || !identities.has(local)) continue
    if (!/^[A-Za-z_][\w.-]{0,255}$/.test(value)) refuse('malformed identity')
    if (seen.has(value)) refuse('identity used twice')
    seen.add(value)
  }
  if (attributes.filter(({ local, prefix }) => prefix !== 'xmlns' && identities.has(local)).length > 1) {
    refuse('two identities on one element')
  }
}

/**
 * Lets well-formed UTF-8 XML pass: one root, no DOCTYPE, processing instruction, CDATA or (unless the limits allow it)
 * comment, within the limits, every identity once. Resolves to the text. Throws XmlRefused and nothing else.
 */
export function gate(input: Uint8Array | string, given: Partial<GateLimits> = {}): string {
  const limits = { ...defaultLimits, ...given }
  const text = textOf(input, limits.bytes)
  scan(text, limits.comments)
  const parser = new SaxesParser({ xmlns: true, position: false })
  const seen = new Set<string>()
  let depth = 0
  let elements = 0
  let open = 0
  parser.on('error', (error) => refuse(`not well-formed: ${error.message.slice(0, 200)}`))
  parser.on('attribute', () => {
    if (++open > limits.attributes * 2) refuse('too many attributes')
  })
  parser.on('opentag', (tag) => {
    open = 0
    if (++depth > limits.depth) refuse('too deep')
    if (++elements > limits.elements) refuse('too many elements')
    checkTag(tag, seen, limits)
  })
  parser.on('closetag', () => {
    depth -= 1
  })
  try {
    parser.write(text).close()
  } catch (error) {
    throw error instanceof XmlRefused
      ? error
      : new XmlRefused(`not well-formed: ${String(error).slice(0, 200)}`)
  }
  return text
}
