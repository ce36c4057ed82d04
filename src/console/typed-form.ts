// What was typed into a form, on its way through a sign-in: sealed, for that form and that person alone.
import type { FieldSeal } from '../ports/field-seal.ts'
import type { Form, Visit } from './desk.ts'

interface Typed {
  /** Which form of which page, such as that of a new app. */
  readonly purpose: string
  readonly by: string
  readonly fields: readonly (readonly [name: string, value: string])[]
}

// It travels inside a cookie of the sign-in, and browsers keep no cookie over 4 KB.
const mostCharacters = 1600

const ours: ReadonlySet<string> = new Set(['form_token', 'platform', 'version'])

/** As a parameter of the way back; undefined where it is too long to come along. */
export function carryTyped(
  seal: FieldSeal,
  { institution, visitor }: Visit,
  { purpose, form }: { readonly purpose: string; readonly form: Form },
): string | undefined {
  const fields = [...form].filter(([name]) => !ours.has(name))
  const typed: Typed = { purpose, by: visitor.id, fields }
  const text = JSON.stringify(typed)
  return text.length > mostCharacters
    ? undefined
    : `typed=${encodeURIComponent(seal.seal(institution.id, text))}`
}

/** What came back; empty where nothing did, or it was not this person's for this form. */
export function typedAgain(seal: FieldSeal, { ctx, institution, visitor }: Visit, purpose: string): Form {
  const { typed } = ctx.query
  if (typeof typed !== 'string') return new Map()
  try {
    const found = JSON.parse(seal.open(institution.id, typed)) as Typed
    return found.purpose === purpose && found.by === visitor.id ? new Map(found.fields) : new Map()
  } catch {
    return new Map()
  }
}
