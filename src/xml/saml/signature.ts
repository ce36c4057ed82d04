// Verifying the enveloped signature of one SAML element: its form, its digest, its value, and a second opinion (D6-D9).
import { createHash, createPublicKey, type KeyObject, timingSafeEqual, verify } from 'node:crypto'
import type { XmlElement } from 'libxml2-wasm'
import { Refusal } from '../../domain/refusal.ts'
import { canonical } from '../document.ts'
import { attribute, children, isNamed, named, one, optional, required, textOf } from '../element.ts'
import { ALG, NS } from '../names.ts'
import { signedBytes } from '../second-opinion.ts'
import type { Checks } from './checks.ts'
import { kindOfIdpKey } from './idp-key.ts'
import {
  certificateTold,
  changedSince,
  readTwoWays,
  type SignatureFault,
  unknownKey,
} from './signature-faults.ts'

interface SignatureKind {
  readonly hash: string
  readonly key: 'rsa' | 'ec'
}

const signatureKinds: Readonly<Record<string, SignatureKind>> = {
  [ALG.rsaSha256]: { hash: 'sha256', key: 'rsa' },
  [ALG.rsaSha384]: { hash: 'sha384', key: 'rsa' },
  [ALG.rsaSha512]: { hash: 'sha512', key: 'rsa' },
  [ALG.ecdsaSha256]: { hash: 'sha256', key: 'ec' },
}

const digests: Readonly<Record<string, string>> = {
  [ALG.sha256]: 'sha256',
  [ALG.sha384]: 'sha384',
  [ALG.sha512]: 'sha512',
}

export interface SignedElement {
  /** The text of the document that holds the element, for the second opinion. */
  readonly xml: string
  readonly element: XmlElement
  readonly at: 'root' | 'assertion'
  /** The keys pinned for the connection; nothing in the message can add one (attack 16). */
  readonly certificates: readonly string[]
  /** May a signature of yesterday count? Never, where nobody is asked. */
  readonly permits?: Checks['permits']
}

export interface VerifiedElement {
  readonly bytes: string
  readonly certificate: string
}

interface Signature {
  readonly node: XmlElement
  readonly signedInfo: XmlElement
  readonly kind: SignatureKind
  readonly infoPrefixes: readonly string[]
  readonly prefixes: readonly string[]
  readonly digest: string
  readonly digestValue: Buffer
  readonly value: Buffer
  /** What its KeyInfo says, which nobody believes. */
  readonly told: string | undefined
}

const shape = (detail: string): Refusal =>
  new Refusal('saml.shape', {
    check: 'signature form',
    expected: 'an enveloped signature of SAML Core 5.4',
    actual: detail,
  })

/** A secret-key algorithm over a public key is forgery (attack 20); any other may be an old IdP's setting. */
const refusedAlgorithm = (algorithm: string): Refusal =>
  new Refusal(/hmac/i.test(algorithm) ? 'saml.signature_invalid' : 'saml.algorithm', {
    check: 'signature',
    expected: 'rsa-sha256, -384, -512 or ecdsa-sha256',
    actual: algorithm,
  })

const otherThan = (expected: string, check: string, actual: string): Refusal =>
  new Refusal('saml.algorithm', { check, expected, actual })

/** Exactly these children in this order; an Object or a second SignedInfo has no place (attacks 8, 22). */
function checkChildren(element: XmlElement, allowed: readonly string[]): void {
  const names = children(element).map((child) =>
    child.namespaceUri === NS.ds ? child.name : `?${child.name}`,
  )
  const expected = allowed.filter((name) => !name.endsWith('?') || names.includes(name.slice(0, -1)))
  if (names.join(' ') !== expected.map((name) => name.replace('?', '')).join(' ')) {
    throw shape(`${element.name} holds ${names.join(' ')}`.slice(0, 200))
  }
}

function algorithmOf(element: XmlElement): string {
  return required(element, 'Algorithm')
}

/** Exclusive canonicalisation with its optional prefix list; nothing else may stand in the element. */
function exclusive(element: XmlElement): readonly string[] {
  if (algorithmOf(element) !== ALG.excC14n)
    throw otherThan(ALG.excC14n, 'canonicalisation', algorithmOf(element))
  const [list, ...more] = children(element)
  if (list === undefined) return []
  if (more.length > 0 || !isNamed(list, ALG.excC14n, 'InclusiveNamespaces'))
    throw shape('stranger in canonicalisation')
  const prefixes = (attribute(list, 'PrefixList') ?? '').split(/\s+/).filter((prefix) => prefix !== '')
  if (prefixes.length > 16 || prefixes.includes('#default')) throw shape('prefix list')
  return prefixes
}

function transforms(reference: XmlElement): readonly string[] {
  const list = named(one(reference, NS.ds, 'Transforms'), NS.ds, 'Transform')
  const [enveloped, c14n, more] = list
  if (!enveloped || !c14n || more) throw shape(`${list.length} transforms`)
  if (algorithmOf(enveloped) !== ALG.enveloped || children(enveloped).length > 0) {
    throw otherThan(ALG.enveloped, 'transforms', algorithmOf(enveloped))
  }
  return exclusive(c14n)
}

function base64(element: XmlElement): Buffer {
  const text = textOf(element).replace(/[\t\n\r ]+/g, '')
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text) || text === '')
    throw shape('base64')
  return Buffer.from(text, 'base64')
}

const oldKinds: Readonly<Record<string, SignatureKind>> = { [ALG.rsaSha1]: { hash: 'sha1', key: 'rsa' } }
const oldDigests: Readonly<Record<string, string>> = { [ALG.sha1]: 'sha1' }

