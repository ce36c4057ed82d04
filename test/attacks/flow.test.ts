// Attacks on the sign-in as a whole: other browsers, other sites, skipped steps, foreign tokens. Real HTTP throughout.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createBrowser, formIn } from '../../src/demo/app-client.ts'
import { demoRows } from '../../src/demo/institution.ts'
import { startBridge, type TestBridge } from '../journeys/bridge.ts'
import { atIdp, type Customer, customer, signIn, withCode } from '../journeys/customer.ts'

let bridge: TestBridge
beforeAll(async () => {
  bridge = await startBridge()
})
afterAll(() => bridge.stop())

/** What an error page says of itself. */
const codeOn = (body: string): string | undefined => /<code>([a-z_]+\.[a-z_]+)<\/code>/.exec(body)?.[1]
const reference = /DB-[2-9A-Z]{4}-[2-9A-Z]{4}/

async function post(
  url: string,
  fields: Record<string, string> | [string, string][],
  headers: Record<string, string> = {},
) {
  const response = await fetch(url, {
    method: 'POST',
    redirect: 'manual',
    headers: { accept: 'text/html', ...headers },
    body: new URLSearchParams(fields),
  })
  return {
    status: response.status,
    location: response.headers.get('location') ?? undefined,
    body: await response.text(),
    headers: response.headers,
  }
}

