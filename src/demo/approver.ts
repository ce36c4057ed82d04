// The second key of a phone without a phone: registered, and signing yes to what was asked.
import { randomUUID } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { approvalKeyTyp } from '../domain/approval.ts'
import type { App } from './app-client.ts'

export interface ApprovalKeyPair {
  readonly privateKey: CryptoKey
  readonly jwk: JWK
}

/** One waiting question as `GET /approvals` tells it. */
export interface Question {
  readonly id: string
  readonly display: { readonly title: string; readonly text: string }
  readonly number_needed: boolean
  readonly acr: string
  readonly language: string
  readonly to_sign: { readonly typ: string; readonly claims: Readonly<Record<string, unknown>> }
}

/** What is signed otherwise than it should be. */
export interface Change {
  readonly claims?: Readonly<Record<string, unknown>>
  readonly typ?: string
}

export async function freshApprovalKey(): Promise<ApprovalKeyPair> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  return { privateKey, jwk: await exportJWK(publicKey) }
}

const seconds = () => Math.floor(Date.now() / 1000)

/** The proof that comes with an approval key; every claim can be changed. */
export async function keyProof(
  app: App,
  { key, device }: { readonly key: ApprovalKeyPair; readonly device: string },
  change: Change = {},
): Promise<string> {
  const claims = {
    ...{ aud: app.issuer, sub: device, jti: randomUUID(), iat: seconds() },
    device_jkt: await calculateJwkThumbprint(app.jwk),
    ...change.claims,
  }
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', typ: change.typ ?? approvalKeyTyp })
    .sign(key.privateKey)
}

/** The body of `PUT /devices/{id}/approval-key`. */
export async function keyRegistration(
  app: App,
  { key, device, pin }: { readonly key: ApprovalKeyPair; readonly device: string; readonly pin: string },
) {
  const { kty, crv, x, y } = key.jwk
  return { jwk: { kty, crv, x, y }, proof: await keyProof(app, { key, device }), pin }
}

/** The signed yes; every claim and the header can be changed. */
export function signedYes(key: CryptoKey, question: Question, change: Change = {}): Promise<string> {
  const added = { answer: 'approve', iat: seconds(), jti: randomUUID() }
  return new SignJWT({ ...question.to_sign.claims, ...added, ...change.claims })
    .setProtectedHeader({ alg: 'ES256', typ: change.typ ?? question.to_sign.typ })
    .sign(key)
}
