// The contract of risk providers on the RSA provider, with node-soap as its engine.
import { riskProviderContract } from '../risk-contract.ts'
import { caller, type Handler, risk, startNodeSoapEngine } from './node-soap-engine.ts'
import { openRsa, plugin } from './rig.ts'

const nonsense: readonly Handler[] = [
  () => risk('WHAT_NOBODY_KNOWS'),
  () => risk('ALLOW', 'NaN'),
  () => ({ ...risk('ALLOW'), messageHeader: { requestId: 'of another' } }),
  () => ({ ...risk('ALLOW'), statusHeader: { reasonCode: 1, statusCode: 300 } }),
  () => ({}),
]

riskProviderContract('an AA-compatible engine', async () => {
  const engine = await startNodeSoapEngine('7.x')
  engine.handlers.analyze = () => risk('ALLOW', 12)
  let turn = 0
  return {
    provider: openRsa({
      ...{ url: engine.url, dialect: '7.x', callerId: caller.id, callerCredential: caller.credential },
    }),
    facts: { 'subject.id': 'alice', 'network.address': '198.51.100.7', 'client.userAgent': 'Alder/1.0' },
    shared: plugin.facts,
    hang: () => {
      engine.handlers.analyze = () => new Promise(() => {})
    },
    garble: () => {
      engine.handlers.analyze = (request) => nonsense[turn++ % nonsense.length]?.(request)
    },
    heard: () => engine.received.join('\n'),
    remove: () => engine.close(),
  }
})
