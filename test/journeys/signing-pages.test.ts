// A payment that others sign as well: the page that waits for them, what the bank's people see of it, and what proves it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { verifyEvidence } from '../../src/compose/evidence-verify.ts'
import { formIn } from '../../src/demo/app-client.ts'
import type { EvidenceFile } from '../../src/domain/evidence-bundle.ts'
import { type Administrator, createAdministrator } from './administrator.ts'
import type { Somebody } from './approval-bank.ts'
import { answer, waiting } from './approver.ts'
import { agreed, apiToken, arrived, introspect } from './customer.ts'
import {
  board,
  isAsked,
  joint,
  questionFor,
  type SigningBank,
  sign,
  startSigningBank,
} from './signing-bank.ts'
import { wordsOf } from './transactions-rig.ts'

let bank: SigningBank
let admin: Administrator
let token = ''
beforeAll(async () => {
  bank = await startSigningBank()
  admin = createAdministrator(bank.bridge)
  await admin.join(bank.bridge.world.invitation as string, 'marta')
  token = await apiToken(bank.bridge)
}, 60_000)
afterAll(async () => bank.stop())

type Page = { url: string; body: string; returned?: string | undefined }

const press = ({ who }: Somebody, page: Page, wish: string) => {
  const form = formIn(page)
  return who.browser.follow(form.action, {
    until: who.app.redirectUri,
    form: { ...form.fields, do: wish },
  })
}

/** Approved with the PIN on the page: it waits for the others by then. */
async function onPage(anna: Somebody, iban: string, amount = joint) {
  bank.idp.will({ name: anna.who.user })
  const authorization_details = JSON.stringify([bank.paid(iban, amount)])
  const { started, page } = await arrived(anna.who, { authorization_details })
  const form = formIn(page)
  const waits: Page = await anna.who.browser.follow(form.action, {
    until: anna.who.app.redirectUri,
    form: { ...form.fields, pin: '271828' },
  })
  return { started, waits }
}

const state = async ({ who }: Somebody, { url }: Page) =>
  JSON.parse((await who.browser.go(`${url}/state`)).body).state

describe('the page of a sign-in', () => {
  test('waits for the other, and then gives the token of this payment', async () => {
    const [anna, ben] = [await bank.somebody(), await bank.somebody()]
    const { started, waits } = await onPage(anna, await bank.account({ 'joint-holder': [anna, ben] }))
    expect(waits.body).toContain('Others have to sign too')
    expect(waits.body).toContain('Nordhaven Energy')
    expect(await state(anna, waits)).toBe('waiting')
    // A second tab asks nobody a second time.
    await Promise.all([1, 2].map(() => anna.who.browser.go(waits.url)))
    const [question, ...more] = await waiting(ben.who)
    expect(more).toEqual([])
    const still = await press(anna, waits, 'look')
    expect(still.body).toContain('Others have to sign too')
    await sign(ben.who, String(question?.to_sign.claims.hash))
    expect(await state(anna, waits)).toBe('over')
    const after = await press(anna, still, 'look')
    const tokens = await anna.who.app.redeem(await agreed(anna.who, after), started)
    expect(tokens.claims).toMatchObject({ sub: anna.sub, amr: ['fed', 'pop', 'pin'] })
    expect(await introspect(bank.bridge, tokens.accessToken)).toMatchObject({
      transaction: expect.any(String),
    })
  })

  test('ends where the other says no', async () => {
    const [anna, ben] = [await bank.somebody(), await bank.somebody()]
    const { waits } = await onPage(anna, await bank.account({ 'joint-holder': [ben] }))
    const [question] = await waiting(ben.who)
    await answer(ben.who, question as never, { answer: 'deny' })
    expect(await state(anna, waits)).toBe('over')
    const { returned } = await press(anna, waits, 'look')
    expect(new URL(String(returned)).searchParams.get('error_description')).toBe('approval.denied')
  })

  test('is stopped by who began it, and the other is asked no more', async () => {
    const [anna, ben] = [await bank.somebody(), await bank.somebody()]
    const { waits } = await onPage(anna, await bank.account({ 'joint-holder': [ben] }))
    const [question] = await waiting(ben.who)
    const { returned } = await press(anna, waits, 'deny')
    expect(new URL(String(returned)).searchParams.get('error_description')).toBe('login.cancelled')
    expect(await waiting(ben.who)).toEqual([])
    expect((await answer(ben.who, question as never, { answer: 'deny' })).json.code).toBe('approval.ended')
  })

  test('is not shown where nobody could sign', async () => {
    const anna = await bank.somebody()
    bank.idp.will({ name: anna.who.user })
    const authorization_details = JSON.stringify([bank.paid(await bank.account(), joint)])
    const { page } = await arrived(anna.who, { authorization_details })
    expect(new URL(String(page.returned)).searchParams.get('error_description')).toBe(
      'transaction.signatories',
    )
  })

  test('where the mandate went while the customer typed the PIN, it ends', async () => {
    const [anna, ben] = [await bank.somebody(), await bank.somebody()]
    const iban = await bank.account({ 'joint-holder': [ben] })
    bank.idp.will({ name: anna.who.user })
    const authorization_details = JSON.stringify([bank.paid(iban, joint)])
    const { page } = await arrived(anna.who, { authorization_details })
    await bank.mandate(iban, 'DELETE')
    const form = formIn(page)
    const { returned } = await anna.who.browser.follow(form.action, {
      until: anna.who.app.redirectUri,
      form: { ...form.fields, pin: '271828' },
    })
    expect(new URL(String(returned)).searchParams.get('error_description')).toBe('transaction.signatories')
  })
})

