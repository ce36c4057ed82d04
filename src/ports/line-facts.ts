// What telephone operators say of the lines of customers: one interface, whatever API stands behind it.
import type { Institution } from '../domain/institution.ts'
import type { SimSaid } from '../domain/sim.ts'

export interface SimQuestion {
  /** E.164. */
  readonly number: string
  readonly maxAgeHours: number
}

/** One operator or broker, opened for one institution. */
export interface Line {
  /** Rejects where there is no answer within the time that its settings give, or one of another form. */
  sim(question: SimQuestion): Promise<SimSaid>
}

/** A kind of operator's API as a constant in the list. */
export interface LinePlugin {
  readonly type: string
  /** Throws SettingsRefused when the settings do not fit. */
  check(settings: Readonly<Record<string, unknown>>): void
  open(settings: Readonly<Record<string, unknown>>): Line
}

export interface LineFacts {
  plugins(): readonly LinePlugin[]
  /**
   * What is known of the SIM card behind a number as the bank's record has it; undefined where the institution asks nobody.
   * Never rejects: whatever does not work is `unknown`. It goes over the network, so never inside a unit (ruling R-1). An answer
   * is kept for some minutes on this node, so that several codes are one question.
   */
  sim(institution: Institution, number: string): Promise<SimSaid | undefined>
}
