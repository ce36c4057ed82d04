// What an authority has issued for a key of ours, judged before peers are told of it.
import 'reflect-metadata'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { Refusal } from '../../domain/refusal.ts'
import type { IssuedCertificate } from '../../ports/own-keys.ts'
import type { Jwk } from './kinds.ts'

// A chain of ten with long keys has room in it.
const longestText = 64 * 1024
const block = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g
// As for the certificates of IdPs: what is signed over SHA-1 or MD5 may have a twin.
const hashes: readonly unknown[] = ['SHA-256', 'SHA-384', 'SHA-512']

export interface Issuing {
  readonly privateJwk: Jwk
  readonly use: 'sig' | 'enc'
  readonly now: number
}

/** The one certificate for this very key; an authority's chain may stand around it. Refuses with `key.certificate`. */
export function issuedFor(text: string, { privateJwk, use, now }: Issuing): IssuedCertificate {
  if (text.length > longestText) return refuse('size', `${text.length} characters`)
  const all = (text.match(block) ?? []).map(read)
  if (all.length === 0) return refuse('format', 'no certificate in PEM')
  const key = createPrivateKey({ key: privateJwk, format: 'jwk' } as never)
  const own = all.find((one) => one.checkPrivateKey(key))
  if (own === undefined) return refuse('key', `of ${all.length}, none is for this key`)
  if (own.ca) return refuse('authority', 'it may issue certificates itself')
  const [from, until] = [own.validFromDate.getTime(), own.validToDate.getTime()]
  if (from > now) return refuse('not before', own.validFromDate.toISOString())
  if (until <= now) return refuse('not after', own.validToDate.toISOString())
  const { hash, usage } = factsOf(own)
  if (!hashes.includes(hash)) return refuse('signature', String(hash ?? 'of an unknown kind'))
  const needed = use === 'sig' ? x509.KeyUsageFlags.digitalSignature : x509.KeyUsageFlags.keyEncipherment
  if (usage !== undefined && (usage & needed) === 0)
    return refuse('key usage', `not for ${use === 'sig' ? 'signatures' : 'encryption'}`)
  return { certificate: own.raw.toString('base64'), expiresAt: until }
}

function read(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch {
    return refuse('format', 'a block that is no certificate')
  }
}

interface Facts {
  readonly hash: string | undefined
  /** Undefined where the certificate does not say. */
  readonly usage: number | undefined
}

function factsOf({ raw }: X509Certificate): Facts {
  try {
    const certificate = new x509.X509Certificate(new Uint8Array(raw))
    const { hash } = certificate.signatureAlgorithm as { hash?: { name: string } }
    return { hash: hash?.name, usage: certificate.getExtension(x509.KeyUsagesExtension)?.usages }
  } catch {
    return refuse('format', 'a certificate that cannot be read')
  }
}

function refuse(check: string, actual: string): never {
  throw new Refusal('key.certificate', { check, actual })
}
