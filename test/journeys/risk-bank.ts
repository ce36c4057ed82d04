// The demo bank with a risk engine of a test's own, and what both have said since.
import { randomUUID } from 'node:crypto'
import type { Foundation, Services, Stores } from '../../src/compose/foundation.ts'
import type { Institution } from '../../src/domain/institution.ts'
import type { RiskSettings } from '../../src/domain/risk.ts'
import { startApprovalBank } from './approval-bank.ts'
import type { TestSettings } from './bridge.ts'
import { customer } from './customer.ts'
import { type RiskEngine, startRiskEngine } from './risk-engine.ts'

interface Told {
  readonly type: string
  readonly outcome: string
  readonly code?: string
  readonly detail?: Readonly<Record<string, unknown>>
}

/** What an app is told of a sign-in that ended otherwise. */
export const errorOf = (url: string | undefined) => {
  const query = new URL(url ?? 'about:blank').searchParams
  return [query.get('error'), query.get('error_description')]
}

/** `pace` is that of background work. */
export async function startRiskBank({ pace }: { readonly pace?: number } = {}) {
  const engine = await startRiskEngine()
  const settings: TestSettings = pace === undefined ? {} : { pace }
  const bank = await startApprovalBank({ institution: { risk: engine.settings() }, settings })
  const events: Told[] = []
  bank.bridge.application.observe((_institution, event) => void events.push(JSON.parse(event)))
  const parts = bank.bridge.parts as unknown as { base: Foundation; stores: Stores; services: Services }
  async function reapplied(institution: Institution): Promise<void> {
    const { directory } = parts.stores
    const set = await directory.everything('alder', 'file')
    if (set !== undefined) await directory.put({ ...set, institution }, 'file')
  }
  return {
    ...{ ...bank, engine, events, parts },
    /** From now on; what was heard before is forgotten. */
    says(next: Parameters<RiskEngine['will']>[0]): void {
      engine.will(next)
      events.length = 0
    },
    /** A customer whom nobody has met before, and no device. */
    async stranger() {
      const user = randomUUID()
      bank.idp.will({ name: user })
      return customer(bank.bridge, user, bank.idp.app)
    },
    reapplied,
    /** The work while the bank asks otherwise; then as before. */
    async during(risk: RiskSettings, work: () => Promise<void>): Promise<void> {
      const before = (await parts.stores.directory.institution('alder')) as Institution
      try {
        await reapplied({ ...before, risk })
        await work()
      } finally {
        await reapplied(before)
      }
    },
    assessed: () => events.filter(({ type }) => type === 'risk.assessed').map(({ detail }) => detail),
    stop: async () => {
      await bank.stop()
      engine.stop()
    },
  }
}

export type RiskBank = Awaited<ReturnType<typeof startRiskBank>>
