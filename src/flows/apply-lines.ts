// What applying a file means for whoever tells of telephone lines: its settings, as its own plugin judges them.
import { type SettingsFault, SettingsRefused } from '../ports/connector-settings.ts'
import type { JudgedFault } from '../ports/judged.ts'
import type { LineFacts } from '../ports/line-facts.ts'
import type { InstitutionSet } from '../ports/stores.ts'
import { asWritten } from './apply-risk.ts'

export interface ApplyLinePorts {
  readonly lineFacts: Pick<LineFacts, 'plugins'>
}

/** Every fault with its place in the file. */
export function lineFaults(
  { lineFacts }: ApplyLinePorts,
  { institution: { id: institution, lineFacts: setting } }: InstitutionSet,
): JudgedFault[] {
  if (setting === undefined) return []
  return settingFaults(lineFacts, setting).map(({ path, message }) => ({
    ...{ institution, what: `line facts: ${path}`, message },
    at: ['line_facts', ...path.split('.')],
  }))
}

function settingFaults(
  lineFacts: ApplyLinePorts['lineFacts'],
  { type, settings }: NonNullable<InstitutionSet['institution']['lineFacts']>,
): SettingsFault[] {
  const plugin = lineFacts.plugins().find((one) => one.type === type)
  if (plugin === undefined) return [{ path: 'type', message: `no line facts of type ${type}` }]
  try {
    plugin.check(settings)
    return []
  } catch (error) {
    if (error instanceof SettingsRefused) return error.faults.map(asWritten)
    return [{ path: 'settings', message: error instanceof Error ? error.message : String(error) }]
  }
}
