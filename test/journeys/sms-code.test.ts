// A payment that the policy wants approved by a code from a text message: the inbox, the page, and what does not pass.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { formIn } from '../../src/demo/app-client.ts'
import { demoRows } from '../../src/demo/institution.ts'
import { withDevice } from '../../src/domain/acr.ts'
import { details } from './back-end.ts'
import { movingClock, startBridge, type TestBridge } from './bridge.ts'
import { agreed, arrived, type Customer, customer, enrolled, introspect } from './customer.ts'

const clock = movingClock()
let bridge: TestBridge
let alice: Awaited<ReturnType<typeof enrolled>>

beforeAll(async () => {
  bridge = await startBridge(undefined, clock)
  const { d: _private, ...apiKey } = bridge.world.apiKey
  const rows = demoRows({ world: bridge.world.url, idpCertificate: bridge.world.idpCertificate, apiKey })
  const rule = {
    ...{ id: 'middling', when: 'transaction.kind == "payment" && transaction.amount > 20000' },
    outcome: { kind: 'step-up', acr: withDevice, by: ['sms'] },
  } as const
  const institution = { ...rows.institution, policy: { rules: [rule], limits: [] } }
  await bridge.application.apply([{ ...rows, institution }], { dryRun: false })
  alice = await enrolled(bridge)
}, 60_000)
afterAll(() => bridge?.stop())
afterEach(clock.back)

const codeIn = (text: string): string => /\b(\d{6})\b/.exec(text)?.[1] ?? ''

/** The message that came after these. */
async function message(after: number): Promise<string> {
  for (;;) {
    const { messages } = bridge.world.sms
    if (messages.length > after) return messages.at(-1)?.text ?? ''
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const press = async (who: Customer, page: { url: string; body: string }, fields: Record<string, string>) => {
  const form = formIn(page)
  const answer = await who.browser.follow(form.action, {
    until: who.app.redirectUri,
    form: { ...form.fields, ...fields },
  })
  return answer
}

async function begun(amount = '250.00') {
  const before = bridge.world.sms.messages.length
  const { started, page } = await arrived(alice, { authorization_details: details(amount) })
  return { started, page, text: await message(before) }
}

test('the code names amount and payee, is good once, and for this payment', async () => {
  const { started, page, text } = await begun()
  expect(text).toContain('€250.00')
  expect(text).toContain('Nordhaven Energy')
  expect(text).not.toContain('DE8937')
  expect(page.body).toContain('autocomplete="one-time-code"')
  expect(page.body).not.toContain(codeIn(text))
  const other = await begun('251.00')
  const wrong = await press(alice, page, { do: 'approve', code: codeIn(other.text) })
  expect({ status: wrong.status, wrong: wrong.body.includes('That code isn’t right.') }).toEqual({
    status: 400,
    wrong: true,
  })
  const done = await press(alice, wrong, { do: 'approve', code: codeIn(text) })
  const tokens = await alice.app.redeem(await agreed(alice, done), started)
  expect(await introspect(bridge, tokens.accessToken)).toMatchObject({
    acr: withDevice,
    amr: ['fed', 'pop', 'sms'],
    transaction: expect.any(String),
  })
  await press(alice, other.page, { do: 'deny' })
})

test('a new code ends the one before, and there are no more than three', async () => {
  const { page, text } = await begun()
  const soon = await press(alice, page, { do: 'again' })
  expect(soon.body).toContain('Wait a moment before you have a new one sent.')
  expect(bridge.world.sms.messages.at(-1)?.text).toBe(text)
  const texts = [text]
  for (let i = 0; i < 2; i++) {
    clock.advance(31)
    const before = bridge.world.sms.messages.length
    await press(alice, page, { do: 'again' })
    texts.push(await message(before))
  }
  clock.advance(31)
  const fourth = await press(alice, page, { do: 'again' })
  expect(fourth.body).toContain('Wait a moment')
  const old = await press(alice, page, { do: 'approve', code: codeIn(texts[1] ?? '') })
  expect(old.status).toBe(codeIn(texts[1] ?? '') === codeIn(texts[2] ?? '') ? 303 : 400)
  clock.advance(300)
  const late = await press(alice, page, { do: 'approve', code: codeIn(texts[2] ?? '') })
  expect(late.body).toContain('The time of that code is over.')
  const denied = await press(alice, soon, { do: 'deny' })
  expect(denied.returned).toContain('login.cancelled')
})

test('looking at the page again sends nothing, and no form but six digits is counted', async () => {
  const { page } = await begun()
  const sent = bridge.world.sms.messages.length
  await alice.browser.go(page.url)
  for (const code of ['', '12345', '1234567', 'abcdef', '１２３４５６'])
    expect((await press(alice, page, { do: 'approve', code })).status).toBe(400)
  await new Promise((resolve) => setTimeout(resolve, 400))
  expect(bridge.world.sms.messages.length).toBe(sent)
  await press(alice, page, { do: 'deny' })
})

test('without a device there is no code, and small payments need none', async () => {
  const small = await arrived(alice, { authorization_details: details('150.00') })
  expect(small.page.body).not.toContain('one-time-code')
  const without = await arrived(await customer(bridge, 'bob'), { authorization_details: details('250.00') })
  expect(without.page.returned).toContain('device.required')
})

test('after five wrong codes, of however many messages, it is over for a while', async () => {
  const first = await begun()
  for (let i = 0; i < 5; i++) await press(alice, first.page, { do: 'approve', code: '000000' })
  const right = await press(alice, first.page, { do: 'approve', code: codeIn(first.text) })
  expect(right.status).toBe(423)
  const second = await begun()
  expect((await press(alice, second.page, { do: 'approve', code: codeIn(second.text) })).status).toBe(423)
})
