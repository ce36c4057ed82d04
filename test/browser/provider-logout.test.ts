// Signing out with an OpenID provider in a real browser: the way there and back under our policies, and a frame across sites.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type App, createApp, type Tokens } from '../../src/demo/app-client.ts'
import { staffConnection } from '../../src/demo/institution.ts'
import { startBridge, type TestBridge } from '../journeys/bridge.ts'
import { introspect } from '../journeys/customer.ts'
import { withProvider } from '../journeys/hostile-provider.ts'
import { deskId, withDesk } from '../journeys/staff.ts'
import { type Op, startOp } from '../plugins/hostile-op.ts'
import { launch } from './chromium.ts'

let bridge: TestBridge
let op: Op
let browser: Browser
let context: BrowserContext
let page: Page
let complaints: string[]

beforeAll(async () => {
  ;[bridge, op, browser] = await Promise.all([startBridge(), startOp(), launch()])
})
afterAll(async () => {
  op.stop()
  await browser.close()
  await bridge.stop()
})
beforeEach(async () => {
  complaints = []
  context = await browser.newContext()
  page = await context.newPage()
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
})
afterEach(() => context.close())

const active = async (tokens: Tokens) => (await introspect(bridge, tokens.accessToken)).active

/** The app is a native one: the browser goes where it says and comes back with a code. */
async function signIn(atProvider: () => Promise<void>): Promise<{ app: App; tokens: Tokens }> {
  const redirectUri = `${bridge.world.url}/phone/callback`
  const app = await createApp({ issuer: bridge.issuer, redirectUri, clientId: deskId })
  const started = await app.begin({ scope: 'openid offline_access device' })
  await page.goto(started.url)
  await atProvider()
  await page.getByRole('button', { name: 'Allow', exact: true }).click()
  await page.waitForURL(`${redirectUri}**`)
  return { app, tokens: await app.redeem(page.url(), started) }
}

test('from the app over our question to the staff directory, and back to the app', async () => {
  const back = `${bridge.world.url}/phone/`
  await withDesk(bridge, { app: { postLogoutRedirectUris: [back] } })
  const { tokens } = await signIn(async () => {
    await page.getByLabel('User name').fill('marta')
    await page.getByLabel('Password').fill('marta-pw')
    await page.getByRole('button', { name: 'Sign in' }).click()
  })
  const query = { id_token_hint: tokens.idToken as string, post_logout_redirect_uri: back, state: 'after' }
  await page.goto(`${bridge.issuer}/sign-out?${new URLSearchParams(query)}`)
  const visited: string[] = []
  page.on('framenavigated', (frame) => visited.push(frame.url()))
  await page
    .getByRole('button', { name: /sign out|yes/i })
    .first()
    .click()
  await page.waitForURL(`${back}?state=after`)
  expect(visited.some((url) => url.startsWith(`${bridge.world.url}/staff/session/end`))).toBe(true)
  expect(complaints.filter((text) => /Content Security Policy/.test(text))).toEqual([])
  expect(await active(tokens)).toBe(false)
})

/** A page on an origin of its own, with a frame. */
async function frameOn(server: Server | undefined, src: string): Promise<void> {
  const html = `<!doctype html><title>bye</title><iframe src="${src.replaceAll('&', '&amp;')}"></iframe>`
  const loaded = page.waitForResponse((response) => response.url().includes('/frontchannel-logout'))
  if (server) {
    server.on('request', (_request, response) => response.end(html))
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  } else {
    op.behaviour.instead = (request, response) =>
      request.url === '/bye' && !!response.writeHead(200, { 'content-type': 'text/html' }).end(html)
    await page.goto(`${op.issuer}/bye`)
  }
  await loaded
}

const frameAddress = (sid: string): string => {
  const query = new URLSearchParams({ iss: op.issuer, sid })
  return `${bridge.issuer}/oidc/${staffConnection}/frontchannel-logout?${query}`
}

test('a frame of the provider, on another site, ends the session of this browser', async () => {
  await withProvider(bridge, op, { settings: { frontchannelLogout: true } })
  op.behaviour.claims = (claims) => ({ ...claims, sub: 'marta', sid: 'framed' })
  const { tokens } = await signIn(async () => undefined)
  expect(await active(tokens)).toBe(true)
  const stranger = createServer()
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve))
  await frameOn(stranger, frameAddress('guessed'))
  expect(await active(tokens)).toBe(true)
  expect(complaints.join()).toMatch(/frame-ancestors|X-Frame-Options|400/)
  stranger.close()
  complaints = []
  await frameOn(undefined, frameAddress('framed'))
  expect(await active(tokens)).toBe(false)
  expect(complaints.filter((text) => !/favicon/.test(text))).toEqual([])
  op.good()
})
