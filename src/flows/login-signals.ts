// What a sign-in's browser or app says of its device: asked where the bank wants it and an engine may know, and never needed.
import { type CollectedSignals, collectedFacts, signalsOfPage } from '../domain/client-signals.ts'
import { consoleId } from '../domain/console-party.ts'
import type { Institution, RelyingParty } from '../domain/institution.ts'
import { type LoginTransaction, nextStep } from '../domain/login.ts'
import { Refusal } from '../domain/refusal.ts'
import type { RiskFact } from '../domain/risk-event.ts'
import type { RiskProviders } from '../ports/risk.ts'
import type { Directory, Logins } from '../ports/stores.ts'

export interface SignalPorts {
  readonly directory: Pick<Directory, 'institution'>
  readonly riskProviders: Pick<RiskProviders, 'of'>
}

interface Beginning {
  readonly institution: string
  readonly relyingParty: RelyingParty
  /** Sent by the app. */
  readonly signals?: CollectedSignals | undefined
}

/**
 * Are engines asked about this sign-in, and the browser before them? Known from the beginning, so that no later change skips
 * either. The bank's own people are judged by their IdP: no engine for customers knows them.
 */
export async function askedOfSignIn(
  ports: SignalPorts,
  { institution: id, relyingParty, signals }: Beginning,
): Promise<Pick<LoginTransaction, 'asksRisk' | 'asksSignals' | 'signals'>> {
  const institution = relyingParty.id === consoleId ? undefined : await ports.directory.institution(id)
  if (institution?.risk?.events['sign-in'] === undefined) return { asksRisk: false }
  // What no engine may know is not kept either.
  if (!mayLeave(ports, institution)) return { asksRisk: true }
  if (signals !== undefined) return { asksRisk: true, signals }
  return { asksRisk: true, ...(institution.browserSignals === true && { asksSignals: true }) }
}

const mayLeave = ({ riskProviders }: SignalPorts, institution: Institution): boolean =>
  riskProviders
    .of(institution)
    .some(({ facts }) => facts.some((name) => (collectedFacts as readonly RiskFact[]).includes(name)))

/** The record with what the page's form brought. Refuses with `interaction.step` where the browser is not asked, `interaction.finished`. */
export async function withSignals(
  { logins }: { readonly logins: Pick<Logins, 'update'> },
  login: LoginTransaction,
  text: string,
): Promise<LoginTransaction> {
  const { uid } = login
  if (nextStep(login).step !== 'collect') throw new Refusal('interaction.step', { uid })
  const next: LoginTransaction = { ...login, signals: signalsOfPage(text) }
  if (!(await logins.update(next))) throw new Refusal('interaction.finished', { uid })
  return next
}
