// What an institution's console says of its risk engines, and the rules that a file of it would be judged by.
import type { RiskSettings } from '../domain/risk.ts'

export interface ConsoleRisk {
  /** Undefined where the console took the last engine out. */
  readonly risk: RiskSettings | undefined
  /** Counts the changes: who confirms one names that which they saw. */
  readonly version: number
  readonly by: string
  /** Epoch milliseconds. */
  readonly at: number
}

/** One an institution at most; the directory gives it as the institution's where its file has none. */
export interface ConsoleRisks {
  get(institution: string): Promise<ConsoleRisk | undefined>
  put(institution: string, set: ConsoleRisk): Promise<void>
  /** False where there was none. */
  remove(institution: string): Promise<boolean>
}

export interface RiskFault {
  /** As in a file: `providers.0.id`, `events.payment.bands`. */
  readonly path: readonly string[]
  readonly message: string
}

/** What does not hold, by the very rules of `risk:` in a file; what a plugin says of its settings is not asked here. */
export type RiskCheck = (risk: RiskSettings) => readonly RiskFault[]
