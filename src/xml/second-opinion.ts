// xml-crypto as the second, independent verifier (duty D9), with what stands wrong in it put right.
import { createHash, type KeyObject, verify } from 'node:crypto'
import { DOMParser } from '@xmldom/xmldom'
import { ExclusiveCanonicalization, SignedXml } from 'xml-crypto'
import { ALG, NS } from './names.ts'

const order = (a: string, b: string): 0 | 1 | -1 => Buffer.compare(Buffer.from(a), Buffer.from(b))

/** The library sorts by locale and by concatenation; the standard sorts by code point, namespace first. */
class ExactExclusiveC14n extends ExclusiveCanonicalization {
  override nsCompare(a: { prefix: string }, b: { prefix: string }): 0 | 1 | -1 {
    return order(a.prefix, b.prefix)
  }
  override attrCompare(a: Attr, b: Attr): 0 | 1 | -1 {
    return order(a.namespaceURI ?? '', b.namespaceURI ?? '') || order(a.localName ?? '', b.localName ?? '')
  }
}

/** ECDSA is missing from the library; XML signatures carry r||s (RFC 6931 2.3.6). */
class EcdsaSha256 {
  getSignature = (): never => {
    throw new Error('the second opinion never signs')
  }
  verifySignature = (signed: string, key: KeyObject, value: string): boolean =>
    verify('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(value, 'base64'))
  getAlgorithmName = (): string => ALG.ecdsaSha256
}

/** Missing from the library between its siblings of 256 and 512 bits. */
class RsaSha384 {
  getSignature = (): never => {
    throw new Error('the second opinion never signs')
  }
  verifySignature = (signed: string, key: KeyObject, value: string): boolean =>
    verify('sha384', Buffer.from(signed), key, Buffer.from(value, 'base64'))
  getAlgorithmName = (): string => ALG.rsaSha384
}

class Sha384 {
  getHash = (xml: string): string => createHash('sha384').update(xml).digest('base64')
  getAlgorithmName = (): string => ALG.sha384
}

export interface SecondOpinion {
  readonly xml: string
  /** The element that carries the signature: the root, or the assertion below it. */
  readonly at: 'root' | 'assertion'
  readonly key: KeyObject
}

function parse(xml: string): Document {
  const stop = (message: string) => {
    throw new Error(message)
  }
  const handler = { warning: stop, error: stop, fatalError: stop }
  return new DOMParser({ errorHandler: handler }).parseFromString(xml, 'text/xml') as unknown as Document
}

function childOf(parent: Element, namespace: string, name: string): Element | undefined {
  return Array.from(parent.childNodes as Iterable<Element>).find(
    (node) => node.namespaceURI === namespace && node.localName === name,
  )
}

/** The bytes that xml-crypto says the signature covers; undefined when it does not verify. A fresh instance each time. */
export function signedBytes({ xml, at, key }: SecondOpinion): string | undefined {
  const root = parse(xml).documentElement as unknown as Element
  const holder = at === 'root' ? root : childOf(root, NS.saml2, 'Assertion')
  const signature = holder && childOf(holder, NS.ds, 'Signature')
  if (!signature) return undefined
  const verifier = new SignedXml({ publicCert: key, getCertFromKeyInfo: () => null })
  verifier.CanonicalizationAlgorithms[ALG.excC14n] = ExactExclusiveC14n
  verifier.SignatureAlgorithms[ALG.ecdsaSha256] = EcdsaSha256 as never
  verifier.SignatureAlgorithms[ALG.rsaSha384] = RsaSha384 as never
  verifier.HashAlgorithms[ALG.sha384] = Sha384
  try {
    verifier.loadSignature(signature as never)
    if (verifier.checkSignature(xml) !== true) return undefined
  } catch {
    return undefined
  }
  const signed = verifier.getSignedReferences()
  return signed.length === 1 ? signed[0] : undefined
}
