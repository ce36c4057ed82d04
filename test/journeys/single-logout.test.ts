// Single logout with the bank's SAML IdP, both ways, over real HTTP.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formIn } from '../../src/demo/app-client.ts'
import { phoneId } from '../../src/demo/institution.ts'
import { readRedirect } from '../../src/xml/saml/redirect-binding.ts'
import { enveloped } from '../../src/xml/signed-info.ts'
import { startBridge, type TestBridge } from './bridge.ts'
import { introspect } from './customer.ts'
import { type BackEnd, startBackEnd } from './relying-party.ts'
import {
  byRedirect,
  inside,
  type LogoutIdp,
  requestFor,
  responseTo,
  type SignedIn,
  signedIn,
  withLogout,
} from './upstream-logout.ts'

let bridge: TestBridge
let idp: LogoutIdp
let phone: BackEnd

beforeAll(async () => {
  bridge = await startBridge()
  phone = await startBackEnd(bridge.issuer, phoneId)
  idp = await withLogout(bridge, {
    relyingParties: (rows) => ({
      ...rows,
      relyingParties: rows.relyingParties.map((party) =>
        party.id === phoneId ? { ...party, backchannelLogoutUri: phone.url } : party,
      ),
    }),
  })
})
afterAll(async () => {
  await Promise.all([phone.stop(), bridge.stop()])
})

const active = async (who: SignedIn) => (await introspect(bridge, who.tokens.accessToken)).active

async function signOut(who: SignedIn) {
  const back = `${bridge.world.url}/phone/`
  const query = new URLSearchParams({
    id_token_hint: who.tokens.idToken as string,
    post_logout_redirect_uri: back,
    state: 'after',
  })
  const asked = await who.browser.go(`${bridge.issuer}/sign-out?${query}`)
  const form = formIn(asked)
  const left = await who.browser.go(form.action, { ...form.fields, logout: 'yes' })
  return { back: `${back}?state=after`, asked, left }
}

/** Our certificate, as the IdP has it from our metadata. */
async function ownCertificate(): Promise<string> {
  const xml = await (await fetch(`${bridge.issuer}/saml/alder-idp/metadata`)).text()
  const body = /use="signing">.*?<ds:X509Certificate>([^<]+)</.exec(xml)?.[1] ?? ''
  return `-----BEGIN CERTIFICATE-----\n${body.match(/.{1,64}/g)?.join('\n')}\n-----END CERTIFICATE-----\n`
}

describe('from the app to the IdP', () => {
  test('our session is over at once; the IdP is asked by a signed request, and its answer leads back to the app', async () => {
    const who = await signedIn(bridge)
    const { back, left } = await signOut(who)
    expect(await active(who)).toBe(false)
    expect(left.location).toContain(`${idp.sloUrl}?SAMLRequest=`)
    const { name, xml } = readRedirect(new URL(left.location as string).search.slice(1), [
      await ownCertificate(),
    ])
    expect(name).toBe('SAMLRequest')
    const text = xml.toString()
    expect(text).toContain(`>${who.nameId.value}</saml2:NameID>`)
    expect(text).toContain(`<samlp:SessionIndex>${who.sessionIndex}</samlp:SessionIndex>`)
    const id = /ID="([^"]+)"/.exec(text)?.[1] as string
    const answer = await byRedirect(idp, responseTo(idp, id), { name: 'SAMLResponse' })
    expect((await who.browser.go(answer)).location).toBe(back)
    const again = await who.browser.go(answer)
    expect([again.status, again.body]).toEqual([400, expect.stringContaining('logout.refused')])
  })
  test('the page of the question lets the browser follow to the IdP and to the app', async () => {
    const who = await signedIn(bridge)
    const page = await fetch(`${bridge.issuer}/sign-out`, {
      headers: { cookie: await who.browser.cookies(bridge.issuer), accept: 'text/html' },
    })
    expect(page.headers.get('content-security-policy')).toContain(new URL(idp.sloUrl).origin)
  })
  test('an answer in another browser, or to another request, leads nowhere', async () => {
    const [who, stranger] = [await signedIn(bridge), await signedIn(bridge, 'bob')]
    const { left, back } = await signOut(who)
    const id = /ID="([^"]+)"/.exec(inside(left.location as string))?.[1] as string
    const answer = await byRedirect(idp, responseTo(idp, id), { name: 'SAMLResponse' })
    expect((await stranger.browser.go(answer)).status).toBe(400)
    const foreign = await byRedirect(idp, responseTo(idp, '_other'), { name: 'SAMLResponse' })
    expect((await who.browser.go(foreign)).status).toBe(400)
    expect((await who.browser.go(answer)).location).toBe(back)
  })
  test('an answer by POST comes without our cookie, and is taken when the browser comes itself', async () => {
    const who = await signedIn(bridge)
    const { left, back } = await signOut(who)
    const id = /ID="([^"]+)"/.exec(inside(left.location as string))?.[1] as string
    const xml = await enveloped(responseTo(idp, id), idp.signer)
    const response = await fetch(idp.service, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({ SAMLResponse: Buffer.from(xml).toString('base64') }),
    })
    expect(response.status).toBe(303)
    const next = new URL(response.headers.get('location') as string, idp.service).href
    expect((await who.browser.go(next)).location).toBe(back)
  })
})

describe('from the IdP to the apps', () => {
  test('its signed request ends the session that it names and no other; apps hear, the IdP gets a signed answer', async () => {
    const [who, kept] = [await signedIn(bridge), await signedIn(bridge)]
    const message = requestFor(idp, who)
    const answered = await who.browser.go(await byRedirect(idp, message, { relayState: 'r&1' }))
    expect(await active(who)).toBe(false)
    expect(await active(kept)).toBe(true)
    const url = new URL(answered.location as string)
    expect([`${url.origin}${url.pathname}`, url.searchParams.get('RelayState')]).toEqual([idp.sloUrl, 'r&1'])
    const { name, xml } = readRedirect(url.search.slice(1), [await ownCertificate()])
    expect([name, xml.toString()]).toEqual([
      'SAMLResponse',
      expect.stringContaining(`InResponseTo="${message.id}"`),
    ])
    expect(xml.toString()).toContain('status:Success')
    await phone.about(who.tokens.claims.sid)
    expect(phone.heard.map(({ claims }) => claims.sid)).not.toContain(kept.tokens.claims.sid)
    // The browser's session is gone too: the next sign-in asks the IdP.
    const again = await who.browser.follow((await who.app.begin()).url, { until: who.app.redirectUri })
    expect(again.body).toContain('SAMLResponse')
  })
  test('without an index it means every session of the customer', async () => {
    const [a, b, other] = [await signedIn(bridge), await signedIn(bridge), await signedIn(bridge, 'bob')]
    await fetch(await byRedirect(idp, requestFor(idp, { ...a, sessionIndex: '' })), { redirect: 'manual' })
    expect([await active(a), await active(b), await active(other)]).toEqual([false, false, true])
  })
})
