// A customer's phone that approves: its second key, what waits for it, and the answers.
import { randomUUID } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import type { Tokens } from '../../src/demo/app-client.ts'
import { phoneId } from '../../src/demo/institution.ts'
import type { TestBridge } from './bridge.ts'
import { type Customer, call, customer, enrol, pin, signIn } from './customer.ts'

export const approvalScopes = 'openid offline_access profile email device approvals limits core:payments'

/** A phone that is signed in, enrolled and may approve. */
export interface Approver extends Customer {
  readonly tokens: Tokens
  readonly device: string
  readonly approvalKey: { readonly privateKey: CryptoKey; readonly jwk: JWK }
}

/** One waiting question as `GET /approvals` tells it. */
export interface Question {
  readonly id: string
  readonly display: { readonly title: string; readonly text: string }
  readonly number_needed: boolean
  readonly language: string
  readonly to_sign: { readonly typ: string; readonly claims: Readonly<Record<string, unknown>> }
}

export async function freshApprovalKey() {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  return { privateKey, jwk: await exportJWK(publicKey) }
}

type ApprovalKey = Awaited<ReturnType<typeof freshApprovalKey>>

/** The proof that comes with an approval key; every claim can be changed. */
export async function keyProof(
  who: Customer,
  { key, device }: { key: ApprovalKey; device: string },
  change: { claims?: Record<string, unknown>; typ?: string } = {},
): Promise<string> {
  const claims = {
    ...{ aud: who.app.issuer, sub: device, jti: randomUUID(), iat: Math.floor(Date.now() / 1000) },
    device_jkt: await calculateJwkThumbprint(who.app.jwk),
    ...change.claims,
  }
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', typ: change.typ ?? 'drawbridge-approval-key+jwt' })
    .sign(key.privateKey)
}

/** Registers an approval key for a device that is enrolled. */
export async function registerKey(who: Customer & { tokens: Tokens }, device: string, key: ApprovalKey) {
  const { kty, crv, x, y } = key.jwk
  const body = { jwk: { kty, crv, x, y }, proof: await keyProof(who, { key, device }), pin }
  return call(who, { method: 'PUT', path: `/devices/${device}/approval-key`, tokens: who.tokens, body })
}

/** Signs in, enrols, and registers an approval key. */
export async function approver(bridge: TestBridge, user = 'alice', app = phoneId): Promise<Approver> {
  const who = await customer(bridge, user, app)
  const device = await enrol(who, await signIn(who))
  // The token of the enrolment knows no device yet.
  const tokens = await signIn(who, { scope: approvalScopes })
  const approvalKey = await freshApprovalKey()
  const registered = await registerKey({ ...who, tokens }, device.id, approvalKey)
  if (registered.status !== 200) throw new Error(`no approval key: ${registered.status} ${registered.text}`)
  return { ...who, tokens, device: device.id, approvalKey }
}

export async function waiting(who: Approver): Promise<Question[]> {
  const answer = await call(who, { method: 'GET', path: '/approvals', tokens: who.tokens })
  if (answer.status !== 200) throw new Error(`no list: ${answer.status} ${answer.text}`)
  return answer.json.approvals
}

/** The signed yes; every claim and the header can be changed. */
export function yes(
  who: Approver,
  question: Question,
  change: { claims?: Record<string, unknown>; typ?: string; key?: CryptoKey } = {},
): Promise<string> {
  const added = { answer: 'approve', iat: Math.floor(Date.now() / 1000), jti: randomUUID() }
  return new SignJWT({ ...question.to_sign.claims, ...added, ...change.claims })
    .setProtectedHeader({ alg: 'ES256', typ: change.typ ?? question.to_sign.typ })
    .sign(change.key ?? who.approvalKey.privateKey)
}

export const answer = (
  who: Approver,
  question: Pick<Question, 'id'>,
  body: Record<string, unknown>,
  at?: string,
) =>
  call(who, {
    ...{ method: 'POST', path: `/approvals/${question.id}`, tokens: who.tokens, body },
    ...(at !== undefined && { at }),
  })

/** Approves as the customer would: the number from where it began, and the PIN. */
export async function approve(who: Approver, question: Question, number: string | undefined, at?: string) {
  const proof = await yes(who, question, { claims: number === undefined ? {} : { number } })
  return answer(who, question, { answer: 'approve', proof, pin }, at)
}
