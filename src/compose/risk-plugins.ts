// Risk plugins from outside at the start: what is listed and cannot be had is a fault of the configuration.
import type { Config } from '../config/config.ts'
import { ConfigFault } from '../config/faults.ts'
import { loadRiskPlugins, type OutsidePorts, PluginRefused } from '../plugins/risk/outside-plugins.ts'
import type { RiskPlugin } from '../ports/risk.ts'

/** Throws a ConfigFault where one cannot be had, or is not what its hash says. */
export async function outsideRiskPlugins(
  { risk: { plugins } }: Pick<Config, 'risk'>,
  ports: OutsidePorts,
): Promise<readonly RiskPlugin[]> {
  try {
    return await loadRiskPlugins(plugins, ports)
  } catch (error) {
    if (!(error instanceof PluginRefused)) throw error
    throw new ConfigFault([{ path: `risk.plugins[${error.at}]`, message: error.message }])
  }
}
