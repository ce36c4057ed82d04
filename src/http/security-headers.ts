// The headers of every page: what a browser may load, send and remember.
import { isPrivateScheme } from './page/link.ts'

export interface PageRules {
  /** Where forms may lead beside ourselves, redirects included: from `formActionOf` (ruling R-14). */
  readonly formActions: readonly string[]
  /** For the one inline script of a page that has one; without it no script runs. */
  readonly nonce?: string | undefined
  /** That script asks our own origin how things stand. */
  readonly asksUs?: boolean | undefined
  /** Are we reached over TLS? HSTS is sent only then (RFC 6797 7.2). */
  readonly https: boolean
  /** Pages of the demo: scripts from our own origin, and where they may fetch from. Customer pages have none. */
  readonly ownScripts?: { readonly connect: readonly string[] } | undefined
  /** Origins whose pages may hold this answer in a frame; without it nobody's may. */
  readonly framedBy?: readonly string[] | undefined
}

const source = /^(?:https?:\/\/[a-z0-9.-]+(?::\d{1,5})?|[a-z][a-z0-9+.-]*:)$/

/** Headers of a page by name. Throws for a source that could break out of its directive. */
export function pageHeaders(rules: PageRules): Record<string, string> {
  return {
    'Content-Security-Policy': policyOf(rules),
    'X-Content-Type-Options': 'nosniff',
    ...(rules.framedBy === undefined && { 'X-Frame-Options': 'DENY' }),
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
    'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    ...(rules.https && { 'Strict-Transport-Security': 'max-age=31536000' }),
  }
}

function policyOf({ formActions, nonce, asksUs = false, ownScripts, framedBy = [] }: PageRules): string {
  const connect = ownScripts?.connect ?? []
  const bad = [...formActions, ...connect, ...framedBy].find((value) => !source.test(value))
  if (bad !== undefined) throw new Error(`not a source of a content security policy: ${JSON.stringify(bad)}`)
  if (nonce !== undefined && !/^[\w+/=-]{16,}$/.test(nonce)) throw new Error('not a nonce')
  const scripts = [...(ownScripts ? ["'self'"] : []), ...(nonce === undefined ? [] : [`'nonce-${nonce}'`])]
  return [
    "default-src 'none'",
    "style-src 'self'",
    "img-src 'self' data:",
    `script-src ${scripts.length === 0 ? "'none'" : scripts.join(' ')}`,
    ...(ownScripts || asksUs ? [`connect-src ${["'self'", ...connect].join(' ')}`] : []),
    `form-action ${["'self'", ...new Set(formActions)].join(' ')}`,
    `frame-ancestors ${framedBy.length === 0 ? "'none'" : framedBy.join(' ')}`,
    "base-uri 'none'",
  ].join('; ')
}

/**
 * What `form-action` must list for the way back to an app: the origin of an `https:` or loopback redirect, the scheme
 * of a private-use one. Throws for any other address: none is ever registered.
 */
export function formActionOf(redirectUri: string): string {
  const url = new URL(redirectUri)
  if (isPrivateScheme(url.protocol)) return url.protocol
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new Error('not a redirect address')
  // CSP 3 2.3.1: a host-source has no form for an IPv6 address, so the loopback one is allowed by its scheme.
  return url.hostname === '[::1]' ? url.protocol : url.origin
}