/** The entry of this algorithm: of today's, or of yesterday's where that is permitted (attacks 18, 19). */
function entry<T>(algorithm: string, lists: readonly [Lists<T>, Lists<T>], permits: Permits): T | undefined {
  const [today, yesterday] = lists
  if (Object.hasOwn(today, algorithm)) return today[algorithm]
  const old = Object.hasOwn(yesterday, algorithm)
  return old && permits?.('sha1-signatures', algorithm) ? yesterday[algorithm] : undefined
}
type Lists<T> = Readonly<Record<string, T>>
type Permits = SignedElement['permits']

function read(node: XmlElement, id: string, permits: Permits): Signature {
  checkChildren(node, ['SignedInfo', 'SignatureValue', 'KeyInfo?'])
  const signedInfo = one(node, NS.ds, 'SignedInfo')
  checkChildren(signedInfo, ['CanonicalizationMethod', 'SignatureMethod', 'Reference'])
  const method = one(signedInfo, NS.ds, 'SignatureMethod')
  const kind = entry(algorithmOf(method), [signatureKinds, oldKinds], permits)
  if (!kind || children(method).length > 0) throw refusedAlgorithm(algorithmOf(method))
  const reference = one(signedInfo, NS.ds, 'Reference')
  checkChildren(reference, ['Transforms', 'DigestMethod', 'DigestValue'])
  if (attribute(reference, 'URI') !== `#${id}`) throw shape('the Reference is not to its own element')
  const digestElement = one(reference, NS.ds, 'DigestMethod')
  const digestMethod = algorithmOf(digestElement)
  const digest = entry(digestMethod, [digests, oldDigests], permits)
  if (!digest || children(digestElement).length > 0)
    throw otherThan('sha256, sha384 or sha512', 'digest', digestMethod)
  return {
    node,
    signedInfo,
    kind,
    digest,
    infoPrefixes: exclusive(one(signedInfo, NS.ds, 'CanonicalizationMethod')),
    prefixes: transforms(reference),
    digestValue: base64(one(reference, NS.ds, 'DigestValue')),
    value: base64(one(node, NS.ds, 'SignatureValue')),
    told: certificateTold(node),
  }
}

// Reading a certificate costs as much as checking a signature with it, and connections have few.
const keys = new Map<string, KeyObject>()
const mostKeys = 256

function keyOf(certificate: string): KeyObject {
  const known = keys.get(certificate)
  if (known) return known
  const key = createPublicKey(certificate)
  if (keys.size >= mostKeys) keys.clear()
  keys.set(certificate, key)
  return key
}

/** An RSA key is never asked about an ECDSA signature, nor the reverse (attack 21); weak keys count for nothing. */
const fits = (key: KeyObject, kind: SignatureKind): boolean => kindOfIdpKey(key) === kind.key

function same(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}

export interface OctetSignature {
  readonly octets: string
  readonly algorithm: string
  readonly value: Buffer
  readonly certificates: readonly string[]
}

/**
 * The pinned certificate whose key, of the right kind, verifies these octets (SAML Bindings 3.4.4.1); undefined where none
 * does. Refuses an algorithm that is not allowed.
 */
export function octetSigner({ octets, algorithm, value, certificates }: OctetSignature): string | undefined {
  const kind = Object.hasOwn(signatureKinds, algorithm) ? signatureKinds[algorithm] : undefined
  if (!kind) throw refusedAlgorithm(algorithm)
  return certificates.find((certificate) => {
    const key = keyOf(certificate)
    return (
      fits(key, kind) && verify(kind.hash, Buffer.from(octets), { key, dsaEncoding: 'ieee-p1363' }, value)
    )
  })
}

/**
 * The canonical bytes of the element without its signature, if it has one that verifies; undefined if it has none.
 * Refuses a signature that is malformed (`saml.shape`), uses an algorithm that is not allowed (`saml.algorithm`), or
 * does not verify under a pinned key (`saml.signature_invalid`). The element's signature is taken out of the document.
 */
export const verifiedBytes = (signed: SignedElement): string | undefined => verifiedElement(signed)?.bytes

/** The same, with the certificate whose key made the signature. */
export function verifiedElement({
  xml,
  element,
  at,
  certificates,
  permits,
}: SignedElement): VerifiedElement | undefined {
  const node = optional(element, NS.ds, 'Signature')
  if (!node) return undefined
  const signature = read(node, required(element, 'ID'), permits)
  const info = canonical(signature.signedInfo, signature.infoPrefixes)
  node.remove()
  const bytes = canonical(element, signature.prefixes)
  const holder = element.name === 'Assertion' ? 'Response/Assertion' : element.name
  const invalid = (found: SignatureFault) =>
    new Refusal('saml.signature_invalid', { at, ...found, place: `${holder}/${found.place}` })
  if (!same(createHash(signature.digest).update(bytes).digest(), signature.digestValue))
    throw invalid(changedSince)
  const { hash } = signature.kind
  const fitting = certificates
    .map((certificate) => ({ certificate, key: keyOf(certificate) }))
    .filter(({ key }) => fits(key, signature.kind))
  const signer = fitting.find(({ key }) =>
    verify(hash, Buffer.from(info), { key, dsaEncoding: 'ieee-p1363' }, signature.value),
  )
  if (!signer) throw invalid(unknownKey(signature.told, certificates))
  if (signedBytes({ xml, at, key: signer.key }) !== bytes) throw invalid(readTwoWays)
  return { bytes, certificate: signer.certificate }
}
