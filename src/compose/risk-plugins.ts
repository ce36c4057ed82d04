// The risk plugins that there are: those built in, and those that the configuration names.
import type { Config } from '../config/config.ts'
import { ConfigFault } from '../config/faults.ts'
import { httpJsonEngine } from '../plugins/risk/http-json.ts'
import { loadRiskPlugins, PluginRefused } from '../plugins/risk/outside-plugins.ts'
import { rsaAdaptiveAuthentication } from '../plugins/risk/rsa.ts'
import { type Programs, riskService } from '../plugins/risk/service.ts'
import { riskSignals } from '../plugins/risk/signals.ts'
import { voyagerIa } from '../plugins/risk/voyager.ts'
import { voyagerRemote } from '../plugins/risk/voyager-remote.ts'
import type { Log } from '../ports/log.ts'
import type { RiskPlugin, RiskPluginPorts } from '../ports/risk.ts'

/** In the order in which the console offers them. */
const builtIn = (ports: RiskPluginPorts, programs: Programs): readonly RiskPlugin[] => [
  riskSignals(ports),
  rsaAdaptiveAuthentication(ports),
  voyagerIa(ports),
  voyagerRemote(ports),
  httpJsonEngine(ports),
  riskService(ports, programs),
]

/** Throws a ConfigFault where one that is named cannot be had, or is not what its hash says. */
export async function openRiskPlugins(
  { risk: { plugins, programs } }: Pick<Config, 'risk'>,
  ports: RiskPluginPorts & { readonly log: Log },
): Promise<readonly RiskPlugin[]> {
  const named = Object.fromEntries(programs.map(({ name, command }) => [name, command]))
  const ours = builtIn(ports, named)
  const taken = ours.map(({ type }) => type)
  try {
    return [...ours, ...(await loadRiskPlugins(plugins, { log: ports.log, taken }))]
  } catch (error) {
    if (!(error instanceof PluginRefused)) throw error
    throw new ConfigFault([{ path: `risk.plugins[${error.at}]`, message: error.message }])
  }
}
