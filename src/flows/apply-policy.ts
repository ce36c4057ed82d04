// What applying a file does to the policy in force: it may take the console's place, and it may loosen.
import { settingsLoosened } from '../domain/institution-strictness.ts'
import type { Policy } from '../domain/policy.ts'
import { policyOf, policyVersion } from '../domain/policy-default.ts'
import { ratesLoosened, unratedIn } from '../domain/policy-rates.ts'
import { weakened } from '../domain/policy-strictness.ts'
import { looksAtRisk, riskLoosened } from '../domain/risk-changes.ts'
import type { RowChange } from '../ports/application.ts'
import type { ConsoleRisks } from '../ports/risk-settings.ts'
import type { Directory, InstitutionSet } from '../ports/stores.ts'
import type { ConsolePolicies } from '../ports/transactions.ts'
import type { Audit } from '../ports/unit-of-work.ts'
import { entryName, policyChanged } from './policy-change.ts'

export interface ApplyPolicyPorts {
  readonly directory: Pick<Directory, 'everything'>
  readonly consolePolicies: ConsolePolicies
  readonly consoleRisks: Pick<ConsoleRisks, 'get' | 'remove'>
  readonly audit: Audit
}

interface PolicyEffect {
  /** What of its risk providers may let pass what was stopped before. */
  readonly riskLoosens: readonly string[]
  /** Currencies of which its rates may let more pass. */
  readonly ratesLoosen: readonly string[]
  /** What of its other settings guards less, or is kept for a shorter time. */
  readonly settingsLoosen: readonly string[]
  /** Undefined where there is no such institution yet. */
  readonly before: Policy | undefined
  readonly after: Policy
  /** The console had set one, and the file says another. */
  readonly takesOver: boolean
  /** The same of the risk engines. */
  readonly takesRisk: boolean
}

export async function policyEffect(
  { directory, consolePolicies, consoleRisks }: ApplyPolicyPorts,
  { institution }: InstitutionSet,
): Promise<PolicyEffect> {
  const present = await directory.everything(institution.id)
  const kept = await consolePolicies.get(institution.id)
  const keptRisk = await consoleRisks.get(institution.id)
  const risk = institution.risk ?? keptRisk?.risk
  const before = present && policyOf(present.institution)
  const loosened = riskLoosened(present?.institution.risk, risk, looksAtRisk(before))
  return {
    riskLoosens: loosened.map((one) => `risk ${one}`),
    ratesLoosen:
      before === undefined ? [] : ratesLoosened(before, present?.institution.rates, institution.rates),
    settingsLoosen: present === undefined ? [] : settingsLoosened(present.institution, institution),
    takesRisk: keptRisk !== undefined && institution.risk !== undefined,
    before,
    after: policyOf({ ...institution, policy: institution.policy ?? kept?.policy }),
    takesOver: kept !== undefined && institution.policy !== undefined,
  }
}

/** The rows with what they mean for the policy; the console's goes as a row of its own. */
export function withPolicy(changes: readonly RowChange[], id: string, effect: PolicyEffect): RowChange[] {
  const { before, after, takesOver, takesRisk, riskLoosens, ratesLoosen, settingsLoosen } = effect
  const weaker = (before === undefined ? [] : weakened(after, before)).map(entryName)
  const loosens = [...weaker, ...ratesLoosen, ...settingsLoosen, ...riskLoosens]
  const rows = changes.map((row) =>
    row.kind === 'institution' && loosens.length > 0 ? { ...row, loosens } : row,
  )
  const gone = { institution: id, id: 'console', change: 'removed', fields: [] } as const
  return [
    ...rows,
    ...(takesOver ? [{ ...gone, kind: 'policy' as const }] : []),
    ...(takesRisk ? [{ ...gone, kind: 'risk' as const }] : []),
  ]
}

/** Within the unit that writes the rows: what the console had set ends, and what came into force is told. */
export async function policyApplied(
  { consolePolicies, consoleRisks, audit }: ApplyPolicyPorts,
  id: string,
  { before, after, takesOver, takesRisk, riskLoosens }: PolicyEffect,
): Promise<void> {
  if (takesOver) await consolePolicies.remove(id)
  if (takesRisk) {
    await consoleRisks.remove(id)
    const why = 'the file took the place of what the console had set'
    audit.record({
      type: 'risk.changed',
      outcome: 'ok',
      detail: { by: 'file', why, what: 'everything', loosened: riskLoosens },
    })
  }
  if (before === undefined) return
  const [base, version] = [policyVersion(before), policyVersion(after)]
  if (base === version && !takesOver) return
  const proposal = { before, after, base, version, weaker: weakened(after, before) }
  const why = takesOver ? 'the file took the place of what the console had set' : ''
  audit.record(policyChanged(proposal, { by: 'file', why }))
}

/** The console's policy goes on beside this file: in a currency that it does not name its limits would not hold. */
export async function policyFaults(
  { consolePolicies }: Pick<ApplyPolicyPorts, 'consolePolicies'>,
  { institution }: InstitutionSet,
): Promise<string[]> {
  const { id, stepUpOver } = institution
  const kept = institution.policy === undefined ? await consolePolicies.get(id) : undefined
  const unrated = kept === undefined ? [] : unratedIn(kept.policy, institution.rates)
  const forgotten = (kept?.policy.limits ?? []).flatMap(({ id: limit, threshold }) => {
    if (threshold.kind !== 'amount' || threshold.in !== undefined) return []
    const missing = Object.keys(stepUpOver).filter((currency) => !Object.hasOwn(threshold.over, currency))
    const message = `${id}: ${missing.join(', ')} of step_up_over is not limited by ${limit} of the console's policy: say an amount there first`
    return missing.length === 0 ? [] : [message]
  })
  const rates = unrated.map((one) => `${id}: rates have no ${one}, which the console's policy converts to`)
  return [...forgotten, ...rates]
}
