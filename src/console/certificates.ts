// Certificates as an administrator compares them: fingerprint, subject, end; never as a wall of base64.
import { X509Certificate } from 'node:crypto'
import { type Html, html } from '../http/page/html.ts'
import { bdi } from '../http/page/parts.ts'
import { dayText, leftText } from './times.ts'

export interface CertificateFacts {
  readonly fingerprint: string
  readonly subject: string
  /** Epoch milliseconds. */
  readonly notAfter: number
}

/** Undefined where the text is no certificate. */
export function certificateFacts(pem: string): CertificateFacts | undefined {
  try {
    const { fingerprint256, subject, validTo } = new X509Certificate(pem)
    return {
      fingerprint: fingerprint256,
      subject: subject.replaceAll('\n', ', '),
      notAfter: Date.parse(validTo),
    }
  } catch {
    return undefined
  }
}

const isPem = (text: string): boolean => text.includes('-----BEGIN CERTIFICATE-----')

/** One line for a value that may be a certificate. */
export function valueText(text: string): string {
  const facts = isPem(text) ? certificateFacts(text) : undefined
  if (facts === undefined) return text
  return `${facts.subject}, ends ${dayText(facts.notAfter)}, SHA-256 ${facts.fingerprint}`
}

export const certificateView = ({ fingerprint, subject, notAfter }: CertificateFacts, now: number): Html =>
  html`<strong>${bdi(subject || '(no subject)')}</strong><br>
<span${notAfter <= now && html` class="bad-text"`}>Ends ${dayText(notAfter)} (${leftText(notAfter, now)})</span><br>
<code class="copy small">${fingerprint}</code>`

/** The end of the last certificate that a connection's answers may be signed by; undefined where keys are fetched. */
export function certificateEnd(settings: Readonly<Record<string, unknown>>): number | undefined {
  const { certificates } = settings
  if (!Array.isArray(certificates)) return undefined
  const ends = certificates.flatMap((pem) => certificateFacts(String(pem))?.notAfter ?? [])
  return ends.length === 0 ? undefined : Math.max(...ends)
}
