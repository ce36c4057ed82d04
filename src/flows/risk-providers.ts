// The risk engines of an institution for those who look after them: what they are, how they do, and a test call.
import { actorOf, type Visitor } from '../domain/administrator.ts'
import type { Institution } from '../domain/institution.ts'
import { Refusal } from '../domain/refusal.ts'
import type { RiskProviderSetting } from '../domain/risk.ts'
import type { AskedKind, RiskFact } from '../domain/risk-event.ts'
import { inventedFacts, inventedFor } from '../domain/risk-trial.ts'
import type { Chance, Clock } from '../ports/clock.ts'
import type { RiskHealth, RiskPlugin, RiskProviders, RiskTrial } from '../ports/risk.ts'
import type { RiskShadows, ShadowCount } from '../ports/risk-records.ts'
import type { RateLimits } from '../ports/stores.ts'
import type { Audit, UnitOfWork } from '../ports/unit-of-work.ts'

export interface RiskProviderPorts {
  readonly riskProviders: Pick<RiskProviders, 'of' | 'plugins' | 'tryOut'>
  readonly riskShadows: Pick<RiskShadows, 'counts'>
  readonly rateLimits: RateLimits
  readonly unit: Pick<UnitOfWork, 'checkpoint'>
  readonly audit: Audit
  readonly clock: Clock
  readonly chance: Chance
}

/** One engine as it is on this node. */
export interface SeenProvider {
  readonly setting: RiskProviderSetting
  /** Undefined where no plugin of its type is installed: it is there, and fails. */
  readonly plugin: RiskPlugin | undefined
  /** What may leave for it. */
  readonly facts: readonly RiskFact[]
  readonly health: RiskHealth
  /** Is it told how things ended? */
  readonly learns: boolean
  /** Epoch milliseconds: by which what ends is told from what has ended. */
  readonly seenAt: number
}

export interface ToTry {
  readonly provider: string
  readonly kind: AskedKind
  readonly visitor: Visitor
}

/** What came of a test call, and which of the invented facts left. */
export interface TriedProvider extends RiskTrial {
  readonly kind: AskedKind
  readonly sent: readonly RiskFact[]
}

/** What engines in shadow would have changed is told of so many days. */
export const shadowDays = 30

/** An administrator waits for it. */
const trialMs = 5000

export type RiskProviderFlows = ReturnType<typeof createRiskProviderFlows>

export function createRiskProviderFlows(ports: RiskProviderPorts) {
  const all = (institution: Institution): readonly SeenProvider[] => {
    const open = ports.riskProviders.of(institution)
    return (institution.risk?.providers ?? []).flatMap((setting) => {
      const guarded = open.find(({ id }) => id === setting.id)
      if (guarded === undefined) return []
      const plugin = ports.riskProviders.plugins().find(({ type }) => type === setting.type)
      const learns = guarded.provider.report !== undefined
      const { facts } = guarded
      return [{ setting, plugin, facts, health: guarded.health(), learns, seenAt: ports.clock.now() }]
    })
  }
  const one = (institution: Institution, id: string): SeenProvider => {
    const found = all(institution).find(({ setting }) => setting.id === id)
    if (found === undefined) throw new Refusal('request.not_found', { provider: id })
    return found
  }
  return {
    /** In the order of the institution. */
    all,
    /** Refuses with `request.not_found` for one that this institution does not have. */
    one,
    /** What those would have changed that are asked without effect, of the last days. */
    shadowCounts: (institution: string): Promise<readonly ShadowCount[]> =>
      ports.riskShadows.counts(institution, ports.clock.now() - shadowDays * 24 * 3600_000),
    /**
     * Asks it about an event that never happened. Nothing is kept but the audit event; what it does on its own side is its own.
     * Refuses with `request.not_found` and `rate.exceeded`.
     */
    async tryOut(institution: Institution, { provider, kind, visitor }: ToTry): Promise<TriedProvider> {
      const { setting, facts } = one(institution, provider)
      const { allowed, retryAfterSeconds } = await ports.rateLimits.take('probe', institution.id)
      if (!allowed) throw new Refusal('rate.exceeded', { bucket: 'probe', retryAfterSeconds })
      const place = { institution: institution.id, at: ports.clock.now() }
      const event = { ...place, id: ports.chance.token(16), kind, facts: inventedFacts(kind) }
      await ports.unit.checkpoint()
      const trial = await ports.riskProviders.tryOut(institution, setting, { event, ms: trialMs })
      const { assessment, failure, ms } = trial.answer
      const said = assessment?.action ?? failure ?? 'error'
      const detail = { by: actorOf(visitor), provider, kind, said, ms }
      ports.audit.record({ type: 'risk.tried', outcome: 'ok', detail })
      return { ...trial, kind, sent: inventedFor(kind, facts) }
    },
  }
}
