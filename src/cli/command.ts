// What a command is, and how its arguments are read and its help is written.
import { parseArgs } from 'node:util'
import { nearest } from '../config/faults.ts'
import type { Environment } from '../config/secret.ts'

/** Exit codes: 2 is wrong usage, 78 is EX_CONFIG of sysexits.h. */
export const exit = { ok: 0, failed: 1, usage: 2, configuration: 78 } as const

/** Where a command reads and writes; given, so that tests can look. */
export interface Terminal {
  readonly env: Environment
  out(text: string): void
  error(text: string): void
}

export interface Option {
  /** What stands for the value in the help; undefined for a flag. */
  readonly value?: string
  readonly meaning: string
  readonly default?: string
}

export interface Invocation {
  readonly terminal: Terminal
  readonly operands: readonly string[]
  text(option: string): string | undefined
  flag(option: string): boolean
}

export interface Command {
  /** `serve`, or `audit verify`. */
  readonly name: string
  readonly summary: string
  /** What the operands are, for the usage line: `FILE...`; undefined where there are none. */
  readonly operands?: string
  readonly description: string
  readonly options: Readonly<Record<string, Option>>
  /** Resolves with the exit code. */
  run(invocation: Invocation): Promise<number>
}

/** Wrong usage: the message is for the person at the keyboard. */
export class UsageFault extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageFault'
  }
}

const help: Option = { meaning: 'Show this help.' }

/** The options that every command has, beside its own. */
const optionsOf = (command: Command): Readonly<Record<string, Option>> => ({ ...command.options, help })

/** Reads the arguments after the command's name. Throws UsageFault with a hint. */
export function invocationOf(command: Command, args: readonly string[], terminal: Terminal): Invocation {
  const options = optionsOf(command)
  const types = Object.entries(options).map(
    ([name, { value }]) => [name, { type: value === undefined ? 'boolean' : 'string' }] as const,
  )
  const { tokens, positionals } = parseArgs({
    args: [...args],
    options: Object.fromEntries(types),
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const values = new Map<string, string | true>()
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    values.set(token.name, valueOfOption(command, token))
  }
  if (command.operands === undefined && positionals.length > 0) {
    throw new UsageFault(`${command.name} takes no ${positionals[0]}`)
  }
  return {
    terminal,
    operands: positionals,
    text(name) {
      const given = values.get(name)
      return typeof given === 'string' ? given : options[name]?.default
    },
    flag: (name) => values.has(name),
  }
}

interface OptionToken {
  readonly name: string
  readonly rawName: string
  readonly value?: string | undefined
}

function valueOfOption(command: Command, { name, rawName, value }: OptionToken): string | true {
  const options = optionsOf(command)
  if (!Object.hasOwn(options, name)) {
    const near = nearest(name, Object.keys(options))
    const hint = near === undefined ? '' : `; did you mean --${near}?`
    throw new UsageFault(`${command.name} has no option ${rawName}${hint}`)
  }
  const wanted = options[name]?.value
  if (wanted === undefined) {
    if (value !== undefined) throw new UsageFault(`--${name} takes no value`)
    return true
  }
  if (value === undefined || value === '')
    throw new UsageFault(`--${name} needs a value: --${name} ${wanted}`)
  return value
}

/** The help of one command. */
export function helpOf(command: Command): string {
  const options = Object.entries(optionsOf(command)).map(([name, option]) => {
    const shown = option.value === undefined ? `--${name}` : `--${name} ${option.value}`
    const fallback = option.default === undefined ? '' : ` Default: ${option.default}.`
    return `  ${shown.padEnd(22)}${option.meaning}${fallback}`
  })
  const operands = command.operands === undefined ? '' : ` ${command.operands}`
  return [
    `Usage: drawbridge ${command.name} [options]${operands}`,
    '',
    command.description,
    '',
    'Options:',
    ...options,
    '',
  ].join('\n')
}
