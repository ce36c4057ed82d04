// When what a connection's settings say comes to its end.
import { X509Certificate } from 'node:crypto'

/** A certificate by its fingerprint, and the last moment of it in epoch milliseconds. */
export function certificateEnd(pem: string): { readonly name: string; readonly at: number } {
  const certificate = new X509Certificate(pem)
  return { name: certificate.fingerprint256, at: certificate.validToDate.getTime() }
}

/** The end of a day as settings write it (UTC), in epoch milliseconds. */
export const endOfDay = (date: string): number => Date.parse(`${date}T00:00:00Z`) + 24 * 3600_000

/** Each certificate of a bundle; what stands between them is no matter. */
export const bundleEnds = (pem: string): ReturnType<typeof certificateEnd>[] =>
  (pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [pem]).map(certificateEnd)
