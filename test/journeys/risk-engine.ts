// A risk engine of a test's own, by the bridge's contract for services: it says what it is told to, and remembers what it heard.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as rest } from 'node:timers/promises'
import type { RiskSettings } from '../../src/domain/risk.ts'
import { askedKinds } from '../../src/domain/risk-event.ts'

export interface Heard {
  readonly id: string
  readonly kind: string
  readonly facts: Readonly<Record<string, unknown>>
  readonly device_token?: string
  readonly reference?: Readonly<Record<string, string>>
}

type Says = Readonly<Record<string, unknown>> | 'hang' | 'fail'

export async function startRiskEngine() {
  let says: Readonly<Record<string, Says>> = {}
  const asked: Heard[] = []
  const told: Heard[] = []
  const hanging: (() => void)[] = []
  const server = createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk) => chunks.push(chunk))
    req.on('end', async () => {
      const { event } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { event: Heard }
      const report = req.url?.endsWith('/report') === true
      ;(report ? told : asked).push(event)
      const said = says[report ? 'report' : event.kind] ?? {}
      if (said === 'hang') await new Promise<void>((resolve) => hanging.push(resolve))
      if (said === 'fail') return void res.writeHead(500).end()
      if (report) return void res.writeHead(204).end()
      res.writeHead(200, { 'content-type': 'application/json' })
      res.end(JSON.stringify({ event: event.id, action: 'allow', score: 10, ...(said !== 'hang' && said) }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    asked,
    told,
    /** What it says from now on, by kind of event (`report` for what it is told); forgets what it heard. */
    will(next: Readonly<Record<string, Says>>): void {
      says = next
      asked.length = 0
      told.length = 0
    },
    /** What hangs is answered after all. */
    letGo: () => {
      for (const answer of hanging.splice(0)) answer()
    },
    /** Waits until it was told so often of an event that it ended so, as the jobs bring it. */
    async heard(outcome: string, of: string | undefined, times = 1): Promise<readonly Heard[]> {
      const about = ({ facts }: Heard) => facts['result.of'] === of && facts['result.outcome'] === outcome
      const found = () => told.filter(about)
      for (let i = 0; i < 1000 && found().length < times; i++) await rest(20)
      return found()
    },
    /** An institution that asks it about everything. */
    settings: (change: Partial<RiskSettings> = {}): RiskSettings => ({
      ...{ budgetMs: 5000, stepUp: 'urn:drawbridge:acr:device-pin' },
      providers: [{ id: 'engine', type: 'service', settings: { url, offers: ['report'] } }],
      events: Object.fromEntries(
        askedKinds.map((kind) => [
          kind,
          {
            ask: [{ provider: 'engine', weight: 1, optional: false }],
            ...{ combine: 'strictest', onFailure: kind === 'payment' ? 'deny' : 'step-up', bands: {} },
          },
        ]),
      ),
      ...change,
    }),
    stop: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

export type RiskEngine = Awaited<ReturnType<typeof startRiskEngine>>
