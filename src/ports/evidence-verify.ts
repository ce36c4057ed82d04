// Verifying evidence away from the bridge: what `drawbridge evidence verify` asks and is told.
import type { Strength } from '../domain/evidence.ts'
import type { EvidenceCheck } from '../domain/evidence-checks.ts'

export interface EvidenceVerifyRequest {
  /** The file as it came, whatever is in it. */
  readonly evidence: Uint8Array
  /** The institution's evidence key: a JWK, a JWK set, or PEM. */
  readonly key: string
  /** The public key of its log, where it is known from elsewhere; in the same forms. */
  readonly checkpointKey: string | undefined
}

export interface EvidenceVerdict {
  readonly ok: boolean
  /** `evidence.file` for what is no evidence, else `evidence.` and the name of the first check that failed; null when all hold. */
  readonly code: string | null
  /** Why it is no evidence at all; null where it was checked. */
  readonly fault: string | null
  readonly checks: readonly EvidenceCheck[]
  /** What it says of itself; null where it cannot be read. */
  readonly about: EvidenceAbout | null
}

export interface EvidenceAbout {
  readonly issuer: string
  readonly approval: string
  readonly reference: string
  readonly strength: Strength
  /** In words. */
  readonly means: string
  /** Keys and words that all of it rests on. */
  readonly restsOn: readonly string[]
}

/** A key that is none: the message is for the person at the keyboard. */
export class EvidenceKeyFault extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'EvidenceKeyFault'
  }
}
