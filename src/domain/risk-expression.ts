// Expressions of CEL in the mapping of a risk engine: typed when they are written, without floats, patterns and loops (ruling R-30).
import type { ASTNode, Environment } from '@marcbachmann/cel-js'
import { type Allowed, firstLine, partsOf, strangeIn } from './expression-bounds.ts'

/** What does not hold, and where. */
export interface MappingFault {
  readonly path: readonly (string | number)[]
  readonly message: string
}

export interface ExpressionLanguage {
  readonly environment: Environment
  readonly allowed: Allowed
  /** What else is wrong with one part of an expression, in words. */
  partFault(node: ASTNode): string | undefined
}

export interface Expression {
  readonly type: string
  readonly ast: ASTNode
  /** Throws where a value is absent, or of another kind than the expression says. */
  run(context: Readonly<Record<string, unknown>>): unknown
}

const longest = 2000

export const expressionLimits = {
  ...{ maxAstNodes: 300, maxDepth: 24, maxListElements: 100, maxMapEntries: 100, maxCallArguments: 3 },
}

/** Total: an expression that can be used, or what is wrong with it in words for whoever wrote it. */
export function expressionOf(
  text: string,
  { environment, allowed, partFault }: ExpressionLanguage,
): Expression | { readonly fault: string } {
  if (text.length > longest) return { fault: `an expression has at most ${longest} characters` }
  try {
    const program = environment.parse(text)
    const strange = strangeIn(program.ast, allowed)
    if (strange !== undefined) return { fault: `"${strange}" cannot be used in a mapping` }
    const { valid, type, error } = program.check()
    if (!valid || type === undefined) return { fault: firstLine(error) }
    const fault = faultIn(program.ast, (node) => comparisonFault(node) ?? partFault(node))
    return fault === undefined
      ? { type: String(type), ast: program.ast, run: (context) => program({ ...context }) }
      : { fault }
  } catch (error) {
    return { fault: firstLine(error) }
  }
}

function faultIn(node: ASTNode, judge: (node: ASTNode) => string | undefined): string | undefined {
  const fault = judge(node)
  if (fault !== undefined) return fault
  for (const part of partsOf(node)) {
    const inner = faultIn(part, judge)
    if (inner !== undefined) return inner
  }
  return undefined
}

const orders: ReadonlySet<string> = new Set(['<', '<=', '>', '>='])

/** "10000.00" comes before "2500.00": only numbers have an order that people mean. */
function comparisonFault(node: ASTNode): string | undefined {
  if (!orders.has(node.op)) return undefined
  const texts = partsOf(node).some((part) => !/^(int|double)$/.test(checkedType(part)))
  return texts ? `"${node.op}" compares numbers; make one of a text by decimal(text, digits)` : undefined
}

/** The checker leaves the type of each part on it. */
const checkedType = (node: ASTNode): string =>
  (node as unknown as { readonly checkedType?: { readonly name?: string } }).checkedType?.name ?? 'unknown'

const mostDigits = 9

/** `decimal("250.00", 2)` is 25000: a whole number out of a text, exactly, with so many digits behind the point. */
export function registerDecimal(environment: Environment): void {
  environment.registerFunction('decimal(string, int): int', decimal)
  environment.registerFunction('decimal(string): int', (text: string) => decimal(text, 0n))
}

function decimal(text: string, digits: bigint): bigint {
  const [, sign, whole = '', fraction = ''] = /^(-?)(\d{1,15})(?:\.(\d{1,9}))?$/.exec(text) ?? []
  if (sign === undefined) throw new Error('not a decimal number')
  const kept = Number(digits)
  const beyond = fraction.slice(kept)
  if (/[1-9]/.test(beyond)) throw new Error(`more than ${kept} digits behind the point`)
  const number = BigInt(whole + fraction.slice(0, kept).padEnd(kept, '0'))
  return sign === '-' ? -number : number
}

/** Digits are written, not reckoned: so they are known to be few. */
export function digitsFault(node: ASTNode | undefined): string | undefined {
  if (node === undefined) return undefined
  const written = node.op === 'value' && typeof node.args === 'bigint' ? node.args : undefined
  const fits = written !== undefined && written >= 0n && written <= mostDigits
  return fits ? undefined : `digits are written as a number from 0 to ${mostDigits}`
}

/** Texts that an expression may come out as where nothing has to be looked up, out of its branches and tables. */
export function writtenResults(node: ASTNode): readonly string[] {
  if (node.op === 'value') return typeof node.args === 'string' ? [node.args] : []
  if (node.op === '?:') return [...writtenResults(node.args[1]), ...writtenResults(node.args[2])]
  if (node.op === '[]' && node.args[0].op === 'map')
    return node.args[0].args.flatMap(([, value]) => writtenResults(value))
  return []
}

/** Does it look at this variable at all? */
export const looksAt = (node: ASTNode, variable: string): boolean =>
  (node.op === 'id' && node.args === variable) || partsOf(node).some((part) => looksAt(part, variable))
