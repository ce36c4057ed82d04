// Does a detail fit the schema of its type? The schema is compiled once a type, never once a request.
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import { formats } from './transaction-formats.ts'
import type { TransactionType } from './transaction-type.ts'

// Rows are read anew every few seconds, so the same type comes as ever new objects: found again by its text. What is kept
// only saves work; the same type always gives the same answer.
const byObject = new WeakMap<TransactionType, ValidateFunction>()
const byText = new Map<string, ValidateFunction>()
const mostKept = 500

/** The first member that does not fit, as `creditorAccount.iban`; undefined when all do. */
export function misfitIn(type: TransactionType, detail: unknown): string | undefined {
  const fits = compiled(type)
  if (fits(detail)) return undefined
  const [error] = fits.errors ?? []
  return error === undefined ? 'detail' : fieldOf(error)
}

function compiled(type: TransactionType): ValidateFunction {
  const known = byObject.get(type)
  if (known) return known
  const text = JSON.stringify([type.type, type.schema])
  const made = byText.get(text) ?? compile(type)
  if (byText.size >= mostKept) byText.delete(byText.keys().next().value ?? '')
  byText.set(text, made)
  byObject.set(type, made)
  return made
}

function compile({ type, schema }: TransactionType): ValidateFunction {
  const ajv = new Ajv2020({
    strict: true,
    // `not: { required }` names members of the object around it; that they are there is checked in transaction-schema.
    strictRequired: false,
    // Only members of the detail itself count, never what every object inherits.
    ownProperties: true,
    addUsedSchema: false,
    // transaction-schema has judged the schema itself, more strictly than the meta-schema would.
    meta: false,
    validateSchema: false,
    logger: false,
    formats: { ...formats },
  })
  const { properties, required = [] } = schema
  return ajv.compile({
    ...schema,
    properties: { ...properties, type: { type: 'string', const: type } },
    required: ['type', ...required],
  })
}

/** The member in the words of the sender, as far as they are plain. */
function fieldOf({ instancePath, params }: ErrorObject): string {
  const { additionalProperty, missingProperty } = params as Readonly<Record<string, unknown>>
  const last = additionalProperty ?? missingProperty
  const steps = [...instancePath.split('/').slice(1), ...(typeof last === 'string' ? [last] : [])]
  const field = steps.join('.')
  return field === '' ? 'detail' : /^[\w.-]{1,100}$/.test(field) ? field : 'a member that is not known'
}
