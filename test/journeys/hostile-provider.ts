// The demo bank's staff, with a provider whose keys the test holds: it signs whatever a test wants it to.
import { randomUUID } from 'node:crypto'
import { type JWTHeaderParameters, SignJWT } from 'jose'
import { createApp, createBrowser } from '../../src/demo/app-client.ts'
import { staffConnection } from '../../src/demo/institution.ts'
import { logoutEvent } from '../../src/domain/oidc-logout.ts'
import type { Op } from '../plugins/hostile-op.ts'
import type { TestBridge } from './bridge.ts'
import { agreed } from './customer.ts'
import { type Colleague, type DeskChange, deskId, withDesk } from './staff.ts'

/** Lets the connection of the bank's staff lead to this provider. */
export function withProvider(bridge: TestBridge, op: Op, change: DeskChange = {}): Promise<void> {
  const settings = { issuer: op.issuer, clientId: 'bridge', userinfo: false, scopes: [], ...change.settings }
  return withDesk(bridge, { ...change, settings })
}

export interface AtProvider {
  readonly sub: string
  readonly sid?: string
}

/** Signs in there as this person, in a browser of its own; stops short of our consent page where asked. */
export async function signedInAs(bridge: TestBridge, op: Op, who: AtProvider): Promise<Colleague> {
  const { app, browser, started, page } = await answeredAs(bridge, op, who)
  const returned = page.returned ?? (await agreed({ app, browser, user: who.sub }, page))
  return { app, browser, user: who.sub, tokens: await app.redeem(returned, started) }
}

/** Up to what comes after the provider's answer. */
export async function answeredAs({ issuer, world }: TestBridge, op: Op, who: AtProvider) {
  const app = await createApp({ issuer, redirectUri: `${world.url}/phone/callback`, clientId: deskId })
  const browser = createBrowser()
  op.behaviour.claims = (claims) => ({ ...claims, ...who })
  const started = await app.begin({ scope: 'openid offline_access device', prompt: 'login' })
  const page = await browser.follow(started.url, { until: app.redirectUri })
  op.good()
  return { app, browser, started, page }
}

export type Claims = Readonly<Record<string, unknown>>

/** What a good logout token says; a member that is undefined is left out. */
export function logoutClaims(op: Op, change: Claims): Claims {
  const now = Math.floor(Date.now() / 1000)
  const events = { [logoutEvent]: {} }
  const claims = { iss: op.issuer, aud: 'bridge', iat: now, exp: now + 120, jti: randomUUID(), events }
  return JSON.parse(JSON.stringify({ ...claims, ...change }))
}

export interface Signing {
  readonly header?: Claims
  readonly key?: CryptoKey | Uint8Array
}

export function signedBy(
  op: Op,
  claims: Claims,
  { header, key = op.privateKey }: Signing = {},
): Promise<string> {
  const full = JSON.parse(JSON.stringify({ alg: 'RS256', kid: 'k1', typ: 'logout+jwt', ...header }))
  return new SignJWT({ ...claims }).setProtectedHeader(full as JWTHeaderParameters).sign(key)
}

export const backChannel = ({ issuer }: TestBridge, connection = staffConnection): string =>
  `${issuer}/oidc/${connection}/backchannel-logout`

/** Posts a logout token as a provider does. */
export async function tell(bridge: TestBridge, logoutToken: string) {
  const response = await fetch(backChannel(bridge), {
    method: 'POST',
    body: new URLSearchParams({ logout_token: logoutToken }),
  })
  return {
    status: response.status,
    cache: response.headers.get('cache-control'),
    text: await response.text(),
  }
}
