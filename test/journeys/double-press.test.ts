// A button pressed twice, a form in two tabs, a way back that the browser dropped: one result, and it reaches the app.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createBrowser, formIn } from '../../src/demo/app-client.ts'
import { startBridge, type TestBridge } from './bridge.ts'
import { asked, type Customer, codeIn, customer, enrolled, pin, signIn, silent } from './customer.ts'

let bridge: TestBridge
beforeAll(async () => {
  bridge = await startBridge()
})
afterAll(() => bridge.stop())

/** One that the PIN page asks for. */
const payment = {
  type: 'payment_initiation',
  instructedAmount: { currency: 'EUR', amount: '1240.00' },
  debtorAccount: { iban: 'ES9121000418450200051332' },
  creditorName: 'Nordhaven Energy',
  creditorAccount: { iban: 'DE89370400440532013000' },
}
const codeOn = (body: string): string | undefined => /<code>([a-z_]+\.[a-z_]+)<\/code>/.exec(body)?.[1]

const paying = {
  authorization_details: JSON.stringify([payment]),
  acr_values: 'urn:drawbridge:acr:device-pin',
}
let owner: Promise<Customer>
beforeAll(() => {
  owner = enrolled(bridge)
})

const questions = [
  ['consent', async () => ({ who: await customer(bridge), extra: {}, yes: { do: 'allow' } })],
  ['PIN', async () => ({ who: await owner, extra: paying, yes: { do: 'approve', pin } })],
] as const

describe.each(questions)('the %s page, answered twice', (_, make) => {
  /** What comes to the app after a press: the redirects are followed. */
  const press = (who: Customer, action: string, fields: Record<string, string>) =>
    who.browser.follow(action, { until: who.app.redirectUri, form: fields })

  test('the way back of the first was dropped before the code was made', async () => {
    const { who, extra, yes } = await make()
    const { started, form } = await asked(who, extra)
    const dropped = await who.browser.go(form.action, { ...form.fields, ...yes })
    expect(dropped.status).toBe(303)
    const { returned } = await press(who, form.action, { ...form.fields, ...yes })
    expect((await who.app.redeem(returned as string, started)).accessToken).toBeTruthy()
  })
  test('it was dropped after the code was made: the same code, never a second', async () => {
    const { who, extra, yes } = await make()
    const { started, form } = await asked(who, extra)
    const first = await press(who, form.action, { ...form.fields, ...yes })
    const second = await press(who, form.action, { ...form.fields, ...yes })
    expect(codeIn(second.returned as string)).toMatch(/./)
    expect(second.returned).toBe(first.returned)
    expect((await who.app.redeem(second.returned as string, started)).accessToken).toBeTruthy()
  })
  test('both at once: every way leads to the app, with one code', async () => {
    const { who, extra, yes } = await make()
    const { started, form } = await asked(who, extra)
    const fields = { ...form.fields, ...yes }
    const ways = await Promise.all([1, 2, 3].map(() => press(who, form.action, fields)))
    expect(ways.map(({ status, body, returned }) => [status, codeOn(body), returned])).toEqual(
      ways.map(() => [303, undefined, ways[0]?.returned]),
    )
    expect((await who.app.redeem(ways[0]?.returned as string, started)).accessToken).toBeTruthy()
  })
  test('yes, then no: what was said first holds', async () => {
    const { who, extra, yes } = await make()
    const { form } = await asked(who, extra)
    const first = await press(who, form.action, { ...form.fields, ...yes })
    const second = await press(who, form.action, { ...form.fields, do: 'deny' })
    expect(second.returned).toBe(first.returned)
  })
  test('no, twice: the app is told once what it is told again', async () => {
    const { who, extra } = await make()
    const { form } = await asked(who, extra)
    const first = await press(who, form.action, { ...form.fields, do: 'deny' })
    const second = await press(who, form.action, { ...form.fields, do: 'deny' })
    expect(new URL(first.returned as string).searchParams.get('error')).toBe('access_denied')
    expect(second.returned).toBe(first.returned)
  })
  test('by another browser: nothing', async () => {
    const { who, extra, yes } = await make()
    const { form } = await asked(who, extra)
    const first = await press(who, form.action, { ...form.fields, ...yes })
    const stranger = await createBrowser().go(form.action, { ...form.fields, ...yes })
    expect([stranger.status, codeOn(stranger.body), stranger.location]).toEqual([
      400,
      'interaction.foreign',
      undefined,
    ])
    const uid = form.action.split('/').at(-2) as string
    const resumed = await createBrowser().go(`${bridge.issuer}/authorize/${uid}`)
    expect([resumed.status, resumed.location]).toEqual([400, undefined])
    expect(first.returned).toContain('code=')
  })
})

const yes = { do: 'allow' }

