// Risk engines as plugins: what a provider must offer, what it may, and what it is given.
import type { Institution } from '../domain/institution.ts'
import type { Assessment, RiskAnswer, RiskChallengeKind, RiskProviderSetting } from '../domain/risk.ts'
import type { AskedKind, RiskEvent, RiskFact, ToldKind } from '../domain/risk-event.ts'
import type { SettingField } from './connector-settings.ts'
import type { GuardedFetch } from './guarded-fetch.ts'
import type { KeyStore } from './key-store.ts'
import type { Log } from './log.ts'

/** Until when an answer is of use. What comes later is dropped. */
export interface RiskDeadline {
  /** Aborted at the deadline, or when nobody wants the answer any more. */
  readonly signal: AbortSignal
  /** What is left, in milliseconds. */
  readonly ms: number
}

/** How a challenge of the engine's own goes on. */
export type RiskChallenge =
  /** The engine gave a code that we deliver; the customer types it, and the engine judges it. */
  | { readonly kind: 'code'; readonly code: string; readonly reference: Readonly<Record<string, string>> }
  /** The engine reaches the customer itself; they are shown this token, and we ask until it is answered. */
  | {
      readonly kind: 'out-of-band'
      readonly token: string
      readonly reference: Readonly<Record<string, string>>
    }
  /** Questions that the customer has given answers to before. */
  | {
      readonly kind: 'questions'
      readonly questions: readonly RiskQuestion[]
      readonly reference: Readonly<Record<string, string>>
    }

/** What came of a challenge. It never raises a level: it meets what the engine wanted, and nothing else (decision 0044). */
export interface RiskChallengeResult {
  readonly state: 'pending' | 'passed' | 'failed' | 'locked'
  readonly deviceToken?: string | undefined
}

export interface RiskChallenged {
  readonly reference: Readonly<Record<string, string>>
  /** The code, or answers by question; absent while an out-of-band answer is asked for. */
  readonly answers?: Readonly<Record<string, string>> | undefined
}

/** Picture and phrase that an engine holds, by which customers know their bank. Never a factor. */
export interface SiteToUser {
  readonly phrase?: string | undefined
  readonly picture?:
    | { readonly id: string; readonly text: string; readonly data?: Uint8Array | undefined }
    | undefined
}

/**
 * What came back is no answer, or one to another event (attacks 167, 170). Whatever else a provider throws is its failure to
 * answer. The message says where and what is wrong, and nothing of what came: an engine may repeat what it was sent.
 */
export class RiskAnswerMalformed extends Error {
  constructor(reason: string) {
    super(reason)
    this.name = 'RiskAnswerMalformed'
  }
}

/** The engine has no such challenge for this customer: another kind may do, and asking again will not. */
export class RiskChallengeUnable extends Error {
  constructor(reason: string) {
    super(reason)
    this.name = 'RiskChallengeUnable'
  }
}

/** What was told to `report` is nothing that this engine learns from: it was not told, and need not be again. */
export class RiskLearnsNothing extends Error {
  constructor() {
    super('it learns nothing')
    this.name = 'RiskLearnsNothing'
  }
}

/** One engine, opened for one entry of an institution. Every call ends by its deadline, whatever the engine does. */
export interface RiskProvider {
  /** Rejects where there is no answer. What it resolves with is judged by us before it counts. */
  assess(event: RiskEvent<AskedKind>, deadline: RiskDeadline): Promise<Assessment>
  /** Teaches the engine; a rejection is tried again later, but for RiskLearnsNothing. */
  report?(event: RiskEvent<ToldKind>, deadline: RiskDeadline): Promise<void>
  /** Rejects with RiskChallengeUnable where this customer cannot be asked so, and otherwise where it does not begin. */
  challenge?(event: RiskEvent, kind: RiskChallengeKind, deadline: RiskDeadline): Promise<RiskChallenge>
  authenticate?(
    event: RiskEvent,
    challenged: RiskChallenged,
    deadline: RiskDeadline,
  ): Promise<RiskChallengeResult>
  readonly siteToUser?: {
    get(event: RiskEvent, deadline: RiskDeadline): Promise<SiteToUser>
    set(event: RiskEvent, chosen: SiteToUser, deadline: RiskDeadline): Promise<void>
    /** Pictures to choose from: categories first, then the pictures of one. */
    browse(
      event: RiskEvent,
      category: string | undefined,
      deadline: RiskDeadline,
    ): Promise<readonly BrowsedPicture[]>
  }
  /** Where the engine asks questions of its own (`challenge` of that kind): what they may be, and taking the answers. */
  readonly questions?: {
    /** All that customers may choose from, in their language. */
    list(event: RiskEvent, deadline: RiskDeadline): Promise<readonly RiskQuestion[]>
    /** Takes the answers by question, in place of all that were; the caller made sure of the customer before. */
    enrol(
      event: RiskEvent,
      answers: Readonly<Record<string, string>>,
      deadline: RiskDeadline,
    ): Promise<QuestionsTaken>
  }
  close?(): Promise<void>
}

