// Addresses that a page may send a customer to: by scheme, from an allow-list.

/** RFC 8252 7.3: a loopback redirect names the address, never a name that could be resolved elsewhere. */
const loopback = new Set(['127.0.0.1', '[::1]', 'localhost'])

/** Is this a private-use scheme as RFC 8252 7.1 wants it, a reversed domain name with at least one dot? */
export const isPrivateScheme = (scheme: string): boolean => /^[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+:$/.test(scheme)

/**
 * The address as it may stand in `href` or `action`, or undefined where it must not: only `https:`, `http:` on
 * loopback, `tel:`, `mailto:`, private-use schemes with a dot, and paths of our own. `javascript:` and its kin have no
 * dot (attacks 82, 201).
 */
export function safeLink(address: string | undefined): string | undefined {
  if (address === undefined) return undefined
  if (/^(?:[/?#](?![/\\])|$)/.test(address) && !hasControl(address)) return address
  const url = URL.parse(address)
  if (url === null || hasControl(address)) return undefined
  if (url.protocol === 'https:' || url.protocol === 'tel:' || url.protocol === 'mailto:') return url.href
  if (url.protocol === 'http:') return loopback.has(url.hostname) ? url.href : undefined
  return isPrivateScheme(url.protocol) ? url.href : undefined
}

// Browsers drop tabs and line breaks inside addresses, so `/\t/evil` would be `//evil`.
const hasControl = (address: string): boolean => /[\p{Cc}\\]/u.test(address)
