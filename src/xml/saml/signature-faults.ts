// Why a signature does not hold, for whoever must mend it: which keys are believed, and which one the message names.
import { X509Certificate } from 'node:crypto'
import type { XmlElement } from 'libxml2-wasm'
import { descendants, isNamed } from '../element.ts'
import { NS } from '../names.ts'

/** The part of a refusal's detail that people read. */
export interface SignatureFault {
  readonly check: string
  readonly expected: string
  readonly actual: string
  /** Below the element that is signed. */
  readonly place: string
}

export const changedSince: SignatureFault = {
  check: 'digest',
  expected: 'what was signed',
  actual: 'the message was changed after it was signed',
  place: 'Signature/SignedInfo/Reference/DigestValue',
}

/** Only a text that two readers take for different things comes to this. */
export const readTwoWays: SignatureFault = {
  check: 'second opinion',
  expected: 'the same signed bytes by both verifiers',
  actual: 'one of the two does not find them',
  place: 'Signature',
}

/** The first certificate that a signature brings along, as it stands there (base64). */
export function certificateTold(signature: XmlElement): string | undefined {
  for (const element of descendants(signature))
    if (isNamed(element, NS.ds, 'X509Certificate')) return element.content
  return undefined
}

/**
 * What the message says of its key proves nothing and is never believed; it only tells an administrator whether the IdP
 * has changed its certificate. Keys are named by the SHA-256 fingerprints of their certificates.
 */
export function unknownKey(told: string | undefined, certificates: readonly string[]): SignatureFault {
  const known = certificates.map((pem) => fingerprint(pem) ?? 'a key without a certificate')
  const named = told === undefined ? undefined : fingerprint(Buffer.from(told, 'base64'))
  const actual =
    named === undefined
      ? 'by none of these; the answer does not say which key it used'
      : known.includes(named)
        ? `does not hold, though the answer names ${named}`
        : `by none of these; the answer names ${named}`
  const stranger = named !== undefined && !known.includes(named)
  const place = stranger ? 'Signature/KeyInfo/X509Data/X509Certificate' : 'Signature/SignatureValue'
  return { check: 'signing key', expected: known.join(' or '), actual, place }
}

function fingerprint(certificate: string | Buffer): string | undefined {
  try {
    return new X509Certificate(certificate).fingerprint256
  } catch {
    return undefined
  }
}