describe('the answer of the IdP', () => {
  test('control: delivered by the browser that began, it is accepted', async () => {
    const who = await customer(bridge)
    const { answer } = await atIdp(who)
    const page = await who.browser.follow(answer?.action as string, {
      until: who.app.redirectUri,
      form: answer?.fields,
    })
    expect(page.body).toContain('form_token')
  })
  test('#58 #242 delivered by another browser: refused, and the sign-in itself is unharmed', async () => {
    const who = await customer(bridge)
    const { answer } = await atIdp(who)
    const stranger = createBrowser()
    const page = await stranger.follow(answer?.action as string, {
      until: who.app.redirectUri,
      form: answer?.fields,
    })
    expect([page.status, codeOn(page.body)]).toEqual([400, 'upstream.foreign_browser'])
    const again = await who.browser.follow(answer?.action as string, {
      until: who.app.redirectUri,
      form: answer?.fields,
    })
    expect(again.body).toContain('form_token')
  })
  test('#58 a stranger who has begun a sign-in of his own cannot bring Alice’s answer into it, nor she his', async () => {
    const [alice, mallory] = [await customer(bridge), await customer(bridge, 'bob')]
    const [a, m] = [await atIdp(alice), await atIdp(mallory)]
    const swapped = {
      SAMLResponse: a.answer?.fields.SAMLResponse as string,
      RelayState: m.answer?.fields.RelayState as string,
    }
    const page = await mallory.browser.follow(m.answer?.action as string, {
      until: mallory.app.redirectUri,
      form: swapped,
    })
    expect([page.status, codeOn(page.body)]).toEqual([400, 'saml.in_response_to'])
    const login = await alice.browser.follow(a.answer?.action as string, {
      until: alice.app.redirectUri,
      form: m.answer?.fields,
    })
    expect(codeOn(login.body)).toBe('upstream.foreign_browser')
  })
  test('#242 a handle is good once', async () => {
    const who = await customer(bridge)
    const { answer } = await atIdp(who)
    const posted = await who.browser.go(answer?.action as string, answer?.fields)
    expect((await who.browser.go(posted.location as string)).status).toBe(303)
    const again = await who.browser.go(posted.location as string)
    expect([again.status, codeOn(again.body)]).toEqual([400, 'upstream.handle_unknown'])
    expect((await who.browser.go(`${bridge.issuer}/upstream/${'A'.repeat(43)}`)).status).toBe(400)
  })
  test('#57 unsolicited: no sign-in is waiting for it', async () => {
    const who = await customer(bridge)
    const { answer } = await atIdp(who)
    const alone = { SAMLResponse: answer?.fields.SAMLResponse as string }
    const page = await who.browser.follow(answer?.action as string, {
      until: who.app.redirectUri,
      form: alone,
    })
    expect([page.status, codeOn(page.body)]).toEqual([400, 'upstream.unsolicited'])
  })
  test.each([
    'https://evil.example/',
    '//evil.example',
    'javascript:alert(1)',
    'x'.repeat(10_000),
    'a\r\nSet-Cookie: x=y',
    '<script>',
  ])('#82 RelayState %j is never followed nor shown', async (RelayState) => {
    const who = await customer(bridge)
    const { answer } = await atIdp(who)
    const fields = { SAMLResponse: answer?.fields.SAMLResponse as string, RelayState }
    const page = await who.browser.follow(answer?.action as string, {
      until: who.app.redirectUri,
      form: fields,
    })
    expect([page.status, codeOn(page.body)]).toEqual([400, 'upstream.unsolicited'])
    expect(page.body).not.toContain(RelayState)
  })
  test('#49 two SAMLResponse parameters, none, or too much', async () => {
    const who = await customer(bridge)
    const { answer } = await atIdp(who)
    const acs = answer?.action as string
    const value = answer?.fields.SAMLResponse as string
    expect(
      (
        await post(acs, [
          ['SAMLResponse', value],
          ['SAMLResponse', value],
        ])
      ).status,
    ).toBe(400)
    expect((await post(acs, {})).status).toBe(400)
    expect((await post(acs, { SAMLResponse: 'A'.repeat(400_000) })).status).toBe(413)
    const json = await fetch(acs, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    })
    expect(json.status).toBe(415)
  })
  test('#83 what the IdP says is shown inertly, and one hostile answer does not end the process', async () => {
    const who = await customer(bridge)
    const { answer } = await atIdp(who)
    const evil = Buffer.from(
      '<samlp:Response xmlns:samlp="urn:x"><script>alert(1)</script>\u001b[31m</samlp:Response>',
    ).toString('base64')
    const page = await who.browser.follow(answer?.action as string, {
      until: who.app.redirectUri,
      form: { ...answer?.fields, SAMLResponse: evil } as Record<string, string>,
    })
    expect(page.status).toBe(400)
    expect(page.body).not.toContain('<script>')
    expect(page.body).toMatch(reference)
    expect((await fetch(`${bridge.issuer}/.well-known/openid-configuration`)).status).toBe(200)
  })
  test('#66 the connection is switched off mid-flow', async () => {
    const who = await customer(bridge)
    const { answer } = await atIdp(who)
    const rows = rowsNow()
    const off = {
      ...rows,
      connections: rows.connections.map((row) => ({ ...row, state: 'disabled' as const })),
    }
    await bridge.application.apply([off], { dryRun: false })
    const page = await who.browser.follow(answer?.action as string, {
      until: who.app.redirectUri,
      form: answer?.fields,
    })
    await bridge.application.apply([rows], { dryRun: false })
    expect(codeOn(page.body)).toBe('connection.disabled')
  })
  test('#74 two IdP names are two customers, however alike their e-mail', async () => {
    const [a, b] = [await signIn(await customer(bridge)), await signIn(await customer(bridge, 'bob'))]
    expect(a.claims.sub).not.toBe(b.claims.sub)
  })
})

/** The rows as the demo wrote them. */
function rowsNow() {
  const { d: _private, ...apiKey } = bridge.world.apiKey as Record<string, unknown>
  return demoRows({ world: bridge.world.url, idpCertificate: bridge.world.idpCertificate, apiKey })
}

