// Stores of what risk providers were asked and answered, and of what they keep of customers.
import type { RiskAction, RiskEventPolicy, RiskFailure, RiskVerdict } from '../domain/risk.ts'
import type { AskedKind, RiskFact, RiskFacts } from '../domain/risk-event.ts'
import type { RiskMemory } from './risk.ts'
import type { CustomerOf } from './transactions.ts'

/**
 * How what was asked about ended. `denied`: by the customer. `refused`: it was stopped, or could not go on, without their word.
 * `failed`: they could not show that it was them. `fraud` is what the customer said of it, whatever it was before.
 */
export const riskOutcomes = ['approved', 'denied', 'refused', 'expired', 'failed', 'fraud'] as const
export type RiskOutcome = (typeof riskOutcomes)[number]

/** One event that providers were asked about, with everything that its verdict rests on. */
export interface KeptAssessment extends CustomerOf {
  readonly verdict: RiskVerdict
  /** By which the answers were combined; undefined where it was kept before policies were. */
  readonly policy?: RiskEventPolicy | undefined
  readonly relyingParty: string
  /** Of the sign-in or call that it came with. */
  readonly reference: string
  /** Id of the customer's transaction, or of the device, that it was about. */
  readonly about: string | undefined
  readonly facts: RiskFacts
  /** Which of the facts left for which provider. */
  readonly shared: Readonly<Record<string, readonly RiskFact[]>>
  readonly at: number
  /** Who has not ended by then has expired. */
  readonly settleBy: number
  readonly outcome: RiskOutcome | undefined
  readonly endedAt: number | undefined
}

/** What is counted of a customer, and of an address, for the next event. */
export interface RiskHistory {
  readonly attemptsHour: number
  readonly addressAttemptsHour: number
  /** Of the last 90 days. */
  readonly signIns: number
  /** The last sign-in that went well from a country that is known; where there was none lately, the last. */
  readonly last: { readonly at: number; readonly facts: RiskFacts } | undefined
}

/** Which of them; what is undefined is any. */
export interface RiskFilter {
  readonly kind?: AskedKind | undefined
  readonly action?: RiskAction | undefined
  readonly reason?: string | undefined
  /** A provider that gave no answer. */
  readonly failed?: string | undefined
  readonly relyingParty?: string | undefined
  readonly reference?: string | undefined
  readonly subject?: string | undefined
  /** Epoch milliseconds: asked at `from` or later, and earlier than `until`. */
  readonly from?: number | undefined
  readonly until?: number | undefined
  /** Goes on behind this one: of two of the same moment none is shown twice or left out. */
  readonly behind?: { readonly createdAt: number; readonly id: string } | undefined
  /** 201 at most. */
  readonly limit: number
}

/** One time that an engine was to be told how something ended. */
export interface RiskTelling {
  readonly provider: string
  readonly outcome: string
  /** False where it could not be told within its time. */
  readonly told: boolean
  readonly at: number
}

/** What of it stands in the audit. */
export interface RiskTellings {
  /** About one assessment, oldest first. */
  ofAssessment(institution: string, id: string): Promise<readonly RiskTelling[]>
}

export interface RiskRecords {
  /** Inside a unit. `address` is a token, by which attempts from there are counted. */
  keep(one: KeptAssessment, address: string | undefined): Promise<void>
  get(institution: string, id: string): Promise<KeptAssessment | undefined>
  /** Of one sign-in or call, oldest first. */
  ofReference(institution: string, reference: string): Promise<readonly KeptAssessment[]>
  /** Newest first. */
  list(institution: string, filter: RiskFilter): Promise<readonly KeptAssessment[]>
  history(
    customer: CustomerOf,
    asked: { readonly address: string | undefined; readonly now: number },
  ): Promise<RiskHistory>
  /**
   * Says how it ended, once; with `fraud` also after that, once. Undefined where it had ended so, or is unknown. Inside a unit.
   */
  settle(
    institution: string,
    id: string,
    end: { readonly outcome: RiskOutcome; readonly now: number },
  ): Promise<KeptAssessment | undefined>
  /** The same of what was asked about one transaction or device. */
  settleAbout(
    institution: string,
    about: string,
    end: { readonly outcome: RiskOutcome; readonly now: number },
  ): Promise<KeptAssessment | undefined>
  /** What was asked about this transaction waits until then for its end, unless it has ended. Inside a unit. */
  postpone(institution: string, about: string, settleBy: number): Promise<void>
  /** Of all institutions: what is to be told as expired. */
  overdue(
    now: number,
    most: number,
  ): Promise<readonly { readonly institution: string; readonly id: string }[]>
}

/** What a provider said that was asked without effect. */
export interface ShadowAnswer {
  readonly institution: string
  readonly assessment: string
  readonly provider: string
  readonly kind: AskedKind
  /** What was done. */
  readonly action: RiskAction
  readonly said: RiskAction | RiskFailure
  /** What would have been done with it. */
  readonly wouldBe: RiskAction
  readonly at: number
}

/** How often a provider in shadow would have changed this into that. */
export interface ShadowCount extends Pick<ShadowAnswer, 'kind' | 'provider' | 'action' | 'wouldBe'> {
  readonly times: number
}

export interface RiskShadows {
  /** Inside a unit; the first word of a provider about an event holds. */
  keep(answer: ShadowAnswer): Promise<void>
  /** About one assessment. */
  ofAssessment(
    institution: string,
    id: string,
  ): Promise<readonly Pick<ShadowAnswer, 'provider' | 'said' | 'wouldBe'>[]>
  /** Since then (epoch milliseconds), also of what would have stayed as it was. */
  counts(institution: string, since: number): Promise<readonly ShadowCount[]>
}

/** Opened for one provider of one institution; what is put is sealed. */
export type RiskMemories = (institution: string, provider: string) => RiskMemory
