// What applying a file means for risk providers: their settings, as their own plugins judge them.
import type { RiskPlugin } from '../ports/risk.ts'
import type { InstitutionSet } from '../ports/stores.ts'

export interface ApplyRiskPorts {
  /** Opened when the first file has any: those that the configuration names are loaded then. */
  readonly riskPlugins: () => Promise<readonly RiskPlugin[]>
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
        const able = plugin.challenges?.(settings) ?? []
        const unable = challenge.filter((kind) => !able.includes(kind))
        if (unable.length === 0) return []
        const said = able.length === 0 ? 'no challenge' : able.join(', ')
        return [`${place}: challenge: with these settings it runs ${said}, and not ${unable.join(', ')}`]
      } catch (error) {
        return [`${place}: ${error instanceof Error ? error.message : String(error)}`]
      }
    }),
  )
  return faults.flat()
}
