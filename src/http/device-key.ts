// The public keys that apps bring: points of P-256, and nothing private.
import { calculateJwkThumbprint, importJWK } from 'jose'
import { z } from 'zod'
import { Refusal } from '../domain/refusal.ts'

/** What an app may say of its key (RFC 7517); members that name a private key are refused. */
export const publicKey = z.strictObject({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.string().max(64),
  y: z.string().max(64),
  kid: z.string().max(200).optional(),
  alg: z.literal('ES256').optional(),
  use: z.literal('sig').optional(),
  ext: z.boolean().optional(),
  key_ops: z.array(z.string()).max(4).optional(),
})

/** RFC 7638; refuses with `device.key` what is no point of the curve. */
export async function thumbprint(jwk: { kty: string; crv: string; x: string; y: string }): Promise<string> {
  try {
    await importJWK(jwk, 'ES256')
    return await calculateJwkThumbprint(jwk)
  } catch {
    throw new Refusal('device.key', { jwk: 'not a point of P-256' })
  }
}
