// Between the fields of a settings form and the settings: what is shown of a value, and what a typed one means.
import type { SettingField } from '../ports/connector-settings.ts'
import type { Form } from './desk.ts'

export type Settings = Readonly<Record<string, unknown>>

/** The name of a field in the form. */
export const nameOfField = ({ path }: Pick<SettingField, 'path'>): string => `settings.${path}`

/** The names that a form of these fields may send; of choices each has one, for a form says nothing twice. */
export const namesOf = (fields: readonly SettingField[]): string[] =>
  fields.flatMap((field) => {
    const name = nameOfField(field)
    if (field.kind === 'choices') return field.options.map((option) => `${name}.${option}`)
    return isSecret(field) ? [name, `${name}.forget`] : [name]
  })

export const isSecret = ({ kind }: Pick<SettingField, 'kind'>): boolean =>
  kind === 'secret' || kind === 'secret-lines'

export function valueAt(settings: Settings, path: string): unknown {
  let found: unknown = settings
  for (const name of path.split('.')) {
    if (typeof found !== 'object' || found === null) return undefined
    found = (found as Settings)[name]
  }
  return found
}

/** What stands in an input or a textarea. */
export function typedText(field: SettingField, value: unknown): string {
  if (value === undefined || value === null || isSecret(field)) return ''
  if (Array.isArray(value) && field.kind !== 'json') return value.map(String).join('\n')
  return typeof value === 'object' ? JSON.stringify(value, null, 2) : String(value)
}

/**
 * The settings that a form says, on the base of what was there: an empty secret stays as it was, a certificate keeps its
 * way of writing, and what is the usual value anyway is not written where nobody had written it.
 */
export function readSettings(fields: readonly SettingField[], form: Form, base: Settings): Settings {
  let settings: Settings = {}
  for (const field of fields) {
    const before = valueAt(base, field.path)
    const value = readField(field, form, before)
    const same = JSON.stringify(value) === JSON.stringify(field.usual)
    if (value === undefined || (before === undefined && same)) continue
    settings = withValue(settings, field.path.split('.'), value)
  }
  return settings
}

function withValue(settings: Settings, [name = '', ...rest]: readonly string[], value: unknown): Settings {
  if (rest.length === 0) return { ...settings, [name]: value }
  return { ...settings, [name]: withValue((settings[name] ?? {}) as Settings, rest, value) }
}

function readField(field: SettingField, form: Form, before: unknown): unknown {
  const name = nameOfField(field)
  const text = (form.get(name) ?? '').replaceAll('\r\n', '\n').trim()
  switch (field.kind) {
    case 'switch':
      return form.get(name) === 'on'
    case 'choices':
      return someOf(
        field.options.filter((option) => form.get(`${name}.${option}`) === 'on'),
        before ?? field.usual,
      )
    case 'secret':
    case 'secret-lines':
      if (text !== '') return text
      return form.get(`${name}.forget`) === 'on' ? undefined : before
    case 'list':
      return someOf(
        text
          .split('\n')
          .map((line) => line.trim())
          .filter(Boolean),
        before,
      )
    case 'certificates':
      return someOf(certificatesIn(text, Array.isArray(before) ? before.map(String) : []))
    case 'certificate':
      return text === '' ? undefined : certificatesIn(text, [String(before)])[0]
    case 'number':
      return text === '' ? undefined : numberOr(text)
    case 'json':
      return text === '' ? undefined : jsonOr(text)
    default:
      return text === '' ? undefined : text
  }
}

/** An empty list is said only where there was a list before: taking the last entry out is a change like any other. */
const someOf = (list: readonly string[], before?: unknown): readonly string[] | undefined =>
  list.length === 0 && !Array.isArray(before) ? undefined : list

// What is no number, or no JSON, stays as it was typed: the schema says what is wrong with it, at its field.
const numberOr = (text: string): number | string => (Number.isFinite(Number(text)) ? Number(text) : text)

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const block = /-----BEGIN [^-]+-----[^-]*-----END [^-]+-----/g
const bare = (pem: string): string => pem.replace(/\s+/g, '')

/** PEM blocks, or one bare base64 as metadata has it; anything else is one entry, for the schema to refuse. */
function certificatesIn(text: string, before: readonly string[]): string[] {
  const blocks = text.match(block) ?? []
  const rest = bare(text.replace(block, ''))
  const all = /^[A-Za-z0-9+/]{200,}={0,2}$/.test(rest) ? [...blocks, armoured(rest)] : blocks
  const found = rest === '' || all.length > blocks.length ? all : [...blocks, rest.slice(0, 100)]
  return found.map((pem) => before.find((one) => bare(one) === bare(pem)) ?? pem)
}

const armoured = (base64: string): string =>
  `-----BEGIN CERTIFICATE-----\n${base64.match(/.{1,64}/g)?.join('\n')}\n-----END CERTIFICATE-----`
