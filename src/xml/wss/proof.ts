// The parts of XML signatures that messages and their assertions share: keys, values, digests, and the word for no.
import { createHash, timingSafeEqual, verify, X509Certificate } from 'node:crypto'
import { ALG, NS } from '../names.ts'
import { attributeOf, canonicalTree, elements, type Tree, textOf } from '../tree.ts'

/** The message is not to be believed; `check` says why. */
export class WssRefused extends Error {
  readonly check: string
  constructor(check: string, detail = '') {
    super(detail === '' ? check : `${check}: ${detail}`)
    this.name = 'WssRefused'
    this.check = check
  }
}

export interface ExpectedMessage {
  /** Base64 DER of the signer certificates that are pinned. */
  readonly trusted: readonly string[]
  readonly audience: string
  readonly now: number
  readonly skewSeconds: number
  /** Where this core lives; a message with WS-Addressing must be addressed to it (attack 238). */
  readonly to: string
}

/** Throws WssRefused. */
export const refuse = (check: string, detail?: string): never => {
  throw new WssRefused(check, detail)
}

/** The only child element of this name. */
export function one(parent: Tree, uri: string, local: string): Tree {
  const found = elements(parent, uri, local)
  return found.length === 1
    ? (found[0] as Tree)
    : refuse('form', `${found.length} ${local} in ${parent.local}`)
}

export const algorithm = (element: Tree): string => attributeOf(element, '', 'Algorithm') ?? ''

function same(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}

const methods: Readonly<Record<string, 'rsa' | 'ec'>> = { [ALG.rsaSha256]: 'rsa', [ALG.ecdsaSha256]: 'ec' }

/** Verifies a SignedInfo by a pinned certificate; allow-listed algorithms that fit the key (attacks 181, 183). */
export function checkValue(signature: Tree, certificate: string, trusted: readonly string[]): void {
  if (!trusted.includes(certificate)) refuse('signer', 'certificate is not pinned')
  const info = one(signature, NS.ds, 'SignedInfo')
  const method = algorithm(one(info, NS.ds, 'SignatureMethod'))
  if (algorithm(one(info, NS.ds, 'CanonicalizationMethod')) !== ALG.excC14n)
    refuse('algorithm', 'canonicalisation')
  const { publicKey: key } = new X509Certificate(Buffer.from(certificate, 'base64'))
  if (!Object.hasOwn(methods, method) || methods[method] !== key.asymmetricKeyType)
    refuse('algorithm', method)
  const value = Buffer.from(textOf(one(signature, NS.ds, 'SignatureValue')) ?? '', 'base64')
  const good = verify('sha256', Buffer.from(canonicalTree(info)), { key, dsaEncoding: 'ieee-p1363' }, value)
  if (!good) refuse('signature')
}

/** Compares one reference's digest with the canonical text that it leads to. */
export function checkDigest(reference: Tree, canonical: string): void {
  if (algorithm(one(reference, NS.ds, 'DigestMethod')) !== ALG.sha256) refuse('algorithm', 'digest')
  const expected = Buffer.from(textOf(one(reference, NS.ds, 'DigestValue')) ?? '', 'base64')
  if (!same(createHash('sha256').update(canonical).digest(), expected))
    refuse('digest', attributeOf(reference, '', 'URI'))
}
