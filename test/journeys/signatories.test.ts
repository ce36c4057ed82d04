// A payment that others sign as well: each on a phone of their own, none of them who began it, and one end for all.
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { apiId } from '../../src/demo/institution.ts'
import { type Somebody, sharedApprovalBank } from './approval-bank.ts'
import { answer, approve, waiting, yes } from './approver.ts'
import { asked, poll } from './back-end.ts'
import { apiToken, pin } from './customer.ts'
import {
  board,
  isAsked,
  joint,
  questionFor,
  type SigningBank,
  sign,
  startSigningBank,
} from './signing-bank.ts'

let bank: SigningBank
const told: { type: string; code?: string; detail?: Record<string, unknown> }[] = []
beforeAll(async () => {
  bank = await startSigningBank()
  bank.bridge.application.observe((_, event) => void told.push(JSON.parse(event)))
}, 60_000)
afterAll(async () => bank.stop())

const people = async (count: number): Promise<Somebody[]> => {
  const all: Somebody[] = []
  // The IdP says one name at a time.
  for (let n = 0; n < count; n += 1) all.push(await bank.somebody())
  return all
}

async function disable(sub: string, how = 'disable') {
  const token = await apiToken(bank.bridge, { scope: 'subjects' })
  const response = await fetch(`${bank.bridge.issuer}/subjects/${sub}/${how}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
  })
  expect(response.status).toBe(200)
}

test('a joint holder signs on another phone, and then it may be carried out', async () => {
  const [anna, ben] = (await people(2)) as [Somebody, Somebody]
  const iban = await bank.account({ 'joint-holder': [anna, ben] })
  const before = told.length
  const { id, hash, answered } = await bank.begun(anna, iban)
  expect(answered.json.state).toBe('approved')
  expect(await bank.look(id)).toMatchObject({
    state: 'signing',
    approval: { state: 'approved' },
    signatories: [{ role: 'joint-holder', needed: 1, signed: 0 }],
  })
  const open = (await bank.look(id)) as { expires_at: string }
  expect(Date.parse(open.expires_at)).toBeGreaterThan(Date.now() + 23 * 3600_000)
  expect((await bank.consume(id)).json.code).toBe('transaction.missing')
  const question = await questionFor(ben.who, hash)
  expect(question).toMatchObject({ number_needed: false, requester: { name: 'Alder Accounts API' } })
  expect(question.display.text).toContain('You sign as: joint-holder; somebody else has approved it already')
  expect(JSON.stringify(question)).not.toContain(anna.sub)
  expect((await sign(ben.who, hash)).json).toMatchObject({ state: 'approved' })
  expect(await bank.look(id)).toMatchObject({
    state: 'approved',
    signatories: [{ role: 'joint-holder', needed: 1, signed: 1 }],
  })
  expect((await bank.consume(id)).status).toBe(200)
  const ours = told.slice(before).filter(({ type }) => /^(transaction|approval)\./.test(type))
  expect(ours.map(({ type }) => type)).toEqual([
    ...[
      'transaction.decided',
      'approval.asked',
      'approval.approved',
      'transaction.signing',
      'approval.asked',
    ],
    ...['approval.approved', 'transaction.approved', 'transaction.used'],
  ])
})

test('#132 who began it cannot sign it, on no phone of theirs', async () => {
  const [anna, ben] = (await people(2)) as [Somebody, Somebody]
  const iban = await bank.account({ 'joint-holder': [anna, ben] })
  const { id, hash, question } = await bank.begun(anna, iban)
  expect(await isAsked(anna.who, hash)).toBe(false)
  expect((await approve(anna.who, question, undefined)).json.code).toBe('approval.ended')
  const theirs = await questionFor(ben.who, hash)
  // A second phone of hers answers for her, and for nobody else.
  bank.idp.will({ name: anna.who.user })
  expect((await answer(anna.who, theirs, { answer: 'deny' })).json.code).toBe('approval.unknown')
  const stolen = await yes(anna.who, theirs)
  expect((await answer(anna.who, theirs, { answer: 'approve', proof: stolen, pin })).json.code).toBe(
    'approval.unknown',
  )
  expect((await answer(ben.who, theirs, { answer: 'approve', proof: stolen, pin })).json.code).toBe(
    'approval.proof',
  )
  expect((await bank.look(id)).state).toBe('signing')
})

test('of three directors two sign; one who signs twice is one', async () => {
  const [anna, ben, cleo, dan, eve] = (await people(5)) as [Somebody, Somebody, Somebody, Somebody, Somebody]
  const iban = await bank.account({ 'joint-holder': [eve], director: [ben, cleo, dan] })
  const { id, hash } = await bank.begun(anna, iban, board)
  const signed = async () => (await bank.look(id)).signatories
  const question = await questionFor(ben.who, hash)
  expect((await sign(ben.who, hash)).status).toBe(200)
  expect((await approve(ben.who, question, undefined)).json.code).toBe('approval.ended')
  expect(await signed()).toEqual([
    { role: 'director', needed: 2, signed: 1 },
    { role: 'joint-holder', needed: 1, signed: 0 },
  ])
  expect((await sign(eve.who, hash)).status).toBe(200)
  expect((await bank.look(id)).state).toBe('signing')
  expect((await sign(cleo.who, hash)).status).toBe(200)
  expect((await bank.look(id)).state).toBe('approved')
  // The third is asked no more.
  expect(await waiting(dan.who)).toEqual([])
})

test.each(['deny', 'report'])('one who says no ends it for all: %s', async (said) => {
  const [anna, ben, cleo] = (await people(3)) as [Somebody, Somebody, Somebody]
  const iban = await bank.account({ 'joint-holder': [ben, cleo] })
  const { id, hash } = await bank.begun(anna, iban)
  const question = await questionFor(ben.who, hash)
  expect((await answer(ben.who, question, { answer: said })).status).toBe(200)
  expect((await bank.look(id)).state).toBe('released')
  expect(await waiting(cleo.who)).toEqual([])
  // Whoever reports it keeps their own app, and who began it keeps theirs.
  expect(await waiting(ben.who)).toEqual([])
  expect(await waiting(anna.who)).toEqual([])
  expect((await bank.consume(id)).json.code).toBe('transaction.missing')
})

describe('who may sign is looked at when they do', () => {
  test('taken out of the mandate, and disabled: not heard; what was signed before counts', async () => {
    const [anna, ben, cleo, dan] = (await people(4)) as [Somebody, Somebody, Somebody, Somebody]
    const iban = await bank.account({ director: [ben, cleo], 'joint-holder': [dan] })
    const { id, hash } = await bank.begun(anna, iban, board)
    await sign(ben.who, hash)
    const signatories = [
      { sub: cleo.sub, role: 'joint-holder' },
      { sub: dan.sub, role: 'joint-holder' },
    ]
    expect((await bank.mandate(iban, 'PUT', { signatories })).status).toBe(200)
    // In another role she is not who was asked.
    const question = await questionFor(cleo.who, hash)
    expect((await sign(cleo.who, hash)).json.code).toBe('approval.mandate')
    expect((await answer(cleo.who, question, { answer: 'deny' })).json.code).toBe('approval.mandate')
    const again = [...signatories.slice(1), { sub: cleo.sub, role: 'director' }]
    await bank.mandate(iban, 'PUT', { signatories: again })
    expect((await sign(cleo.who, hash)).status).toBe(200)
    expect((await bank.look(id)).state).toBe('signing')
    expect((await sign(dan.who, hash)).status).toBe(200)
    // Ben is in the mandate no more, and was when he signed.
    expect((await bank.look(id)).state).toBe('approved')
  })

  test('#130 a signatory who is disabled is asked no more and not heard, and others may sign', async () => {
    const [anna, ben, cleo, dan] = (await people(4)) as [Somebody, Somebody, Somebody, Somebody]
    const iban = await bank.account({ 'joint-holder': [ben, cleo, dan] })
    await disable(ben.sub)
    const { id, hash } = await bank.begun(anna, iban)
    const question = await questionFor(cleo.who, hash)
    await disable(cleo.sub)
    expect((await approve(cleo.who, question, undefined)).status).toBe(401)
    expect((await bank.look(id)).state).toBe('signing')
    await sign(dan.who, hash)
    expect((await bank.look(id)).state).toBe('approved')
  })

  test('#130 what somebody signed who is disabled since counts no more', async () => {
    const [anna, ben, cleo, dan, eve] = (await people(5)) as [
      Somebody,
      Somebody,
      Somebody,
      Somebody,
      Somebody,
    ]
    const iban = await bank.account({ director: [ben, cleo, dan], 'joint-holder': [eve] })
    const { id, hash } = await bank.begun(anna, iban, board)
    await sign(ben.who, hash)
    await disable(ben.sub)
    for (const { who } of [eve, cleo]) expect((await sign(who, hash)).status).toBe(200)
    expect((await bank.look(id)).state).toBe('signing')
    await sign(dan.who, hash)
    expect((await bank.look(id)).state).toBe('approved')
  })

  test('#130 where who began it is disabled, nobody signs', async () => {
    const [anna, ben] = (await people(2)) as [Somebody, Somebody]
    const { id, hash } = await bank.begun(anna, await bank.account({ 'joint-holder': [ben] }))
    await disable(anna.sub)
    expect((await sign(ben.who, hash)).json.code).toBe('approval.ended')
    expect((await bank.look(id)).state).toBe('signing')
  })
})

test.each<[string, (anna: Somebody, ben: Somebody) => Promise<string>]>([
  ['nobody', () => bank.account()],
  ['who began it alone', (anna) => bank.account({ 'joint-holder': [anna] })],
  ['people of another role', (_, ben) => bank.account({ director: [ben] })],
  [
    'one who is disabled',
    async (_, ben) => {
      const iban = await bank.account({ 'joint-holder': [ben] })
      await disable(ben.sub)
      return iban
    },
  ],
])('where %s could sign, it is refused at once', async (_what, accountOf) => {
  const [anna, ben] = (await people(2)) as [Somebody, Somebody]
  const { status, json } = await bank.ask(anna.sub, await accountOf(anna, ben))
  expect({ status, json }).toMatchObject({
    status: 201,
    json: { state: 'refused', code: 'transaction.signatories', decision: { outcome: 'step-up' } },
  })
  expect(json.approval).toBeUndefined()
  expect(await waiting(anna.who)).toEqual([])
  expect((await bank.consume(json.id as string)).json.code).toBe('transaction.missing')
})

test('where nobody can sign any more when who began it says yes, it is over', async () => {
  const [anna, ben] = (await people(2)) as [Somebody, Somebody]
  const iban = await bank.account({ 'joint-holder': [ben] })
  const { json } = await bank.ask(anna.sub, iban)
  expect((await bank.mandate(iban, 'DELETE')).json).toEqual({ signatories: [] })
  const { number } = json.approval as { number: string }
  await approve(anna.who, await questionFor(anna.who, json.hash as string), number)
  expect((await bank.look(json.id as string)).state).toBe('released')
})

test('what two people at the bank released is given back where nobody can sign any more', async () => {
  const [anna, ben] = (await people(2)) as [Somebody, Somebody]
  const iban = await bank.account({ 'joint-holder': [ben] })
  const { json: held } = await bank.ask(anna.sub, iban)
  const { cases } = bank.bridge.parts.stores
  const [of, at] = [{ institution: 'alder', id: held.id as string }, Date.now()]
  await cases.create({
    ...{ ...of, subject: anna.sub, relyingParty: apiId, reference: '', hash: held.hash as string },
    ...{ reason: 'rule.huge', state: 'open', version: 1, createdAt: at, deadline: at + 60_000 },
    ...{ proposedBy: undefined, endedBy: undefined, fraud: false, endedAt: undefined },
    ...{ sendUntil: undefined, usedBy: undefined },
  })
  await cases.move('alder', of.id, { step: 'propose', to: 'proposed', version: 1, by: 'a', why: '', at })
  const sendUntil = at + 3600_000
  await cases.move('alder', of.id, {
    ...{ step: 'confirm', to: 'released', version: 2, by: 'b', why: '', at, sendUntil },
  })
  const { json } = await bank.ask(anna.sub, iban)
  const usedBy = async () => (await cases.get('alder', of.id))?.usedBy
  expect(await usedBy()).toBe(json.id)
  await bank.mandate(iban, 'DELETE')
  const { number } = json.approval as { number: string }
  const question = (await waiting(anna.who)).at(-1) as Awaited<ReturnType<typeof questionFor>>
  await approve(anna.who, question, number)
  expect((await bank.look(json.id as string)).state).toBe('released')
  expect(await usedBy()).toBeUndefined()
})

describe('by CIBA', () => {
  async function requested(anna: Somebody, iban: string, seconds?: number) {
    const details = JSON.stringify([bank.paid(iban, joint)])
    const request = await asked(bank.bridge, {
      ...{ login_hint: anna.sub, authorization_details: details },
      ...(seconds !== undefined && { requested_expiry: String(seconds) }),
    })
    const question = (await waiting(anna.who)).at(-1) as Awaited<ReturnType<typeof questionFor>>
    await approve(anna.who, question, request.number)
    return { ...request, hash: question.to_sign.claims.hash as string }
  }
  test('the poll waits until all have signed, and the token is of who began it', async () => {
    const [anna, ben] = (await people(2)) as [Somebody, Somebody]
    const iban = await bank.account({ 'joint-holder': [ben] })
    const waits = await requested(anna, iban)
    expect((await poll(bank.bridge, waits.auth_req_id)).json.error).toBe('authorization_pending')
    const request = await requested(anna, await bank.account({ 'joint-holder': [ben] }))
    const question = await questionFor(ben.who, request.hash)
    // They have as long as the request lives, and not a day.
    expect(question.to_sign.claims.exp).toBeLessThanOrEqual(Date.now() / 1000 + 301)
    await sign(ben.who, request.hash)
    const { status, json } = await poll(bank.bridge, request.auth_req_id)
    expect([status, json.error]).toEqual([200, undefined])
    expect(decodeJwt(String(json.id_token))).toMatchObject({ sub: anna.sub, amr: ['pop', 'pin', 'mca'] })
  })
  test('a signatory’s no is told to the poll', async () => {
    const [anna, ben] = (await people(2)) as [Somebody, Somebody]
    const request = await requested(anna, await bank.account({ 'joint-holder': [ben] }))
    await answer(ben.who, await questionFor(ben.who, request.hash), { answer: 'deny' })
    expect((await poll(bank.bridge, request.auth_req_id)).json).toMatchObject({
      error: 'access_denied',
      error_description: 'approval.denied',
    })
  })
  test('too few who could sign are told at once', async () => {
    const [anna] = (await people(1)) as [Somebody]
    const refused = await asked(bank.bridge, {
      ...{ login_hint: anna.sub },
      authorization_details: JSON.stringify([bank.paid(await bank.account(), joint)]),
    }).catch(String)
    expect(refused).toContain('transaction.signatories')
  })
})

describe('the mandate API', () => {
  test('gives back what it was told, takes it whole, and tells the audit once', async () => {
    const [anna, ben] = (await people(2)) as [Somebody, Somebody]
    const iban = await bank.account()
    const before = told.length
    const body = { signatories: [{ sub: anna.sub, role: 'joint-holder' }] }
    for (let n = 0; n < 2; n += 1) expect((await bank.mandate(iban, 'PUT', body)).json).toEqual(body)
    const other = { signatories: [{ sub: ben.sub, role: 'director' }] }
    await bank.mandate(iban, 'PUT', other)
    expect((await bank.mandate(iban, 'GET')).json).toEqual(other)
    for (let n = 0; n < 2; n += 1)
      expect((await bank.mandate(iban, 'DELETE')).json).toEqual({ signatories: [] })
    expect((await bank.mandate(iban, 'GET')).json).toEqual({ signatories: [] })
    const events = told.slice(before).filter(({ type }) => type.startsWith('mandate.'))
    expect(events.map(({ type }) => type)).toEqual(['mandate.changed', 'mandate.changed', 'mandate.removed'])
    // No account and no customer in the open.
    for (const secret of [iban, anna.sub, ben.sub]) expect(JSON.stringify(events)).not.toContain(secret)
  })
  test.each<[string, (anna: Somebody) => unknown, string]>([
    ['somebody unknown', () => [{ sub: 'nobody', role: 'director' }], 'subject.unknown'],
    ['nobody', () => [], 'request.malformed'],
    ['a role with a space', ({ sub }) => [{ sub, role: 'a b' }], 'request.malformed'],
    [
      'somebody twice',
      ({ sub }) => [
        { sub, role: 'director' },
        { sub, role: 'joint-holder' },
      ],
      'request.malformed',
    ],
    [
      'more than fifty',
      ({ sub }) => Array.from({ length: 51 }, () => ({ sub, role: 'director' })),
      'request.malformed',
    ],
    ['a member of its own', ({ sub }) => [{ sub, role: 'director', count: 2 }], 'request.malformed'],
  ])('%s is refused, and nothing changes', async (_what, listOf, code) => {
    const [anna] = (await people(1)) as [Somebody]
    const iban = await bank.account({ director: [anna] })
    expect((await bank.mandate(iban, 'PUT', { signatories: listOf(anna) })).json.code).toBe(code)
    expect((await bank.mandate(iban, 'GET')).json.signatories).toHaveLength(1)
  })
  test('#112 a name that is there twice is refused, and nothing changes', async () => {
    const [anna, ben] = (await people(2)) as [Somebody, Somebody]
    const iban = await bank.account({ director: [anna] })
    const list = ({ sub }: Somebody) => JSON.stringify([{ sub, role: 'director' }])
    const twice = [
      `{"signatories":${list(anna)},"signatories":${list(ben)}}`,
      `{"signatories":${list(anna)},"signatori\\u0065s":${list(ben)}}`,
      `{"signatories":[{"sub":"${anna.sub}","role":"director","sub":"${ben.sub}"}]}`,
    ]
    for (const text of twice)
      expect([text, (await bank.mandate(iban, 'PUT', { text })).json.code]).toEqual([
        text,
        'request.malformed',
      ])
    expect((await bank.mandate(iban, 'GET')).json).toEqual({
      signatories: [{ sub: anna.sub, role: 'director' }],
    })
  })
  test('needs its own scope, and a number of an account', async () => {
    const iban = await bank.account()
    const token = await apiToken(bank.bridge)
    expect((await bank.mandate(iban, 'GET', undefined, token)).json.code).toBe('token.scope')
    expect((await bank.mandate('es91', 'GET')).json.code).toBe('request.malformed')
  })
})

test('what was never asked of others is as it was', async () => {
  const shared = await sharedApprovalBank()
  const { begin } = await shared.somebody()
  const request = await begin()
  expect((await request.yes()).json.state).toBe('approved')
})
