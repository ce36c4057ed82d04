// Is the SIM card behind a customer's number the one that it was? What telephone operators say of it, and what follows for codes.

/** `unknown`: the operator was asked and gave no answer that can be used. */
export const simStates = ['kept', 'swapped', 'unknown'] as const
export type SimState = (typeof simStates)[number]

export interface SimSaid {
  readonly state: SimState
  /** When it was last changed, in epoch milliseconds, where the operator tells. */
  readonly changedAt?: number | undefined
}

/** What becomes of codes while nobody can say. */
export const simFallbacks = ['refuse', 'send'] as const
export type SimFallback = (typeof simFallbacks)[number]

/** Who tells an institution about the lines of its customers; `settings` are checked by the plugin of that `type`, and sealed where they are kept. */
export interface LineFactsSetting {
  readonly type: string
  /** A card that was changed within so many hours is a new one. */
  readonly maxAgeHours: number
  readonly onFailure: SimFallback
  readonly settings: Readonly<Record<string, unknown>>
}

/** Why no code goes to a number, as the audit has it. */
export type SimDoubt = 'sim.swapped' | 'sim.unknown'

/** Why no code may go to that number; undefined where it may (attack 138). */
export function simDoubt({ state }: SimSaid, onFailure: SimFallback): SimDoubt | undefined {
  if (state === 'swapped') return 'sim.swapped'
  return state === 'unknown' && onFailure === 'refuse' ? 'sim.unknown' : undefined
}
