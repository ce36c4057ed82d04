// The part of the journey in which a back end asks and the customer answers on the phone.
import { setTimeout as wait } from 'node:timers/promises'
import { withDevice, withDeviceAndPin } from '../domain/acr.ts'
import { freshApprovalKey, keyRegistration, type Question, signedYes } from './approver.ts'
import { createBackEnd } from './back-end.ts'
import { closedAccount } from './institution.ts'
import { api, expect, type StepOf, signInAgain, type Walk } from './journey-walk.ts'
import { newPayee, payment } from './payment.ts'

const subjectOf = (walk: Walk): string => String(walk.tokens.claims.sub)

/** The bank's transaction API: decided at once, or asked for. */
export async function wanted(walk: Walk, detail: Readonly<Record<string, unknown>>) {
  const body = { sub: subjectOf(walk), authorization_details: [detail] }
  const answer = await walk.backEnd.api('POST', '/transactions', body)
  expect(answer.status === 201, `a decision, not ${answer.status} ${JSON.stringify(answer.body)}`)
  return answer.body
}

/** The one question that waits. */
export async function question(walk: Walk): Promise<Question> {
  const { status, body, text } = await api(walk, 'GET', '/approvals')
  expect(status === 200 && body.approvals.length === 1, `one question, not ${status} ${text}`)
  return body.approvals[0]
}

export async function approve(walk: Walk, asked: Question, number: string | undefined): Promise<void> {
  const proof = await signedYes(walk.approvalKey.privateKey, asked, { claims: { number } })
  const pin = asked.acr === withDeviceAndPin ? { pin: walk.pin } : {}
  const answer = await api(walk, 'POST', `/approvals/${asked.id}`, { answer: 'approve', proof, ...pin })
  expect(answer.status === 200 && answer.body.state === 'approved', `approved, not ${answer.text}`)
}

/** Asked of the customer by the policy for this reason, approved with number and PIN, and given out once. */
async function approvedOnPhone(
  walk: Walk,
  detail: Readonly<Record<string, unknown>>,
  reason: string,
): Promise<void> {
  const { id, state, decision, approval } = await wanted(walk, detail)
  expect(state === 'open' && decision.reason === reason, `${reason}, not ${state} by ${decision.reason}`)
  const early = await walk.backEnd.api('POST', `/transactions/${id}/consume`)
  expect(early.status !== 200, 'nothing is carried out before the answer')
  const asked = await question(walk)
  expect(asked.acr === withDeviceAndPin, `a question for the PIN, not ${asked.acr}`)
  await approve(walk, asked, approval.number)
  await givenOutOnce(walk, id)
}

async function givenOutOnce(walk: Walk, id: string): Promise<void> {
  const first = await walk.backEnd.api('POST', `/transactions/${id}/consume`)
  expect(first.status === 200, `given out, not ${first.status} ${JSON.stringify(first.body)}`)
  const second = await walk.backEnd.api('POST', `/transactions/${id}/consume`)
  expect(second.body.code === 'transaction.used', `good once, not ${JSON.stringify(second.body)}`)
}

export const approvalSteps: Readonly<Record<string, StepOf>> = {
  'approval key': async (walk) => {
    await signInAgain(walk, { scope: 'openid offline_access device approvals limits core:payments' })
    walk.approvalKey = await freshApprovalKey()
    const { id } = walk.device
    const key = { key: walk.approvalKey, device: id, pin: walk.pin }
    const body = await keyRegistration(walk.app, key)
    const set = await api(walk, 'PUT', `/devices/${id}/approval-key`, body)
    expect(set.status === 200, `an approval key, not ${set.status} ${set.text}`)
    const again = await api(walk, 'PUT', `/devices/${id}/approval-key`, body)
    expect(again.body.code === 'approval.proof', `a proof is good once, not ${again.text}`)
    walk.backEnd = await createBackEnd({ issuer: walk.world.issuer, apiKey: walk.world.apiKey })
  },
  'back end: 25 passes': async (walk) => {
    const { id, state, approval } = await wanted(walk, payment('25.00'))
    expect(state === 'approved' && approval === undefined, `nobody is asked, not ${state}`)
    await givenOutOnce(walk, id)
  },
  'back end: denied by policy': async (walk) => {
    const { state, decision } = await wanted(
      walk,
      payment('25.00', { creditorAccount: { iban: closedAccount } }),
    )
    expect(state === 'refused' && decision.outcome === 'deny', `refused, not ${state}`)
  },
  'phone: 2,500 by the bank’s rule': (walk) =>
    approvedOnPhone(walk, payment('2500.00'), 'limit.step_up_over'),
  'phone: 60 by the own limit': (walk) => approvedOnPhone(walk, payment('60.00'), 'own.amount'),
  'phone: a new payee': (walk) => approvedOnPhone(walk, payment('150.00', newPayee), 'rule.new-payee'),
  'phone: denied': async (walk) => {
    const asked = await walk.backEnd.ask({ sub: subjectOf(walk), detail: payment('2500.00') })
    const { id } = await question(walk)
    const denied = await api(walk, 'POST', `/approvals/${id}`, { answer: 'deny' })
    expect(denied.body.state === 'denied', `denied, not ${denied.text}`)
    const late = await api(walk, 'POST', `/approvals/${id}`, { answer: 'deny' })
    expect(late.body.code === 'approval.ended', `one answer, not ${late.text}`)
    const after = await walk.backEnd.look(asked)
    expect(after.kind === 'refused' && after.code === 'approval.denied', `told, not ${JSON.stringify(after)}`)
  },
  'phone: expired': async (walk) => {
    const asked = await walk.backEnd.ask({ sub: subjectOf(walk), detail: payment('2500.00'), seconds: 1 })
    const { id } = await question(walk)
    await wait(Math.max(0, asked.expiresAt - Date.now()) + 300)
    const late = await api(walk, 'POST', `/approvals/${id}`, { answer: 'deny' })
    expect(late.body.code === 'approval.ended', `too late, not ${late.text}`)
    const after = await walk.backEnd.look(asked)
    expect(after.kind === 'refused' && after.code === 'expired_token', `over, not ${JSON.stringify(after)}`)
  },
  'phone: a sign-in by CIBA': async (walk) => {
    const asked = await walk.backEnd.ask({ sub: subjectOf(walk), message: 'Call 4711' })
    await approve(walk, await question(walk), asked.number)
    const after = await walk.backEnd.look(asked)
    expect(
      after.kind === 'approved' && after.claims.sub === subjectOf(walk),
      `tokens, not ${JSON.stringify(after)}`,
    )
    expect(after.claims.acr === withDevice, `acr device, not ${after.claims.acr}`)
  },
}
