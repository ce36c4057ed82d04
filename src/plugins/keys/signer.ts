// A private key that can only sign, over node:crypto.
import { createPrivateKey, createSign, type KeyObject, sign as signBytes } from 'node:crypto'
import type { Signer } from '../../ports/key-store.ts'

/** ECDSA's DER (RFC 3279 2.2.3) as r||s of `size` bytes each: node's own conversion costs as much as the signature. */
export function derToRaw(der: Buffer, size: number): Buffer {
  const raw = Buffer.alloc(2 * size)
  let at = der[1] === 0x81 ? 3 : 2
  for (const end of [size, 2 * size]) {
    const length = der[at + 1] ?? 0
    let from = at + 2
    at = from + length
    if (length > size) from = at - size
    der.copy(raw, end - (at - from), from, at)
  }
  return raw
}

function signature(algorithm: Signer['algorithm'], key: KeyObject, data: string | Uint8Array): Buffer {
  if (algorithm === 'EdDSA') return signBytes(null, Buffer.from(data as string), key)
  const der = createSign('sha256').update(data).sign(key)
  return algorithm === 'ES256' ? derToRaw(der, 32) : der
}

export interface SignerKey {
  readonly kid: string
  readonly algorithm: Signer['algorithm']
  readonly certificate: string
  readonly privateJwk: Readonly<Record<string, unknown>>
}

/** `signed` is told of every signature: they are part of a journey's budget. */
export function signerOf(
  { kid, algorithm, certificate, privateJwk }: SignerKey,
  signed: () => void = () => undefined,
): Signer {
  const key = createPrivateKey({ key: privateJwk as never, format: 'jwk' })
  return {
    kid,
    algorithm,
    certificate,
    sign: async (data) => {
      signed()
      return signature(algorithm, key, data)
    },
  }
}
