// A logout of the IdP, heard while the browser and the app are in the middle of something: what it ended stays ended.
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formIn } from '../../src/demo/app-client.ts'
import { startBridge, type TestBridge } from '../journeys/bridge.ts'
import { introspect, token } from '../journeys/customer.ts'
import {
  byRedirect,
  type LogoutIdp,
  requestFor,
  type SignedIn,
  signedIn,
  withLogout,
} from '../journeys/upstream-logout.ts'
import { type Scratch, scratch, serverUrl } from '../storage/scratch.ts'

// The embedded database lets nobody in between; what holds there stands in the contract of the stores.
if (serverUrl === undefined)
  test('DATABASE_URL is not set: one connection at a time leaves no room for a race', () =>
    expect(serverUrl).toBeUndefined())
else describe('on PostgreSQL', suite)

function suite(): void {
  let place: Scratch
  let bridge: TestBridge
  let idp: LogoutIdp
  beforeAll(async () => {
    place = await scratch('server')
    bridge = await startBridge(place.url)
    idp = await withLogout(bridge)
    await slow(place.url as string)
  })
  afterAll(async () => {
    await bridge.stop()
    await place.remove()
  })
  const logout = async (who: SignedIn) => {
    await new Promise((resolve) => setTimeout(resolve, 250))
    return fetch(await byRedirect(idp, requestFor(idp, who)), { redirect: 'manual' })
  }
  const error = async (who: SignedIn) => {
    const { url } = await who.app.begin({ scope: 'openid', prompt: 'none' })
    return new URL((await who.browser.go(url)).location as string).searchParams.get('error')
  }

  test('an authorization on its way does not bring the session back', async () => {
    const who = await signedIn(bridge)
    // Of the session: this app on a loopback address is asked for consent each time.
    expect(await error(who)).toBe('consent_required')
    const { url } = await who.app.begin({ scope: 'openid' })
    const [asked, heard] = await Promise.all([who.browser.go(url), logout(who)])
    expect([asked.status, heard.status]).toEqual([503, 303])
    expect(await error(who)).toBe('login_required')
    expect((await who.browser.go(url)).status).toBe(303)
  })
  test('one that is about to lead to the app leads there without a code', async () => {
    const who = await signedIn(bridge)
    const { url } = await who.app.begin({ scope: 'openid' })
    const form = formIn(await who.browser.follow(url, { until: who.app.redirectUri }))
    const agreed = await who.browser.go(form.action, { ...form.fields, do: 'allow' })
    const resumed = who.browser.go(new URL(agreed.location as string, form.action).href)
    const [page, heard] = await Promise.all([resumed, logout(who)])
    expect([page.status, page.location, heard.status]).toEqual([503, undefined, 303])
    expect(await error(who)).toBe('login_required')
  })
  test('a refresh on its way leaves no token behind', async () => {
    const [who, other] = [await signedIn(bridge), await signedIn(bridge, 'bob')]
    const refresh = (of: SignedIn, refreshToken = of.tokens.refreshToken as string) =>
      token(of, { grant_type: 'refresh_token', refresh_token: refreshToken })
    const [refreshed, heard] = await Promise.all([refresh(who), logout(who)])
    expect([refreshed.status, heard.status]).toEqual([200, 303])
    const { access_token, refresh_token } = refreshed.json
    expect(await introspect(bridge, access_token as string)).toMatchObject({ active: false })
    expect((await refresh(who, refresh_token as string)).status).toBe(400)
    expect((await refresh(other)).status).toBe(200)
  })
}

/** From now on codes and tokens take their time to be stored, so that what happens meanwhile does happen meanwhile. */
async function slow(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(`
    create function slowly() returns trigger language plpgsql as $$ begin perform pg_sleep(0.8); return new; end $$;
    create trigger slowly before insert on oidc_payload for each row
    when (new.model in ('Interaction', 'AuthorizationCode', 'AccessToken')) execute function slowly()`)
  await client.end()
}
