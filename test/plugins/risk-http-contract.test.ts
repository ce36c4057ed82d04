// The contract of risk providers on those over HTTP: a mapping, a service, and a program that the bridge starts.
import { join } from 'node:path'
import { httpEnginePaths } from '../../src/demo/risk-http.ts'
import { httpJsonEngine } from '../../src/plugins/risk/http-json.ts'
import { riskService } from '../../src/plugins/risk/service.ts'
import type { RiskPlugin } from '../../src/ports/risk.ts'
import { riskProviderContract, unspoilt } from './risk-contract.ts'
import { exampleOf, opened, openFetch, startEngines } from './risk-engines.ts'

const facts = { 'app.id': 'phone', 'subject.id': 'alice', 'network.address': '203.0.113.7' } as const
const shared = ['app.id', 'subject.id', 'network.address'] as const

async function engineOf(plugin: RiskPlugin, path: string, settings: object = {}) {
  const engines = await startEngines()
  return {
    provider: opened(plugin, { ...settings, url: `${engines.url}${path}` }),
    ...{ facts, shared },
    hang: () => engines.script({ fault: 'hang' }),
    garble: () => engines.script({ fault: 'garbage' }),
    heard: () => JSON.stringify(engines.asked),
    remove: () => engines.stop(),
  }
}

riskProviderContract('http-json, by the mapping for ThreatMetrix', () =>
  engineOf(
    httpJsonEngine({ fetch: openFetch }),
    httpEnginePaths.threatmetrix,
    exampleOf('threatmetrix').settings,
  ),
)

riskProviderContract('a service', () => engineOf(riskService({ fetch: openFetch }), httpEnginePaths.service))

riskProviderContract(
  'a program',
  () => {
    const program = [process.execPath, join(import.meta.dirname, '../../config/risk/engine.mjs')]
    const plugin = riskService({ fetch: openFetch }, { ours: program })
    return { provider: opened(plugin, { program: 'ours' }), facts, shared }
  },
  unspoilt,
)
