// Risk engines of files, judged without a database: what `check-config` asks.
import type { Config } from '../config/config.ts'
import { riskFaults } from '../flows/apply-risk.ts'
import type { Log } from '../ports/log.ts'
import type { InstitutionSet } from '../ports/stores.ts'
import { openRiskPlugins } from './risk-plugins.ts'

const silent: Log = { info: () => undefined, warn: () => undefined, error: () => undefined }

/**
 * What the plugins say of their settings, a line each. Loads those that the configuration names: throws a ConfigFault where one
 * cannot be had, or is not what its hash says.
 */
export async function judgedRisk(config: Config, sets: readonly InstitutionSet[]): Promise<string[]> {
  // Settings are judged by themselves: nothing is fetched, and no secret is needed.
  const unneeded = undefined as never
  const plugins = await openRiskPlugins(config, { fetch: unneeded, keys: unneeded, log: silent })
  const faults = await Promise.all(sets.map((set) => riskFaults({ riskPlugins: async () => plugins }, set)))
  return faults.flat()
}
