// Genuine forms at the wrong time, planted cookies, other sites and frames: 116, 117 and 118 with all that makes them real.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createBrowser, formIn } from '../../src/demo/app-client.ts'
import { startBridge, type TestBridge } from '../journeys/bridge.ts'
import { atIdp, type Customer, customer, enrolled, introspect, pin, signIn } from '../journeys/customer.ts'
import { applyTwo, business, opened, personal } from '../journeys/two-connections.ts'

let bridge: TestBridge
let owner: Customer
beforeAll(async () => {
  bridge = await startBridge()
  await applyTwo(bridge, {
    app: { connections: [personal] },
    apps: [{ id: 'alder-two', name: 'Alder Two', connections: [personal, business] }],
  })
  owner = await enrolled(bridge)
}, 120_000)
afterAll(() => bridge.stop())

const codeOn = (body: string): string | undefined => /<code>([a-z_]+\.[a-z_]+)<\/code>/.exec(body)?.[1]
const withPin = { acr_values: 'urn:drawbridge:acr:device-pin' }
const wrongStep = [400, 'interaction.step', undefined]

/** Up to the first question of ours: the PIN where it is needed, else consent. */
async function asked(who: Customer, extra: Readonly<Record<string, string>> = {}) {
  const { started, page, answer } = await atIdp(who, extra)
  const known = answer ?? (page.body.includes('name="SAMLResponse"') ? formIn(page) : undefined)
  const until = who.app.redirectUri
  const shown = known ? await who.browser.follow(known.action, { until, form: known.fields }) : page
  return { started, page: shown, form: formIn(shown) }
}

/** Posts the page's own fields, token included, to another of the interaction's addresses. */
async function misposted(who: Customer, form: ReturnType<typeof formIn>, [to, fields]: [string, object]) {
  const action = form.action.replace(/[^/]+$/, to)
  const { status, body, location } = await who.browser.go(action, { ...form.fields, ...fields })
  return [status, codeOn(body), location]
}

describe('#117 a genuine form token at the wrong step', () => {
  const until = () => owner.app.redirectUri
  test('consent while the PIN is asked for: no code', async () => {
    const { page, form } = await asked(owner, withPin)
    expect(page.body).toContain('name="pin"')
    expect(await misposted(owner, form, ['consent', { do: 'allow' }])).toEqual(wrongStep)
    const uid = form.action.split('/').at(-2) as string
    const resumed = await owner.browser.follow(`${bridge.issuer}/authorize/${uid}`, { until: until() })
    expect(resumed.returned ?? '').not.toContain('code=')
  })
  test('a PIN that nobody asked for: the level stays what it was', async () => {
    const { started, page, form } = await asked(owner)
    expect(page.body).not.toContain('name="pin"')
    expect(await misposted(owner, form, ['pin', { pin, do: 'approve' }])).toEqual(wrongStep)
    const yes = { ...form.fields, do: 'allow' }
    const { returned } = await owner.browser.follow(form.action, { until: until(), form: yes })
    const { claims } = await owner.app.redeem(returned as string, started)
    expect([claims.acr, claims.amr]).toEqual(['urn:drawbridge:acr:device', ['fed', 'pop']])
  })
  test('PIN and consent before the customer has been at the IdP', async () => {
    const who = await customer(bridge, 'alice', 'alder-two')
    const { page } = await opened(who)
    const form = formIn(page)
    expect(form.fields.form_token).toMatch(/./)
    expect(await misposted(who, form, ['consent', { do: 'allow' }])).toEqual(wrongStep)
    expect(await misposted(who, form, ['pin', { pin, do: 'approve' }])).toEqual(wrongStep)
    const uid = form.action.split('/').at(-2) as string
    const resumed = await who.browser.go(`${bridge.issuer}/authorize/${uid}`)
    expect(resumed.location ?? '').not.toContain('code=')
    // Control: the same token at its own step.
    const chosen = await who.browser.go(form.action, { ...form.fields, connection: business })
    expect(chosen.location).toContain('/interaction/')
  })
  test('control: the PIN at its step, then consent at its own', async () => {
    const { started, form } = await asked(owner, withPin)
    const next = await owner.browser.follow(form.action, {
      until: until(),
      form: { ...form.fields, pin, do: 'approve' },
    })
    const consent = formIn(next)
    // The PIN once more, where it has been given: nothing is counted, and the way leads on.
    const again = await owner.browser.go(form.action, { ...form.fields, pin: '000000', do: 'approve' })
    expect([again.status, again.location]).toEqual([303, next.url])
    const { returned } = await owner.browser.follow(consent.action, {
      until: until(),
      form: { ...consent.fields, do: 'allow' },
    })
    const { claims } = await owner.app.redeem(returned as string, started)
    expect(claims.acr).toBe('urn:drawbridge:acr:device-pin')
  })
})

/** One request with chosen headers beside the browser's cookies. */
async function crossed(who: Customer, url: string, fields: object, headers: Record<string, string>) {
  const response = await fetch(url, {
    method: 'POST',
    redirect: 'manual',
    headers: { accept: 'text/html', cookie: await who.browser.cookies(url), ...headers },
    body: new URLSearchParams({ ...fields }),
  })
  return [response.status, codeOn(await response.text()), response.headers.get('location') ?? undefined]
}

