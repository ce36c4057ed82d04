// What a device signs by its approval key, and by that key's registration: checked to the letter (attack 132).
import { compactVerify, decodeJwt, importJWK } from 'jose'
import { z } from 'zod'
import { type ApprovalClaims, approvalKeyTyp, approvalTyp, claimMisfit } from '../domain/approval.ts'
import { displayHash } from '../domain/approval-display.ts'
import { proofSeconds } from '../domain/device.ts'
import { type Language, languages } from '../domain/language.ts'
import { isStorable } from '../domain/plain-text.ts'
import { Refusal } from '../domain/refusal.ts'
import type { ShownApproval, SignedYes } from '../flows/answer-approval.ts'
import { bothOrNone, coordinatesOf, latitude, longitude } from './request-context.ts'

/** What the device is given to sign, beside what it adds: `answer`, `number`, `iat`, `jti`, and where it is if it says so. */
export function claimsToSign(
  { approval, display, device, language }: ShownApproval,
  issuer: string,
): ApprovalClaims {
  return {
    ...{ aud: issuer, sub: approval.id, device: device.id, client_id: approval.relyingParty },
    ...{ hash: approval.hash, display: displayHash(display.text), language, nonce: approval.nonce },
    exp: Math.floor(approval.expiresAt / 1000),
  }
}

const answerClaims = z
  .looseObject({
    answer: z.literal('approve'),
    number: z.string().max(8).optional(),
    iat: z.number(),
    latitude,
    longitude,
  })
  .refine(bothOrNone, { path: ['latitude'] })

const keyClaims = z.object({
  aud: z.string(),
  sub: z.string(),
  device_jkt: z.string(),
  jti: z.string().min(8).max(200).refine(isStorable),
  iat: z.number(),
})

interface ToVerify {
  readonly jws: string
  readonly publicJwk: Readonly<Record<string, unknown>>
  readonly typ: string
}

/** The claims of a JWS by this key and of this `typ`; refuses with `approval.proof {check}`. */
async function verified({ jws, publicJwk, typ }: ToVerify): Promise<unknown> {
  const key = await importJWK({ ...publicJwk }, 'ES256')
  const { payload, protectedHeader } = await compactVerify(jws, key, { algorithms: ['ES256'] }).catch(() => {
    throw bad('signature')
  })
  if (protectedHeader.typ !== typ) throw bad('typ')
  try {
    return JSON.parse(new TextDecoder().decode(payload))
  } catch {
    throw bad('payload')
  }
}

/** In which language the customer read what this yes is about: it is shown once more in that one, and compared. */
export function languageOfProof(jws: string): Language | undefined {
  try {
    return languages.find((language) => language === decodeJwt(jws).language)
  } catch {
    return undefined
  }
}

const bad = (check: string) => new Refusal('approval.proof', { check })

interface YesToCheck {
  readonly jws: string
  readonly shown: ShownApproval
  readonly issuer: string
  readonly now: number
}

/**
 * What the device says in this yes beside what it was given, once every claim is the one that was shown. Refuses with
 * `approval.proof {check}`.
 */
export async function addedIn({
  jws,
  shown,
  issuer,
  now,
}: YesToCheck): Promise<Pick<SignedYes, 'number' | 'from'>> {
  const { publicJwk } = shown.device.approvalKey
  const parsed = answerClaims.safeParse(await verified({ jws, publicJwk, typ: approvalTyp }))
  if (!parsed.success) throw bad(`payload ${parsed.error.issues[0]?.path.join('.')}`)
  const misfit = claimMisfit(parsed.data, claimsToSign(shown, issuer))
  if (misfit !== undefined) throw bad(misfit)
  if (Math.abs(now / 1000 - parsed.data.iat) > proofSeconds) throw bad('iat')
  return { number: parsed.data.number, from: { at: coordinatesOf(parsed.data) } }
}

interface KeyToCheck {
  readonly jws: string
  readonly publicJwk: Readonly<Record<string, unknown>>
  readonly issuer: string
  readonly device: string
  /** Thumbprint of the key that the caller's token is bound to. */
  readonly deviceJkt: string | undefined
  readonly now: number
}

/** The `jti` of a proof by which an approval key says for which device it is. Refuses with `approval.proof {check}`. */
export async function jtiOfKeyProof(proof: KeyToCheck): Promise<string> {
  const { jws, publicJwk, issuer, device, deviceJkt, now } = proof
  const parsed = keyClaims.safeParse(await verified({ jws, publicJwk, typ: approvalKeyTyp }))
  if (!parsed.success) throw bad(`payload ${parsed.error.issues[0]?.path.join('.')}`)
  const { aud, sub, device_jkt, iat, jti } = parsed.data
  if (aud !== issuer) throw bad('aud')
  if (sub !== device) throw bad('sub')
  if (device_jkt !== deviceJkt) throw bad('device_jkt')
  if (Math.abs(now / 1000 - iat) > proofSeconds) throw bad('iat')
  return jti
}
