// The contract of risk providers on the engines of our own, and on the connector of access signatures.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Institution } from '../../../src/domain/institution.ts'
import { createGuardedFetch } from '../../../src/plugins/net/guarded-fetch.ts'
import { riskSignals } from '../../../src/plugins/risk/signals.ts'
import { voyagerIa } from '../../../src/plugins/risk/voyager.ts'
import { voyagerRemote } from '../../../src/plugins/risk/voyager-remote.ts'
import type { RiskPlugin } from '../../../src/ports/risk.ts'
import { riskProviderContract, unspoilt } from '../risk-contract.ts'
import { memoryInMemory } from './memory.ts'

const keys = { secret: () => new Uint8Array(32) }
const open = (plugin: RiskPlugin, settings: Readonly<Record<string, unknown>>) => ({
  provider: plugin.open({
    institution: { id: 'alder' } as Institution,
    ...{ provider: 'own', settings, memory: memoryInMemory(Date.now), now: Date.now },
  }),
  shared: plugin.facts,
  facts: { 'subject.id': 'alice', 'network.country': 'EE', 'network.address': '198.51.100.7' },
})

riskProviderContract('built-in signals', async () => open(riskSignals({}), {}), unspoilt)
riskProviderContract(
  'access signatures',
  async () => open(voyagerIa({ keys }), { questions: true }),
  unspoilt,
)

riskProviderContract('access signatures judged elsewhere', async () => {
  let mood: 'well' | 'hang' | 'garbage' = 'well'
  const heard: string[] = []
  const server = createServer(async (request, response) => {
    const body = await text(request)
    heard.push(body)
    if (mood === 'hang') return
    response.setHeader('content-type', 'application/json')
    const good = { ref: JSON.parse(body).ref, match: 1, decision: 'ALLOW', reasons: [] }
    response.end(mood === 'well' ? JSON.stringify(good) : '{"ref":')
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const fetch = createGuardedFetch({ allowedNetworks: ['127.0.0.0/8'], timeoutMs: 20_000, maxBytes: 65_536 })
  return {
    ...open(voyagerRemote({ fetch, keys }), { url }),
    hang() {
      mood = 'hang'
    },
    garble() {
      mood = 'garbage'
    },
    heard: () => heard.join('\n'),
    remove: () => {
      server.closeAllConnections()
      server.close()
    },
  }
})
