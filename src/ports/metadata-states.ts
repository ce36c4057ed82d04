// When the metadata of each connection was read, when it is read again, and who is at it.

export interface MetadataState {
  readonly institution: string
  readonly connection: string
  /** Epoch milliseconds of the last reading that went well; undefined before the first. */
  readonly fetchedAt: number | undefined
  readonly nextAt: number
  /** What the document said of its own end. */
  readonly validUntil: number | undefined
  /** When it was first read to end then: an IdP that goes on to publish moves its end on. */
  readonly validSince: number | undefined
  /** Keys in use (PEM) that it named no more at the last reading; they are taken out at the next one. */
  readonly gone: readonly string[]
  /** Refusal code of the last reading; '' when it went well. */
  readonly error: string
  /** In a row. */
  readonly failures: number
  /** Of what waits for a person, so that it is told and proposed once; '' where nothing does. */
  readonly digest: string
  /** Paths of what waits. */
  readonly waits: readonly string[]
}

export interface Claim {
  /** `due`: only when it is time. `unknown-key`: only when nobody asked for this reason since `since`. `now`: whenever nobody is at it. */
  readonly why: 'due' | 'unknown-key' | 'now'
  readonly now: number
  /** How long others keep away, should this node die. */
  readonly leaseMs: number
  readonly since: number
}

export interface MetadataStates {
  get(institution: string, connection: string): Promise<MetadataState | undefined>
  list(institution: string): Promise<readonly MetadataState[]>
  /** True for one of all who ask at once, on whatever node: it must read, and say `done`. */
  claim(institution: string, connection: string, claim: Claim): Promise<boolean>
  /** Is somebody reading it at this moment? */
  busy(institution: string, connection: string, now: number): Promise<boolean>
  /** Keeps what was read, and lets others read again. */
  done(state: MetadataState): Promise<void>
  /** For a connection that names no metadata any more, or is gone. */
  forget(institution: string, connection: string): Promise<void>
  /** The ends that documents say of themselves, soonest first; for warnings before they come. */
  metadataValidity(institution: string): Promise<readonly MetadataValidity[]>
}

export interface MetadataValidity {
  readonly connection: string
  readonly validUntil: number
  readonly validSince: number
}
