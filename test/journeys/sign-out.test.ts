// Signing out at the app: the session and everything that it gave is over, and every app of it hears so.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApp, formIn } from '../../src/demo/app-client.ts'
import { demoRows, phoneId } from '../../src/demo/institution.ts'
import { startBridge, type TestBridge } from './bridge.ts'
import { type Customer, customer, introspect, signIn, token } from './customer.ts'
import { type BackEnd, startBackEnd } from './relying-party.ts'

let bridge: TestBridge
let phone: BackEnd
let other: BackEnd
const otherId = 'alder-desk'

beforeAll(async () => {
  bridge = await startBridge()
  phone = await startBackEnd(bridge.issuer, phoneId)
  other = await startBackEnd(bridge.issuer, otherId)
  const { d: _, ...publicKey } = bridge.world.apiKey
  const rows = demoRows({
    world: bridge.world.url,
    idpCertificate: bridge.world.idpCertificate,
    apiKey: publicKey,
  })
  const relyingParties = rows.relyingParties.flatMap((party) =>
    party.id === phoneId
      ? [
          { ...party, backchannelLogoutUri: phone.url },
          { ...party, id: otherId, name: 'Alder Desk', backchannelLogoutUri: other.url },
        ]
      : [party],
  )
  await bridge.application.apply([{ ...rows, relyingParties }], { dryRun: false })
})
afterAll(async () => {
  await Promise.all([phone.stop(), other.stop(), bridge.stop()])
})

/** From the app's request to the answer to the question on the page. */
async function signOut(
  who: Customer,
  { query, answer }: { query: Record<string, string>; answer: Record<string, string> },
) {
  const asked = await who.browser.go(`${bridge.issuer}/sign-out?${new URLSearchParams(query)}`)
  const form = formIn(asked)
  return who.browser.go(form.action, { ...form.fields, ...answer })
}

test('nobody is signed in: a page that sends itself on, and whose policy lets through that and nothing else', async () => {
  const back = `${bridge.world.url}/phone/`
  const query = new URLSearchParams({ client_id: phoneId, post_logout_redirect_uri: back })
  const page = await fetch(`${bridge.issuer}/sign-out?${query}`, { headers: { accept: 'text/html' } })
  const body = await page.text()
  const policy = page.headers.get('content-security-policy') ?? ''
  const nonce = /<script nonce="([^"]+)">/.exec(body)?.[1]
  expect(nonce).toMatch(/^[\w-]{16,}$/)
  const at = (directive: string) => policy.split('; ').find((one) => one.startsWith(`${directive} `))
  expect([at('default-src'), at('script-src'), at('frame-ancestors')]).toEqual([
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    "frame-ancestors 'none'",
  ])
  const ends = [new URL(bridge.issuer).origin, new URL(back).origin]
  expect(at('form-action')).toBe(`form-action 'self' ${ends.join(' ')}`)
  expect([page.status, page.headers.get('x-frame-options')]).toEqual([200, 'DENY'])
  expect(page.headers.get('cache-control')).toContain('no-store')
})

describe('the customer signs out', () => {
  test('the session, its grants and its tokens are over; the app hears so by a token that it can judge', async () => {
    const who = await customer(bridge)
    const tokens = await signIn(who)
    expect((await introspect(bridge, tokens.accessToken)).active).toBe(true)
    const back = `${bridge.world.url}/phone/`
    const query = { id_token_hint: tokens.idToken as string, post_logout_redirect_uri: back, state: 's1' }
    const left = await signOut(who, { query, answer: { logout: 'yes' } })
    expect(left.location).toBe(`${back}?state=s1`)
    expect(await introspect(bridge, tokens.accessToken)).toEqual({ active: false })
    const refreshed = await token(who, {
      grant_type: 'refresh_token',
      refresh_token: tokens.refreshToken as string,
    })
    expect([refreshed.status, refreshed.json.error]).toEqual([400, 'invalid_grant'])
    const said = await phone.about(tokens.claims.sid)
    expect(said.header).toMatchObject({ alg: 'ES256', typ: 'logout+jwt' })
    expect(said.claims).toMatchObject({
      sub: tokens.claims.sub,
      sid: tokens.claims.sid,
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    })
    expect(said.claims).not.toHaveProperty('nonce')
    expect(Object.keys(said.claims).sort()).toEqual('aud events exp iat iss jti sid sub'.split(' '))
  })
  test('an app may ask by POST, from a page of its own', async () => {
    const who = await customer(bridge)
    await signIn(who)
    const asked = await who.browser.go(`${bridge.issuer}/sign-out`, { client_id: phoneId, state: 'x' })
    expect(asked.status).toBe(303)
    const page = await who.browser.go(asked.location as string)
    expect([page.status, page.body]).toEqual([200, expect.stringContaining('name="logout"')])
  })
  test('an app that is down is told again, with the same jti; nothing is sent within the request', async () => {
    const who = await customer(bridge)
    await signIn(who)
    const [heard, posts] = [phone.heard.length, phone.posts()]
    phone.answerNext(503)
    await signOut(who, { query: {}, answer: { logout: 'yes' } })
    expect(phone.posts()).toBe(posts)
    await phone.until(heard + 1)
    expect(phone.posts()).toBe(posts + 2)
  })
  test('every app of the session hears, and no session but this one ends', async () => {
    const who = await customer(bridge)
    const first = await signIn(who)
    const bystander = await customer(bridge)
    const kept = await signIn(bystander)
    const desk = await createApp({ ...who.app, clientId: otherId })
    // By the browser's session: no password is asked.
    const second = await signIn({ ...who, app: desk, user: 'nobody' })
    await signOut(who, { query: {}, answer: { logout: 'yes' } })
    await phone.about(first.claims.sid)
    expect((await introspect(bridge, kept.accessToken)).active).toBe(true)
    await other.about(second.claims.sid)
    expect((await introspect(bridge, second.accessToken)).active).toBe(false)
    expect(first.claims.sid).not.toBe(second.claims.sid)
    expect(phone.heard.map(({ claims }) => claims.sid)).not.toContain(kept.claims.sid)
  })
})
