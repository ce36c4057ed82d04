// One stored record a sign-in, and the pure dispatcher that says what comes next.
import {
  type Acr,
  elsewhere,
  highest,
  levelReached,
  meets,
  type Need,
  satisfies,
  withDevice,
  withDeviceAndPin,
} from './acr.ts'
import type { CollectedSignals } from './client-signals.ts'
import type { Language } from './language.ts'
import type { LoginChallenge } from './login-challenge.ts'
import { type ApprovalMethod, type Outcome, signatoriesOf, stopCode } from './outcome.ts'
import type { RefusalCode } from './refusal.ts'
import type { RiskAction, RiskChallengeKind } from './risk.ts'
import type { Transaction } from './transaction.ts'
import type { Raiser } from './upstream-level.ts'

/** Our request as it left: kept until it is answered, so that a failure can be explained. */
export interface UpstreamSent {
  readonly url: string
  readonly fields?: Readonly<Record<string, string>>
}

/** What was decided on the transaction of a sign-in, and the record that it is kept by. */
export interface LoginDecision {
  readonly id: string
  readonly outcome: Outcome
  readonly reason: string
  /** What the risk providers said of it. */
  readonly assessment?: string | undefined
  /** Why it is stopped although the customer could approve it: too few people can sign. */
  readonly stopped?: 'transaction.signatories' | undefined
}

/** What the risk providers said of a sign-in; the whole of it is kept under `id`. */
export interface LoginRisk {
  readonly id: string
  readonly action: RiskAction
  readonly reason: string
  /** The level that they want, apart from what app, policy and limits need; `ours`: by factors of ours alone. */
  readonly needs?: { readonly acr: Acr; readonly ours: boolean } | undefined
  /** The one that wants it may ask by itself a customer who has nothing that reaches the level; the first kind is next. */
  readonly challenge?: { readonly provider: string; readonly kinds: readonly RiskChallengeKind[] } | undefined
  /** The customer passed its challenge. That meets what it wants, and is no factor: level and methods stay what they are. */
  readonly cleared?: boolean | undefined
  /** The challenge ended the sign-in: it failed for good, or the engine locked the customer. */
  readonly ends?: RefusalCode | undefined
}

/** A code on its way to a customer's number; only what it is checked by is kept. */
export interface SentCode {
  readonly verifier: string
  readonly sentAt: number
  readonly expiresAt: number
  /** How many were sent in this sign-in. */
  readonly sends: number
}

/** The record of one sign-in. Steps never call one another: each updates the record and returns to the dispatcher. */
export interface LoginTransaction {
  readonly institution: string
  /** The provider's interaction id; bound to a cookie of the browser that began. */
  readonly uid: string
  /** What the customer reads to support, and what every log line of this sign-in carries. */
  readonly reference: string
  readonly relyingParty: string
  /** The connections that this customer may sign in by. */
  readonly choices: readonly string[]
  /** The one of them that counts; undefined until the customer has chosen. It may change until the subject is known. */
  readonly connection: string | undefined
  readonly redirectUri: string
  readonly scope: readonly string[]
  readonly languages: readonly string[]
  /** The level that this authorization needs: the strongest of what the app asked, its floor and the limits. */
  readonly neededAcr: Acr | undefined
  /** The level that approving its payment needs, by factors of ours: a limit is exceeded, and no IdP saw the payment. */
  readonly approvalAcr?: Acr | undefined
  readonly transaction: Transaction | undefined
  /** The institution has risk providers asked about sign-ins; known from the beginning, so that no later change skips them. */
  readonly asksRisk?: boolean | undefined
  /** The browser is asked first what it says of its device; known from the beginning too. */
  readonly asksSignals?: boolean | undefined
  /** What it said, or the app; undefined until it was asked. */
  readonly signals?: CollectedSignals | undefined
  /** What they said; undefined until they were asked. */
  readonly risk?: LoginRisk | undefined
  /** A challenge of the engine's own, under way. */
  readonly challenge?: LoginChallenge | undefined
  /** What the policy made of it; undefined until the customer is known and it was asked. */
  readonly decision?: LoginDecision | undefined
  /** Thumbprint of the DPoP key proven at PAR (ruling R-18); undefined where none was. */
  readonly dpopJkt: string | undefined
  /** The customer must be asked anew upstream (`prompt=login`, `max_age`). */
  readonly freshLogin: boolean
  /**
   * `needed`: the customer has not yet agreed to these scopes. `confirm`: they have, but this sign-in must show itself
   * (a redirect that another app could claim, ruling R-22, or a transaction); approving it by PIN shows it too.
   */
  readonly consent: 'not-needed' | 'needed' | 'confirm' | 'given'
  /** SHA-256 of the cookie that binds this sign-in to one browser (rulings ). */
  readonly browserHash: string | undefined
  /** ID of the request that went upstream last; only an answer to it is accepted, once. */
  readonly upstreamRequest: string | undefined
  readonly upstreamAskedAt: number | undefined
  /** What the connector must know again with the answer to that request. */
  readonly upstreamMemory: Readonly<Record<string, string>> | undefined
  readonly upstreamSent: UpstreamSent | undefined
  /** The level that the request on its way asks the IdP for. */
  readonly askedAcr?: Acr | undefined
  /** The strongest level that the IdP can be asked for, and who raises first; known with the connection. */
  readonly upstreamGives?: Acr | undefined
  readonly raisedBy?: Raiser | undefined
  /** The IdP was asked for the level and did not give it, or was asked a second time: it is not asked again. */
  readonly upstreamSpent?: boolean | undefined
  /** What the class of the IdP's answer counts as, or what the session has of an earlier one. */
  readonly granted?: Acr | undefined
  readonly subject: string | undefined
  /** Epoch milliseconds of the upstream authentication. */
  readonly authenticatedAt: number | undefined
  /** The IdP did not say when it asked the customer: `authenticatedAt` is when it answered. */
  readonly undated?: boolean | undefined
  /** The upstream session ends then, and ours with it (duty D14); epoch milliseconds. */
  readonly sessionNotOnOrAfter: number | undefined
  readonly amr: readonly string[]
  /** The active device of this subject whose key was proven at PAR. */
  readonly device: string | undefined
  readonly hasPin: boolean
  /** The customer has a device, maybe another, that can approve this (domain/device `approves`). */
  readonly hasApprover?: boolean | undefined
  /** The bank has a number of theirs, and a channel to it. */
  readonly hasNumber?: boolean | undefined
  /** The code that was sent last. */
  readonly code?: SentCode | undefined
  /** The customer chose to approve on a phone rather than here. */
  readonly elsewhere?: boolean | undefined
  /** The approval that this sign-in waits for. */
  readonly approval?: string | undefined
  /** In which language the customer read what they approved here. */
  readonly approvedIn?: Language | undefined
  /** As many have signed as the policy wants beside this customer. */
  readonly signed?: boolean | undefined
  /** The browser session that this sign-in went on with: where the customer says that it wasn't them, it ends. */
  readonly browserSession?: string | undefined
  readonly outcome: 'open' | 'finished' | 'cancelled' | 'refused'
  readonly refusal: RefusalCode | undefined
  readonly startedAt: number
  readonly expiresAt: number
}