describe('the session that a sign-in becomes, where the way back with its cookie was dropped', () => {
  /** Asks for consent, and presses as a browser does that is told at once to press again: what it sent arrives, no answer does. */
  async function pressedUnheard(who: Customer) {
    const { form } = await asked(who)
    const fields = { ...form.fields, ...yes }
    const uid = form.action.split('/').at(-2) as string
    const unheard = createBrowser()
    for (const url of [form.action, `${bridge.issuer}/authorize/${uid}`])
      await unheard.plant(await who.browser.cookies(url), url)
    const { returned } = await unheard.follow(form.action, { until: who.app.redirectUri, form: fields })
    expect(returned).toContain('code=')
    return {
      first: returned,
      unheard,
      again: () => who.browser.follow(form.action, { until: who.app.redirectUri, form: fields }),
    }
  }
  test.each(['by a browser that is signed in', 'by one that is not yet'])('%s', async (kind) => {
    const who = await customer(bridge)
    if (kind === 'by a browser that is signed in') await signIn(who)
    const { first, again } = await pressedUnheard(who)
    expect((await again()).returned).toBe(first)
    expect(await silent(who)).toBe('consent_required')
  })
  test('pressed at once, again and again: every browser stays signed in', async () => {
    const who = await customer(bridge)
    for (let i = 0; i < 6; i++) {
      const { form } = await asked(who)
      const press = { until: who.app.redirectUri, form: { ...form.fields, ...yes } }
      const ways = await Promise.all([1, 2, 3].map(() => who.browser.follow(form.action, press)))
      expect(ways.map(({ returned }) => returned)).toEqual(ways.map(() => ways[0]?.returned))
      expect(await silent(who)).toBe('consent_required')
    }
  })
  test('what another tab asks with the identifier of before leaves the new one alone', async () => {
    const who = await customer(bridge)
    await signIn(who)
    const before = await who.browser.cookies(bridge.issuer)
    await signIn(who)
    for (const prompt of ['consent', 'none']) {
      const { url } = await who.app.begin({ prompt })
      const late = await fetch(url, { redirect: 'manual', headers: { cookie: before } })
      const set = late.headers.getSetCookie().map((line) => line.split('=')[0])
      expect([late.status, set.filter((name) => name?.includes('session'))]).toEqual([303, []])
    }
    expect(await silent(who)).toBe('consent_required')
  })
  test('one that has ended meanwhile is given to nobody', async () => {
    const who = await customer(bridge)
    const { unheard, again } = await pressedUnheard(who)
    const page = await unheard.go(`${bridge.issuer}/sign-out`)
    const form = formIn(page)
    expect((await unheard.go(form.action, { ...form.fields, logout: 'yes' })).status).toBeLessThan(400)
    await again()
    expect(await silent(who)).toBe('login_required')
  })
  test('a browser that has a session keeps its own', async () => {
    const who = await customer(bridge)
    const { again } = await pressedUnheard(who)
    await signIn(who, { prompt: 'login' })
    const session = () => who.browser.cookies(bridge.issuer)
    const own = await session()
    await again()
    expect(await session()).toBe(own)
  })
  test('no other browser gets it, whatever cookies of the provider were planted there', async () => {
    const who = await customer(bridge)
    const { form } = await asked(who)
    const fields = { ...form.fields, ...yes }
    const stranger = createBrowser()
    for (const url of [form.action, `${bridge.issuer}/authorize/${form.action.split('/').at(-2)}`]) {
      const planted = (await who.browser.cookies(url))
        .split('; ')
        .filter((pair) => !pair.startsWith('db_browser='))
      await stranger.plant(planted.join('; '), url)
    }
    await who.browser.follow(form.action, { until: who.app.redirectUri, form: fields })
    const resume = `${bridge.issuer}/authorize/${form.action.split('/').at(-2)}`
    const [pressed, resumed] = [await stranger.go(form.action, fields), await stranger.go(resume)]
    expect([pressed.status, pressed.location, resumed.status, resumed.location]).toEqual([
      400,
      undefined,
      400,
      undefined,
    ])
    expect(await silent({ ...who, browser: stranger })).toBe('login_required')
  })
})

test('two tabs of one browser, each with its own sign-in: both end, neither with the code of the other', async () => {
  const who = await customer(bridge)
  const [one, two] = [await asked(who), await asked(who)]
  const until = who.app.redirectUri
  const second = await who.browser.follow(two.form.action, { until, form: { ...two.form.fields, ...yes } })
  const first = await who.browser.follow(one.form.action, { until, form: { ...one.form.fields, ...yes } })
  expect(codeIn(first.returned as string)).not.toBe(codeIn(second.returned as string))
  const tokens = await who.app.redeem(second.returned as string, two.started)
  expect(tokens.accessToken).toBeTruthy()
  expect((await who.app.redeem(first.returned as string, one.started)).claims.sub).toBe(tokens.claims.sub)
})
