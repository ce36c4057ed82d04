// What plugins and the network say of files, without a database: what `check-config` asks.
import type { Config } from '../config/config.ts'
import { lineFaults } from '../flows/apply-lines.ts'
import { pingFaults } from '../flows/apply-pings.ts'
import { riskFaults } from '../flows/apply-risk.ts'
import { camaraSimSwap } from '../plugins/lines/camara.ts'
import { addressFault } from '../plugins/net/guarded-fetch.ts'
import type { JudgedFault } from '../ports/judged.ts'
import type { Log } from '../ports/log.ts'
import type { InstitutionSet } from '../ports/stores.ts'
import { openRiskPlugins } from './risk-plugins.ts'

const silent: Log = { info: () => undefined, warn: () => undefined, error: () => undefined }

/** Loads the plugins that the configuration names: throws a ConfigFault where one cannot be had, or is not what its hash says. */
export async function judged(config: Config, sets: readonly InstitutionSet[]): Promise<JudgedFault[]> {
  // Settings are judged by themselves: nothing is fetched, and no secret is needed.
  const unneeded = undefined as never
  const plugins = await openRiskPlugins(config, { fetch: unneeded, keys: unneeded, log: silent })
  const ports = {
    riskPlugins: async () => plugins,
    lineFacts: { plugins: () => [camaraSimSwap({ fetch: unneeded, now: unneeded })] },
    addressFault: (text: string) => addressFault(text, config.outbound.allowedNetworks),
  }
  const faults = sets.map(async (set) => [
    ...(await riskFaults(ports, set)),
    ...lineFaults(ports, set),
    ...pingFaults(ports, set),
  ])
  return (await Promise.all(faults)).flat()
}
