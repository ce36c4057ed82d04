// What the process and the thread of a risk plugin say to one another.
import type { RiskChallengeKind } from '../../domain/risk.ts'
import type { RiskEvent } from '../../domain/risk-event.ts'
import type { SettingsFault } from '../../ports/connector-settings.ts'
import type { RiskChallenged } from '../../ports/risk.ts'

/** A plugin as the configuration lists it: a file, or an installed package; and the SHA-256 of its bytes. */
export interface ListedPlugin {
  readonly file?: string | undefined
  readonly package?: string | undefined
  /** 64 hexadecimal digits. */
  readonly sha256: string
}

type Settings = Readonly<Record<string, unknown>>

/** What a thread is started for; it says one word when it has done it, and only one that serves goes on. */
export type ThreadTask = { readonly listed: ListedPlugin } & (
  | { readonly kind: 'describe' }
  | { readonly kind: 'check'; readonly settings: Settings }
  | {
      readonly kind: 'serve'
      readonly settings: Settings
      readonly institution: string
      readonly provider: string
    }
)

/** Of an error, what may be shown. */
export interface ThrownWords {
  readonly code?: string | undefined
  readonly name?: string | undefined
}

/** What a plugin says of itself. */
export interface PluginDescription {
  readonly type: string
  readonly meaning: string
  readonly facts: readonly string[]
  /** The challenges that it runs. */
  readonly challenges: readonly string[]
  /** JSON Schema of its settings, as text. */
  readonly schema: string
}

export type FirstWord =
  | { readonly word: 'described'; readonly description: PluginDescription }
  | { readonly word: 'checked'; readonly faults: readonly SettingsFault[] }
  | { readonly word: 'serving' }
  /** Before it is opened the reason is whole; afterwards it might hold settings. */
  | { readonly word: 'refused'; readonly reason: string; readonly thrown?: ThrownWords }

/** What a provider is asked. */
export type Question =
  | { readonly order: 'assess' | 'report'; readonly event: RiskEvent }
  | { readonly order: 'challenge'; readonly event: RiskEvent; readonly kind: RiskChallengeKind }
  | { readonly order: 'authenticate'; readonly event: RiskEvent; readonly challenged: RiskChallenged }

/** The `code` of an error by which a plugin says that this customer has no such challenge. */
export const challengeUnable = 'CHALLENGE_UNABLE'

export type Order =
  | (Question & { readonly id: number; readonly ms: number })
  | { readonly order: 'cancel'; readonly id: number }
  | { readonly order: 'ping'; readonly id: number }
  | { readonly order: 'close'; readonly id: number }
  | { readonly order: 'remembered'; readonly id: number; readonly value?: string; readonly failed?: true }

export type Said =
  | FirstWord
  /** `json` is the answer as text, so that what is too large is seen before it is here; of a report `false` where none is taken. */
  | { readonly word: 'answer'; readonly id: number; readonly json?: string }
  | { readonly word: 'failed'; readonly id: number; readonly thrown: ThrownWords }
  | { readonly word: 'pong'; readonly id: number }
  | { readonly word: 'recall'; readonly id: number; readonly key: string }
  | {
      readonly word: 'remember'
      readonly id: number
      readonly key: string
      readonly value: string
      readonly expiresAt: number
    }

/** Characters of an answer at most. */
export const longestAnswer = 65_536