describe('those who look after it', () => {
  test('see who has to sign, who has, and find what signatories were asked', async () => {
    const [anna, ben, cleo, dan] = [
      await bank.somebody(),
      await bank.somebody(),
      await bank.somebody(),
      await bank.somebody(),
    ]
    const iban = await bank.account({ 'joint-holder': [dan], director: [ben, cleo] })
    const { id, hash } = await bank.begun(anna, iban, board)
    await sign(ben.who, hash)
    const words = wordsOf((await admin.get(`/transactions/${id}`)).body)
    expect(words).toContain('waiting for signatories')
    expect(words).toContain('director: 1 of 2 signed')
    expect(words).toContain('joint-holder: 0 of 1 signed')
    expect(words).toContain('and signed by 2 director and 1 joint-holder')
    expect(words).toContain('Decided again, it comes out the same.')
    expect(words).not.toContain(iban)
    const listed = await admin.get('/transactions?state=signing')
    expect(listed.body).toContain(id)
    expect((await admin.get('/transactions?state=open')).body).not.toContain(id)
    const asked = await admin.get(`/approvals?sub=${cleo.sub}`)
    const link = /href="[^"]*\/console(\/approvals\/[\w-]+)"/.exec(asked.body)?.[1] ?? ''
    expect(wordsOf((await admin.get(link)).body)).toMatch(/Signs as director/)
  })

  test('read the policy in words', async () => {
    const { body } = await admin.get('/policy')
    expect(wordsOf(body)).toContain('with device and PIN, and signed by 1 joint-holder')
  })
})

describe('evidence', () => {
  const exported = async (path: string) => {
    const response = await fetch(`${bank.bridge.issuer}${path}/evidence`, {
      headers: { authorization: `Bearer ${token}` },
    })
    return response.text()
  }
  const verified = async (text: string) => {
    const keys = await (await fetch(`${bank.bridge.issuer}/evidence/keys`)).text()
    return verifyEvidence({ evidence: Buffer.from(text), key: keys, checkpointKey: undefined })
  }
  test('of all who signed, each with their own signature, in one file', async () => {
    const [anna, ben, cleo, dan] = [
      await bank.somebody(),
      await bank.somebody(),
      await bank.somebody(),
      await bank.somebody(),
    ]
    const iban = await bank.account({ 'joint-holder': [dan], director: [ben, cleo] })
    const { id, hash } = await bank.begun(anna, iban, board)
    const question = await questionFor(ben.who, hash)
    for (const { who } of [ben, dan]) await sign(who, hash)
    const early = await verified(await exported(`/transactions/${id}`))
    expect(early).toMatchObject({ ok: false, code: 'evidence.signatories' })
    await sign(cleo.who, hash)
    const text = await exported(`/transactions/${id}`)
    const verdict = await verified(text)
    expect(verdict.checks.filter(({ ok }) => !ok)).toEqual([])
    expect(verdict.ok).toBe(true)
    expect(verdict.about?.restsOn.join()).toContain('those who signed as well')
    const { bundle } = JSON.parse(text) as EvidenceFile
    expect(bundle.material.subject).toBe(anna.sub)
    expect(bundle.signatories?.map(({ material }) => [material.subject, material.request.role])).toEqual([
      [ben.sub, 'director'],
      [dan.sub, 'joint-holder'],
      [cleo.sub, 'director'],
    ])
    for (const { material } of bundle.signatories ?? []) {
      expect(material).toMatchObject({ strength: 'device-key+uv', transaction: { hash } })
      expect(material.signature).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
    }
    // And of one of them alone.
    const one = await verified(await exported(`/approvals/${question.id}`))
    expect([one.ok, one.about?.approval]).toEqual([true, question.id])
  })

  test('of a payment approved on a page, and signed by another', async () => {
    const [anna, ben] = [await bank.somebody(), await bank.somebody()]
    const { started, waits } = await onPage(anna, await bank.account({ 'joint-holder': [ben] }))
    const [question] = await waiting(ben.who)
    await sign(ben.who, String(question?.to_sign.claims.hash))
    const after = await press(anna, waits, 'look')
    await anna.who.app.redeem(await agreed(anna.who, after), started)
    const list = await admin.get(`/transactions?sub=${anna.sub}`)
    const link = /href="[^"]*\/console(\/transactions\/[\w-]+)"/.exec(list.body)?.[1] ?? ''
    const { body } = await admin.get(`${link}/evidence`)
    const verdict = await verified(body)
    expect([verdict.ok, verdict.about?.strength]).toEqual([true, 'pin'])
    expect(await isAsked(anna.who, String(question?.to_sign.claims.hash))).toBe(false)
  })
})
