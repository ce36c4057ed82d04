// A light tree of gated XML with its exclusive canonical form: for SOAP, where every call pays for parsing.
import { SaxesParser } from 'saxes'
import { text, value } from './emit.ts'
import { type GateLimits, gate } from './gate.ts'

export interface TreeAttribute {
  readonly name: string
  readonly prefix: string
  readonly local: string
  readonly uri: string
  readonly value: string
}

export interface Tree {
  readonly name: string
  readonly prefix: string
  readonly local: string
  readonly uri: string
  readonly attributes: readonly TreeAttribute[]
  /** Namespaces in scope: prefix -> URI. */
  readonly scope: Readonly<Record<string, string>>
  readonly parent: Tree | undefined
  readonly children: readonly (Tree | string)[]
  /** Where the element stands in the text, for showing it. */
  readonly start: number
  readonly end: number
}

interface Growing extends Omit<Tree, 'children' | 'end'> {
  children: (Tree | string)[]
  end: number
}

/** Gates and parses; throws XmlRefused. */
export function parseTree(
  input: Uint8Array | string,
  limits: Partial<GateLimits> = {},
): { root: Tree; xml: string } {
  const xml = gate(input, limits)
  const parser = new SaxesParser({ xmlns: true, position: false })
  let current: Growing | undefined
  let root: Tree | undefined
  let start = 0
  parser.on('opentagstart', () => {
    start = xml.lastIndexOf('<', parser.position - 1)
  })
  parser.on('opentag', (tag) => {
    const scope = Object.keys(tag.ns).length === 0 ? (current?.scope ?? {}) : { ...current?.scope, ...tag.ns }
    const attributes = Object.values(tag.attributes).filter(
      ({ name, prefix }) => name !== 'xmlns' && prefix !== 'xmlns',
    )
    const { name, prefix, local, uri } = tag
    const element: Growing = {
      name,
      prefix,
      local,
      uri,
      attributes,
      scope,
      parent: current,
      children: [],
      start,
      end: 0,
    }
    current?.children.push(element)
    root ??= element
    current = element
  })
  parser.on('text', (characters) => void current?.children.push(characters))
  parser.on('closetag', () => {
    if (!current) return
    current.end = parser.position
    current = current.parent as Growing | undefined
  })
  parser.write(xml).close()
  return { root: root as Tree, xml }
}

const isTree = (node: Tree | string): node is Tree => typeof node !== 'string'

/** All child elements, or those of one name. */
export function elements(parent: Tree, uri?: string, local?: string): Tree[] {
  const all = parent.children.filter(isTree)
  return uri === undefined ? all : all.filter((child) => child.uri === uri && child.local === local)
}

/** Character data outside elements, where only white space belongs. */
export const hasText = (parent: Tree): boolean =>
  parent.children.some((child) => !isTree(child) && child.trim() !== '')

/** The text of an element without children; undefined when it has any. */
export function textOf(element: Tree): string | undefined {
  return element.children.every((child) => !isTree(child)) ? element.children.join('') : undefined
}

/** The attribute of this name; `uri` is '' for one without namespace. */
export const attributeOf = (element: Tree, uri: string, local: string): string | undefined =>
  element.attributes.find((attribute) => attribute.uri === uri && attribute.local === local)?.value

/** Every element below and including this one. */
export function* all(element: Tree): Generator<Tree> {
  yield element
  for (const child of elements(element)) yield* all(child)
}

// Canonical XML orders by code point, which differs from UTF-16 order above the basic plane.
const order = (a: string, b: string): number => (a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b)))

export interface CanonicalOptions {
  /** Left out with all below it: the enveloped signature. */
  readonly without?: Tree
  /** Forces `xmlns=""` onto the apex, as the STR-Transform wants (WSS SOAP Message Security 1.1, 8.3). */
  readonly emptyDefault?: boolean
}

/** Exclusive XML Canonicalization 1.0 without comments, of this element alone. */
export function canonicalTree(element: Tree, { without, emptyDefault }: CanonicalOptions = {}): string {
  const out: string[] = []
  const write = (node: Tree, rendered: Readonly<Record<string, string>>, apex: boolean) => {
    const used = new Map<string, string>()
    const use = (prefix: string, uri: string) => {
      if (prefix !== 'xml' && (rendered[prefix] ?? '') !== uri) used.set(prefix, uri)
    }
    use(node.prefix, node.uri)
    for (const attribute of node.attributes) if (attribute.prefix !== '') use(attribute.prefix, attribute.uri)
    if (apex && emptyDefault && node.prefix !== '') used.set('', '')
    out.push(startTag(node, used))
    const inner = used.size === 0 ? rendered : { ...rendered, ...Object.fromEntries(used) }
    for (const child of node.children) {
      if (!isTree(child)) out.push(text(child))
      else if (child !== without) write(child, inner, false)
    }
    out.push(`</${node.name}>`)
  }
  write(element, {}, true)
  return out.join('')
}

function startTag(node: Tree, declared: ReadonlyMap<string, string>): string {
  const declarations = [...declared]
    .sort(([a], [b]) => order(a, b))
    .map(([prefix, uri]) => ` xmlns${prefix === '' ? '' : `:${prefix}`}="${value(uri)}"`)
  const attributes = [...node.attributes]
    .sort((a, b) => order(a.uri, b.uri) || order(a.local, b.local))
    .map((attribute) => ` ${attribute.name}="${value(attribute.value)}"`)
  return `<${node.name}${declarations.join('')}${attributes.join('')}>`
}
