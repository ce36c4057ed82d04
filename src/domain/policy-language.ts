// The language of conditions: CEL without its loops, its dynamic types and its patterns, so that every condition ends.
import { type ASTNode, Environment } from '@marcbachmann/cel-js'
import { firstLine, partsOf, strangeIn, valueOperators } from './expression-bounds.ts'
import { factTypes, type PolicyFacts } from './policy-facts.ts'
import { converted, type Rates } from './rates.ts'

/** A checked condition; throws where arithmetic overflows, divides by nothing, or no rate is known. */
export type Condition = (facts: PolicyFacts, rates?: Rates) => boolean

type TransactionFacts = PolicyFacts['transaction']

/** The transaction as conditions see it: its facts, and what its amount is in other currencies. */
class RatedTransaction {
  readonly #facts: TransactionFacts
  readonly #rates: Rates | undefined
  constructor(facts: TransactionFacts, rates: Rates | undefined) {
    this.#facts = facts
    this.#rates = rates
    Object.assign(this, facts)
  }
  /** Of the language's integers; what has no amount is 0. */
  amountIn(currency: string): bigint {
    const { hasAmount, amount: minor, currency: own } = this.#facts
    if (!hasAmount) return 0n
    const worth = converted({ minor, currency: own }, currency, this.#rates)
    if (worth === undefined || worth > largest) throw new Error(`no rate of ${own} in ${currency}`)
    return worth
  }
}

const largest = 2n ** 63n - 1n

const longest = 2000

const environment = new Environment({
  limits: { maxAstNodes: 300, maxDepth: 24, maxListElements: 200, maxMapEntries: 1, maxCallArguments: 2 },
})
const { transaction, ...groups } = factTypes
environment.registerType('Transaction', { ctor: RatedTransaction, fields: transaction })
environment.registerVariable('transaction', 'Transaction')
environment.registerFunction('Transaction.amountIn(string): int', (one: RatedTransaction, currency: string) =>
  one.amountIn(currency),
)
for (const [name, schema] of Object.entries(groups)) environment.registerVariable({ name, schema })

// Ruling R-30. Macros nest into loops, `matches` runs a pattern, conversions make "10" of 10, and floats have NaN.
const allowed = {
  operators: new Set(valueOperators),
  calls: new Set<string>(),
  methods: new Set(['startsWith', 'endsWith', 'contains', 'amountIn']),
}

/** What is wrong with a condition, in words for whoever wrote it; undefined when it can be used. */
export function conditionFault(text: string): string | undefined {
  if (text.length > longest) return `a condition has at most ${longest} characters`
  try {
    const { ast } = environment.parse(text)
    const strange = strangeIn(ast, allowed)
    if (strange !== undefined) return `"${strange}" cannot be used in a condition`
    if (amountsIn(ast).includes(undefined))
      return 'amountIn needs a currency of ISO 4217 in quotes: amountIn("EUR")'
    const { valid, type, error } = environment.check(text)
    if (!valid) return firstLine(error)
    return type === 'bool' ? undefined : `a condition is true or false; this is of type ${type}`
  } catch (error) {
    return firstLine(error)
  }
}

/** The currencies that it converts to; undefined for one that is not written out, which nobody could check a table for. */
const amountsIn = (node: ASTNode): (string | undefined)[] => [
  ...(node.op === 'rcall' && node.args[0] === 'amountIn' ? [currencyIn(node.args[2][0])] : []),
  ...partsOf(node).flatMap(amountsIn),
]

const currencyIn = (node: ASTNode | undefined): string | undefined =>
  node?.op === 'value' && typeof node.args === 'string' && /^[A-Z]{3}$/.test(node.args)
    ? node.args
    : undefined

/** Currencies that a condition converts to; none of one that cannot be used. */
export const conditionCurrencies = (text: string): readonly string[] =>
  conditionFault(text) === undefined
    ? [...new Set(amountsIn(environment.parse(text).ast))].filter((one) => one !== undefined)
    : []

const compiled = new Map<string, Condition>()

/** A condition that `conditionFault` has passed; throws on one that it has not. */
export function conditionOf(text: string): Condition {
  const known = compiled.get(text)
  if (known !== undefined) return known
  const fault = conditionFault(text)
  if (fault !== undefined) throw new Error(fault)
  const program = environment.parse(text)
  const condition: Condition = (facts, rates) =>
    program({ ...facts, transaction: new RatedTransaction(facts.transaction, rates) }) === true
  // As many as the policies of all institutions hold; a bound against whoever changes theirs every minute.
  if (compiled.size >= 10_000) compiled.clear()
  compiled.set(text, condition)
  return condition
}