describe('the interaction', () => {
  const begin = async (who: Customer) => {
    const { answer } = await atIdp(who)
    const page = await who.browser.follow(answer?.action as string, {
      until: who.app.redirectUri,
      form: answer?.fields,
    })
    return { page, form: formIn(page) }
  }
  test('#116 an interaction’s address is worth nothing without its cookie', async () => {
    const who = await customer(bridge)
    const { page } = await begin(who)
    const stranger = await createBrowser().go(page.url)
    expect([stranger.status, codeOn(stranger.body)]).toEqual([400, 'interaction.foreign'])
  })
  test('#116 the session is new at each login: cookies from before it are worth nothing', async () => {
    const who = await customer(bridge)
    const silently = async (cookie: string) => {
      const { url } = await who.app.begin({ prompt: 'none' })
      const answer = await fetch(url, { redirect: 'manual', headers: { cookie } })
      return new URL(answer.headers.get('location') ?? '').searchParams.get('error')
    }
    const { answer } = await atIdp(who)
    const planted = await who.browser.cookies(bridge.issuer)
    await who.browser.follow(answer?.action as string, {
      until: who.app.redirectUri,
      form: answer?.fields ?? {},
    })
    await signIn(who)
    const first = await who.browser.cookies(bridge.issuer)
    // This app is asked for consent each time, so that is as far as a session leads.
    expect([await silently(first), await silently(planted)]).toEqual(['consent_required', 'login_required'])
    await signIn(who, { prompt: 'login' })
    const second = await who.browser.cookies(bridge.issuer)
    expect([await silently(second), await silently(first)]).toEqual(['consent_required', 'login_required'])
  })
  test('#117 finishing one interaction with the form of another', async () => {
    const [a, b] = [await begin(await customer(bridge)), await customer(bridge, 'bob')]
    const other = await begin(b)
    const crossed = await b.browser.go(other.form.action, {
      form_token: a.form.fields.form_token as string,
      do: 'allow',
    })
    expect([crossed.status, codeOn(crossed.body)]).toEqual([403, 'form.forged'])
    const stolen = await b.browser.go(a.form.action, { ...a.form.fields, do: 'allow' })
    expect([stolen.status, codeOn(stolen.body)]).toEqual([400, 'interaction.foreign'])
  })
  test('#117 skipping the login, the PIN, or a second use', async () => {
    const who = await customer(bridge)
    const started = await who.app.begin()
    const sent = await who.browser.go(started.url)
    const uid = (sent.location as string).split('/').at(-1) as string
    const early = await who.browser.go(`${bridge.issuer}/interaction/${uid}/consent`, {
      form_token: 'x',
      do: 'allow',
    })
    expect(early.status).toBe(403)
    const resumed = await who.browser.go(`${bridge.issuer}/authorize/${uid}`)
    expect(resumed.location ?? '').not.toContain('code=')
    const fresh = await customer(bridge)
    const { form, page } = await begin(fresh)
    const done = await fresh.browser.follow(form.action, {
      until: fresh.app.redirectUri,
      form: { ...form.fields, do: 'allow' },
    })
    expect(done.returned).toContain('code=')
    const back = await fresh.browser.go(page.url)
    expect([back.status, back.body.includes('<form')]).toEqual([200, false])
    // A second press is led to where the first one led: the same redirect, and never a second code.
    const twice = await fresh.browser.go(form.action, { ...form.fields, do: 'deny' })
    expect([twice.status, twice.location]).toEqual([303, done.returned])
  })
  test('two tabs and a double click end in one consistent result', async () => {
    const who = await customer(bridge)
    const { form } = await begin(who)
    const both = await Promise.all(
      [1, 2].map(() =>
        who.browser.follow(form.action, {
          until: who.app.redirectUri,
          form: { ...form.fields, do: 'allow' },
        }),
      ),
    )
    expect(both.map(({ returned }) => returned?.includes('code='))).toEqual([true, true])
    expect(both[0]?.returned).toBe(both[1]?.returned)
  })
  test('#118 a form posted by another site, or without its token', async () => {
    const who = await customer(bridge)
    const { form, page } = await begin(who)
    const tokenless = await who.browser.go(form.action, { do: 'allow' })
    expect([tokenless.status, codeOn(tokenless.body)]).toEqual([403, 'form.forged'])
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
    ] as Record<string, string>[]) {
      const crossed = await post(form.action, { ...form.fields, do: 'allow' }, headers)
      expect([crossed.status, codeOn(crossed.body)]).toEqual([403, 'form.forged'])
    }
    const shown = await fetch(page.url, { headers: { accept: 'text/html' } })
    expect(shown.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    const good = await who.browser.follow(form.action, {
      until: who.app.redirectUri,
      form: { ...form.fields, do: 'allow' },
    })
    expect(good.returned).toContain('code=')
  })
  test('the customer says no at the IdP: access_denied, once, and nothing is left open', async () => {
    const who = await customer(bridge)
    const started = await who.app.begin()
    const login = formIn(await who.browser.follow(started.url, { until: who.app.redirectUri }))
    const answer = formIn(
      await who.browser.follow(login.action, {
        until: who.app.redirectUri,
        form: { ...login.fields, do: 'cancel' },
      }),
    )
    const denied = await who.browser.follow(answer.action, {
      until: who.app.redirectUri,
      form: answer.fields,
    })
    const { searchParams } = new URL(denied.returned as string)
    expect([searchParams.get('error'), searchParams.get('state')]).toEqual(['access_denied', started.state])
    const again = await who.browser.follow(answer.action, { until: who.app.redirectUri, form: answer.fields })
    expect([again.status, again.returned]).toEqual([400, undefined])
  })
  test('the customer says no at consent: access_denied', async () => {
    const who = await customer(bridge)
    const { form } = await begin(who)
    const denied = await who.browser.follow(form.action, {
      until: who.app.redirectUri,
      form: { ...form.fields, do: 'deny' },
    })
    expect(new URL(denied.returned as string).searchParams.get('error')).toBe('access_denied')
  })
  test('#115 a claims parameter cannot raise, forge or overload', async () => {
    const who = await customer(bridge)
    const claims = JSON.stringify({
      id_token: { acr: { essential: true, value: 'urn:drawbridge:acr:device-pin' } },
    })
    const weak = await withCode(who, { claims })
    expect(new URL(weak.returned).searchParams.get('error')).toBe('unmet_authentication_requirements')
    const forged = await signIn(await customer(bridge), {
      claims: JSON.stringify({
        id_token: { sub: null, email: { essential: true }, cnf: null },
        userinfo: { email: null, phone_number: null },
      }),
    })
    expect(Object.keys(forged.claims)).not.toContain('cnf')
    await expect(who.app.begin({ claims: '[]' })).rejects.toThrow()
    await expect(
      who.app.begin({ claims: `{"userinfo":${'{"a":'.repeat(3000)}1${'}'.repeat(3000)}}` }),
    ).rejects.toThrow()
  })
})

