// The language of conditions: CEL without its loops, its dynamic types and its patterns, so that every condition ends.
import { Environment } from '@marcbachmann/cel-js'
import { firstLine, strangeIn, valueOperators } from './expression-bounds.ts'
import { factTypes, type PolicyFacts } from './policy-facts.ts'

/** A checked condition; throws where arithmetic overflows or divides by nothing. */
export type Condition = (facts: PolicyFacts) => boolean

const longest = 2000

const environment = new Environment({
  limits: { maxAstNodes: 300, maxDepth: 24, maxListElements: 200, maxMapEntries: 1, maxCallArguments: 2 },
})
for (const [name, schema] of Object.entries(factTypes)) environment.registerVariable({ name, schema })

// Ruling R-30. Macros nest into loops, `matches` runs a pattern, conversions make "10" of 10, and floats have NaN.
const allowed = {
  operators: new Set(valueOperators),
  calls: new Set<string>(),
  methods: new Set(['startsWith', 'endsWith', 'contains']),
}

/** What is wrong with a condition, in words for whoever wrote it; undefined when it can be used. */
export function conditionFault(text: string): string | undefined {
  if (text.length > longest) return `a condition has at most ${longest} characters`
  try {
    const strange = strangeIn(environment.parse(text).ast, allowed)
    if (strange !== undefined) return `"${strange}" cannot be used in a condition`
    const { valid, type, error } = environment.check(text)
    if (!valid) return firstLine(error)
    return type === 'bool' ? undefined : `a condition is true or false; this is of type ${type}`
  } catch (error) {
    return firstLine(error)
  }
}

const compiled = new Map<string, Condition>()

/** A condition that `conditionFault` has passed; throws on one that it has not. */
export function conditionOf(text: string): Condition {
  const known = compiled.get(text)
  if (known !== undefined) return known
  const fault = conditionFault(text)
  if (fault !== undefined) throw new Error(fault)
  const program = environment.parse(text)
  const condition: Condition = (facts) => program({ ...facts }) === true
  // As many as the policies of all institutions hold; a bound against whoever changes theirs every minute.
  if (compiled.size >= 10_000) compiled.clear()
  compiled.set(text, condition)
  return condition
}
