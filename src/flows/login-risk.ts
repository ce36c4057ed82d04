// What the risk providers say of a sign-in: asked once the customer is known, and before anything is given to the app.
import { type Acr, delegated, withDeviceAndPin } from '../domain/acr.ts'
import type { Institution } from '../domain/institution.ts'
import { type LoginRisk, type LoginTransaction, nextStep } from '../domain/login.ts'
import { Refusal } from '../domain/refusal.ts'
import { type RiskVerdict, soleDemand, voiceOfVerdict } from '../domain/risk.ts'
import { answersFromBefore } from '../domain/upstream-level.ts'
import type { RiskProviders } from '../ports/risk.ts'
import type { Logins } from '../ports/stores.ts'
import type { Transactions } from '../ports/transactions.ts'
import type { Assess } from './assess.ts'
import type { CanText } from './can-text.ts'
import { heldLogin } from './held-login.ts'
import { type RaisedPorts, withFactors } from './raised.ts'

export interface LoginRiskPorts extends RaisedPorts {
  readonly logins: Logins
  readonly transactions: Pick<Transactions, 'hold'>
  readonly assess: Assess
  readonly riskProviders: Pick<RiskProviders, 'of'>
  readonly canText: CanText
}

/**
 * The record with their verdict; asked once a sign-in, whatever tabs are open: the first answer holds. Inside a unit, which it
 * commits before it asks. Refuses with `interaction.step` where there is nothing to ask about, or `interaction.finished`.
 */
export async function withRisk(
  ports: LoginRiskPorts,
  institution: Institution,
  login: LoginTransaction,
): Promise<LoginTransaction> {
  const { subject, uid, relyingParty, device, amr, granted, reference } = login
  if (nextStep(login).step !== 'assess' || subject === undefined)
    throw new Refusal('interaction.step', { uid })
  const authenticatedAt = login.undated === true ? undefined : login.authenticatedAt
  const who = {
    subject,
    relyingParty,
    device,
    amr,
    granted,
    authenticatedAt,
    reference,
    signals: login.signals,
  }
  const assessed = await ports.assess.ask(institution, { kind: 'sign-in', ...who })
  const now = await heldLogin(ports, login)
  if (now.outcome !== 'open' || now.risk !== undefined) return now
  // Nobody is asked any more since this sign-in began.
  if (assessed === undefined) return changed(ports, { ...now, asksRisk: false })
  const { id, action, reason } = assessed.verdict
  const outcome = voiceOfVerdict(assessed.verdict, institution.risk?.stepUp ?? withDeviceAndPin)?.outcome
  // What the IdP asked before this sign-in, and answers from a session of its own, is no step-up: it is asked anew.
  const before = outcome?.kind === 'step-up' && answersFromBefore(now.upstreamAskedAt, now.authenticatedAt)
  const judged: LoginTransaction = {
    ...now,
    risk: { id, action, reason },
    ...(before && { granted: delegated }),
  }
  const next =
    outcome?.kind === 'step-up'
      ? await wanting(ports, judged, { institution, verdict: assessed.verdict, acr: outcome.acr })
      : judged
  await ports.assess.keep(institution, assessed, { settleBy: now.expiresAt })
  return changed(ports, next)
}

interface Wanting {
  readonly institution: Institution
  readonly verdict: RiskVerdict
  readonly acr: Acr
}

/** The record with what they want, and by which challenges of its own the one that wants it may be met instead. */
async function wanting(
  ports: LoginRiskPorts,
  login: LoginTransaction,
  { institution, verdict, acr }: Wanting,
): Promise<LoginTransaction> {
  const { id, action, reason } = verdict
  // A session that was there before knows nothing of this risk; an IdP that has just asked the customer may be enough.
  const ours = login.upstreamAskedAt === undefined
  const challenge = await challengeOf(ports, institution, { verdict, subject: login.subject ?? '' })
  return {
    ...(await withFactors(ports, login)),
    risk: { id, action, reason, needs: { acr, ours }, ...(challenge && { challenge }) },
  }
}

async function challengeOf(
  { riskProviders, canText }: LoginRiskPorts,
  institution: Institution,
  { verdict, subject }: { readonly verdict: RiskVerdict; readonly subject: string },
): Promise<LoginRisk['challenge']> {
  const policy = institution.risk?.events['sign-in']
  const provider = policy && soleDemand(policy, verdict)
  const allowed = institution.risk?.providers.find(({ id }) => id === provider)?.challenge ?? []
  if (provider === undefined || allowed.length === 0) return undefined
  const open = riskProviders.of(institution).find(({ id }) => id === provider)?.provider
  if (open?.challenge === undefined || open.authenticate === undefined) return undefined
  const reachable = !allowed.includes('code') || (await canText(institution.id, subject))
  const kinds = allowed.filter((kind) => kind !== 'code' || reachable)
  return kinds.length === 0 ? undefined : { provider, kinds }
}

async function changed({ logins }: LoginRiskPorts, next: LoginTransaction): Promise<LoginTransaction> {
  if (!(await logins.update(next))) throw new Refusal('interaction.finished', { uid: next.uid })
  return next
}
