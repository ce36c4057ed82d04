// A sign-in whose customer approves on another phone: the waiting page, the number, and every way in which it ends.
import { beforeAll, describe, expect, test } from 'vitest'
import { formIn } from '../../src/demo/app-client.ts'
import { type ApprovalBank, sharedApprovalBank } from './approval-bank.ts'
import { type Approver, answer, approve, type Question, waiting } from './approver.ts'
import { details } from './back-end.ts'
import { agreed, arrived, type Customer, call, customer, introspect } from './customer.ts'

let bank: ApprovalBank
beforeAll(async () => {
  bank = await sharedApprovalBank()
}, 60_000)

/** The same customer at a browser whose app has no device: it cannot approve by itself. */
async function elsewhere(phone: Approver): Promise<Customer> {
  bank.idp.will({ name: phone.user })
  return customer(bank.bridge, phone.user, bank.idp.app)
}

const numberIn = (body: string): string => /<output[^>]*>(\d\d)<\/output>/.exec(body)?.[1] ?? ''

const press = async (who: Customer, page: { url: string; body: string }, wish: string) => {
  const form = formIn(page)
  return who.browser.follow(form.action, {
    until: who.app.redirectUri,
    form: { ...form.fields, do: wish },
  })
}

async function begun(phone: Approver, amount = '2500.00') {
  const who = await elsewhere(phone)
  const { started, page } = await arrived(who, { authorization_details: details(amount) })
  const [question] = (await waiting(phone)).slice(-1) as [Question]
  return { who, started, page, question, number: numberIn(page.body) }
}

describe('a payment in a browser without a device', () => {
  test('waits for the phone, and ends in a token for this payment alone', async () => {
    const { who: phone } = await bank.somebody()
    const { who, started, page, question, number } = await begun(phone)
    expect(page.body).toContain('Nordhaven Energy')
    expect(number).toMatch(/^\d\d$/)
    expect(question.display.text).toContain('Asked for by: Alder Pay')
    const still = await press(who, page, 'look')
    expect(numberIn(still.body)).toBe(number)
    expect((await approve(phone, question, number)).json.state).toBe('approved')
    const after = await press(who, still, 'look')
    const tokens = await who.app.redeem(await agreed(who, after), started)
    expect(tokens.claims).toMatchObject({
      acr: 'urn:drawbridge:acr:device-pin',
      amr: ['fed', 'pop', 'pin', 'mca'],
    })
    const seen = await introspect(bank.bridge, tokens.accessToken)
    expect(seen).toMatchObject({ acr: 'urn:drawbridge:acr:device-pin', transaction: expect.any(String) })
    // What was approved elsewhere is true of this answer, and of no refreshed token.
    const later = await who.app.refresh(tokens.refreshToken as string)
    expect(await introspect(bank.bridge, later.accessToken)).toMatchObject({
      acr: 'urn:drawbridge:acr:delegated',
      amr: ['fed'],
    })
  })

  test('ends where the phone says no, and where it says that this was somebody else', async () => {
    const { who: phone } = await bank.somebody()
    for (const said of ['deny', 'report']) {
      const { who, page, question } = await begun(phone)
      expect((await answer(phone, question, { answer: said })).status).toBe(200)
      const after = await press(who, page, 'look')
      const back = new URL(after.returned ?? 'about:blank').searchParams
      expect(back.get('error')).toBe('access_denied')
      expect(back.get('error_description')).toBe('approval.denied')
    }
  })

  test('ends where another number was typed', async () => {
    const { who: phone } = await bank.somebody()
    const { who, page, question, number } = await begun(phone)
    await approve(phone, question, number === '10' ? '11' : '10')
    const after = await press(who, page, 'look')
    expect(new URL(after.returned ?? 'about:blank').searchParams.get('error_description')).toBe(
      'approval.number',
    )
  })

  test('is stopped on the page, and the phone asks no more', async () => {
    const { who: phone } = await bank.somebody()
    const { who, page, question, number } = await begun(phone)
    const after = await press(who, page, 'deny')
    expect(new URL(after.returned ?? 'about:blank').searchParams.get('error_description')).toBe(
      'login.cancelled',
    )
    expect(await waiting(phone)).toEqual([])
    expect((await approve(phone, question, number)).json.code).toBe('approval.ended')
  })

  test('two tabs ask once', async () => {
    const { who: phone } = await bank.somebody()
    const { who, page } = await begun(phone)
    const url = page.url
    const tabs = await Promise.all([1, 2, 3].map(() => who.browser.go(url)))
    expect(new Set(tabs.map(({ body }) => numberIn(body)))).toEqual(new Set([numberIn(page.body)]))
    expect(await waiting(phone)).toHaveLength(1)
  })

  test('tells whoever asks too often to wait, on a page that works', async () => {
    const { who: phone } = await bank.somebody()
    for (let i = 0; i < 3; i++) await answer(phone, (await begun(phone)).question, { answer: 'deny' })
    const { who, page } = await begun(phone).catch(async () => {
      const one = await elsewhere(phone)
      return { who: one, ...(await arrived(one, { authorization_details: details('2500.00') })) }
    })
    expect(page.body).toContain('We couldn’t ask your phone just now.')
    const after = await press(who, page, 'deny')
    expect(after.returned).toContain('login.cancelled')
  })
})

describe('a payment on the phone itself', () => {
  test('may be approved by the PIN there or on another phone, and back', async () => {
    const { who: phone } = await bank.somebody()
    bank.idp.will({ name: phone.user })
    const { started, page } = await arrived(phone, { authorization_details: details('2500.00') })
    expect(page.body).toContain('name="pin"')
    const other = /action="([^"]*\/approve)"/.exec(page.body)?.[1] ?? ''
    const { fields } = formIn(page)
    const chosen = await phone.browser.follow(new URL(other, page.url).href, {
      until: phone.app.redirectUri,
      form: { ...fields, do: 'phone' },
    })
    expect(numberIn(chosen.body)).toMatch(/^\d\d$/)
    expect(await waiting(phone)).toHaveLength(1)
    const back = await press(phone, chosen, 'pin')
    expect(back.body).toContain('name="pin"')
    expect(await waiting(phone)).toEqual([])
    const tokens = await phone.app.redeem(await agreed(phone, back), started)
    expect(tokens.claims.amr).toEqual(['fed', 'pop', 'pin'])
  })
})

describe('the page’s own question', () => {
  test('is answered to the browser that waits, and to nobody else', async () => {
    const { who: phone } = await bank.somebody()
    const { who, page, question, number } = await begun(phone)
    const url = `${page.url}/state`
    const state = async () => JSON.parse((await who.browser.go(url)).body)
    expect(await state()).toEqual({ state: 'waiting' })
    const stranger = await fetch(url, { headers: { accept: 'application/json' } })
    expect(stranger.status).toBe(400)
    await approve(phone, question, number)
    expect(await state()).toEqual({ state: 'over' })
  })

  test('reporting ends the session that the browser had', async () => {
    const { who: phone } = await bank.somebody()
    const who = await elsewhere(phone)
    const first = await arrived(who)
    const tokens = await who.app.redeem(await agreed(who, first.page), first.started)
    await arrived(who, { authorization_details: details('2500.00') })
    await answer(phone, (await waiting(phone))[0] as Question, { answer: 'report' })
    const dead = await call(who, { method: 'GET', path: '/devices', tokens })
    expect(dead.status).toBe(401)
  })
})
