// Several connections: the customer chooses, the app hints, the browser remembers; and whatever is pressed, one result.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formIn } from '../../src/demo/app-client.ts'
import { startBridge, type TestBridge } from './bridge.ts'
import { type Customer, customer, signIn } from './customer.ts'
import { applyTwo, business, opened, personal, press } from './two-connections.ts'

let bridge: TestBridge
beforeAll(async () => {
  bridge = await startBridge()
  await applyTwo(bridge, {
    apps: [{ id: 'alder-staff', name: 'Alder Staff', connections: [personal] }],
  })
})
afterAll(() => bridge.stop())

/** Signs in at the IdP whose page is open, agrees, and gives the redirect to the app. */
async function finished(who: Customer, page: { url: string; body: string }): Promise<string> {
  const until = who.app.redirectUri
  const login = formIn(page)
  const form = { ...login.fields, username: who.user, password: `${who.user}-pw` }
  const answer = formIn(await who.browser.follow(login.action, { until, form }))
  const consent = await who.browser.follow(answer.action, { until, form: answer.fields })
  if (consent.returned !== undefined) return consent.returned
  const asked = formIn(consent)
  const done = await who.browser.follow(asked.action, { until, form: { ...asked.fields, do: 'allow' } })
  return done.returned ?? `no way back: ${done.status} at ${done.url}`
}

/** The audit log, every event as its JSON. */
async function events(): Promise<string[]> {
  const { auditLog } = bridge.application
  const rows = [...(await auditLog.range('alder', 0, 10_000)), ...(await auditLog.pending('alder'))]
  return rows.map(({ body }) => body)
}

const isChooser = (page: { body: string }): boolean => page.body.includes('How do you sign in?')
const isIdp = (page: { body: string }): boolean => page.body.includes('name="password"')
/** The connection to which the IdP's page will answer. */
async function asking(who: Customer, page: { url: string; body: string }): Promise<string> {
  const login = formIn(page)
  const form = { ...login.fields, username: who.user, password: `${who.user}-pw` }
  const answer = formIn(await who.browser.follow(login.action, { until: who.app.redirectUri, form }))
  return /\/saml\/([^/]+)\/acs$/.exec(answer.action)?.[1] ?? answer.action
}

describe('choosing', () => {
  test('the page names the ways in; the one that is pressed leads to its IdP and to tokens', async () => {
    const who = await customer(bridge)
    const { started, page } = await opened(who)
    expect(isChooser(page)).toBe(true)
    expect(page.url).toMatch(/\/interaction\/[^/]+\/choose$/)
    expect(page.body).toMatch(/Personal[\s\S]+Business/)
    expect(page.body).not.toContain('last time')
    const idp = await press(who, page, { connection: business })
    expect(isIdp(idp)).toBe(true)
    const tokens = await who.app.redeem(await finished(who, idp), started)
    expect(tokens.claims.amr).toEqual(['fed'])
    const chosen = (await events()).filter((body) => body.includes('"login.connection_chosen"'))
    expect(chosen.at(-1)).toContain(`"connection":"${business}"`)
  })
  test('the next time it comes first, and another can be chosen', async () => {
    const who = await customer(bridge)
    const first = await opened(who)
    await press(who, first.page, { connection: business })
    const second = await opened(who)
    expect(second.page.body).toMatch(/last time[\s\S]+value="alder-business"[\s\S]+value="alder-idp"/)
    const idp = await press(who, second.page, { connection: personal })
    expect(await asking(who, idp)).toBe(personal)
  })
  test('back from the IdP leads to the page, and the last choice counts; the answer of the other is refused', async () => {
    const who = await customer(bridge)
    const { started, page } = await opened(who)
    const idp = await press(who, page, { connection: personal })
    const again = await who.browser.follow(page.url, { until: who.app.redirectUri })
    expect(isChooser(again)).toBe(true)
    const other = await press(who, again, { connection: business })
    // The first tab goes on all the same.
    const late = await finished(who, idp).catch((error: Error) => error.message)
    expect(late).toMatch(/no form at|no way back/)
    const returned = await finished(who, other)
    expect((await who.app.redeem(returned, started)).claims.amr).toEqual(['fed'])
  })
  test('two presses at once, of the same or of two: one record, and the sign-in still ends', async () => {
    const who = await customer(bridge)
    const { started, page } = await opened(who)
    const pressed = await Promise.all(
      [personal, personal, business].map((connection) => press(who, page, { connection })),
    )
    for (const each of pressed) expect(isIdp(each)).toBe(true)
    const last = await who.browser.follow(page.url.replace('/choose', ''), { until: who.app.redirectUri })
    expect((await who.app.redeem(await finished(who, last), started)).claims.amr).toEqual(['fed'])
    // Once the subject is known the choice is closed.
    const closed = await press(who, page, { connection: personal })
    expect([400, 410]).toContain(closed.status)
  })
  test('a connection that is not offered is refused, and so is a form of somebody else', async () => {
    const who = await customer(bridge)
    const { page } = await opened(who)
    for (const connection of ['alder-staff', '', '../alder-idp', 'x'.repeat(5000)]) {
      const refused = await press(who, page, { connection })
      expect([refused.status, refused.body.includes('connection.unknown')]).toEqual([400, true])
    }
    const forged = await press(who, page, { connection: personal, form_token: 'x' })
    expect(forged.status).toBe(403)
    expect(isIdp(await press(who, page, { connection: personal }))).toBe(true)
  })
  test('who leaves comes back to the app with access_denied', async () => {
    const who = await customer(bridge)
    const { page } = await opened(who)
    expect((await press(who, page, { do: 'cancel' })).returned).toContain('error=access_denied')
  })
})

