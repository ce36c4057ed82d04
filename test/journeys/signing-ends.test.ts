// A payment that others sign, where something else ends meanwhile: an answer is still an answer.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { verifyEvidence } from '../../src/compose/evidence-verify.ts'
import { pinged, type Somebody } from './approval-bank.ts'
import { answer, approve, type Question, waiting } from './approver.ts'
import { type Asked, asked, poll, transactions } from './back-end.ts'
import { caseDesk } from './case-desk.ts'
import { apiToken, asApi } from './customer.ts'
import { freezing } from './freezing.ts'
import { later } from './later.ts'
import type { Parts } from './parts.ts'
import { type PingReceiver, startPingReceiver } from './ping-receiver.ts'
import { board, huge, joint, questionFor, type SigningBank, sign, startSigningBank } from './signing-bank.ts'

let bank: SigningBank
let receiver: PingReceiver
beforeAll(async () => {
  receiver = await startPingReceiver()
  bank = await startSigningBank(undefined, receiver.url)
}, 60_000)
afterAll(async () => {
  receiver.stop()
  await bank.stop()
})

async function turn(sub: string, how: 'disable' | 'enable') {
  const token = await apiToken(bank.bridge, { scope: 'subjects' })
  const headers = { authorization: `Bearer ${token}` }
  const response = await fetch(`${bank.bridge.issuer}/subjects/${sub}/${how}`, { method: 'POST', headers })
  expect(response.status).toBe(200)
}

async function requested(anna: Somebody, iban: string) {
  const authorization_details = JSON.stringify([bank.paid(iban, joint)])
  const request = await asked(bank.bridge, { login_hint: anna.sub, authorization_details })
  const question = (await waiting(anna.who)).at(-1) as Awaited<ReturnType<typeof questionFor>>
  await approve(anna.who, question, request.number)
  return { ...request, hash: question.to_sign.claims.hash as string }
}

// To a question that they had before.
test.each<[string, (ben: Somebody, question: Question) => ReturnType<typeof answer>]>([
  ['yes', (ben, question) => approve(ben.who, question, undefined)],
  ['no', (ben, question) => answer(ben.who, question, { answer: 'deny' })],
  ['report', (ben, question) => answer(ben.who, question, { answer: 'report' })],
])(
  '#130 what others were to sign ends with the request of a customer who is disabled: %s',
  async (_what, say) => {
    const [anna, ben] = [await bank.somebody(), await bank.somebody()]
    const request = await requested(anna, await bank.account({ 'joint-holder': [ben] }))
    const question = await questionFor(ben.who, request.hash)
    await turn(anna.sub, 'disable')
    await turn(anna.sub, 'enable')
    expect(await say(ben, question)).toMatchObject({ status: 410, json: { code: 'approval.ended' } })
    expect(await waiting(ben.who)).toEqual([])
    expect((await poll(bank.bridge, request.auth_req_id)).json.error).toBe('invalid_grant')
  },
)

test('#130 who reports another question of that back end ends what others were to sign for it', async () => {
  const [anna, ben] = [await bank.somebody(), await bank.somebody()]
  const iban = await bank.account({ 'joint-holder': [ben] })
  const first = await requested(anna, iban)
  const question = await questionFor(ben.who, first.hash)
  await asked(bank.bridge, { login_hint: anna.sub, binding_message: 'who is this' })
  const [second] = await waiting(anna.who)
  await answer(anna.who, second as Question, { answer: 'report' })
  const late = await answer(ben.who, question, { answer: 'deny' })
  expect(late).toMatchObject({ status: 410, json: { code: 'approval.ended' } })
})

