// Proofs of possession (RFC 9449) at the bridge's own resource endpoints.
import { createHash, timingSafeEqual } from 'node:crypto'
import { calculateJwkThumbprint, EmbeddedJWK, type JWK, type JWTPayload, jwtVerify } from 'jose'
import { isStorable } from '../domain/plain-text.ts'
import { Refusal } from '../domain/refusal.ts'

/** How far a proof's `iat` may be from our clock, in seconds; a proof is remembered for twice as long. */
export const proofWindowSeconds = 60

export interface ProofToCheck {
  /** All values of the DPoP header: RFC 9449 4.3 wants exactly one. */
  readonly proofs: readonly string[]
  readonly method: string
  /** The address as we publish it, without query and fragment. */
  readonly url: string
  readonly accessToken: string
  readonly now: number
}

export interface CheckedProof {
  readonly jkt: string
  readonly jti: string
}

/**
 * Checks one DPoP proof as RFC 9449 4.3 lists it: one header, `typ`, an asymmetric algorithm of ours, the signature by
 * the public key inside, `htm`, `htu`, `iat`, `ath`. Replay is the caller's. Refuses with `dpop.missing` or
 * `dpop.invalid {check}`.
 */
export async function checkProof(proof: ProofToCheck): Promise<CheckedProof> {
  const [jws, second] = proof.proofs
  if (jws === undefined || jws === '') throw new Refusal('dpop.missing')
  if (second !== undefined) throw new Refusal('dpop.invalid', { check: 'one' })
  const { payload, protectedHeader } = await jwtVerify(jws, EmbeddedJWK, {
    algorithms: ['ES256'],
    typ: 'dpop+jwt',
    currentDate: new Date(proof.now),
  }).catch(() => {
    throw new Refusal('dpop.invalid', { check: 'signature' })
  })
  checkClaims(payload, proof)
  // EmbeddedJWK has verified by it: it is there, asymmetric and public, or we were not here (attack 108).
  const jwk = protectedHeader.jwk as JWK
  return { jkt: await calculateJwkThumbprint(jwk), jti: payload.jti as string }
}

function checkClaims(payload: JWTPayload, { method, url, accessToken, now }: ProofToCheck): void {
  const bad = (check: string) => new Refusal('dpop.invalid', { check })
  if (
    typeof payload.jti !== 'string' ||
    payload.jti === '' ||
    payload.jti.length > 256 ||
    !isStorable(payload.jti)
  )
    throw bad('jti')
  if (payload.exp !== undefined || payload.nbf !== undefined) throw bad('exp')
  if (typeof payload.iat !== 'number') throw bad('iat')
  if (Math.abs(now / 1000 - payload.iat) > proofWindowSeconds) throw bad('iat')
  if (payload.htm !== method) throw bad('htm')
  if (typeof payload.htu !== 'string' || withoutQuery(payload.htu) !== url) throw bad('htu')
  if (typeof payload.ath !== 'string' || !same(payload.ath, thumb(accessToken))) throw bad('ath')
}

function withoutQuery(value: string): string | undefined {
  const url = URL.parse(value)
  if (url === null) return undefined
  url.search = ''
  url.hash = ''
  return url.href
}

const thumb = (token: string): string => createHash('sha256').update(token).digest('base64url')

function same(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}
