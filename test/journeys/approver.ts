// A customer's phone that approves: its second key, what waits for it, and the answers.
import type { Tokens } from '../../src/demo/app-client.ts'
import {
  type ApprovalKeyPair,
  type Change,
  freshApprovalKey,
  keyProof as keyProofOf,
  keyRegistration,
  type Question,
  signedYes,
} from '../../src/demo/approver.ts'
import { phoneId } from '../../src/demo/institution.ts'
import type { TestBridge } from './bridge.ts'
import { type Customer, call, customer, enrol, pin, signIn } from './customer.ts'

export const approvalScopes = 'openid offline_access profile email device approvals limits core:payments'

/** A phone that is signed in, enrolled and may approve. */
export interface Approver extends Customer {
  readonly tokens: Tokens
  readonly device: string
  readonly approvalKey: ApprovalKeyPair
}

export { freshApprovalKey, type Question }

/** The proof that comes with an approval key; every claim can be changed. */
export const keyProof = (who: Customer, of: { key: ApprovalKeyPair; device: string }, change?: Change) =>
  keyProofOf(who.app, of, change)

/** Registers an approval key for a device that is enrolled. */
export async function registerKey(who: Customer & { tokens: Tokens }, device: string, key: ApprovalKeyPair) {
  const body = await keyRegistration(who.app, { key, device, pin })
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

/** The signed yes; every claim, the header and the key can be changed. */
export const yes = (who: Approver, question: Question, change: Change & { key?: CryptoKey } = {}) =>
  signedYes(change.key ?? who.approvalKey.privateKey, question, change)

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
