// The environment over the file: DRAWBRIDGE_SECTION_KEY for every setting, and the names that platforms set.
import { nearest, type PlacedFault } from './faults.ts'
import { settingsSchema } from './schema.ts'
import type { Environment } from './secret.ts'
import { prefix, type Setting, settingsOf } from './settings-list.ts'

export interface Overlay {
  /** The tree that lies over the file's. */
  readonly tree: Tree
  /** Dotted path -> the variable that set it, so that a fault can name it. */
  readonly sources: ReadonlyMap<string, string>
  readonly faults: readonly PlacedFault[]
}

export type Tree = { [key: string]: unknown }

// A Kubernetes service called `drawbridge` puts these into every pod of its namespace; they are not settings.
const platformMade = /^DRAWBRIDGE_(SERVICE_(HOST|PORT)|PORT(_|$))/

/** The file that `load` reads when none is named. */
export const fileVariable = 'DRAWBRIDGE_CONFIG'

/** Reads the environment; `referred` are the variables that `env:` references name, which are no settings. */
export function overlayOf(env: Environment, referred: ReadonlySet<string>): Overlay {
  const tree: Tree = {}
  const sources = new Map<string, string>()
  const put = (path: readonly string[], value: unknown, variable: string) => {
    set(tree, path, value)
    sources.set(path.join('.'), variable)
  }
  if (env.PORT) put(['listen', 'port'], numberOr(env.PORT), 'PORT')
  const settings = settingsOf(settingsSchema)
  for (const setting of settings) {
    const text = env[setting.variable]
    if (text !== undefined) put(setting.path, typed(setting, text), setting.variable)
  }
  // Never the other way round: an environment cannot talk a production file into development.
  if (env.NODE_ENV === 'production') put(['mode'], 'production', 'NODE_ENV')
  return { tree, sources, faults: strangers(env, settings, referred) }
}

function typed({ kind }: Setting, text: string): unknown {
  if (kind === 'number') return numberOr(text)
  if (kind === 'boolean') return text === 'true' || (text === 'false' ? false : text)
  if (kind === 'list')
    return text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '')
  return text
}

/** The number, or the text itself where it is none: the schema then says what is wrong. */
const numberOr = (text: string): unknown => (/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text)

function set(tree: Tree, path: readonly string[], value: unknown): void {
  const [first, ...rest] = path
  if (first === undefined) return
  if (rest.length === 0) {
    tree[first] = value
    return
  }
  const inner = tree[first] ?? {}
  tree[first] = inner
  set(inner as Tree, rest, value)
}

/** Lays one tree over another; lists and values replace, sections merge. */
export function overlaid(base: unknown, over: unknown): unknown {
  if (!isTree(base) || !isTree(over)) return over === undefined ? base : over
  const keys = new Set([...Object.keys(base), ...Object.keys(over)])
  return Object.fromEntries([...keys].map((key) => [key, overlaid(base[key], over[key])]))
}

export const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function strangers(env: Environment, settings: Setting[], referred: ReadonlySet<string>): PlacedFault[] {
  const known = settings.map((setting) => setting.variable)
  const unknown = Object.keys(env).filter(
    (name) =>
      name.startsWith(prefix) &&
      !known.includes(name) &&
      !referred.has(name) &&
      !platformMade.test(name) &&
      name !== fileVariable,
  )
  return unknown.map((name) => {
    // Without the common prefix, which would make every name look alike.
    const bare = (variable: string) => variable.slice(prefix.length)
    const near = nearest(bare(name), known.map(bare))
    const message = `no such setting${near === undefined ? '' : `; did you mean ${prefix}${near}?`}`
    return { parts: [], path: '', source: name, message }
  })
}
