// The form of a plugin's settings, drawn from the very schema that checks them: nothing is said twice.
import { z } from 'zod'
import type { SettingField, SettingKind } from '../ports/connector-settings.ts'

export interface FormWords {
  /** By path; what is not listed is called by its name. */
  readonly labels: Readonly<Record<string, string>>
  readonly secrets: readonly string[]
  /** What nobody but people can tell. */
  readonly asked: readonly string[]
}

/** JSON Schema, as far as a field can be drawn from it. `kind` is what our schemas add by `meta`. */
export interface SettingNode {
  readonly type?: string
  readonly format?: string
  readonly kind?: string
  /** What plugins from outside add by `meta`. */
  readonly title?: string
  readonly secret?: boolean
  readonly enum?: readonly string[]
  readonly items?: SettingNode
  readonly properties?: Readonly<Record<string, SettingNode>>
  readonly required?: readonly string[]
  readonly description?: string
  readonly default?: unknown
  readonly minimum?: number
  readonly maximum?: number
}

/** The fields in the order of the schema; what lies inside an object comes as a field of its own. */
export function settingFields(schema: z.ZodType, words: FormWords): readonly SettingField[] {
  return nodeFields(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as SettingNode, words)
}

/** The same where the schema itself is elsewhere, in a plugin's thread. */
export const nodeFields = (node: SettingNode, words: FormWords): readonly SettingField[] =>
  fieldsOf(node, { prefix: '', words })

interface Within {
  readonly prefix: string
  readonly words: FormWords
}

function fieldsOf(node: SettingNode, { prefix, words }: Within): SettingField[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const path = `${prefix}${name}`
    if (child.properties !== undefined) return fieldsOf(withMeaning(child), { prefix: `${path}.`, words })
    // Inside an object that may be missing, nothing is needed as long as nothing of it is said.
    const required = prefix === '' && (node.required ?? []).includes(name)
    return [fieldOf(child, { path, required, words })]
  })
}

/** What is not explained by itself is explained by what it is a part of. */
const withMeaning = ({ description, ...node }: SettingNode): SettingNode => ({
  ...node,
  properties: Object.fromEntries(
    Object.entries(node.properties ?? {}).map(([name, child]) => [
      name,
      { ...(description !== undefined && { description }), ...child },
    ]),
  ),
})

interface Placed {
  readonly path: string
  readonly required: boolean
  readonly words: FormWords
}

const fieldOf = (node: SettingNode, { path, required, words }: Placed): SettingField => ({
  path,
  label: words.labels[path] ?? sayable(path),
  meaning: node.description ?? '',
  kind: words.secrets.includes(path) ? (node.kind === 'pem' ? 'secret-lines' : 'secret') : kindOf(node),
  required,
  usual: node.default,
  options: node.enum ?? node.items?.enum ?? [],
  range: { least: node.minimum, most: node.maximum },
  asked: words.asked.includes(path),
})

function kindOf(node: SettingNode): SettingKind {
  if (node.enum !== undefined) return 'select'
  if (node.type === 'boolean') return 'switch'
  if (node.type === 'integer' || node.type === 'number') return 'number'
  if (node.type === 'string') return kindOfText(node)
  if (node.type !== 'array') return 'json'
  if (node.items?.kind === 'pem') return 'certificates'
  if (node.items?.enum !== undefined) return 'choices'
  return node.items?.type === 'string' ? 'list' : 'json'
}

function kindOfText({ kind, format }: SettingNode): SettingKind {
  if (kind === 'pem') return 'certificate'
  if (format === 'date') return 'date'
  return format === 'uri' ? 'url' : 'text'
}

/** `skewSeconds` -> `Skew seconds`: a setting that nobody has named yet can still be asked for. */
const sayable = (path: string): string => {
  const words = path.replaceAll('.', ': ').replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  return words.charAt(0).toUpperCase() + words.slice(1)
}
