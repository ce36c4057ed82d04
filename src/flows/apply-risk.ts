// What applying a file means for risk providers: their settings, as their own plugins judge them.
import type { RiskChallengeKind } from '../domain/risk.ts'
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

export async function riskFaults(
  { riskPlugins }: ApplyRiskPorts,
  { institution: { id, risk } }: InstitutionSet,
): Promise<string[]> {
  if (risk === undefined) return []
  const plugins = await riskPlugins()
  const faults = await Promise.all(
    risk.providers.map(async ({ id: provider, type, settings, challenge = [] }) => {
      const place = `${id}: risk provider ${provider}`
      const plugin = plugins.find((one) => one.type === type)
      const known = plugins.map((one) => one.type).join(', ')
      if (plugin === undefined) return [`${place}: no risk provider of type ${type}; there are ${known}`]
      try {
        await plugin.check(settings)
        const fault = challengeFault(plugin, settings, challenge)
        return fault === undefined ? [] : [`${place}: challenge: ${fault}`]
      } catch (error) {
        return [`${place}: ${error instanceof Error ? error.message : String(error)}`]
      }
    }),
  )
  return faults.flat()
}
