// The list of commands, and which one a command line means.
import { ConfigFault, faultLine, nearest } from '../config/faults.ts'
import { NoConfiguration } from '../config/load.ts'
import { apply } from './apply.ts'
import { auditVerify } from './audit-verify.ts'
import { checkConfig } from './check-config.ts'
import { type Command, exit, helpOf, invocationOf, type Terminal, UsageFault } from './command.ts'
import { consoleInvite } from './console-invite.ts'
import { demo } from './demo.ts'
import { describeConfig } from './describe-config.ts'
import { evidenceVerify } from './evidence-verify.ts'
import { journey } from './journey.ts'
import { keysCertify, keysList, keysPromote, keysRemove, keysRequest, keysRotate } from './keys.ts'
import { migrate } from './migrate.ts'
import { riskShadow } from './risk-shadow.ts'
import { samlExplain } from './saml-explain.ts'
import { serve } from './serve.ts'

export const commands: readonly Command[] = [
  serve,
  demo,
  migrate,
  apply,
  checkConfig,
  describeConfig,
  journey,
  auditVerify,
  evidenceVerify,
  samlExplain,
  riskShadow,
  consoleInvite,
  keysList,
  keysRotate,
  keysPromote,
  keysRequest,
  keysCertify,
  keysRemove,
]

/** Runs what the arguments say; resolves with the exit code and never throws for what a person did wrong. */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const [first] = args
  if (first === undefined || first === '--help' || first === 'help') {
    terminal.out(overview())
    return first === undefined ? exit.usage : exit.ok
  }
  const command = commandOf(args)
  if (command === undefined) {
    const near = meant(first)
    const hint = near === undefined ? '' : ` Did you mean ${near}?`
    terminal.error(`drawbridge has no command ${first}.${hint} See drawbridge --help.\n`)
    return exit.usage
  }
  const rest = args.slice(command.name.split(' ').length)
  if (rest.includes('--help')) {
    terminal.out(helpOf(command))
    return exit.ok
  }
  try {
    return await command.run(invocationOf(command, rest, terminal))
  } catch (error) {
    return told(error, command, terminal)
  }
}

const commandOf = (args: readonly string[]): Command | undefined =>
  commands.find(({ name }) => name.split(' ').every((word, i) => args[i] === word))

/** The command whose name, or first word of it, is most alike. */
function meant(word: string): string | undefined {
  const near = nearest(
    word,
    commands.flatMap(({ name }) => [name, name.split(' ')[0] ?? name]),
  )
  return commands.find(({ name }) => name === near || name.split(' ')[0] === near)?.name
}

/** Expected ends in words; what nobody expected goes on with its stack, for a report. */
function told(error: unknown, command: Command, terminal: Terminal): number {
  if (error instanceof UsageFault) {
    const stop = error.message.endsWith('?') ? '' : '.'
    terminal.error(`${error.message}${stop} See drawbridge ${command.name} --help.\n`)
    return exit.usage
  }
  if (error instanceof NoConfiguration) {
    terminal.error(`drawbridge ${command.name}: ${error.message}.\n${firstSteps}`)
    return exit.configuration
  }
  if (error instanceof ConfigFault) {
    terminal.error(`drawbridge ${command.name}: the configuration does not hold.\n`)
    for (const fault of error.faults) terminal.error(`  ${faultLine(fault)}\n`)
    return exit.configuration
  }
  // By name: these classes belong to folders that only compose/ may load.
  if (error instanceof Error && (expected.has(error.name) || unreachable.has(codeOf(error)))) {
    terminal.error(`drawbridge ${command.name}: ${error.message}\n`)
    return exit.failed
  }
  throw error
}

const expected: ReadonlySet<string> = new Set(['ApplyFault', 'DirectoryInUse', 'NewerDatabase'])

// The database is not there, or the port is taken: a matter of where, not of this program.
const unreachable: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'ETIMEDOUT',
  'EADDRINUSE',
  'EACCES',
])
const codeOf = (error: Error): unknown => ('code' in error ? error.code : undefined)

const firstSteps =
  'To look around: npm start (a demo bank on this machine). To serve: copy config/drawbridge.yaml and edit it, then ' +
  'drawbridge check-config.\n'

function overview(): string {
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(18)}${summary}`)
  return [
    'Usage: drawbridge COMMAND [options]',
    '',
    ...lines,
    '',
    'drawbridge COMMAND --help says more.',
    '',
  ].join('\n')
}