describe('bad input', () => {
  test('an unknown institution is 404, as a page and as JSON, with code and reference', async () => {
    const origin = new URL(bridge.issuer).origin
    const page = await fetch(`${origin}/nobody/authorize`, { headers: { accept: 'text/html' } })
    expect(page.status).toBe(404)
    const body = await page.text()
    expect(body).toMatch(reference)
    expect(codeOn(body)).toBe('institution.unknown')
    const json = await fetch(`${origin}/nobody/token`, {
      method: 'POST',
      headers: { accept: 'application/json' },
    })
    expect(await json.json()).toMatchObject({
      code: 'institution.unknown',
      reference: expect.stringMatching(reference),
    })
  })
  test('#224 a Host or X-Forwarded-Host of another changes nothing that we say of ourselves', async () => {
    const response = await fetch(`${bridge.issuer}/.well-known/openid-configuration`, {
      headers: { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' },
    })
    expect(JSON.stringify(await response.json())).not.toContain('evil.example')
  })
  test('an unknown interaction says how to start again, without a stack', async () => {
    const page = await fetch(`${bridge.issuer}/interaction/${'A'.repeat(21)}`, {
      headers: { accept: 'text/html' },
    })
    expect(page.status).toBe(400)
    const body = await page.text()
    expect(body).toMatch(reference)
    expect(body).toMatch(/start again/i)
    expect(body).not.toMatch(/at .*\.ts:|node_modules/)
  })
  test('what no route knows', async () => {
    expect((await fetch(`${bridge.issuer}/no/such/thing`)).status).toBe(404)
    expect((await fetch(`${bridge.issuer}/assets/../../package.json`)).status).toBe(404)
  })
})
