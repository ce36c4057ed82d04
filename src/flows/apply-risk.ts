// What applying a file means for risk providers: their settings, as their own plugins judge them.
import type { RiskChallengeKind, RiskProviderSetting } from '../domain/risk.ts'
import { snake } from '../domain/written-name.ts'
import { SettingsRefused } from '../ports/connector-settings.ts'
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
const asWritten = ({ faults }: SettingsRefused): SettingsRefused =>
  new SettingsRefused(
    faults.map(({ path, message }) => {
      const [settings = '', first, ...deeper] = path.split('.')
      if (first === undefined) return { path, message: message.replace(/"\w+"/g, snake) }
      return { path: [settings, snake(first), ...deeper].join('.'), message }
    }),
  )

export async function riskFaults(
  { riskPlugins }: ApplyRiskPorts,
  { institution: { id, risk } }: InstitutionSet,
): Promise<string[]> {
  if (risk === undefined) return []
  const plugins = await riskPlugins()
  const faults = await Promise.all(
    risk.providers.map(async (setting) => {
      const { id: provider, type, settings, challenge = [] } = setting
      const place = `${id}: risk provider ${provider}`
      const plugin = plugins.find((one) => one.type === type)
      const known = plugins.map((one) => one.type).join(', ')
      if (plugin === undefined) return [`${place}: no risk provider of type ${type}; there are ${known}`]
      try {
        await plugin.check(settings)
        const found = {
          challenge: challengeFault(plugin, settings, challenge),
          facts: factsFault(plugin, setting),
        }
        return Object.entries(found).flatMap(([where, fault]) =>
          fault === undefined ? [] : [`${place}: ${where}: ${fault}`],
        )
      } catch (error) {
        const thrown = error instanceof SettingsRefused ? asWritten(error) : error
        return [`${place}: ${thrown instanceof Error ? thrown.message : String(thrown)}`]
      }
    }),
  )
  return faults.flat()
}
