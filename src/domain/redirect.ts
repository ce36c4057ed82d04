// Addresses that browsers are sent to, as RFC 8252 and RFC 6749 let them be.

// RFC 8252 7.3: apps on a laptop may use http, and only on loopback.
const loopback = /^(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\]|localhost)$/

/** Does this address go in the clear to somewhere else than this machine? */
export const isClearAbroad = ({ protocol, hostname }: URL): boolean =>
  protocol === 'http:' && !loopback.test(hostname)

/** What is wrong with a redirect; undefined when it is fine (RFC 8252, RFC 6749 3.1.2). */
export function redirectFault(text: string): string | undefined {
  const url = URL.parse(text)
  if (url === null) return 'an absolute address is needed'
  if (text.includes('#')) return 'a redirect has no fragment (RFC 6749 3.1.2)'
  if (text.includes('*')) return 'a redirect is matched exactly; wildcards are not known'
  if (url.username !== '' || url.password !== '') return 'a redirect holds no user name'
  if (url.protocol === 'http:')
    return loopback.test(url.hostname)
      ? undefined
      : 'http is for loopback only; use https or a private scheme'
  // RFC 8252 7.1: a private scheme is a domain name in reverse, so it has a dot; that bars javascript: and data:.
  if (url.protocol !== 'https:' && !url.protocol.includes('.'))
    return 'a private scheme is a reversed domain name (com.example.app:/callback, RFC 8252 7.1)'
  // CSP 3 2.3.1 names sources by DNS names: no page of ours could list another as where its form leads (ruling R-14).
  if (url.protocol === 'https:' && !/^[a-z0-9.-]+$/.test(url.hostname))
    return 'the host is named by letters, digits, dots and hyphens'
  return undefined
}

/** Is this the origin of pages that may call us: https, or http on loopback, and nothing more? */
export function isOrigin(text: string): boolean {
  const url = URL.parse(text)
  const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && loopback.test(url.hostname))
  return safe && url.origin === text
}

/** May a logout token be posted there (OIDC Back-Channel Logout 1.0, 2.2)? A customer's session is no business of the network's. */
export function isBackchannel(text: string): boolean {
  const url = URL.parse(text)
  const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && loopback.test(url.hostname))
  return safe && url.hash === '' && url.username === ''
}
