// The language of conditions: CEL without its loops, its dynamic types and its patterns, so that every condition ends.
import { type ASTNode, Environment } from '@marcbachmann/cel-js'
import { factTypes, type PolicyFacts } from './policy-facts.ts'

/** A checked condition; throws where arithmetic overflows or divides by nothing. */
export type Condition = (facts: PolicyFacts) => boolean

const longest = 2000

const environment = new Environment({
  limits: { maxAstNodes: 300, maxDepth: 24, maxListElements: 200, maxMapEntries: 1, maxCallArguments: 2 },
})
for (const [name, schema] of Object.entries(factTypes)) environment.registerVariable({ name, schema })

// Ruling R-30. Macros nest into loops, `matches` runs a pattern, conversions make "10" of 10, and floats have NaN.
const operators: ReadonlySet<string> = new Set([
  ...['value', 'id', '.', 'list', '?:', '||', '&&', '!_', '-_', 'in'],
  ...['==', '!=', '<', '<=', '>', '>=', '+', '-', '*', '/', '%'],
])
const methods: ReadonlySet<string> = new Set(['startsWith', 'endsWith', 'contains'])

/** What is wrong with a condition, in words for whoever wrote it; undefined when it can be used. */
export function conditionFault(text: string): string | undefined {
  if (text.length > longest) return `a condition has at most ${longest} characters`
  try {
    const strange = strangeIn(environment.parse(text).ast)
    if (strange !== undefined) return `"${strange}" cannot be used in a condition`
    const { valid, type, error } = environment.check(text)
    if (!valid) return firstLine(error)
    return type === 'bool' ? undefined : `a condition is true or false; this is of type ${type}`
  } catch (error) {
    return firstLine(error)
  }
}

const firstLine = (error: unknown): string =>
  String(error instanceof Error ? error.message : error).split('\n')[0] ?? ''

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

/** The first thing in an expression that the language of conditions leaves out. */
function strangeIn(node: ASTNode): string | undefined {
  if (node.op === 'rcall') {
    const [name, on, given] = node.args
    return methods.has(name) ? firstIn([on, ...given]) : name
  }
  if (node.op === 'call') return node.args[0]
  if (node.op === 'value') return typeof node.args === 'number' ? String(node.args) : undefined
  if (!operators.has(node.op)) return node.op
  return firstIn(
    Array.isArray(node.args) ? (node.args as unknown[]).filter(isNode) : isNode(node.args) ? [node.args] : [],
  )
}

function firstIn(nodes: readonly ASTNode[]): string | undefined {
  for (const node of nodes) {
    const strange = strangeIn(node)
    if (strange !== undefined) return strange
  }
  return undefined
}

const isNode = (value: unknown): value is ASTNode =>
  typeof value === 'object' && value !== null && 'op' in value
