// The console's risk engines: one step at a time, judged by the rules of a file and by what it loosens, where no file says any.
import { actorOf, isProven, permits, type Visitor } from '../domain/administrator.ts'
import { Refusal } from '../domain/refusal.ts'
import type { RiskProviderSetting, RiskSettings } from '../domain/risk.ts'
import {
  changedRisk,
  changeName,
  isSameRisk,
  looksAtRisk,
  type RiskChange,
  riskLoosened,
} from '../domain/risk-changes.ts'
import type { Clock } from '../ports/clock.ts'
import type { ConnectionStore } from '../ports/connections.ts'
import { type SettingsFault, SettingsRefused } from '../ports/connector-settings.ts'
import type { RiskPlugin, RiskProviders } from '../ports/risk.ts'
import type { ConsoleRisk, ConsoleRisks, RiskCheck, RiskFault } from '../ports/risk-settings.ts'
import type { Directory } from '../ports/stores.ts'
import type { Audit } from '../ports/unit-of-work.ts'
import { challengeFault, factsFault } from './apply-risk.ts'

export interface RiskChangePorts {
  readonly directory: Pick<Directory, 'everything' | 'institution'>
  readonly connectionStore: Pick<ConnectionStore, 'lock'>
  readonly consoleRisks: ConsoleRisks
  readonly riskProviders: Pick<RiskProviders, 'plugins'>
  readonly riskCheck: RiskCheck
  readonly audit: Audit
  readonly clock: Clock
}

/** Who says it: the institution's file, the console, or nobody yet. */
export type RiskRuler =
  | { readonly kind: 'file' | 'nobody' }
  | ({ readonly kind: 'console' } & Pick<ConsoleRisk, 'by' | 'at'>)

export interface PresentRisk {
  /** A rule of the policy in force looks at risk: whoever is asked anew may give it a better score than silence. */
  readonly rulesLook: boolean
  readonly risk: RiskSettings | undefined
  /** Of the console's: what a step is judged against. */
  readonly version: number
  readonly ruler: RiskRuler
}

export interface RiskStep {
  readonly institution: string
  readonly change: RiskChange
  /** The version that the person had before their eyes. */
  readonly base: number
}

interface Taker {
  readonly visitor: Visitor
  readonly why: string
}

export type RiskChanges = ReturnType<typeof createRiskChanges>

export function createRiskChanges(ports: RiskChangePorts) {
  return {
    /** As of this moment: what somebody has just changed is seen at once. */
    present: (institution: string): Promise<PresentRisk> => presentOf(ports, institution),
    /** What this step would loosen: whoever takes it is asked why, and to prove themselves. */
    loosened: (present: PresentRisk, change: RiskChange): readonly string[] =>
      riskLoosened(present.risk, changedRisk(present.risk, change), present.rulesLook),
    /**
     * In force from the commit on; resolves with what does not hold, where nothing was changed then. Refuses with `risk.managed`,
     * with `risk.stale` where it was changed since the person looked, and where it loosens with `console.forbidden`,
     * `console.recent` and `risk.reason`. Nothing happens where it says so already: a second press is no second change.
     */
    async change(step: RiskStep, taker: Taker): Promise<readonly SettingsFault[]> {
      const seen = await editable(ports, step.institution)
      const faults = await faultsOf(ports, seen, step.change)
      if (faults.length > 0) return faults
      // From here on no other change and no apply comes between what is judged and what is written.
      await ports.connectionStore.lock(step.institution)
      const now = await editable(ports, step.institution)
      const after = changedRisk(now.risk, step.change)
      if (isSameRisk(now.risk, after)) return []
      if (now.version !== step.base)
        throw new Refusal('risk.stale', { base: step.base, present: now.version })
      const loosened = riskLoosened(now.risk, after, now.rulesLook)
      admit(ports, taker, loosened)
      await put(ports, { step, version: now.version + 1, after, loosened }, taker)
      return []
    },
  }
}

async function presentOf({ directory, consoleRisks }: RiskChangePorts, id: string): Promise<PresentRisk> {
  const byFile = (await directory.everything(id, 'file'))?.institution.risk
  const set = await consoleRisks.get(id)
  const version = set?.version ?? 0
  const rulesLook = looksAtRisk((await directory.institution(id))?.policy)
  if (byFile !== undefined) return { rulesLook, risk: byFile, version, ruler: { kind: 'file' } }
  if (set === undefined) return { rulesLook, risk: undefined, version, ruler: { kind: 'nobody' } }
  return { rulesLook, risk: set.risk, version, ruler: { kind: 'console', by: set.by, at: set.at } }
}

async function editable(ports: RiskChangePorts, id: string): Promise<PresentRisk> {
  const present = await presentOf(ports, id)
  if (present.ruler.kind === 'file') throw new Refusal('risk.managed', { institution: id })
  return present
}

async function faultsOf(
  { riskProviders, riskCheck }: RiskChangePorts,
  present: PresentRisk,
  change: RiskChange,
): Promise<readonly SettingsFault[]> {
  const after = changedRisk(present.risk, change)
  const found = after === undefined ? [] : riskCheck(after).map(faultAt)
  if (change.kind !== 'provider') return found
  const { type } = change.provider
  const plugin = riskProviders.plugins().find((one) => one.type === type)
  if (plugin === undefined) return [...found, { path: 'type', message: 'no such type is installed' }]
  return [...found, ...(await settingFaults(plugin, change.provider))]
}

/** By the name of the field: whatever is changed at once is one engine, or one event. */
const faultAt = ({ path: [part = '', , field], message }: RiskFault): SettingsFault => ({
  path: field ?? part,
  message,
})

async function settingFaults(
  plugin: RiskPlugin,
  setting: RiskProviderSetting,
): Promise<readonly SettingsFault[]> {
  const { settings, challenge = [] } = setting
  try {
    await plugin.check(settings)
    const found = [
      ['challenge', challengeFault(plugin, settings, challenge)],
      ['facts', factsFault(plugin, setting)],
    ] as const
    return found.flatMap(([path, message]) => (message === undefined ? [] : [{ path, message }]))
  } catch (error) {
    if (!(error instanceof SettingsRefused)) throw error
    return error.faults
  }
}

function admit({ clock }: RiskChangePorts, { visitor, why }: Taker, loosened: readonly string[]): void {
  if (loosened.length === 0) return
  if (!permits(visitor, 'weaken')) throw new Refusal('console.forbidden', { needs: 'weaken', loosened })
  if (!isProven(visitor, clock.now())) throw new Refusal('console.recent', { loosened })
  if (why === '') throw new Refusal('risk.reason', { loosened })
}

interface Putting {
  readonly step: RiskStep
  readonly version: number
  readonly after: RiskSettings | undefined
  readonly loosened: readonly string[]
}

async function put(
  { consoleRisks, audit, clock }: RiskChangePorts,
  { step, version, after, loosened }: Putting,
  { visitor, why }: Taker,
): Promise<void> {
  const by = actorOf(visitor)
  await consoleRisks.put(step.institution, { risk: after, version, by, at: clock.now() })
  const detail = { by, why, what: changeName(step.change), version, loosened }
  audit.record({ type: 'risk.changed', outcome: 'ok', detail })
}