export interface RiskQuestion {
  readonly id: string
  readonly text: string
}

/** Why answers are not taken: too few or many questions, one that there is not, an answer too short or long, or given twice. */
export type QuestionsTaken =
  | { readonly taken: true }
  | { readonly taken: false; readonly fault: 'count' | 'unknown' | 'short' | 'long' | 'same' }

export interface BrowsedPicture {
  readonly id: string
  readonly text: string
  readonly kind: 'category' | 'picture'
}

/** What a provider keeps of customers between events; sealed, and its own alone. */
export interface RiskMemory {
  get(key: string): Promise<string | undefined>
  /** The last write holds; `expiresAt` in epoch milliseconds. */
  put(key: string, value: string, expiresAt: number): Promise<void>
  /**
   * Adds one to what is counted under this key, and says how many there are now: of any number at once each is told another.
   * The first says when the count is over, and what comes then begins a new one. A key is either counted or put.
   */
  count(key: string, expiresAt: number): Promise<number>
}

/** What a provider is opened with. */
export interface RiskPlace {
  readonly institution: Institution
  readonly provider: string
  readonly settings: Readonly<Record<string, unknown>>
  readonly memory: RiskMemory
  readonly now: () => number
}

/** A kind of engine as a constant: built in, or the export `riskPlugin` of a package or file that the configuration names. */
export interface RiskPlugin {
  readonly type: string
  /** What it is, in one sentence. */
  readonly meaning: string
  /** The facts that leave for it unless the institution lists others. */
  readonly facts: readonly RiskFact[]
  /** The form of its settings. */
  readonly fields: readonly SettingField[]
  /** Throws SettingsRefused when the settings do not fit, or rejects with it: the schema of a plugin from outside is in its thread. */
  check(settings: Readonly<Record<string, unknown>>): void | Promise<void>
  /** The challenges of its own that it runs with these settings, which were checked; none where the member is absent. */
  challenges?(settings: Readonly<Record<string, unknown>>): readonly RiskChallengeKind[]
  /** The facts without which these settings, which were checked, cannot work; none where the member is absent. */
  needs?(settings: Readonly<Record<string, unknown>>): readonly RiskFact[]
  open(place: RiskPlace): RiskProvider
}

/** What built-in plugins are made from. */
export interface RiskPluginPorts {
  readonly fetch: GuardedFetch
  readonly keys: Pick<KeyStore, 'secret'>
  /** For what a plugin reads by itself, such as lists; nothing is said without one. */
  readonly log?: Log | undefined
}

/** What the console shows of a provider's health on this node. */
export interface RiskHealth {
  readonly breaker: 'closed' | 'open' | 'half-open'
  /** Of the last hundred answers, in milliseconds; undefined where there is none yet. */
  readonly medianMs: number | undefined
  readonly p99Ms: number | undefined
  readonly answered: number
  readonly failed: number
  readonly lastFailure?:
    | { readonly at: number; readonly failure: string; readonly reason: string }
    | undefined
}

/** A provider behind its deadline, breaker and bulkhead. */
export interface GuardedProvider {
  readonly id: string
  readonly type: string
  readonly facts: readonly RiskFact[]
  /** Resolves by the deadline at the latest, and never rejects: a failure is an answer. The assessment was judged by its form. */
  assess(event: RiskEvent<AskedKind>, ms: number): Promise<RiskAnswer>
  /** Rejects where it is to be tried again. False where the engine learns nothing. */
  report(event: RiskEvent<ToldKind>, ms: number): Promise<boolean>
  readonly provider: RiskProvider
  health(): RiskHealth
}

/** What came of a test call; of a failure also why, in codes and names alone. */
export interface RiskTrial {
  readonly answer: RiskAnswer
  readonly reason: string | undefined
}

/** Finds providers, opened and cached. */
export interface RiskProviders {
  of(institution: Institution): readonly GuardedProvider[]
  plugins(): readonly RiskPlugin[]
  /**
   * Asks one provider by its settings, opened for this alone: what it remembers is forgotten, and neither breaker nor figures
   * hear of it. As `assess` it ends by the deadline, and never rejects.
   */
  tryOut(
    institution: Institution,
    setting: RiskProviderSetting,
    asked: { readonly event: RiskEvent<AskedKind>; readonly ms: number },
  ): Promise<RiskTrial>
  close(): Promise<void>
}
