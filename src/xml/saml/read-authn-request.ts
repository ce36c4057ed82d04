// Reading an AuthnRequest as an IdP does, strictly: for the demo bank's IdP.
import { verify, X509Certificate } from 'node:crypto'
import { inflateRawSync } from 'node:zlib'
import { XmlRefused } from '../gate.ts'
import { ALG, NS } from '../names.ts'
import { attributeOf, elements, parseTree, textOf } from '../tree.ts'

export interface ReadAuthnRequest {
  readonly id: string
  readonly issuer: string
  readonly acsUrl: string
  readonly forceAuthn: boolean
  readonly nameIdFormat: string | undefined
  readonly relayState: string
}

const names = ['SAMLRequest', 'RelayState', 'SigAlg', 'Signature'] as const

/** The raw octets of each parameter, each exactly once (attack 81). */
function octets(query: string): Record<(typeof names)[number], string> {
  const found: Record<string, string> = {}
  for (const pair of query.split('&')) {
    const [name = '', raw = ''] = pair.split('=', 2)
    if (!(names as readonly string[]).includes(name)) continue
    if (found[name] !== undefined) throw new XmlRefused(`${name} twice`)
    found[name] = raw
  }
  const missing = names.find((name) => found[name] === undefined)
  if (missing) throw new XmlRefused(`no ${missing}`)
  return found as Record<(typeof names)[number], string>
}

/** Attack 48: a bomb ends at the limit. */
function inflated(packed: Buffer): Buffer {
  try {
    return inflateRawSync(packed, { maxOutputLength: 1024 * 1024 })
  } catch {
    throw new XmlRefused('deflate')
  }
}

function rootOf(raw: ReturnType<typeof octets>) {
  const packed = Buffer.from(decodeURIComponent(raw.SAMLRequest), 'base64')
  return parseTree(inflated(packed)).root
}

const issuerIn = (root: ReturnType<typeof rootOf>): string =>
  textOf(elements(root, NS.saml2, 'Issuer')[0] ?? root) ?? ''

/** Who the request says that it is from: nothing is proven by it, it tells whose certificate to try. Throws XmlRefused. */
export const claimedIssuer = (query: string): string => issuerIn(rootOf(octets(query)))

/**
 * Checks the signature over the raw query (SAML Bindings 3.4.4.1) by the service provider's certificate (base64 DER)
 * and reads the request. Throws XmlRefused.
 */
export function readAuthnRequest(query: string, certificate: string): ReadAuthnRequest {
  const raw = octets(query)
  const signed = `SAMLRequest=${raw.SAMLRequest}&RelayState=${raw.RelayState}&SigAlg=${raw.SigAlg}`
  if (decodeURIComponent(raw.SigAlg) !== ALG.rsaSha256) throw new XmlRefused('signature algorithm')
  const { publicKey } = new X509Certificate(Buffer.from(certificate, 'base64'))
  const value = Buffer.from(decodeURIComponent(raw.Signature), 'base64')
  if (!verify('sha256', Buffer.from(signed), publicKey, value)) throw new XmlRefused('signature')
  const root = rootOf(raw)
  if (root.uri !== NS.samlp || root.local !== 'AuthnRequest') throw new XmlRefused('not an AuthnRequest')
  const policy = elements(root, NS.samlp, 'NameIDPolicy')[0]
  return {
    id: attributeOf(root, '', 'ID') ?? '',
    issuer: issuerIn(root),
    acsUrl: attributeOf(root, '', 'AssertionConsumerServiceURL') ?? '',
    forceAuthn: attributeOf(root, '', 'ForceAuthn') === 'true',
    nameIdFormat: policy && attributeOf(policy, '', 'Format'),
    relayState: decodeURIComponent(raw.RelayState),
  }
}
