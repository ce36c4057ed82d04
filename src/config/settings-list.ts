// The settings as a flat list, read off the schema: for the environment overlay, for the manual, for suggestions.
import type { z } from 'zod'

export type SettingKind = 'number' | 'boolean' | 'list' | 'text'

export interface Setting {
  readonly path: readonly string[]
  readonly kind: SettingKind
  /** The type in words for the manual. */
  readonly type: string
  /** undefined where there is none: then the setting is required, unless it is optional. */
  readonly fallback: unknown
  readonly required: boolean
  readonly meaning: string
  readonly variable: string
}

export interface Section {
  readonly path: readonly string[]
  readonly meaning: string
}

type Def = { type: string; innerType?: z.ZodType; defaultValue?: unknown; entries?: Record<string, string> }

const defOf = (schema: z.ZodType): Def => schema.def as unknown as Def

/** The schema inside defaults and options. */
function bare(schema: z.ZodType): z.ZodType {
  const { innerType } = defOf(schema)
  return innerType === undefined ? schema : bare(innerType)
}

const shapeOf = (schema: z.ZodType): Readonly<Record<string, z.ZodType>> | undefined => {
  const inner = bare(schema)
  return 'shape' in inner ? (inner.shape as Record<string, z.ZodType>) : undefined
}

/** The keys that an object schema has at a path; none where the path leads elsewhere. */
export function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const [first, ...rest] = path
  if (first === undefined) return Object.keys(shapeOf(schema) ?? {})
  const inner = bare(schema)
  const next =
    typeof first === 'number' && 'element' in inner ? inner.element : shapeOf(inner)?.[String(first)]
  return next === undefined ? [] : keysAt(next as z.ZodType, rest)
}

/** Every variable of ours begins so. */
export const prefix = 'DRAWBRIDGE_'

/** `['listen', 'port']` as DRAWBRIDGE_LISTEN_PORT. */
export const variableOf = (path: readonly string[]): string => `${prefix}${path.join('_').toUpperCase()}`

/** Every setting, in the order of the schema. */
export function settingsOf(schema: z.ZodType, path: readonly string[] = []): Setting[] {
  const shape = shapeOf(schema)
  if (shape === undefined) return [setting(schema, path)]
  return Object.entries(shape).flatMap(([key, inner]) => settingsOf(inner, [...path, key]))
}

/** Every section, in the order of the schema. */
export function sectionsOf(schema: z.ZodType, path: readonly string[] = []): Section[] {
  const shape = shapeOf(schema)
  if (shape === undefined) return []
  const inner = Object.entries(shape).flatMap(([key, value]) => sectionsOf(value, [...path, key]))
  return [{ path, meaning: schema.description ?? '' }, ...inner]
}

function setting(schema: z.ZodType, path: readonly string[]): Setting {
  const { type, defaultValue } = defOf(schema)
  const fallback = type === 'default' ? defaultValue : undefined
  const required = fallback === undefined && type !== 'optional'
  const meaning = schema.description ?? ''
  return { path, ...typeOf(bare(schema)), fallback, required, meaning, variable: variableOf(path) }
}

function typeOf(schema: z.ZodType): { kind: SettingKind; type: string } {
  const { type, entries } = defOf(schema)
  const named = schema.meta()?.type
  if (type === 'number') return { kind: 'number', type: rangeOf(schema as z.ZodNumber) }
  if (type === 'boolean') return { kind: 'boolean', type: 'true or false' }
  if (type === 'array')
    return { kind: 'list', type: `list of ${typeof named === 'string' ? named : 'texts'}` }
  if (entries !== undefined) return { kind: 'text', type: Object.values(entries).join(' or ') }
  return { kind: 'text', type: typeof named === 'string' ? named : 'text' }
}

const rangeOf = ({ minValue, maxValue }: z.ZodNumber): string => `whole number, ${minValue} to ${maxValue}`
