// The bundle that proves one approval to somebody outside: what is in it, and the text that the institution's key signs.
import canonicalize from 'canonicalize'
import type { EvidenceMaterial } from './evidence.ts'
import type { Policy } from './policy.ts'

export const evidenceFormat = 'drawbridge-evidence'
/** `typ` of the JWS over a bundle. */
export const evidenceTyp = 'drawbridge-evidence+jws'

export interface EvidenceBundle {
  readonly format: typeof evidenceFormat
  readonly version: 1
  readonly issuer: string
  readonly material: EvidenceMaterial
  /** base64url(SHA-256) of the material; the audit event below names it. */
  readonly digest: string
  /** All of the policy that decided, so that it can be asked again; null for a sign-in, and where it is not kept. */
  readonly policy: Policy | null
  readonly audit: EvidenceAudit
  /** The approvals of those who signed as well, each proven as the first one is; absent where nobody else had to. */
  readonly signatories?: readonly SignatoryEvidence[]
}

/** One who signed beside the customer. */
export interface SignatoryEvidence {
  readonly material: EvidenceMaterial
  readonly digest: string
  readonly audit: EvidenceAudit
}

/** An event of the log, with its way to a checkpoint. */
export interface EvidenceAudit {
  /** RFC 8785 JSON of the event as it stands in the log; names of persons only as salted commitments. */
  readonly event: string
  /** Its place in the log. */
  readonly index: number
  /** RFC 6962 audit path from the event to the checkpoint, base64. */
  readonly proof: readonly string[]
  /** The signed note (C2SP tlog-checkpoint) of the first tree that has the event in it. */
  readonly checkpoint: string
  /** Public key of the log, as we name it. */
  readonly key: Readonly<Record<string, unknown>>
}

/** A file that is read by eye as well: the bundle in the open, and its signature without it (RFC 7515 appendix F). */
export interface EvidenceFile {
  readonly bundle: EvidenceBundle
  readonly signature: string
}

/** RFC 8785 JSON; what the signature is over. */
export const bundleText = (bundle: EvidenceBundle): string => canonicalize(bundle) ?? ''

const part = (text: string): string => Buffer.from(text).toString('base64url')

/** What is signed: the header and the bundle, as a compact JWS has them. */
export const signingInput = (header: object, bundle: EvidenceBundle): string =>
  `${part(JSON.stringify(header))}.${part(bundleText(bundle))}`

/** The JWS without its payload. */
export const detached = (input: string, signature: Buffer): string =>
  `${input.slice(0, input.indexOf('.'))}..${signature.toString('base64url')}`

/** The whole JWS again. */
export const attached = ({ bundle, signature }: EvidenceFile): string =>
  signature.replace('..', () => `.${part(bundleText(bundle))}.`)

/** As it is written into the file. */
export const fileText = (file: EvidenceFile): string => `${JSON.stringify(file, null, 2)}\n`