test('#130 where a signatory was frozen for a while, another may still be the last', async () => {
  const [anna, ben] = [await bank.somebody(), await bank.somebody()]
  const [cleo, dan, eve] = [await bank.somebody(), await bank.somebody(), await bank.somebody()]
  const iban = await bank.account({ director: [ben, cleo, dan], 'joint-holder': [eve] })
  const { id, hash } = await bank.begun(anna, iban, board)
  await sign(eve.who, hash)
  await sign(ben.who, hash)
  await turn(ben.sub, 'disable')
  await sign(cleo.who, hash)
  expect((await bank.look(id)).state).toBe('signing')
  await turn(ben.sub, 'enable')
  expect((await sign(dan.who, hash)).status).toBe(200)
  expect((await bank.look(id)).state).toBe('approved')
})

test('#130 a signatory learns nothing of who began it, and may say no whoever that is', async () => {
  const [anna, ben] = [await bank.somebody(), await bank.somebody()]
  const { id, hash } = await bank.begun(anna, await bank.account({ 'joint-holder': [ben] }))
  await turn(anna.sub, 'disable')
  const question = await questionFor(ben.who, hash)
  expect((await approve(ben.who, question, undefined)).json.code).toBe('approval.ended')
  expect((await answer(ben.who, question, { answer: 'report' })).status).toBe(200)
  expect((await bank.look(id)).state).toBe('released')
})

test('a back end is pinged once, when the last has signed or the request has ended', async () => {
  const [anna, ben] = [await bank.somebody(), await bank.somebody()]
  const begun = async () => {
    const iban = await bank.account({ 'joint-holder': [ben] })
    const response = await fetch(`${bank.bridge.issuer}/backchannel`, {
      method: 'POST',
      body: new URLSearchParams({
        ...(await asApi(bank.bridge, pinged)),
        ...{ scope: 'openid', login_hint: anna.sub, client_notification_token: 'of-the-shop' },
        authorization_details: JSON.stringify([bank.paid(iban, joint)]),
      }),
    })
    const request = (await response.json()) as Asked
    const question = (await waiting(anna.who)).at(-1) as Question
    await approve(anna.who, question, request.number)
    return { ...request, hash: question.to_sign.claims.hash as string }
  }
  const [signed, refused, ended] = [await begun(), await begun(), await begun()]
  await sign(ben.who, signed.hash)
  await receiver.heard(signed.auth_req_id)
  expect((await poll(bank.bridge, signed.auth_req_id, bank.bridge.issuer, pinged)).status).toBe(200)
  expect(receiver.of(refused.auth_req_id)).toEqual([])
  await answer(ben.who, await questionFor(ben.who, refused.hash), { answer: 'deny' })
  await receiver.heard(refused.auth_req_id)
  expect(receiver.of(ended.auth_req_id)).toEqual([])
  await turn(anna.sub, 'disable')
  await receiver.heard(ended.auth_req_id)
  for (const one of [signed, refused, ended]) expect(receiver.of(one.auth_req_id)).toHaveLength(1)
})

test('a payee, and the phone of a signatory, that are frozen while others sign', async () => {
  const [anna, ben, cleo] = [await bank.somebody(), await bank.somebody(), await bank.somebody()]
  const { freeze, lift } = freezing(bank.bridge)
  const { id, hash } = await bank.begun(anna, await bank.account({ 'joint-holder': [ben, cleo] }))
  const question = await questionFor(ben.who, hash)
  const payee = await freeze({ kind: 'payee', transaction: id })
  expect((await approve(ben.who, question, undefined)).json.code).toBe('payee.frozen')
  await lift(payee)
  const phone = await freeze({ kind: 'device', name: String(question.to_sign.claims.device) })
  expect((await approve(ben.who, question, undefined)).status).toBe(401)
  expect((await bank.look(id)).state).toBe('signing')
  await lift(phone)
})