export type Step =
  | { readonly step: 'choose' }
  | { readonly step: 'upstream' }
  /** Of the browser, what it says of its device. */
  | { readonly step: 'collect' }
  | { readonly step: 'assess' }
  | { readonly step: 'decide' }
  | { readonly step: 'raise'; readonly acr: Acr }
  | { readonly step: 'step-up'; readonly acr: Acr }
  /** On a phone of the customer, which may be another than this one. */
  | { readonly step: 'approve'; readonly acr: Acr }
  /** By a code from a text message. */
  | { readonly step: 'code'; readonly acr: Acr }
  /** By what the risk engine asks itself; it raises nothing. */
  | { readonly step: 'challenge'; readonly kind: RiskChallengeKind }
  | { readonly step: 'consent' }
  /** Others sign what this customer has approved. */
  | { readonly step: 'sign' }
  | { readonly step: 'finish'; readonly acr: Acr }
  | { readonly step: 'refuse'; readonly code: RefusalCode }
  | { readonly step: 'done' }

/** What is next in this sign-in. Pure and total: the same record always gives the same answer. */
export function nextStep(login: LoginTransaction): Step {
  if (login.outcome === 'finished') return { step: 'done' }
  if (login.outcome === 'cancelled') return { step: 'refuse', code: 'login.cancelled' }
  if (login.outcome === 'refused') return { step: 'refuse', code: login.refusal ?? 'interaction.step' }
  if (login.subject === undefined) return { step: login.connection === undefined ? 'choose' : 'upstream' }
  if (login.asksRisk === true && login.risk === undefined)
    return { step: login.asksSignals === true && login.signals === undefined ? 'collect' : 'assess' }
  const risky = login.risk && (riskStop(login.risk.action) ?? login.risk.ends)
  if (risky !== undefined) return { step: 'refuse', code: risky }
  if (login.transaction !== undefined && login.decision === undefined) return { step: 'decide' }
  const stopped = login.decision && (stopCode(login.decision) ?? login.decision.stopped)
  if (stopped !== undefined) return { step: 'refuse', code: stopped }
  if (!isMet(login)) return raise(login)
  if (login.consent === 'needed' || login.consent === 'confirm') return { step: 'consent' }
  if (login.decision && signatoriesOf(login.decision.outcome) !== undefined && login.signed !== true)
    return { step: 'sign' }
  return { step: 'finish', acr: reachedBy(login) }
}

/** What this sign-in needs: what app, policy and limits do, and what the risk providers want while it is not met otherwise. */
export function needOf({ neededAcr, approvalAcr, risk }: LoginTransaction): Need {
  const wanted = risk?.cleared === true ? undefined : risk?.needs
  return {
    acr: highest(neededAcr, wanted?.acr),
    approval: highest(approvalAcr, wanted?.ours === true ? wanted.acr : undefined),
  }
}