describe('hints', () => {
  test.each([
    ['idp_hint', { idp_hint: business }, business],
    ['login_hint by its domain', { login_hint: 'Ann@BIRCH.example' }, business],
    ['idp_hint before login_hint', { idp_hint: personal, login_hint: 'ann@birch.example' }, personal],
  ])('%s skips the page', async (_, extra, connection) => {
    const who = await customer(bridge)
    const { page } = await opened(who, extra)
    expect(isIdp(page)).toBe(true)
    expect(await asking(who, page)).toBe(connection)
  })
  test.each([
    ['an unknown idp_hint', { idp_hint: 'nobody' }],
    ['an empty one', { idp_hint: '' }],
    ['another domain', { login_hint: 'ann@other.example' }],
    ['a subdomain', { login_hint: 'ann@mail.birch.example' }],
    ['no address', { login_hint: 'birch.example' }],
  ])('%s is ignored', async (_, extra) => {
    const who = await customer(bridge)
    expect(isChooser((await opened(who, extra)).page)).toBe(true)
  })
  test('the address on the page leads home, is asked again where it does not, and is kept nowhere', async () => {
    const who = await customer(bridge)
    const { page } = await opened(who)
    const lost = await press(who, page, { address: 'ann@other.example' })
    expect([lost.status, lost.body.includes('We can’t tell by this address')]).toEqual([400, true])
    const home = await press(who, lost, { address: 'ann@birch.example' })
    expect(await asking(who, home)).toBe(business)
    const log = (await events()).join('\n')
    expect(log).toContain('login.connection_chosen')
    expect(log).not.toContain('ann@')
  })
})

describe('who may use what', () => {
  test('an app with one connection sees no page and is given no other by a hint', async () => {
    const who = await staff()
    const { page } = await opened(who, { idp_hint: business })
    expect(isIdp(page)).toBe(true)
    expect(await asking(who, page)).toBe(personal)
  })
  test('a session of one connection does not open an app that offers only another', async () => {
    const who = await customer(bridge)
    const until = who.app.redirectUri
    const { started, page } = await opened(who, { idp_hint: business })
    await who.app.redeem(await finished(who, page), started)
    const other = { ...(await staff()), browser: who.browser }
    const none = await other.app.begin({ prompt: 'none' })
    expect((await who.browser.follow(none.url, { until })).returned).toContain('error=login_required')
    const asked = await other.app.begin()
    const idp = await who.browser.follow(asked.url, { until })
    // The demo's IdP knows the customer still, so that it answers at once; at the app's own connection.
    expect(formIn(idp).action).toContain(`/saml/${personal}/acs`)
    // Control: the app that offers it goes on without asking again.
    const same = await opened(who)
    expect(isChooser(same.page) || isIdp(same.page)).toBe(false)
  })
  test('control: one connection, no hint', async () => {
    expect((await signIn(await staff())).claims.amr).toEqual(['fed'])
  })
  test('with one of two switched off nobody is asked', async () => {
    await applyTwo(bridge, { business: { state: 'disabled' } })
    const who = await customer(bridge)
    const { page } = await opened(who, { idp_hint: business })
    expect(await asking(who, page)).toBe(personal)
    await applyTwo(bridge, { business: { state: 'disabled' }, personal: { state: 'disabled' } })
    const none = await opened(await customer(bridge))
    expect(none.page.returned).toContain('connection.disabled')
  })
})

async function staff(): Promise<Customer> {
  return customer(bridge, 'alice', 'alder-staff')
}
