// A challenge of a risk engine's own in a sign-in: what is kept of it until the customer has answered.

/** What the engine has begun, sealed where it is kept: its names for it, and what the customer is shown. A code is not here. */
export interface BegunChallenge {
  /** The engine's own names, given back with the answer. */
  readonly reference: Readonly<Record<string, string>>
  /** What the customer keys in where the engine reaches them. */
  readonly token?: string | undefined
  readonly questions?: readonly { readonly id: string; readonly text: string }[] | undefined
  /** Epoch milliseconds. */
  readonly expiresAt: number
  /** The engine is not asked again before then how it stands. */
  readonly lookAgainAt?: number | undefined
}

export interface LoginChallenge {
  /** Who speaks with the engine about this sign-in, until then at most: nobody else does at the same time (attacks 153, 158). */
  readonly turn?: { readonly id: string; readonly until: number } | undefined
  /** Undefined where none is under way: it failed, or the engine did not begin it. */
  readonly begun?: BegunChallenge | undefined
  /** How many the engine began in this sign-in, and when the last. */
  readonly sends: number
  readonly sentAt: number
}

export const noChallenge: LoginChallenge = { sends: 0, sentAt: 0 }

/** As an engine may make them for a message of ours, and as customers type them. Anything else is no code. */
export const isEngineCode = (code: string): boolean => /^[A-Za-z0-9]{4,12}$/.test(code)
