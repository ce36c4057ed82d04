// Reading YAML strictly: one document, no key twice, no custom tags; and the line of any path, for faults.
import { readFileSync } from 'node:fs'
import { type Document, isMap, isNode, isPair, isScalar, LineCounter, parseDocument, visit } from 'yaml'
import { ConfigFault, type ConfigurationFault, type PlacedFault } from './faults.ts'

export interface YamlFile {
  readonly name: string
  readonly value: unknown
  /** `name:line` of a path; the name alone where the path is not in the file. */
  sourceOf(path: readonly PropertyKey[]): string
}

/** Throws a ConfigFault when the file cannot be read or is no YAML. */
export function readYaml(name: string): YamlFile {
  let text: string
  try {
    text = readFileSync(name, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new ConfigFault([{ path: '', source: name, message: `cannot be read (${code})` }])
  }
  return parseYaml(name, text)
}

/** The same for text that is at hand; `name` is what faults call it. */
export function parseYaml(name: string, text: string): YamlFile {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false })
  const notes = [...document.errors, ...document.warnings]
  if (notes.length > 0) {
    const faults: ConfigurationFault[] = notes.map((note) => ({
      path: '',
      source: `${name}:${lines.linePos(note.pos[0]).line}`,
      message: note.message,
    }))
    throw new ConfigFault(faults)
  }
  const strange = strangeKey(document)
  if (strange !== undefined) {
    const place = `${name}:${lines.linePos(strange).line}`
    throw new ConfigFault([{ path: '', source: place, message: 'a key is a plain word' }])
  }
  const value = unfolded(document, name)
  const lineOf = (offset: number | undefined) =>
    offset === undefined ? undefined : lines.linePos(offset).line
  return {
    name,
    value,
    sourceOf(path) {
      const line = lineOf(offsetOf(document.contents, path))
      return line === undefined ? name : `${name}:${line}`
    },
  }
}

/** Where a key is a list, a map or an alias: unfolded, a few dozen such keys within one another would take for ever. */
function strangeKey(document: Document.Parsed): number | undefined {
  let found: number | undefined
  visit(document, {
    Pair(_, { key }) {
      if (isScalar(key)) return undefined
      found = isNode(key) ? (key.range?.[0] ?? 0) : 0
      return visit.BREAK
    },
  })
  return found
}

/** Aliases are bounded: a few lines of YAML could otherwise unfold into gigabytes. */
function unfolded(document: { toJS(options: { maxAliasCount: number }): unknown }, name: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 20 })
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new ConfigFault([{ path: '', source: name, message }])
  }
}

/** Where the key at the end of the path stands, or the nearest thing above it that is in the file. */
function offsetOf(node: unknown, path: readonly PropertyKey[]): number | undefined {
  const [first, ...rest] = path
  const here = isNode(node) ? node.range?.[0] : undefined
  if (first === undefined) return here
  if (isMap(node)) {
    const pair = node.items.find((item) => isPair(item) && String(item.key) === String(first))
    if (pair === undefined) return here
    const key = isNode(pair.key) ? pair.key.range?.[0] : undefined
    return rest.length === 0 ? key : (offsetOf(pair.value, rest) ?? key)
  }
  const item = isNode(node) && 'items' in node ? (node.items as unknown[])[Number(first)] : undefined
  return item === undefined ? here : offsetOf(item, rest)
}

/** A fault with the place that it stands at. */
export function atSource({ parts, path, message, source }: PlacedFault, file: YamlFile): ConfigurationFault {
  return { path, message, source: source ?? file.sourceOf(parts) }
}
