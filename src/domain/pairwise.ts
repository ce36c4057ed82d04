// Pairwise names (OIDC Core 8.1): one customer has another `sub` at each sector, so that apps cannot join what they know.
import { createHmac } from 'node:crypto'
import type { RelyingParty } from './institution.ts'

const loopback = /^(127\.|localhost$|\[::1\]$)/

/**
 * Who may know a customer by the same name: apps whose redirects are on one host. A private scheme or loopback proves no
 * host, so such an app is a sector of its own.
 */
export function sectorOf({ id, redirectUris }: Pick<RelyingParty, 'id' | 'redirectUris'>): string {
  const [first] = redirectUris
  const url = first === undefined ? null : URL.parse(first)
  const proven = url?.protocol === 'https:' && !loopback.test(url.hostname)
  return proven ? `https://${url.host}` : `app:${id}`
}

/** The same for the same customer and sector, whatever node asks; worth nothing without the salt. */
export function pairwiseSub(salt: Uint8Array, sector: string, subject: string): string {
  const hmac = createHmac('sha256', salt)
  hmac.update(`${Buffer.byteLength(sector)}:${sector}`).update(subject)
  return hmac.digest('base64url').slice(0, 32)
}
