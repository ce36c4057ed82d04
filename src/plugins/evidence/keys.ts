// Public keys that somebody has on file, and the signatures that they are asked about.
import { createPublicKey } from 'node:crypto'
import { compactVerify, importJWK, type JWK } from 'jose'
import type { PublicJwk, ReadJws } from '../../domain/evidence-checks.ts'
import { EvidenceKeyFault } from '../../ports/evidence-verify.ts'

/** One key or several in any form that they are kept in. Throws EvidenceKeyFault. */
export function publicKeysIn(text: string, option: string): readonly PublicJwk[] {
  const keys = keysIn(text)
  if (keys === undefined || keys.length === 0)
    throw new EvidenceKeyFault(`${option}: a public key is wanted, as a JWK, a JWK set or PEM`)
  return keys
}

function keysIn(text: string): readonly PublicJwk[] | undefined {
  try {
    if (text.includes('-----BEGIN PUBLIC KEY-----')) return [createPublicKey(text).export({ format: 'jwk' })]
    const value: { keys?: unknown } = JSON.parse(text)
    const keys: unknown[] = Array.isArray(value.keys) ? value.keys : [value]
    return keys.every(isPublic) ? keys : undefined
  } catch {
    return undefined
  }
}

/** Whoever hands us a private key has taken the wrong file. */
const isPublic = (key: unknown): key is PublicJwk =>
  typeof key === 'object' && key !== null && 'kty' in key && !('d' in key) && !('k' in key)

/** Reads a compact JWS by whichever of these keys it is, and by ES256 alone. Total. */
export async function jwsBy(jws: string, keys: readonly PublicJwk[]): Promise<ReadJws> {
  for (const key of keys) {
    const read = await readBy(jws, key)
    if (read !== undefined) return read
  }
  return { kind: 'bad', why: 'the signature is not by this key' }
}

async function readBy(jws: string, jwk: PublicJwk): Promise<ReadJws | undefined> {
  try {
    const key = await importJWK({ ...jwk } as JWK, 'ES256')
    const { payload, protectedHeader } = await compactVerify(jws, key, { algorithms: ['ES256'] })
    return { kind: 'good', typ: protectedHeader.typ, payload: JSON.parse(new TextDecoder().decode(payload)) }
  } catch {
    return undefined
  }
}
