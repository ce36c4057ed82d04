// A policy as text of its own, as the console edits it: the `policy:` section of an institution's file, without the file around it.
import { Document, isCollection, isMap, Lexer, Scalar, visit } from 'yaml'
import { ConfigFault, type ConfigurationFault, faultLine, faultsOf, placed } from './faults.ts'
import {
  type CurrencyTerms,
  currencyFaults,
  type PolicyEntry,
  type PolicyRules,
  policyShape,
} from './institution-policy.ts'
import { keysAt } from './settings-list.ts'
import { atSource, parseYaml, type YamlFile } from './yaml-file.ts'

/** A hundred rules and a hundred limits fit in well; what is longer is not even looked at. */
const longestPolicy = 64 * 1024

/** Words and signs: two hundred accounts have about eight hundred. A reader is slow on thousands of keys side by side. */
const mostLexemes = 12_000

/** Nobody mends more at once; each is looked up in the text. */
const mostFaults = 20

const source = 'line'

export interface PolicyReading {
  readonly rules: PolicyRules
  /** Of the institution: a limit names the currencies of its `step_up_over`, and converts by its rates. */
  readonly terms: CurrencyTerms
}

/** Throws a ConfigFault with every fault; its `source` is `line:12`. */
export function readPolicyText(text: string, { rules, terms }: PolicyReading): PolicyEntry {
  const unread = unreadable(text)
  if (unread !== undefined) throw new ConfigFault([unread])
  const yaml = yamlOf(text)
  const value = inner(yaml.value)
  const at = value === yaml.value ? [] : ['policy']
  const shape = policyShape(rules)
  const parsed = shape.safeParse(value ?? {})
  const faults = parsed.success
    ? currencyFaults(parsed.data, terms, rules).map(({ path, message }) => placed(path.slice(1), message))
    : faultsOf(parsed.error, (path) => keysAt(shape, path))
  if (parsed.success && faults.length === 0) return parsed.data
  const first = faults.slice(0, mostFaults)
  throw new ConfigFault(first.map((fault) => atSource({ ...fault, parts: [...at, ...fault.parts] }, yaml)))
}

/** The first faults; those of one place that say the same are one. */
function yamlOf(text: string): YamlFile {
  try {
    return parseYaml(source, text)
  } catch (error) {
    if (!(error instanceof ConfigFault)) throw error
    const said = error.faults.map((fault) =>
      /call stack|Stack overflow/.test(fault.message) ? { ...fault, message: 'is nested too deeply' } : fault,
    )
    const once = new Map(said.map((fault) => [faultLine(fault), fault]))
    throw new ConfigFault([...once.values()].slice(0, mostFaults))
  }
}

/** What was copied from a file stands below `policy:` there. */
const inner = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && Object.keys(value).join() === 'policy'
    ? (value as { readonly policy: unknown }).policy
    : value

/** Texts that no reader should be given: too long, with characters that no row can hold, or nested beyond any policy. */
function unreadable(text: string): ConfigurationFault | undefined {
  if (text.length > longestPolicy)
    return { path: '', message: `a policy has at most ${longestPolicy} characters; this has ${text.length}` }
  const lines = text.split('\n')
  const hidden = lines.findIndex((line) => /[^\P{Cc}\t\r]/u.test(line))
  if (hidden >= 0)
    return { path: '', source: `${source}:${hidden + 1}`, message: 'holds a character that cannot be seen' }
  if (text.trim() === '')
    return { path: '', message: 'is empty; for a policy without rules and limits write rules: []' }
  let lexemes = 0
  for (const _ of new Lexer().lex(text)) if (++lexemes > mostLexemes) return { path: '', message: tooMany }
  return undefined
}

const tooMany = `a policy has at most ${mostLexemes} words and signs`

/** What a policy says, as `writtenFrom` of the domain has it. */
export interface PolicyToWrite {
  readonly rules: readonly Readonly<Record<string, unknown>>[]
  readonly limits: readonly Readonly<Record<string, unknown>>[]
}

const rulesNote =
  ' In their order; of two equally strong ones the first gives the reason. A condition counts in minor units.'
const limitsNote = ' Each leads to a step-up with device and PIN unless it has an outcome of its own.'

/** As people would write it: texts in quotes where they may be read as something else, short lists on one line. */
export function writePolicyText({ rules, limits }: PolicyToWrite): string {
  const document = new Document({ rules, limits })
  visit(document, {
    Pair(_, { key, value }) {
      if (key instanceof Scalar && key.value === 'over' && isMap(value)) amountsIn(value)
      if (key instanceof Scalar && /^(over|types|from|to)$/.test(String(key.value)) && isCollection(value))
        value.flow = true
    },
  })
  comment(document.get('rules', true), rulesNote)
  comment(document.get('limits', true), limitsNote)
  return document.toString({ lineWidth: 100, flowCollectionPadding: true })
}

/** Money is never a float: without quotes YAML would read it as one. */
function amountsIn(over: { readonly items: readonly { value?: unknown }[] }): void {
  for (const { value } of over.items) if (value instanceof Scalar) value.type = Scalar.QUOTE_DOUBLE
}

function comment(node: unknown, text: string): void {
  if (isCollection(node) && node.items.length > 0) node.commentBefore = text
}