test('what others signed is carried out within the hour, and `expires_at` says until when', async () => {
  const [anna, ben] = [await bank.somebody(), await bank.somebody()]
  const iban = await bank.account({ 'joint-holder': [ben] })
  const endOf = ({ expires_at }: Record<string, unknown>) =>
    (Date.parse(String(expires_at)) - Date.now()) / 60_000
  const fresh = async (minutes: number, id: string) =>
    later(minutes * 60, async () => {
      const token = await apiToken(bank.bridge)
      const { json } = await transactions(bank.bridge, { method: 'GET', path: `/${id}`, token })
      return { ...json, used: await transactions(bank.bridge, { path: `/${id}/consume`, token }) }
    })
  const [first, second] = [await bank.begun(anna, iban), await bank.begun(anna, iban)]
  expect(endOf(await bank.look(first.id))).toBeGreaterThan(23 * 60)
  for (const { hash } of [first, second]) await sign(ben.who, hash)
  const signed = await bank.look(first.id)
  expect(signed.state).toBe('approved')
  expect(endOf(signed)).toBeGreaterThan(55)
  expect(endOf(signed)).toBeLessThanOrEqual(60)
  expect(await fresh(61, first.id)).toMatchObject({ state: 'lapsed', expires_at: signed.expires_at })
  expect(await fresh(58, second.id)).toMatchObject({ state: 'approved', used: { status: 200 } })
  // Nothing of it ends any more.
  expect(await bank.look(second.id)).not.toHaveProperty('expires_at')
})

test('what nobody else signs is carried out within minutes of the yes, and `expires_at` says so', async () => {
  const anna = await bank.somebody()
  const token = await apiToken(bank.bridge)
  const authorization_details = [bank.paid(await bank.account(), '900.00')]
  const body = { sub: anna.sub, authorization_details, expires_in: 600 }
  const { json } = await transactions(bank.bridge, { token, body })
  const { number } = json.approval as { number: string }
  await approve(anna.who, await questionFor(anna.who, json.hash as string), number)
  const approved = await bank.look(String(json.id))
  expect(approved.state).toBe('approved')
  // The question would have waited for ten minutes; what was approved is good for five.
  const sooner = Date.parse(String(json.expires_at)) - Date.parse(String(approved.expires_at))
  expect(sooner).toBeGreaterThan(60_000)
})

test('what was held, and two people released, is signed all the same; with too few the release stays', async () => {
  const [anna, ben] = [await bank.somebody(), await bank.somebody()]
  const [cleo, dan] = [await bank.somebody(), await bank.somebody()]
  const { parts, issuer } = bank.bridge
  const desk = caseDesk({ ...parts, issuer } as unknown as Parts)
  const iban = await bank.account({ 'joint-holder': [ben] })
  const { json: held } = await bank.ask(anna.sub, iban, huge)
  expect(held).toMatchObject({ state: 'held', code: 'transaction.held' })
  await desk.released(String(held.id))
  const { json: tooFew } = await bank.ask(anna.sub, iban, huge)
  expect(tooFew).toMatchObject({ state: 'refused', code: 'transaction.signatories' })
  expect((await bank.look(String(held.id))).case).toMatchObject({ state: 'released' })
  expect((await bank.look(String(held.id))).case).not.toHaveProperty('sent_again')
  const all = Object.entries({ 'joint-holder': [ben], director: [cleo, dan] })
  const signatories = all.flatMap(([role, people]) => people.map(({ sub }) => ({ sub, role })))
  await bank.mandate(iban, 'PUT', { signatories })
  const { id, hash } = await bank.begun(anna, iban, huge)
  expect((await bank.look(String(held.id))).case).toMatchObject({ sent_again: true })
  for (const { who } of [ben, cleo]) await sign(who, hash)
  expect((await bank.consume(id)).json.code).toBe('transaction.missing')
  await sign(dan.who, hash)
  expect((await bank.consume(id)).status).toBe(200)
  const path = `${issuer}/transactions/${id}/evidence`
  const headers = { authorization: `Bearer ${await apiToken(bank.bridge)}` }
  const evidence = Buffer.from(await (await fetch(path, { headers })).text())
  const key = await (await fetch(`${issuer}/evidence/keys`)).text()
  const { ok, checks } = await verifyEvidence({ evidence, key, checkpointKey: undefined })
  expect([ok, checks.filter((check) => !check.ok)]).toEqual([true, []])
})
