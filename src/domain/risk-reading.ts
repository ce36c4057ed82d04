// What the answer of a risk engine that an institution describes by itself means: an expression for each thing that we want to know.
import { type ASTNode, Environment } from '@marcbachmann/cel-js'
import { valueOperators } from './expression-bounds.ts'
import { type Assessment, type RiskAction, riskActions, worstScore } from './risk.ts'
import { Absent, Answer, flagAt, isGiven, numberAt, textAt, textsAt, WrongKind } from './risk-answer.ts'
import {
  digitsFault,
  type Expression,
  type ExpressionLanguage,
  expressionLimits,
  expressionOf,
  looksAt,
  type MappingFault,
  registerDecimal,
  writtenResults,
} from './risk-expression.ts'

/** Expressions over `answer`, the JSON that came back. */
export interface AnswerMapping {
  /** Is it an answer at all? True or false; what says no is none. */
  readonly answered?: string | undefined
  readonly action: string
  readonly score?: string | undefined
  readonly band?: string | undefined
  readonly reasons?: string | undefined
  /** What it says that it is about: it must be what we sent (attack 170). */
  readonly correlation?: string | undefined
  readonly deviceToken?: string | undefined
  readonly reference?: Readonly<Record<string, string>> | undefined
}

/** What an answer says of the event that was sent; without its name. */
export type ReadAnswer =
  | { readonly said: Omit<Assessment, 'event'>; readonly fault?: undefined }
  | { readonly fault: string; readonly said?: undefined }

const methods = ['text', 'number', 'flag', 'texts', 'given'] as const

const allowed = {
  operators: new Set([...valueOperators, 'map', '[]']),
  calls: new Set(['decimal']),
  methods: new Set<string>([...methods, 'startsWith', 'endsWith', 'contains']),
}

const isMethod = (name: string): boolean => (methods as readonly string[]).includes(name)

const pointer = /^(?:\/(?:[^~/]|~[01])+){1,12}$/

function partFault(node: ASTNode): string | undefined {
  if (node.op === '[]' && node.args[0].op !== 'map') return 'only a table written here is looked up by [ ]'
  if (node.op === 'call') return digitsFault(node.args[1][1])
  if (node.op !== 'rcall' || !isMethod(node.args[0])) return undefined
  const [name, , [place, second]] = node.args
  const written = place?.op === 'value' && typeof place.args === 'string' ? place.args : ''
  if (!pointer.test(written)) return `${name}() wants a place in the answer, written as "/a/b" (RFC 6901)`
  if (name !== 'texts' && written.split('/').includes('*'))
    return `only texts() reads each of a list: ${written}`
  return name === 'number' ? digitsFault(second) : undefined
}

const language: ExpressionLanguage = { environment: answerEnvironment(), allowed, partFault }

function answerEnvironment(): Environment {
  const environment = new Environment({ limits: expressionLimits })
  environment.registerType('Answer', { ctor: Answer, fields: {} })
  environment.registerVariable('answer', 'Answer')
  const method = (signature: string, handler: (answer: Answer, place: string, given: never) => unknown) =>
    environment.registerFunction(`Answer.${signature}`, handler)
  method('text(string): string', textAt)
  method('text(string, string): string', (answer, place, usual) =>
    isGiven(answer, place) ? textAt(answer, place) : usual,
  )
  method('number(string): int', (answer, place) => numberAt(answer, place, 0n))
  method('number(string, int): int', numberAt)
  method('flag(string): bool', flagAt)
  method('texts(string): list<string>', textsAt)
  method('given(string): bool', isGiven)
  registerDecimal(environment)
  return environment
}

type Role = Exclude<keyof AnswerMapping, 'reference'>

const types: Readonly<Record<Role, string>> = {
  answered: 'bool',
  action: 'string',
  score: 'int',
  band: 'string',
  reasons: 'list<string>',
  correlation: 'string',
  deviceToken: 'string',
}

const isAction = (text: string): text is RiskAction => (riskActions as readonly string[]).includes(text)

