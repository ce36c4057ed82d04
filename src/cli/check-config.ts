// `drawbridge check-config`: every fault of the settings and of institution files, without touching a database.
import { ConfigFault, type ConfigurationFault, faultLine } from '../config/faults.ts'
import { NoConfiguration } from '../config/load.ts'
import { readFiles } from './apply.ts'
import { type Command, exit } from './command.ts'
import { configFor, configOption } from './config-option.ts'

export const checkConfig: Command = {
  name: 'check-config',
  summary: 'Check the settings, and institution files too.',
  operands: '[FILE...]',
  description: [
    'Prints every fault with its place and ends with status 1, or says that all is well. References to secrets are',
    'followed. Files that are named are checked as `apply` would check them, but for what only apply can judge: the',
    'settings of connections, by their connectors, all of a logo, and what stands in the database beside the file.',
  ].join('\n'),
  options: configOption,
  async run(invocation) {
    const { terminal, operands } = invocation
    const faults = [...faultsIn(() => configFor(invocation)), ...faultsIn(() => readFiles(operands))]
    for (const fault of faults) terminal.error(`${faultLine(fault)}\n`)
    if (faults.length === 0) terminal.out('the configuration holds\n')
    else terminal.error(`${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}\n`)
    return faults.length === 0 ? exit.ok : exit.failed
  },
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
