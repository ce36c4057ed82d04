// Levels that the bank's own IdP grants: only by the verified class, by the connection's table, for an hour, never for a payment.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formIn } from '../../src/demo/app-client.ts'
import { paymentsNamespace } from '../../src/demo/institution.ts'
import { startBridge, type TestBridge } from '../journeys/bridge.ts'
import {
  agreed,
  atIdp,
  type Customer,
  call,
  customer,
  enrol,
  introspect,
  signIn,
  withCode,
} from '../journeys/customer.ts'
import { type LevelIdp, mfa, password, strong, withLevels } from '../journeys/level-idps.ts'

const device = 'urn:drawbridge:acr:device'
const devicePin = 'urn:drawbridge:acr:device-pin'
const delegated = 'urn:drawbridge:acr:delegated'
const asDevice = { acr_values: device }
const asDevicePin = { acr_values: devicePin }

const clock = { ahead: 0, now: () => Date.now() + clock.ahead }
let bridge: TestBridge
let idps: readonly LevelIdp[]
beforeAll(async () => {
  bridge = await startBridge(undefined, clock)
  idps = await withLevels(bridge)
})
afterAll(async () => {
  for (const idp of idps) idp.stop()
  await bridge.stop()
})

const errorIn = async (who: Customer, extra: Readonly<Record<string, string>>) =>
  new URL((await withCode(who, extra)).returned).searchParams.get('error')

const balance = (who: Customer, tokens: Awaited<ReturnType<typeof signIn>>) =>
  call(who, {
    method: 'POST',
    path: '/soap/payments',
    tokens,
    body: `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><p:GetBalance xmlns:p="${paymentsNamespace}"><p:account>ES9121000418450200051332</p:account></p:GetBalance></s:Body></s:Envelope>`,
  })

const payment = (amount: string) => ({
  authorization_details: JSON.stringify([
    {
      type: 'payment_initiation',
      instructedAmount: { amount, currency: 'EUR' },
      debtorAccount: { iban: 'ES9121000418450200051332' },
      creditorName: 'Nordhaven Energy',
      creditorAccount: { iban: 'DE89370400440532013000' },
    },
  ]),
})