/** What is wrong with one expression over an answer; undefined when it can be used for that. */
function roleFault(role: Role, made: Expression): string | undefined {
  if (made.type !== types[role]) return `${types[role]} is needed; this is of type ${made.type}`
  if (!looksAt(made.ast, 'answer')) return 'this says the same whatever the engine answers'
  const stranger = role === 'action' ? writtenResults(made.ast).find((text) => !isAction(text)) : undefined
  return stranger === undefined ? undefined : `"${stranger}" is no action: ${riskActions.join(', ')}`
}

/** What is wrong with the mapping of an answer; empty when it can be used. */
export function answerFaults(mapping: AnswerMapping): readonly MappingFault[] {
  return parts(mapping).flatMap(({ path, role, text }) => {
    const made = expressionOf(text, language)
    const message = 'fault' in made ? made.fault : roleFault(role, made)
    return message === undefined ? [] : [{ path, message }]
  })
}

interface Part {
  readonly path: readonly string[]
  readonly role: Role
  readonly text: string
}

const parts = ({ reference = {}, ...roles }: AnswerMapping): readonly Part[] => [
  ...(Object.entries(roles) as [Role, string | undefined][]).flatMap(([role, text]) =>
    text === undefined ? [] : [{ path: [role], role, text }],
  ),
  // Names of the engine's own, as texts.
  ...Object.entries(reference).map(([name, text]) => ({
    path: ['reference', name],
    role: 'band' as const,
    text,
  })),
]

export type AnswerReading = (answer: unknown, sent: string | undefined) => ReadAnswer

/** A mapping that `answerFaults` has passed; throws on one that it has not. What it gives is total: no answer breaks it. */
export function answerReading(mapping: AnswerMapping): AnswerReading {
  const [fault] = answerFaults(mapping)
  if (fault !== undefined) throw new Error(`${fault.path.join('.')}: ${fault.message}`)
  const made = new Map(parts(mapping).map(({ path, text }) => [path.join('.'), expressionOf(text, language)]))
  return (json, sent) => {
    const answer = new Answer(json)
    const read = (path: string): unknown => {
      const expression = made.get(path)
      if (expression === undefined || 'fault' in expression) return undefined
      try {
        return expression.run({ answer })
      } catch (error) {
        // What an answer may leave out it may; without an action or what it is about it is none.
        if (error instanceof Absent && !needed.has(path)) return undefined
        throw new Unread(`${path}: ${wordsOf(error)}`)
      }
    }
    try {
      return judged(mapping, { read, sent })
    } catch (error) {
      if (error instanceof Unread) return { fault: error.message }
      throw error
    }
  }
}

class Unread extends Error {}

/** Where it went wrong, and nothing of what the engine said: it may repeat what it was sent. */
function wordsOf(error: unknown): string {
  if (error instanceof Absent || error instanceof WrongKind) return error.message
  return error instanceof Error && 'code' in error ? String(error.code) : 'not what it should be'
}

const needed: ReadonlySet<string> = new Set(['answered', 'action', 'correlation'])

const mostReasons = 20
const longestReason = 64

interface Reading {
  read(path: string): unknown
  readonly sent: string | undefined
}

function judged(mapping: AnswerMapping, { read, sent }: Reading): ReadAnswer {
  if (mapping.answered !== undefined && read('answered') !== true)
    return { fault: 'answered: it says it is none' }
  if (mapping.correlation !== undefined && (sent === undefined || read('correlation') !== sent))
    return { fault: 'correlation: it is about something else' }
  const action = String(read('action'))
  if (!isAction(action)) return { fault: 'action: it is none that we know' }
  const score = read('score') as bigint | undefined
  if (score !== undefined && (score < 0n || score > worstScore))
    return { fault: `score: not from 0 to ${worstScore}` }
  const named = Object.keys(mapping.reference ?? {}).flatMap((name) => {
    const given = read(`reference.${name}`) as string | undefined
    return given === undefined ? [] : [[name, given] as const]
  })
  const reasons = (read('reasons') ?? []) as readonly string[]
  return {
    said: {
      action,
      score: score === undefined ? undefined : Number(score),
      band: read('band') as string | undefined,
      // An engine may have more to say than is shown of any.
      reasons: reasons
        .slice(0, mostReasons)
        .map((code) => ({ code: code.slice(0, longestReason).toWellFormed() })),
      reference: named.length === 0 ? undefined : Object.fromEntries(named),
      deviceToken: read('deviceToken') as string | undefined,
    },
  }
}
