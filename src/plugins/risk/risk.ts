// The risk engines by type, and those of each institution, opened once and guarded for as long as their rows stay the same.
import type { Institution } from '../../domain/institution.ts'
import type { RiskProviderSetting } from '../../domain/risk.ts'
import type { Log } from '../../ports/log.ts'
import type { RiskMemory, RiskPlugin, RiskProvider, RiskProviders } from '../../ports/risk.ts'
import { CodedFailure, reasonOf } from './failure.ts'
import { type ClosingGuard, type GuardSettings, guardRiskProvider } from './guard.ts'

export interface RiskProvidersPorts {
  readonly plugins: readonly RiskPlugin[]
  /** What a provider keeps of customers: its own alone. */
  readonly memory: (institution: string, provider: string) => RiskMemory
  readonly now: () => number
  readonly log: Log
  readonly guard?: Partial<GuardSettings> | undefined
}

interface Kept {
  readonly row: string
  readonly guard: ClosingGuard
  /** When one that did not open is tried again; undefined where it did. */
  readonly againAt: number | undefined
}

/** A file that was missing may have come, a host may have its name again. */
const againMs = 60_000

export function createRiskProviders(ports: RiskProvidersPorts): RiskProviders {
  const byType = new Map(ports.plugins.map((plugin) => [plugin.type, plugin]))
  const kept = new Map<string, Map<string, Kept>>()
  const open = (institution: Institution, setting: RiskProviderSetting): Kept => {
    const row = rowOf(institution, setting)
    const known = kept.get(institution.id)?.get(setting.id)
    if (known?.row === row && (known.againAt === undefined || ports.now() < known.againAt)) return known
    if (known !== undefined) void known.guard.close()
    return { row, ...opened(ports, { institution, setting, plugin: byType.get(setting.type) }) }
  }
  return {
    plugins: () => ports.plugins,
    of(institution) {
      const settings = institution.risk?.providers ?? []
      const next = new Map(settings.map((setting) => [setting.id, open(institution, setting)]))
      for (const [id, { guard }] of kept.get(institution.id) ?? []) if (!next.has(id)) void guard.close()
      kept.set(institution.id, next)
      return [...next.values()].map(({ guard }) => guard)
    },
    async tryOut(institution, setting, { event, ms }) {
      const plugin = byType.get(setting.type)
      const forgetful = { ...ports, memory: scratchMemory }
      const { guard } = opened(forgetful, { institution, setting, plugin })
      const answer = await guard.assess(event, ms)
      // What it has to end it ends by itself: nobody waits for that.
      void guard.close()
      return { answer, reason: guard.health().lastFailure?.reason }
    },
    async close() {
      const guards = [...kept.values()].flatMap((one) => [...one.values()].map(({ guard }) => guard))
      kept.clear()
      await Promise.all(guards.map((guard) => guard.close()))
    },
  }
}

/** Of one test call. */
function scratchMemory(): RiskMemory {
  const kept = new Map<string, string>()
  return {
    get: async (key) => kept.get(key),
    put: async (key, value) => void kept.set(key, value),
    count: async (key) => {
      const count = Number(kept.get(key) ?? 0) + 1
      kept.set(key, String(count))
      return count
    },
  }
}

const rowOf = ({ host }: Institution, { type, settings, facts }: RiskProviderSetting): string =>
  JSON.stringify([host, type, settings, facts])

interface Opening {
  readonly institution: Institution
  readonly setting: RiskProviderSetting
  readonly plugin: RiskPlugin | undefined
}

/** What cannot be opened is there all the same, and fails: its fallback counts, where one that is absent would be passed over. */
function opened(ports: RiskProvidersPorts, { institution, setting, plugin }: Opening): Omit<Kept, 'row'> {
  const { memory, now, log, guard: settings } = ports
  const { id, type } = setting
  const facts = setting.facts ?? plugin?.facts ?? []
  const guarded = (provider: RiskProvider) =>
    guardRiskProvider({ institution: institution.id, id, type, facts, provider, now, log, settings })
  try {
    if (plugin === undefined) throw new CodedFailure('unknown_type')
    const place = { institution, provider: id, settings: setting.settings, now }
    const provider = plugin.open({ ...place, memory: memory(institution.id, id) })
    return { guard: guarded(provider), againAt: undefined }
  } catch (error) {
    log.error('risk.unopened', { institution: institution.id, provider: id, type, reason: reasonOf(error) })
    const failing = { assess: () => Promise.reject(error), report: () => Promise.reject(error) }
    return { guard: guarded(failing), againAt: now() + againMs }
  }
}
