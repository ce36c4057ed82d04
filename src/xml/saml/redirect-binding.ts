// The redirect binding (SAML Bindings 3.4): messages packed into a query, and the signature over its very octets.
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { Refusal } from '../../domain/refusal.ts'
import type { Signer } from '../../ports/key-store.ts'
import { ALG } from '../names.ts'
import { type OctetSignature, octetSigner } from './signature.ts'

export type MessageName = 'SAMLRequest' | 'SAMLResponse'

export interface RedirectContent {
  readonly to: string
  readonly name: MessageName
  readonly xml: string
  /** Left out where it is empty. */
  readonly relayState: string
}

/** The address with the signed message (Bindings 3.4.4.1): signed are `SAMLRequest=…&RelayState=…&SigAlg=…` as written. */
export async function signedRedirect(
  { to, name, xml, relayState }: RedirectContent,
  signer: Signer,
): Promise<string> {
  const parts = [
    [name, deflateRawSync(xml).toString('base64')],
    ...(relayState === '' ? [] : [['RelayState', relayState]]),
    ['SigAlg', ALG.rsaSha256],
  ]
  const signed = parts.map(([key, value]) => `${key}=${encodeURIComponent(value as string)}`).join('&')
  const signature = (await signer.sign(signed)).toString('base64')
  return `${to}${to.includes('?') ? '&' : '?'}${signed}&Signature=${encodeURIComponent(signature)}`
}

// The order that Bindings 3.4.4.1 signs in; nothing else belongs into the query.
const order = /^(SAMLRequest|SAMLResponse)(?: RelayState)? SigAlg Signature$/

const malformed = (actual: string): Refusal => new Refusal('saml.malformed', { check: 'query', actual })

export interface ReadRedirect {
  readonly name: MessageName
  readonly xml: Buffer
  /** The pinned certificate by whose key it is signed. */
  readonly certificate: string
}

/**
 * Reads a signed query. Every parameter stands once and in its place (attack 81); the signature is over the octets that
 * came, so that one encoded otherwise does not hold. Refuses with `saml.malformed`, `saml.signature_missing`,
 * `saml.algorithm` or `saml.signature_invalid`.
 */
export function readRedirect(query: string, certificates: readonly string[]): ReadRedirect {
  const pairs = query.split('&').map((pair) => pair.split('=', 2) as [string, string?])
  const names = pairs.map(([key]) => key)
  if (!names.includes('Signature')) throw new Refusal('saml.signature_missing', { check: 'signature' })
  if (!order.test(names.join(' '))) throw malformed(names.join(' ').slice(0, 200))
  const raw = (key: string): string => pairs.find(([found]) => found === key)?.[1] ?? ''
  const octets = query.slice(0, query.lastIndexOf('&Signature='))
  const signature: OctetSignature = {
    octets,
    algorithm: decoded(raw('SigAlg')),
    value: base64(decoded(raw('Signature'))),
    certificates,
  }
  const certificate = octetSigner(signature)
  if (certificate === undefined) throw new Refusal('saml.signature_invalid', { check: 'octets' })
  const name = names[0] as MessageName
  return { name, xml: inflated(base64(decoded(raw(name)))), certificate }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw malformed('percent encoding')
  }
}

function base64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64')
  if (text === '' || bytes.toString('base64') !== text) throw malformed('base64')
  return bytes
}

const mostBytes = 1024 * 1024

/** Attack 48: a bomb ends at the limit. */
function inflated(packed: Buffer): Buffer {
  try {
    return inflateRawSync(packed, { maxOutputLength: mostBytes })
  } catch {
    throw malformed('deflate')
  }
}
