// ds:Signature as text: SignedInfo in canonical form, its references, and the value by one of our keys.
import { createHash } from 'node:crypto'
import type { Signer } from '../ports/key-store.ts'
import { ALG, NS } from './names.ts'

export const digestOf = (canonical: string): string => createHash('sha256').update(canonical).digest('base64')

const methods: Readonly<Record<Signer['algorithm'], string>> = {
  RS256: ALG.rsaSha256,
  ES256: ALG.ecdsaSha256,
  EdDSA: '',
}

const transform = (algorithm: string): string => `<ds:Transform Algorithm="${algorithm}"></ds:Transform>`
const strTransform =
  `<ds:Transform Algorithm="${ALG.strTransform}"><wsse:TransformationParameters xmlns:wsse="${NS.wsse}">` +
  `<ds:CanonicalizationMethod Algorithm="${ALG.excC14n}"></ds:CanonicalizationMethod></wsse:TransformationParameters></ds:Transform>`

const kinds = {
  enveloped: transform(ALG.enveloped) + transform(ALG.excC14n),
  detached: transform(ALG.excC14n),
  'str-transform': strTransform,
} as const

/** What a signature covers: an element by its id, and the canonical text that its transforms lead to. */
export interface Covered {
  readonly id: string
  readonly canonical: string
  readonly by: keyof typeof kinds
}

const reference = ({ id, canonical, by }: Covered): string =>
  `<ds:Reference URI="#${id}"><ds:Transforms>${kinds[by]}</ds:Transforms>` +
  `<ds:DigestMethod Algorithm="${ALG.sha256}"></ds:DigestMethod><ds:DigestValue>${digestOf(canonical)}</ds:DigestValue></ds:Reference>`

const declaration = ` xmlns:ds="${NS.ds}"`

export interface SignatureContent {
  readonly covered: readonly Covered[]
  readonly keyInfo: string
  readonly attributes?: string
}

/**
 * A whole ds:Signature. SignedInfo is hashed with its own declaration and written without it, since the Signature
 * declares the prefix already: so the text around it stays canonical.
 */
export async function signatureXml(
  { covered, keyInfo, attributes = '' }: SignatureContent,
  signer: Signer,
): Promise<string> {
  const inner =
    `><ds:CanonicalizationMethod Algorithm="${ALG.excC14n}"></ds:CanonicalizationMethod>` +
    `<ds:SignatureMethod Algorithm="${methods[signer.algorithm]}"></ds:SignatureMethod>${covered.map(reference).join('')}</ds:SignedInfo>`
  const value = await signer.sign(`<ds:SignedInfo${declaration}${inner}`)
  return (
    `<ds:Signature${declaration}${attributes}><ds:SignedInfo${inner}` +
    `<ds:SignatureValue>${value.toString('base64')}</ds:SignatureValue><ds:KeyInfo>${keyInfo}</ds:KeyInfo></ds:Signature>`
  )
}

/** KeyInfo with the certificate itself. */
export const x509KeyInfo = (certificate: string): string =>
  `<ds:X509Data><ds:X509Certificate>${certificate}</ds:X509Certificate></ds:X509Data>`

/** An element to be signed inside: its text up to and including the Issuer, after which the schema wants the Signature. */
export interface EnvelopedParts {
  readonly id: string
  readonly head: string
  readonly tail: string
}

/** The element with its signature; the text must be canonical. */
export async function enveloped({ id, head, tail }: EnvelopedParts, signer: Signer): Promise<string> {
  const covered = [{ id, canonical: head + tail, by: 'enveloped' }] as const
  return head + (await signatureXml({ covered, keyInfo: x509KeyInfo(signer.certificate) }, signer)) + tail
}
