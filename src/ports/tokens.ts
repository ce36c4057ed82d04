// Rows of the OIDC provider: codes, tokens, sessions, grants, interactions, pushed requests.

/** One stored model instance of the provider. Bearer values are kept as hashes only. */
export interface TokenRow {
  readonly payload: Readonly<Record<string, unknown>>
  /** Epoch seconds of the one permitted use; undefined while unused. */
  readonly consumedAt: number | undefined
}

export interface TokenKey {
  readonly institution: string
  readonly model: string
  readonly id: string
}

export interface TokenStore {
  upsert(
    key: TokenKey,
    payload: Readonly<Record<string, unknown>>,
    expiresInSeconds: number | undefined,
  ): Promise<void>
  find(key: TokenKey): Promise<TokenRow | undefined>
  /**
   * Changes a row that was found before, also the id by which it is found; `was` is the one of now. It is not waited for:
   * where the row has gone meanwhile, or has another id, the unit fails with Refusal `busy` and nothing of it is stored.
   */
  replace(
    was: TokenKey,
    payload: Readonly<Record<string, unknown>>,
    as: { readonly id: string; readonly expiresInSeconds: number | undefined },
  ): Promise<void>
  findByUid(key: { institution: string; model: string; uid: string }): Promise<TokenRow | undefined>
  /** Removes the row with this uid and gives what it said; waits for whoever is about to change it. */
  takeByUid(key: { institution: string; model: string; uid: string }): Promise<TokenRow | undefined>
  /** Marks the row used; true for exactly one caller (ruling R-5). */
  consume(key: TokenKey): Promise<boolean>
  destroy(key: TokenKey): Promise<void>
  /** Is it there and alive? Then whatever would end it waits until the unit around the caller has ended. */
  hold(key: TokenKey): Promise<boolean>
  /** The uids of this customer's sessions. */
  sessionsOf(institution: string, subject: string): Promise<readonly string[]>
  /**
   * Ends every code and token that matches, of all models, and what is being made of one of them at this moment; of a session its
   * grants too. Resolves with how many.
   */
  revoke(institution: string, by: RevokeBy): Promise<number>
}

/** `session` is the uid of a browser session; `jkt` the key that tokens are bound to. */
export type RevokeBy =
  | { readonly grant: string }
  | { readonly session: string }
  | { readonly jkt: string }
  | { readonly subject: string }
  | { readonly client: string }
  /** What one app has of one customer. */
  | { readonly client: string; readonly subject: string }
