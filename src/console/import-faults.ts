// Why an IdP could not be read, in words that say what to do about it; and which protocols are worth a try.
import { longestMetadata } from '../domain/idp-metadata.ts'
import type { Refusal } from '../domain/refusal.ts'
import type { DiscoverySource } from '../ports/discovery.ts'
import { withCode } from './words.ts'

/** A document is SAML metadata. An address may be either; what it looks like is tried first. */
export function typesFor(source: DiscoverySource): readonly ('saml' | 'oidc')[] {
  if ('document' in source) return ['saml']
  const { pathname } = new URL(source.url)
  const isOidc = pathname.includes('/.well-known/openid-configuration') || pathname === '/'
  return isOidc ? ['oidc', 'saml'] : ['saml', 'oidc']
}

const mebibytes = (bytes: number): string => `${bytes / 1024 / 1024} MiB`

/** What is wrong, and what to do about it. */
type Said = readonly [wrong: string, todo: string]

const metadataTodo = 'Give the address, or the document, that the IdP calls its metadata'

const said: Readonly<Record<string, Said>> = {
  'metadata.malformed': ['What is there is no SAML metadata that may be read', metadataTodo],
  'metadata.signature': [
    'The metadata is not signed as it must be',
    'Ask the IdP’s administrator which certificate signs it',
  ],
  'metadata.entity': [
    'The metadata does not describe the one SAML 2.0 IdP that is asked for',
    'See that it is the metadata of the IdP, not of an application',
  ],
  'metadata.endpoint': [
    'The metadata names no sign-in service that can be used',
    'The IdP must publish one by redirect or POST, at an https address',
  ],
  'metadata.certificate': [
    'The metadata names no signing key that can be used',
    'The IdP must publish one: RSA of 2048 bits or more, or P-256',
  ],
  'metadata.expired': ['The metadata says itself that its time is over', 'Have the IdP publish it anew'],
  'metadata.changed': [
    'The signed metadata does not say what you looked at',
    'Read it again with its signer, and look at what it says',
  ],
  'oidc.discovery': [
    'Its OpenID configuration cannot be used',
    'The IdP’s administrator must mend what is named here',
  ],
  busy: ['The bridge is busy', 'Try again in a moment'],
}

const otherwise: Said = ['It was refused', 'Tell the operator the code']

/** By the check that failed: these are about the way there, and nothing of an error's own text is of use to anybody. */
const onTheWay: Readonly<Record<string, Said>> = {
  'fetch.refused redirect': ['The address leads on to another one (a redirect)', 'Give that one itself'],
  'fetch.refused scheme': [
    'Only https addresses are read, and http on this very machine where the operator allows it',
    'Give the https address, or the document itself',
  ],
  'fetch.refused address': [
    'This is no web address that may be read',
    'It begins with https:// and holds no user name',
  ],
  'fetch.refused network': [
    'The bridge may not go to this address',
    'It must be public, or allowed by the operator (outbound.allowed_networks)',
  ],
  'fetch.refused encoding': [
    'The answer came compressed, which the bridge never asks for',
    'Have it served as it is, or give the document itself',
  ],
  'fetch.failed name': ['The name in this address is not found', 'Check how it is written'],
  'fetch.failed time': [
    'No answer came in time',
    'Check the address, and whether a firewall keeps the bridge from it',
  ],
  'fetch.failed size': [
    `What is there is too large: at most ${mebibytes(longestMetadata)} are read`,
    'Give the address of this IdP’s own metadata',
  ],
  'metadata.malformed size': [
    `The document is too large: at most ${mebibytes(longestMetadata)} are read`,
    'Give the metadata of this IdP alone',
  ],
  'metadata.entity role': [
    'The metadata describes no SAML 2.0 IdP',
    'It may be that of an application (a service provider): give the IdP’s own',
  ],
  'fetch.failed status': [
    'The server has nothing for us at this address',
    'Check the address, and that it can be read without signing in',
  ],
  'fetch.failed connection': ['The connection broke off', 'Check the address, and that the IdP is up'],
  'fetch.failed refused': [
    'Nothing answers at this address',
    'Check the address and its port, and that the IdP is up',
  ],
  'fetch.failed protocol': [
    'What answers there does not speak the protocol of this address',
    'Check that it begins with https://, and the port',
  ],
  'fetch.failed tls': [
    'The server’s TLS certificate is not one that the bridge trusts, or is of another name',
    'The IdP needs a valid one, or the connection its authority',
  ],
  'oidc.discovery discovery': [
    'No OpenID configuration that can be used is at this issuer',
    'It must stand at /.well-known/openid-configuration below it, and name this very issuer',
  ],
}

/** What is wrong and what to do, with both sides of the check that failed where they help, and the code. */
export function importFault({ code, detail }: Refusal): string {
  const { check, expected, actual, reason = check } = detail
  const way = onTheWay[`${code} ${reason}`] ?? onTheWay[`${code} ${check}`]
  if (way !== undefined) return worded(code, way, '')
  if (check === 'kind') return worded(code, [`This is ${actual}, and no SAML metadata`, metadataTodo], '')
  const found = actual !== undefined && (expected === undefined ? String(actual) : `was ${actual}`)
  const sides = [expected !== undefined && `expected ${expected}`, found]
  const facts = [check, ...sides].filter((part) => typeof part === 'string').join(', ')
  return worded(code, said[code] ?? otherwise, facts)
}

const worded = (code: string, [wrong, todo]: Said, facts: string): string =>
  withCode(`${wrong}${facts === '' ? '' : ` (${facts.slice(0, 300)})`}. ${todo}.`, code)

/** Nobody typed the scheme that was tried: what failed may be no more than that. */
export function schemeFault({ code, detail }: Refusal): string | undefined {
  const { check, reason = check } = detail
  if (code !== 'fetch.failed' || !unspoken.has(String(reason))) return undefined
  const wrong = 'https:// is missing: it was put before the address, and nothing that speaks it answers there'
  return worded(code, [wrong, 'Type the whole address, with https:// or, on this very machine, http://'], '')
}

const unspoken: ReadonlySet<string> = new Set(['connection', 'protocol'])
