// The risk providers that are built in.
import type { RiskPlugin, RiskPluginPorts } from '../ports/risk.ts'

/** In the order in which the console offers them. */
export const riskPlugins = (_ports: RiskPluginPorts): readonly RiskPlugin[] => []
