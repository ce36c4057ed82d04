// What applying a file means for risk providers: their settings, as their own plugins judge them.
import type { RiskChallengeKind, RiskProviderSetting } from '../domain/risk.ts'
import { snake } from '../domain/written-name.ts'
import { type SettingsFault, SettingsRefused } from '../ports/connector-settings.ts'
import type { JudgedFault } from '../ports/judged.ts'
import type { RiskPlugin } from '../ports/risk.ts'
import type { InstitutionSet } from '../ports/stores.ts'

export interface ApplyRiskPorts {
  /** Opened when the first file has any: those that the configuration names are loaded then. */
  readonly riskPlugins: () => Promise<readonly RiskPlugin[]>
}

/** Of settings that hold: what is wrong with the challenges that it is to run; undefined where nothing is. */
export function challengeFault(
  plugin: RiskPlugin,
  settings: Readonly<Record<string, unknown>>,
  challenge: readonly RiskChallengeKind[],
): string | undefined {
  const able = plugin.challenges?.(settings) ?? []
  const unable = challenge.filter((kind) => !able.includes(kind))
  const said = able.length === 0 ? 'no challenge' : able.join(', ')
  return unable.length === 0 ? undefined : `with these settings it runs ${said}, and not ${unable.join(', ')}`
}

/** Of settings that hold: the facts that they need and that do not leave for the engine; undefined where none is missing. */
export function factsFault(
  plugin: RiskPlugin,
  { settings, facts = plugin.facts }: Pick<RiskProviderSetting, 'settings' | 'facts'>,
): string | undefined {
  const missing = (plugin.needs?.(settings) ?? []).filter((fact) => !facts.includes(fact))
  if (missing.length === 0) return undefined
  return `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} needed by these settings`
}

/** By the names of the file, which writes the first level of settings in snake_case; so do messages that quote one. */
export const asWritten = ({ path, message }: SettingsFault): SettingsFault => {
  const [settings = '', first, ...deeper] = path.split('.')
  if (first === undefined) return { path, message: message.replace(/"\w+"/g, snake) }
  return { path: [settings, snake(first), ...deeper].join('.'), message }
}

/** Every fault with its place below the provider. */
export async function riskFaults(
  { riskPlugins }: ApplyRiskPorts,
  { institution: { id: institution, risk } }: InstitutionSet,
): Promise<JudgedFault[]> {
  if (risk === undefined) return []
  const plugins = await riskPlugins()
  const faults = await Promise.all(
    risk.providers.map(async (setting, i) =>
      (await providerFaults(plugins, setting)).map(({ path, message }) => ({
        ...{ institution, what: `risk provider ${setting.id}: ${path}`, message },
        at: ['risk', 'providers', i, ...path.split('.')],
      })),
    ),
  )
  return faults.flat()
}

async function providerFaults(
  plugins: readonly RiskPlugin[],
  setting: RiskProviderSetting,
): Promise<SettingsFault[]> {
  const { type, settings, challenge = [] } = setting
  const plugin = plugins.find((one) => one.type === type)
  const known = plugins.map((one) => one.type).join(', ')
  if (plugin === undefined)
    return [{ path: 'type', message: `no risk provider of type ${type}; there are ${known}` }]
  try {
    await plugin.check(settings)
  } catch (error) {
    if (error instanceof SettingsRefused) return error.faults.map(asWritten)
    return [{ path: 'settings', message: error instanceof Error ? error.message : String(error) }]
  }
  const found = { challenge: challengeFault(plugin, settings, challenge), facts: factsFault(plugin, setting) }
  return Object.entries(found).flatMap(([path, message]) =>
    message === undefined ? [] : [{ path, message }],
  )
}
