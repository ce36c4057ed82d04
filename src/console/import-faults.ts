// Why an IdP could not be read, in words that say what to do about it; and which protocols are worth a try.
import type { Refusal } from '../domain/refusal.ts'
import type { DiscoverySource } from '../ports/discovery.ts'

/** A document is SAML metadata. An address may be either; what it looks like is tried first. */
export function typesFor(source: DiscoverySource): readonly ('saml' | 'oidc')[] {
  if ('document' in source) return ['saml']
  const { pathname } = new URL(source.url)
  const isOidc = pathname.includes('/.well-known/openid-configuration') || pathname === '/'
  return isOidc ? ['oidc', 'saml'] : ['saml', 'oidc']
}

const said: Readonly<Record<string, string>> = {
  'fetch.refused':
    'The bridge may not go to this address. It must be public, or allowed by the operator (outbound.allowed_networks)',
  'fetch.failed': 'Nothing could be read there',
  'metadata.malformed': 'What is there is no SAML metadata that may be read',
  'metadata.signature': 'The metadata is not signed as it must be',
  'metadata.entity': 'The metadata describes no SAML 2.0 IdP of this name',
  'metadata.endpoint': 'The metadata names no sign-in service that can be used',
  'metadata.certificate': 'The metadata names no signing key that can be used',
  'metadata.expired': 'The metadata says itself that its time is over',
  'oidc.discovery': 'Its OpenID configuration cannot be used',
  busy: 'The bridge is busy; try again in a moment',
}

/** With the code, the check that failed, and both sides of it where there are two. */
export function importFault({ code, detail }: Refusal): string {
  const { check, expected, actual } = detail
  const found = actual !== undefined && (expected === undefined ? String(actual) : `was ${actual}`)
  const sides = [expected !== undefined && `expected ${expected}`, found]
  const facts = [check, ...sides].filter((part) => typeof part === 'string').join(', ')
  const sentence = said[code] ?? 'It was refused'
  return `${facts === '' ? sentence : `${sentence}: ${facts.slice(0, 300)}`}. Code ${code}.`
}
