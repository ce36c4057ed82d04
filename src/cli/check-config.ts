// `drawbridge check-config`: every fault of the settings and of institution files, without touching a database.
import { ConfigFault, type ConfigurationFault, faultLine } from '../config/faults.ts'
import { NoConfiguration } from '../config/load.ts'
import type { InstitutionSet } from '../ports/stores.ts'
import { inFile, readFiles } from './apply.ts'
import { type Command, exit, type Invocation } from './command.ts'
import { configFor, configOption } from './config-option.ts'
import { institutionSet } from './institution-set.ts'

export const checkConfig: Command = {
  name: 'check-config',
  summary: 'Check the settings, and institution files too.',
  operands: '[FILE...]',
  description: [
    'Prints every fault with its place and ends with status 1, or says that all is well. References to secrets are',
    'followed. Files that are named are checked as `apply` would check them, risk engines, telephone operators and the addresses of',
    'pings too, but for what only apply can judge: the settings of connections and channels, all of a logo, and what',
    'stands in the database beside the file.',
  ].join('\n'),
  options: configOption,
  async run(invocation) {
    const { terminal, operands } = invocation
    const read = [...faultsIn(() => configFor(invocation)), ...faultsIn(() => readFiles(operands))]
    const faults = [...read, ...(await judgedFaults(invocation))]
    for (const fault of faults) terminal.error(`${faultLine(fault)}\n`)
    if (faults.length === 0) terminal.out('the configuration holds\n')
    else terminal.error(`${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}\n`)
    return faults.length === 0 ? exit.ok : exit.failed
  },
}

/** Of every file that can be read, whatever is wrong with the others. */
async function judgedFaults(invocation: Invocation): Promise<readonly ConfigurationFault[]> {
  const config = read(() => configFor(invocation))
  if (config === undefined) return []
  const files = invocation.operands.flatMap((name) =>
    (read(() => readFiles([name])) ?? []).map((file) => ({ name, file })),
  )
  const sets = files.map(({ file }) => institutionSet(file, config.timeouts)).filter(isJudged)
  if (sets.length === 0 && config.risk.plugins.length === 0) return []
  // It brings a lot along, which files without engines, operators and pings do without.
  const { judged } = await import('../compose/judged.ts')
  const fileOf = new Map(files.map(({ name, file }) => [file.institution.id, name]))
  try {
    return (await judged(config, sets)).map((fault) => inFile(fault, fileOf))
  } catch (error) {
    if (error instanceof ConfigFault) return error.faults
    throw error
  }
}

const isJudged = ({ institution, relyingParties }: InstitutionSet): boolean =>
  institution.risk !== undefined ||
  institution.lineFacts !== undefined ||
  relyingParties.some(({ backchannel }) => backchannel?.ping !== undefined)

/** What can be read; what is wrong with it is told elsewhere. */
function read<T>(reading: () => T): T | undefined {
  try {
    return reading()
  } catch {
    return undefined
  }
}

function faultsIn(check: () => unknown): readonly ConfigurationFault[] {
  try {
    check()
    return []
  } catch (error) {
    if (error instanceof ConfigFault) return error.faults
    if (error instanceof NoConfiguration) return [{ path: '', message: error.message }]
    throw error
  }
}
