// Signing out with an OpenID provider, both ways, over real HTTP; the provider is the demo bank's staff directory.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createBrowser, formIn } from '../../src/demo/app-client.ts'
import { staffConnection } from '../../src/demo/institution.ts'
import { startOp } from '../plugins/hostile-op.ts'
import { startBridge, type TestBridge } from './bridge.ts'
import { introspect } from './customer.ts'
import { signedInAs, withProvider } from './hostile-provider.ts'
import { type BackEnd, startBackEnd } from './relying-party.ts'
import { atWork, type Colleague, deskId, withDesk } from './staff.ts'

let bridge: TestBridge
let desk: BackEnd

beforeAll(async () => {
  bridge = await startBridge()
  desk = await startBackEnd(bridge.issuer, deskId)
  const postLogoutRedirectUris = [`${bridge.world.url}/phone/`]
  await withDesk(bridge, { app: { backchannelLogoutUri: desk.url, postLogoutRedirectUris } })
})
afterAll(async () => {
  await Promise.all([desk.stop(), bridge.stop()])
})

const op = () => `${bridge.world.url}/staff`
const active = async (who: Colleague) => (await introspect(bridge, who.tokens.accessToken)).active
const signedOut = () => `${bridge.issuer}/oidc/${staffConnection}/signed-out`

/** From the app's request to where the bridge sends the browser afterwards. */
async function leave({ browser, tokens }: Colleague) {
  const back = `${bridge.world.url}/phone/`
  const query = new URLSearchParams({
    id_token_hint: tokens.idToken as string,
    post_logout_redirect_uri: back,
    state: 'after',
  })
  const asked = formIn(await browser.go(`${bridge.issuer}/sign-out?${query}`))
  const left = await browser.go(asked.action, { ...asked.fields, logout: 'yes' })
  return { back: `${back}?state=after`, left }
}

/** Does the directory still know this browser? Then it asks nothing. */
async function knownAtDirectory({ app, browser }: Colleague): Promise<boolean> {
  const started = await app.begin({ scope: 'openid' })
  const page = await browser.follow(started.url, { until: app.redirectUri })
  return !page.body.includes('name="password"')
}

describe('from the app to the provider', () => {
  test('our session is over at once; the provider ends its own and sends the browser back to the app', async () => {
    const who = await atWork(bridge)
    expect(await active(who)).toBe(true)
    const { back, left } = await leave(who)
    expect(await active(who)).toBe(false)
    const asked = new URL(left.location as string)
    expect(`${asked.origin}${asked.pathname}`).toBe(`${op()}/session/end`)
    expect(asked.searchParams.get('post_logout_redirect_uri')).toBe(signedOut())
    expect(asked.searchParams.get('id_token_hint')?.split('.')).toHaveLength(3)
    const question = formIn(await who.browser.follow(asked.href, { until: signedOut() }))
    const answered = await who.browser.follow(question.action, { until: back, form: question.fields })
    expect(answered.returned).toBe(back)
    expect(await knownAtDirectory(who)).toBe(false)
  })
  test('the way back leads on once, in this browser, and only with the state that we gave', async () => {
    const who = await atWork(bridge)
    const stranger = createBrowser()
    const { back, left } = await leave(who)
    const state = new URL(left.location as string).searchParams.get('state') as string
    const way = `${signedOut()}?state=${state}`
    for (const url of [signedOut(), `${signedOut()}?state=guessed`]) {
      const refused = await who.browser.go(url)
      expect([refused.status, refused.body]).toEqual([400, expect.stringContaining('logout.refused')])
    }
    expect((await stranger.go(way)).status).toBe(400)
    expect((await who.browser.go(way)).location).toBe(back)
    expect((await who.browser.go(way)).status).toBe(400)
  })
  test('the page of the question lets the browser follow to the provider', async () => {
    const who = await atWork(bridge)
    const page = await fetch(`${bridge.issuer}/sign-out`, {
      headers: { cookie: await who.browser.cookies(bridge.issuer), accept: 'text/html' },
    })
    const policy = page.headers.get('content-security-policy') ?? ''
    expect(/form-action [^;]*/.exec(policy)?.[0]).toContain(bridge.world.url)
  })
})

describe('a provider that takes no sign-out, or is away', () => {
  test('our side ends alone, and the browser goes to the app', async () => {
    const other = await startOp()
    const postLogoutRedirectUris = [`${bridge.world.url}/phone/`]
    await withProvider(bridge, other, { app: { postLogoutRedirectUris } })
    const who = await signedInAs(bridge, other, { sub: 'liis', sid: 'only-ours' })
    expect(await active(who)).toBe(true)
    const { back, left } = await leave(who)
    expect([left.location, await active(who)]).toEqual([back, false])
    other.stop()
    await withDesk(bridge, { app: { backchannelLogoutUri: desk.url, postLogoutRedirectUris } })
  })
  test('while it is asked for its address nobody else waits; where it says nothing our side has ended', async () => {
    const other = await startOp()
    const postLogoutRedirectUris = [`${bridge.world.url}/phone/`]
    await withProvider(bridge, other, { app: { postLogoutRedirectUris } })
    const who = await signedInAs(bridge, other, { sub: 'liis', sid: 'slow' })
    // Another version of the row: its configuration is asked for anew.
    await withProvider(bridge, other, { app: { postLogoutRedirectUris }, settings: { skewSeconds: 61 } })
    let asked = () => {}
    const atProvider = new Promise<void>((resolve) => {
      asked = resolve
    })
    other.behaviour.instead = () => {
      asked()
      return true
    }
    const leaving = leave(who)
    await atProvider
    // One connection to this database: an open transaction would be waited for.
    expect(await active(who)).toBe(false)
    const first = Promise.race([
      who.app.begin({ scope: 'openid' }).then(() => 'another'),
      leaving.then(() => 'who leaves'),
    ])
    expect(await first).toBe('another')
    const { back, left } = await leaving
    expect(left.location).toBe(back)
    other.stop()
    await withDesk(bridge, { app: { backchannelLogoutUri: desk.url, postLogoutRedirectUris } })
  })
})

describe('from the provider to the apps', () => {
  test('who signs out at the directory is signed out at the bridge, and every app hears', async () => {
    const [who, kept] = [await atWork(bridge), await atWork(bridge)]
    const question = formIn(await who.browser.go(`${op()}/session/end`))
    await who.browser.go(question.action, question.fields)
    expect(await active(who)).toBe(false)
    expect(await active(kept)).toBe(true)
    const said = await desk.about(who.tokens.claims.sid)
    expect(said.claims.sub).toBe(who.tokens.claims.sub)
    expect(desk.heard.map(({ claims }) => claims.sid)).not.toContain(kept.tokens.claims.sid)
    expect(await knownAtDirectory(who)).toBe(false)
    expect(await knownAtDirectory(kept)).toBe(true)
  })
})