const reachedBy = ({ amr, granted }: LoginTransaction): Acr => levelReached(amr, granted)

function isMet(login: LoginTransaction): boolean {
  const need = needOf(login)
  if (need.acr === undefined) return true
  return meets({ acr: reachedBy(login), amr: login.amr }, need) && approvedBy(login.amr, waysOf(login))
}

/** How a sign-in ends that the risk providers stop; undefined where they do not. */
export function riskStop(action: RiskAction): RefusalCode | undefined {
  if (action === 'hold') return 'risk.held'
  return action === 'deny' || action === 'locked' ? 'risk.denied' : undefined
}

/** How the policy wants the transaction approved; undefined where any way will do. */
const waysOf = ({ decision }: LoginTransaction): readonly ApprovalMethod[] | undefined =>
  decision?.outcome.kind === 'step-up' ? decision.outcome.by : undefined

const methodOf: Readonly<Record<ApprovalMethod, string>> = { pin: 'pin', approval: elsewhere, sms: 'sms' }

const approvedBy = (amr: readonly string[], ways: readonly ApprovalMethod[] | undefined): boolean =>
  ways?.some((way) => amr.includes(methodOf[way])) ?? true

/** Towards the level that is needed; where nothing reaches it, by the challenge of the engine that wants it. */
function raise(login: LoginTransaction): Step {
  const step = raising(login)
  const { risk } = login
  const kind = risk?.cleared === true ? undefined : risk?.challenge?.kinds[0]
  if (step.step !== 'refuse' || risk === undefined || kind === undefined) return step
  // It meets the engine's own wish alone: what else is needed comes first, and where that cannot be reached it is in vain.
  const besides: LoginTransaction = { ...login, risk: { ...risk, cleared: true } }
  if (isMet(besides)) return { step: 'challenge', kind }
  const other = raising(besides)
  return other.step === 'refuse' ? step : other
}

// A PIN counts only on top of a device (ruling R-20): without one there is nothing on a page that could raise the level.
function raising(login: LoginTransaction): Step {
  const { device, raisedBy, upstreamSpent = false } = login
  const { acr = withDeviceAndPin } = needOf(login)
  const ours = ourStep(login, acr)
  const itCan = idpCan(login, acr)
  if (itCan && (raisedBy === 'idp' || ours?.step !== 'step-up')) return { step: 'raise', acr }
  if (ours !== undefined) return ours
  if (upstreamSpent) return { step: 'refuse', code: 'upstream.too_weak' }
  if (device === undefined) return { step: 'refuse', code: 'device.required' }
  const unable = acr === withDevice || waysOf(login) !== undefined
  return { step: 'refuse', code: unable ? 'acr.insufficient' : 'pin.unset' }
}

/** The first way that this customer has; a phone before all where they chose it. */
function ourStep(login: LoginTransaction, acr: Acr): Step | undefined {
  const { elsewhere: chosen = false } = login
  const can: Readonly<Record<ApprovalMethod, Step | undefined>> = {
    pin: pinCan(login, acr) ? { step: 'step-up', acr } : undefined,
    approval: phoneCan(login) ? { step: 'approve', acr } : undefined,
    sms: codeCan(login) ? { step: 'code', acr } : undefined,
  }
  const ways = waysOf(login) ?? (['pin', 'approval'] as const)
  const first = chosen && ways.includes('approval') ? can.approval : undefined
  return first ?? ways.map((way) => can[way]).find((step) => step !== undefined)
}

/** A code says that the customer has their number; the level is the device's. A second one would say no more. */
const codeCan = ({ device, hasNumber, amr }: LoginTransaction): boolean =>
  device !== undefined && hasNumber === true && !amr.includes('sms')

/** May the customer approve this on a phone instead? */
export const phoneCan = (login: LoginTransaction): boolean =>
  login.hasApprover === true && (waysOf(login)?.includes('approval') ?? true)

/** Can the PIN, typed here, reach this level? */
export const pinCan = (login: LoginTransaction, acr: Acr): boolean =>
  login.device !== undefined &&
  login.hasPin &&
  acr === withDeviceAndPin &&
  (waysOf(login)?.includes('pin') ?? true)

/** Once a sign-in at most: an IdP that answers too weakly again is not asked a third time. */
const idpCan = (login: LoginTransaction, acr: Acr): boolean =>
  login.upstreamSpent !== true && needOf(login).approval === undefined && satisfies(login.upstreamGives, acr)

/**
 * Has this question been answered already? Then a second press of the same button changes nothing, and is led to where
 * the first one led; an answer to a question that was never asked is another matter (attack 117).
 */
export function isAnswered(login: LoginTransaction, question: 'step-up' | 'consent'): boolean {
  if (login.outcome === 'refused') return false
  if (login.outcome === 'cancelled') return true
  return question === 'step-up' ? login.amr.includes('pin') : login.consent === 'given'
}
