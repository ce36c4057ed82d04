// What is sent to a risk engine that an institution describes by itself: a tree of expressions over one event, and of nothing else.
import { type ASTNode, Environment } from '@marcbachmann/cel-js'
import { valueOperators } from './expression-bounds.ts'
import { isRiskFact, type RiskEvent, type RiskFact, riskFactNames, riskFacts } from './risk-event.ts'
import {
  digitsFault,
  type Expression,
  type ExpressionLanguage,
  expressionLimits,
  expressionOf,
  type MappingFault,
  registerDecimal,
} from './risk-expression.ts'

/** Names of the values that only the engine and we know, such as its API key: `secret.{name}`. */
export type MappingSecrets = Readonly<Record<string, string>>

export type Json = string | number | boolean | readonly Json[] | { readonly [name: string]: Json }

const bounds = { depth: 8, values: 200, name: 100 } as const

/** Facts that are written as text since they may be large, and of which a mapping may want to know whether they are. */
const minorUnits: ReadonlySet<RiskFact> = new Set(['transaction.minor', 'history.sumDay', 'history.largest'])
/** The only ones that are no whole numbers. */
const degrees: ReadonlySet<RiskFact> = new Set([
  ...(['network.latitude', 'network.longitude', 'client.latitude', 'client.longitude'] as const),
  ...(['history.lastLatitude', 'history.lastLongitude'] as const),
])

type CelType = 'string' | 'int' | 'double' | 'bool'

function typeOf(fact: RiskFact): CelType {
  if (minorUnits.has(fact)) return 'int'
  if (degrees.has(fact)) return 'double'
  return ({ text: 'string', number: 'int', flag: 'bool' } as const)[riskFacts[fact].type]
}

const allowed = {
  operators: new Set([...valueOperators, 'map', '[]']),
  calls: new Set(['has', 'string', 'decimal']),
  methods: new Set(['startsWith', 'endsWith', 'contains']),
}

/** Every fact has its group: `network.country` is the member `country` of `network`. */
const groups: Readonly<Record<string, Readonly<Record<string, CelType>>>> = riskFactNames.reduce(
  (all: Record<string, Record<string, CelType>>, fact) => {
    const [group = '', name = ''] = fact.split('.')
    all[group] = { ...all[group], [name]: typeOf(fact) }
    return all
  },
  {},
)

function language(secrets: readonly string[]): ExpressionLanguage {
  const environment = new Environment({ limits: expressionLimits })
  for (const [name, schema] of Object.entries(groups)) environment.registerVariable({ name, schema })
  const texts = { id: 'string', kind: 'string', institution: 'string', deviceToken: 'string' }
  const event = { ...texts, at: 'int', reference: 'map<string, string>' }
  environment.registerVariable({ name: 'event', schema: event })
  const schema = Object.fromEntries(secrets.map((name) => [name, 'string']))
  environment.registerVariable({ name: 'secret', schema })
  registerDecimal(environment)
  return { environment, allowed, partFault: (node) => partFault(node, { ...groups, event }) }
}

type Members = Readonly<Record<string, Readonly<Record<string, string>>>>

function partFault(node: ASTNode, known: Members): string | undefined {
  if (node.op === '[]' && !isTable(node.args[0])) return 'only a table written here is looked up by [ ]'
  if (node.op !== 'call') return undefined
  const [name, [first, second]] = node.args
  return name === 'decimal' ? digitsFault(second) : name === 'has' ? hasFault(first, known) : undefined
}

/** Of anything else the checker does not know what it gives. */
const isTable = (node: ASTNode): boolean => node.op === 'map' || isReference(node)

const isReference = (node: ASTNode | undefined): boolean =>
  node?.op === '.' &&
  node.args[1] === 'reference' &&
  node.args[0].op === 'id' &&
  node.args[0].args === 'event'

/** The checker lets `has` ask for what can never be there. */
function hasFault(node: ASTNode | undefined, known: Members): string | undefined {
  if (node?.op !== '.' || isReference(node.args[0])) return undefined
  const [on, name] = node.args
  const group = on.op === 'id' ? known[on.args] : undefined
  return group !== undefined && Object.hasOwn(group, name) ? undefined : `No such key: ${name}`
}

const sendable = /^(?:string|int|double|bool|list<(?:string|int|double|bool)>)$/

/** A place in the body, ready to be filled in; undefined where what it needs is absent. */
type Filled = (context: Context) => Json | undefined
type Context = Readonly<Record<string, unknown>>

interface Building {
  readonly language: ExpressionLanguage
  readonly faults: MappingFault[]
  values: number
}

/** What is wrong with the mapping of a body; empty when it can be used. */
export function requestFaults(mapping: unknown, secrets: readonly string[]): readonly MappingFault[] {
  const building: Building = { language: language(secrets), faults: [], values: 0 }
  body(mapping, building)
  return building.faults
}

/** What is wrong with one expression over an event that gives a text. */
export function eventTextFault(text: string): string | undefined {
  const made = expressionOf(text, language([]))
  if ('fault' in made) return made.fault
  return made.type === 'string' ? undefined : `a text is needed; this is of type ${made.type}`
}

