// Where sealed private keys are kept.

export interface SealedKey {
  readonly institution: string
  readonly purpose: string
  readonly kid: string
  readonly algorithm: string
  /** The private JWK, encrypted under the master key; worthless without it. */
  readonly sealed: string
  readonly publicJwk: Readonly<Record<string, unknown>>
  readonly certificate: string
}

export interface SealedKeys {
  active(institution: string, purpose: string): Promise<SealedKey | undefined>
  /** Those that are still kept, the active one first. */
  all(institution: string, purpose: string): Promise<readonly SealedKey[]>
  /** Stores the key unless there is an active one already; false when another node was first. */
  insertFirst(key: SealedKey): Promise<boolean>
}
