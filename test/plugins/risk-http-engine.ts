// A risk engine behind real HTTP that hangs, fails or talks nonsense when it is told to, and a provider that asks it.
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createGuardedFetch } from '../../src/plugins/net/guarded-fetch.ts'
import type { RiskProvider } from '../../src/ports/risk.ts'

export type EngineMode = 'good' | 'hang' | 'half' | 'garbage' | 'foreign' | 'down'

/** Transactions of this type it denies. */
export const fraud = 'fraud'

const garbage: readonly string[] = [
  '',
  '<html>maintenance</html>',
  'null',
  '[]',
  '{"action":"allow"}',
  '{"event":"EVENT","action":"ALLOW","reasons":[]}',
  '{"event":"EVENT","action":"allow","score":1e999,"reasons":[]}',
  '{"event":"EVENT","action":"allow","score":"0","reasons":[]}',
  '{"event":"EVENT","action":"allow","reasons":[],"approved":true}',
  '{"event":"EVENT","action":["allow"],"reasons":[]}',
  `{"event":"EVENT","action":"allow","reasons":[],"band":"${'x'.repeat(10_000)}"}`,
  `{"event":"EVENT","action":"allow","reasons":[${'{"code":"a"},'.repeat(20_000)}{"code":"a"}]}`,
]

export async function startEngine() {
  let mode: EngineMode = 'good'
  let served = 0
  const heard: string[] = []
  const hanging = new Set<ServerResponse>()
  const server = createServer(async (request, response) => {
    served += 1
    let text = ''
    for await (const chunk of request) text += chunk
    heard.push(text)
    const { id, facts } = JSON.parse(text) as { id: string; facts: Readonly<Record<string, unknown>> }
    const action = facts['transaction.type'] === fraud ? 'deny' : 'allow'
    const good = JSON.stringify({ event: id, action, score: action === 'deny' ? 1000 : 10, reasons: [] })
    if (mode === 'hang') hanging.add(response)
    else if (mode === 'down') response.destroy()
    else if (mode === 'half' && served % 2 === 0) response.writeHead(500).end('{"error":"overloaded"}')
    else if (mode === 'garbage') response.end(garbage[served % garbage.length]?.replace('EVENT', id))
    else if (mode === 'foreign') response.end('{"event":"event-of-another","action":"allow","reasons":[]}')
    else response.end(good)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    heard,
    served: () => served,
    be: (next: EngineMode) => {
      mode = next
      for (const response of hanging) response.destroy()
      hanging.clear()
    },
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Asks as our own providers do; what it gets it hands on unseen, so that only the guard stands between. */
export function httpProvider(url: string): RiskProvider {
  const fetch = createGuardedFetch({
    allowedNetworks: ['127.0.0.0/8'],
    timeoutMs: 10_000,
    maxBytes: 1_048_576,
  })
  const ask = async (event: object, signal: AbortSignal) => {
    const { status, body } = await fetch(url, { method: 'POST', body: JSON.stringify(event), signal })
    if (status !== 200) throw Object.assign(new Error('engine'), { code: `status_${status}` })
    return JSON.parse(Buffer.from(body).toString())
  }
  return {
    assess: (event, { signal }) => ask(event, signal),
    report: async (event, { signal }) => void (await ask(event, signal)),
  }
}