describe.each([
  ['SAML', 0],
  ['OpenID Connect', 1],
])('by %s', (_, which) => {
  const idp = () => idps[which] as LevelIdp
  /** A customer that nobody has met; with an app that lets the bridge or the IdP raise first. */
  async function somebody(first: 'bridge' | 'idp' = 'bridge') {
    const name = randomUUID()
    const who = await customer(bridge, name, first === 'idp' ? idp().firstApp : idp().app)
    return { who, says: (context: string, more = {}) => ({ context, name, ...more }) }
  }

  test('#70 a class counts as the table says, for tokens, introspection and cores; any other as nothing', async () => {
    const { who, says } = await somebody()
    idp().will(says(mfa))
    const tokens = await signIn(who)
    expect(tokens.claims).toMatchObject({ acr: device, amr: ['fed', 'mfa'] })
    expect(await introspect(bridge, tokens.accessToken)).toMatchObject({ acr: device, amr: ['fed', 'mfa'] })
    expect((await balance(who, tokens)).status).toBe(200)
    for (const context of [password, `${mfa}/`, mfa.toUpperCase(), 'device', device, `${mfa} ${strong}`]) {
      const other = await somebody()
      idp().will(other.says(context))
      const weak = await signIn(other.who)
      expect(weak.claims, context).toMatchObject({ acr: delegated, amr: ['fed'] })
      expect((await balance(other.who, weak)).status).toBe(401)
    }
  })
  test('#70 the class asked for, answered with a weaker one, is not met, whatever stands elsewhere', async () => {
    const { who, says } = await somebody()
    idp().will(says(password, { elsewhere: mfa }))
    expect(await errorIn(who, asDevice)).toBe('unmet_authentication_requirements')
    expect(idp().asked).toEqual([{ classes: [mfa, strong], fresh: false }])
    idp().will(says(mfa))
    expect((await signIn(who, asDevice)).claims.acr).toBe(device)
  })
  test('an app that asks for nothing has nothing asked for it', async () => {
    const { who, says } = await somebody()
    idp().will(says(password))
    await signIn(who)
    expect(idp().asked).toEqual([{ classes: [], fresh: false }])
  })
  test('#241 a session too weak is raised by asking the IdP anew, once; the older token stays weak', async () => {
    const { who, says } = await somebody()
    idp().will(says(password))
    const weak = await signIn(who)
    expect(await errorIn(who, { ...asDevice, prompt: 'none' })).toBe('unmet_authentication_requirements')
    idp().will(says(mfa))
    const raised = await signIn(who, asDevice)
    expect(raised.claims).toMatchObject({ acr: device, amr: ['fed', 'mfa'] })
    expect(idp().asked).toEqual([{ classes: [mfa, strong], fresh: true }])
    expect((await introspect(bridge, weak.accessToken)).acr).toBe(delegated)
    const refreshed = await who.app.refresh(weak.refreshToken as string)
    expect((await introspect(bridge, refreshed.accessToken)).acr).toBe(delegated)
    // The session has it now: the next authorization asks nobody.
    idp().will(says(password))
    expect((await signIn(who, asDevice)).claims.acr).toBe(device)
    expect(idp().asked).toEqual([])
  })
  test('an IdP that answers too weakly again is not asked a third time', async () => {
    const { who, says } = await somebody()
    idp().will(says(password))
    await signIn(who)
    idp().will(says(password))
    expect(await errorIn(who, asDevice)).toBe('unmet_authentication_requirements')
    expect(idp().asked).toHaveLength(1)
    // And the session is what it was.
    expect((await signIn(who)).claims.acr).toBe(delegated)
  })
  test('a second factor of long ago does not count; the IdP is asked anew', async () => {
    const { who, says } = await somebody()
    idp().will(says(mfa, { ago: 3700 }))
    expect((await signIn(who)).claims).toMatchObject({ acr: delegated, amr: ['fed'] })
    const other = await somebody()
    idp().will(other.says(mfa, { ago: 3700 }), other.says(mfa))
    expect((await signIn(other.who, asDevice)).claims.acr).toBe(device)
    expect(idp().asked.map(({ fresh }) => fresh)).toEqual([false, true])
  })
  test('#241 a refresh keeps what the IdP granted for an hour, then drops it; the session too', async () => {
    const { who, says } = await somebody()
    // Half a minute is left of the hour.
    idp().will(says(strong, { ago: 3570 }))
    const tokens = await signIn(who)
    expect(tokens.claims.acr).toBe(devicePin)
    const soon = await who.app.refresh(tokens.refreshToken as string)
    expect(await introspect(bridge, soon.accessToken)).toMatchObject({ acr: devicePin, amr: ['fed', 'mfa'] })
    clock.ahead = 40_000
    const late = await who.app.refresh(soon.refreshToken as string)
    expect(await introspect(bridge, late.accessToken)).toMatchObject({ acr: delegated, amr: ['fed'] })
    const again = await who.app.refresh(late.refreshToken as string)
    expect((await introspect(bridge, again.accessToken)).acr).toBe(delegated)
    expect(await errorIn(who, { ...asDevice, prompt: 'none' })).toBe('unmet_authentication_requirements')
    clock.ahead = 0
    // The control: only the time has taken it away.
    expect((await signIn(who, asDevice)).claims.acr).toBe(devicePin)
  })
  test('the hour is held at the code too, however long the customer reads our pages, and at its token', async () => {
    // Half a minute is left of the hour, and nothing of it when the customer has read the page.
    const read = async () => {
      const { who, says } = await somebody()
      idp().will(says(strong, { ago: 3570 }))
      const { started, page: first } = await atIdp(who)
      let page = first
      if (page.body.includes('SAMLResponse')) {
        const { action, fields } = formIn(page)
        page = await who.browser.follow(action, { until: who.app.redirectUri, form: fields })
      }
      expect(page.body).toContain('value="allow"')
      return { who, started, page }
    }
    try {
      const waiting = await read()
      clock.ahead = 40_000
      const returned = await agreed(waiting.who, waiting.page)
      expect((await waiting.who.app.redeem(returned, waiting.started)).claims).toMatchObject({
        acr: delegated,
        amr: ['fed'],
      })
      clock.ahead = 0
      const prompt = await read()
      const code = await agreed(prompt.who, prompt.page)
      clock.ahead = 40_000
      const tokens = await prompt.who.app.redeem(code, prompt.started)
      expect(tokens.claims).toMatchObject({ acr: delegated, amr: ['fed'] })
      expect((await introspect(bridge, tokens.accessToken)).acr).toBe(delegated)
    } finally {
      clock.ahead = 0
    }
    // The control: nobody waits.
    const soon = await read()
    const returned = await agreed(soon.who, soon.page)
    expect((await soon.who.app.redeem(returned, soon.started)).claims.acr).toBe(devicePin)
  })
  test('an IdP that says it cannot: no second password, the app is told', async () => {
    const { who } = await somebody()
    idp().will({ cannot: true })
    expect(await errorIn(who, asDevice)).toBe('unmet_authentication_requirements')
    expect(idp().asked).toHaveLength(1)
  })
  test('where our own factors can do it, the IdP is spared', async () => {
    const { who, says } = await somebody()
    idp().will(says(password))
    await enrol(who, await signIn(who))
    const stranger = { ...(await somebody()).who, app: who.app }
    idp().will(says(strong))
    // Another browser, so that there is no session.
    const tokens = await signIn(stranger, asDevicePin)
    expect(idp().asked).toEqual([{ classes: [], fresh: false }])
    // It granted the level by itself, so no PIN was asked.
    expect(tokens.claims).toMatchObject({ acr: devicePin, amr: ['fed', 'mfa', 'pop'] })
    idp().will(says(password))
    const other = { ...(await somebody()).who, app: who.app }
    expect((await signIn(other, asDevicePin)).claims.amr).toEqual(['fed', 'pop', 'pin'])
  })
  test('where the institution wants the IdP first it is asked, and the PIN is what is left when it cannot', async () => {
    const { who, says } = await somebody('idp')
    idp().will(says(password))
    await enrol(who, await signIn(who))
    idp().will(says(strong))
    expect((await signIn(who, asDevicePin)).claims.amr).toEqual(['fed', 'mfa', 'pop'])
    expect(idp().asked).toEqual([{ classes: [strong], fresh: true }])
    const other = { ...(await somebody()).who, app: who.app }
    idp().will({ cannot: true }, says(password))
    expect((await signIn(other, asDevicePin)).claims.amr).toEqual(['fed', 'pop', 'pin'])
    expect(idp().asked.map(({ classes }) => classes)).toEqual([[strong], []])
  })
  test('a payment over the limit is never approved by what the IdP granted', async () => {
    const { who, says } = await somebody('idp')
    idp().will(says(strong))
    expect(await errorIn(who, payment('1240.00'))).toBe('unmet_authentication_requirements')
    expect(idp().asked).toEqual([{ classes: [], fresh: false }])
    // The control: the same customer with the same answer, under the limit, and with the level alone.
    expect((await signIn(who, payment('20.00'))).claims.acr).toBe(devicePin)
    expect((await signIn(who, asDevicePin)).claims.acr).toBe(devicePin)
  })
  test('asked anew, somebody else signs in: nothing is raised', async () => {
    const { who, says } = await somebody()
    idp().will(says(password))
    await signIn(who)
    idp().will({ context: mfa, name: randomUUID() })
    const started = await who.app.begin(asDevice)
    let page = await who.browser.follow(started.url, { until: who.app.redirectUri })
    const action = /action="([^"]*)"/.exec(page.body)?.[1]
    if (action !== undefined && page.body.includes('SAMLResponse')) {
      const fields = [...page.body.matchAll(/name="([^"]*)" value="([^"]*)"/g)].map(([, n = '', v = '']) => [
        n,
        v,
      ])
      page = await who.browser.follow(action, {
        until: who.app.redirectUri,
        form: Object.fromEntries(fields),
      })
    }
    expect([page.status, page.returned]).toEqual([400, undefined])
    expect(page.body).toContain('login.subject_changed')
  })
})

test('by OpenID Connect: a level without the time at which the customer was asked is none', async () => {
  const idp = idps[1] as LevelIdp
  const name = randomUUID()
  const who = await customer(bridge, name, idp.app)
  idp.will({ context: mfa, name, undated: true })
  expect((await signIn(who)).claims).toMatchObject({ acr: delegated, amr: ['fed'] })
  idp.will({ context: mfa, name })
  const other = await customer(bridge, name, idp.app)
  expect((await signIn(other)).claims).toMatchObject({ acr: device, amr: ['fed', 'mfa'] })
})
