// What expressions of CEL may be made of, wherever we take some: each language lists it, and whatever else they use is told (ruling R-30).
import type { ASTNode } from '@marcbachmann/cel-js'

/** What one language lets its expressions use. A number with a point is in none: floats have NaN. */
export interface Allowed {
  readonly operators: ReadonlySet<string>
  /** `has(x)` */
  readonly calls: ReadonlySet<string>
  /** `x.contains(y)` */
  readonly methods: ReadonlySet<string>
}

export const valueOperators: readonly string[] = [
  ...['value', 'id', '.', 'list', '?:', '||', '&&', '!_', '-_', 'in'],
  ...['==', '!=', '<', '<=', '>', '>=', '+', '-', '*', '/', '%'],
]

/** The first thing in an expression that its language leaves out. */
export function strangeIn(node: ASTNode, allowed: Allowed): string | undefined {
  if (node.op === 'value') return typeof node.args === 'number' ? String(node.args) : undefined
  if (node.op === 'rcall' && !allowed.methods.has(node.args[0])) return node.args[0]
  if (node.op === 'call' && !allowed.calls.has(node.args[0])) return node.args[0]
  if (node.op !== 'rcall' && node.op !== 'call' && !allowed.operators.has(node.op)) return node.op
  for (const part of partsOf(node)) {
    const strange = strangeIn(part, allowed)
    if (strange !== undefined) return strange
  }
  return undefined
}

/** What an expression is put together from, in its order. */
export const partsOf = (node: ASTNode): readonly ASTNode[] =>
  Array.isArray(node.args)
    ? (node.args as unknown[]).flat(2).filter(isNode)
    : isNode(node.args)
      ? [node.args]
      : []

const isNode = (value: unknown): value is ASTNode =>
  typeof value === 'object' && value !== null && 'op' in value

/** Of a library's message, without the drawing below it. */
export const firstLine = (error: unknown): string =>
  String(error instanceof Error ? error.message : error).split('\n')[0] ?? ''
