// Is the time of the certificate over by which an answer is signed, and does the connection mind?
import { X509Certificate } from 'node:crypto'
import type { ExpectedAnswer } from '../../domain/saml-answer.ts'
import type { Checks } from './checks.ts'

const ends = new Map<string, number>()
const most = 256

// Reading a certificate costs as much as checking a signature with it.
function endOf(pem: string): number {
  const known = ends.get(pem)
  if (known !== undefined) return known
  const end = Date.parse(new X509Certificate(pem).validTo)
  if (ends.size >= most) ends.clear()
  ends.set(pem, end)
  return end
}

const iso = (at: number): string => new Date(at).toISOString()

export interface SigningCertificate {
  readonly certificate: string
  /** What it signed, as people are told. */
  readonly of: 'response' | 'assertion' | 'message'
}

/**
 * SAML V2.0 Metadata Interoperability 2.5.1: the certificate is a wrapping of the key, and its dates say nothing; hence
 * `warn` unless the connection says otherwise. Either way the check stands among the others for people to see.
 */
export function checkCertificate(
  { certificate: pem, of }: SigningCertificate,
  expected: Pick<ExpectedAnswer, 'now' | 'expiredCertificates'>,
  checks: Checks,
): void {
  // A bare key, as the self-test has one, has no end.
  if (!pem.includes('BEGIN CERTIFICATE')) return
  const end = endOf(pem)
  const over = end <= expected.now
  const strict = expected.expiredCertificates === 'refuse'
  checks.hold(
    {
      name: `certificate of the ${of}`,
      ok: !(over && strict),
      expected: strict ? `good after ${iso(expected.now)}` : 'listed; its end is not minded',
      actual: `${over ? 'expired' : 'good until'} ${iso(end)}`,
    },
    'saml.certificate_expired',
  )
}