describe('#118 another site posts in the customer’s name, with the customer’s cookies', () => {
  const sites: Record<string, string>[] = [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
  ]
  const forged = [403, 'form.forged', undefined]
  test.each([
    ['the PIN', withPin, { pin, do: 'approve' }],
    ['consent', {}, { do: 'allow' }],
  ])('%s', async (_, extra, yes) => {
    const { form } = await asked(owner, extra)
    const fields = { ...form.fields, ...yes }
    for (const headers of sites) expect(await crossed(owner, form.action, fields, headers)).toEqual(forged)
    const { form_token: _token, ...tokenless } = fields as Record<string, string>
    const ours = { 'sec-fetch-site': 'same-origin' }
    expect(await crossed(owner, form.action, tokenless, ours)).toEqual(forged)
    const [status, , location] = await crossed(owner, form.action, fields, ours)
    expect([status, location]).toEqual([303, expect.stringMatching(/authorize|interaction/)])
  })
  test('sign-out: without the secret of the session’s own page nobody is signed out', async () => {
    const who = await customer(bridge)
    const tokens = await signIn(who)
    const page = await who.browser.go(`${bridge.issuer}/sign-out?id_token_hint=${tokens.idToken}`)
    const form = formIn(page)
    expect(page.body).toContain('name="xsrf"')
    for (const xsrf of ['', 'x'.repeat(43)]) {
      const [status] = await crossed(
        who,
        form.action,
        { xsrf, logout: 'yes' },
        { 'sec-fetch-site': 'cross-site' },
      )
      expect(status).toBe(400)
    }
    expect((await introspect(bridge, tokens.accessToken)).active).toBe(true)
    await who.browser.go(form.action, { ...form.fields, logout: 'yes' })
    expect((await introspect(bridge, tokens.accessToken)).active).toBe(false)
  })
  test('the pages themselves, as their customer sees them, may not be framed', async () => {
    const { page } = await asked(owner, withPin)
    const consent = await asked(owner)
    for (const url of [page.url, consent.page.url, `${bridge.issuer}/sign-out`]) {
      const cookie = await owner.browser.cookies(url)
      const shown = await fetch(url, { headers: { accept: 'text/html', cookie } })
      expect([shown.status, await shown.text()]).toEqual([200, expect.stringContaining('<form')])
      expect(shown.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
      expect(shown.headers.get('x-frame-options')).toBe('DENY')
    }
  })
})

describe('#116 cookies that somebody else has made', () => {
  const named = (cookies: string, name: string): string | undefined =>
    cookies.split('; ').find((pair) => pair.startsWith(`${name}=`))
  test('a session planted before the sign-in is not the session after it', async () => {
    // The attacker's own session: made, and then signed out of, so that it stands for nobody.
    const attacker = await customer(bridge, 'bob')
    await signIn(attacker)
    const at = `${bridge.issuer}/authorize`
    const planted = await attacker.browser.cookies(at)
    expect(planted).toMatch(/session/)
    const victim = await customer(bridge)
    const started = await victim.app.begin()
    await victim.browser.plant(planted, bridge.issuer)
    const page = await victim.browser.follow(started.url, { until: victim.app.redirectUri })
    expect(page.returned).toBeUndefined()
    const tokens = await signIn(victim, { prompt: 'login' })
    const after = await victim.browser.cookies(at)
    const name = /(\S*session)=/.exec(planted)?.[1] as string
    expect(named(after, name)).toMatch(/./)
    expect(named(after, name)).not.toBe(named(planted, name))
    // What the attacker holds has not become the victim's.
    const silent = await attacker.app.begin({ prompt: 'none' })
    const { returned } = await attacker.browser.follow(silent.url, { until: attacker.app.redirectUri })
    const got = new URL(returned as string).searchParams
    if (got.get('code') !== null) {
      const { claims } = await attacker.app.redeem(returned as string, silent)
      expect(claims.sub).not.toBe(tokens.claims.sub)
    } else expect(got.get('error')).toMatch(/_required$/)
  })
  test('a link to a sign-in that somebody else has begun opens nothing', async () => {
    const attacker = await customer(bridge, 'bob')
    const { page } = await asked(attacker)
    const uid = page.url.split('/').at(-1) as string
    for (const address of [page.url, `${page.url}/choose`, `${bridge.issuer}/authorize/${uid}`]) {
      const there = await createBrowser().go(address)
      expect([there.status, there.location]).toEqual([400, undefined])
      expect(there.body).not.toContain('form_token')
    }
  })
  test('a sign-in begun elsewhere, planted with its cookies: the answer of the victim’s IdP never reaches it', async () => {
    const attacker = await customer(bridge, 'bob')
    const { page } = await asked(attacker)
    const victim = createBrowser()
    const theirs = await attacker.browser.cookies(page.url)
    const withoutOurs = theirs
      .split('; ')
      .filter((pair) => !pair.startsWith('db_browser='))
      .join('; ')
    expect(withoutOurs).toMatch(/interaction/)
    await victim.plant(withoutOurs, page.url)
    const there = await victim.go(page.url)
    expect([there.status, codeOn(there.body)]).toEqual([400, 'interaction.foreign'])
    // Control: with all of them it is the attacker's own browser.
    await victim.plant(theirs, page.url)
    expect((await victim.go(page.url)).body).toContain('form_token')
  })
})