export type MappedBody = (event: RiskEvent) => Json

/** A mapping that `requestFaults` has passed; throws on one that it has not. What is absent of an event is absent in the body. */
export function requestMapping(mapping: unknown, secrets: MappingSecrets): MappedBody {
  const building: Building = { language: language(Object.keys(secrets)), faults: [], values: 0 }
  const fill = body(mapping, building)
  const [fault] = building.faults
  if (fault !== undefined) throw new Error(`${fault.path.join('.')}: ${fault.message}`)
  return (event) => fill({ ...contextOf(event), secret: secrets }) ?? {}
}

/** A text of an event, undefined where it is absent. */
export function eventText(text: string): (event: RiskEvent) => string | undefined {
  const fault = eventTextFault(text)
  const made = expressionOf(text, language([]))
  if (fault !== undefined || 'fault' in made) throw new Error(fault)
  return (event) => unlessAbsent(() => made.run(contextOf(event)) as string)
}

function body(mapping: unknown, building: Building): Filled {
  const whole = { path: [], building }
  if (isTree(mapping)) return tree(mapping, whole)
  return refused(whole, 'an object is needed: its members are those of the body')
}

interface Place {
  readonly path: readonly (string | number)[]
  readonly building: Building
}

function refused({ path, building }: Place, message: string): Filled {
  building.faults.push({ path, message })
  return () => undefined
}

function node(mapping: unknown, place: Place): Filled {
  const { path, building } = place
  if (path.length > bounds.depth) return refused(place, `deeper than ${bounds.depth}`)
  if (Array.isArray(mapping)) return list(mapping, place)
  if (isTree(mapping)) return tree(mapping, place)
  building.values += 1
  if (building.values > bounds.values) return refused(place, `more than ${bounds.values} values`)
  if (typeof mapping === 'boolean' || Number.isFinite(mapping)) return () => mapping as Json
  if (typeof mapping !== 'string') return refused(place, 'an expression is needed, a number, true or false')
  const made = expressionOf(mapping, building.language)
  if ('fault' in made) return refused(place, made.fault)
  return sendable.test(made.type) ? value(made) : refused(place, `a value of type ${made.type} is not sent`)
}

const value =
  (made: Expression): Filled =>
  (context) =>
    unlessAbsent(() => jsonOf(made.run(context)))

function list(mapping: readonly unknown[], { path, building }: Place): Filled {
  const items = mapping.map((item, i) => node(item, { path: [...path, i], building }))
  return (context) => {
    const filled = items.flatMap((item) => item(context) ?? [])
    return filled.length === 0 ? undefined : filled
  }
}

function tree(mapping: Readonly<Record<string, unknown>>, place: Place): Filled {
  const { path, building } = place
  const members = Object.entries(mapping).map(([name, inner]) => {
    const inside = { path: [...path, name], building }
    const named = name !== '' && name.length <= bounds.name && name !== '__proto__'
    return [name, named ? node(inner, inside) : refused(inside, 'this is no name of a member')] as const
  })
  return (context) => {
    const filled = members.flatMap(([name, fill]) => {
      const json = fill(context)
      return json === undefined ? [] : [[name, json] as const]
    })
    return filled.length === 0 ? undefined : Object.fromEntries(filled)
  }
}

const isTree = (mapping: unknown): mapping is Readonly<Record<string, unknown>> =>
  typeof mapping === 'object' && mapping !== null && !Array.isArray(mapping)

function contextOf({ facts, id, kind, institution, at, deviceToken, reference }: RiskEvent): Context {
  const event = { id, kind, institution, at: whole(at), reference: reference ?? {} }
  const context: Record<string, Record<string, unknown>> = {
    ...Object.fromEntries(Object.keys(groups).map((group) => [group, {}])),
    event: { ...event, ...(deviceToken !== undefined && { deviceToken }) },
  }
  for (const [fact, given] of Object.entries(facts)) {
    const [group = '', name = ''] = fact.split('.')
    const members = context[group]
    if (given !== undefined && isRiskFact(fact) && members !== undefined)
      members[name] = celValue(fact, given)
  }
  return context
}

function celValue(fact: RiskFact, given: string | number | boolean): unknown {
  if (typeof given === 'string') return minorUnits.has(fact) ? BigInt(given) : given
  return typeof given === 'number' && !degrees.has(fact) ? whole(given) : given
}

const whole = (number: number): bigint => BigInt(Math.floor(number))

/** The language tells what is not there by this code: an absent fact, or a word that a table does not have. */
function unlessAbsent<T>(run: () => T): T | undefined {
  try {
    return run()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'no_such_key') return undefined
    throw error
  }
}

function jsonOf(result: unknown): Json {
  if (Array.isArray(result)) return result.map(jsonOf)
  const json = typeof result === 'bigint' ? Number(result) : result
  if (typeof result === 'bigint' && !Number.isSafeInteger(json))
    throw new Error('a number is too large to be sent')
  if (typeof json === 'number' && !Number.isFinite(json)) throw new Error('not a number')
  return json as Json
}
