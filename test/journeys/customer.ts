// A customer with an app and a browser: signing in, enrolling, calling, as tests tell it.
import { randomUUID } from 'node:crypto'
import { importJWK, SignJWT } from 'jose'
import {
  type App,
  type Browser,
  createApp,
  createBrowser,
  formIn,
  type Started,
  type Tokens,
} from '../../src/demo/app-client.ts'
import { apiId, phoneId } from '../../src/demo/institution.ts'
import type { TestBridge } from './bridge.ts'

export const pin = '271828'

export interface Customer {
  readonly app: App
  readonly browser: Browser
  readonly user: string
}

export async function customer(
  { issuer, world }: TestBridge,
  user = 'alice',
  clientId = phoneId,
): Promise<Customer> {
  const app = await createApp({ issuer, redirectUri: `${world.url}/phone/callback`, clientId })
  return { app, browser: createBrowser(), user }
}

/** Up to the IdP's answer, which is not delivered yet. */
export async function atIdp({ app, browser, user }: Customer, extra: Readonly<Record<string, string>> = {}) {
  const started = await app.begin(extra)
  const asked = await browser.follow(started.url, { until: app.redirectUri })
  if (!asked.body.includes('name="password"')) return { started, page: asked, answer: undefined }
  const login = formIn(asked)
  const page = await browser.follow(login.action, {
    until: app.redirectUri,
    form: { ...login.fields, username: user, password: `${user}-pw` },
  })
  return { started, page, answer: formIn(page) }
}

/** The redirect to the app with its code; pages on the way are answered with yes and the PIN. */
export async function withCode(
  who: Customer,
  extra: Readonly<Record<string, string>> = {},
): Promise<{ returned: string; started: Started }> {
  const { started, page, answer } = await atIdp(who, extra)
  const first = answer
    ? await who.browser.follow(answer.action, { until: who.app.redirectUri, form: answer.fields })
    : page
  return { returned: await agreed(who, first), started }
}

/** Up to the first page of ours after the IdP, or back at the app where there is nothing to ask. */
export async function arrived(who: Customer, extra: Readonly<Record<string, string>> = {}) {
  const { started, page, answer } = await atIdp(who, extra)
  const { app, browser } = who
  // The IdP knows the browser from a sign-in before, and answers without a password.
  const known = answer === undefined && page.body.includes('name="SAMLResponse"') ? formIn(page) : answer
  const shown = known
    ? await browser.follow(known.action, { until: app.redirectUri, form: known.fields })
    : page
  return { started, page: shown }
}

/** The same where a page of ours asks something. */
export async function asked(who: Customer, extra: Readonly<Record<string, string>> = {}) {
  const { started, page } = await arrived(who, extra)
  return { started, page, form: formIn(page) }
}

type Page = Awaited<ReturnType<Browser['follow']>>

/** From the page after the IdP's answer to the redirect to the app. */
export async function agreed(who: Customer, first: Page): Promise<string> {
  let page = first
  for (let i = 0; i < 4 && page.returned === undefined; i++) {
    const form = formIn(page)
    const yes: Record<string, string> = page.body.includes('name="pin"')
      ? { pin, do: 'approve' }
      : { do: 'allow' }
    page = await who.browser.follow(form.action, {
      until: who.app.redirectUri,
      form: { ...form.fields, ...yes },
    })
  }
  if (page.returned === undefined) throw new Error(`no way back to the app: ${page.status} at ${page.url}`)
  return page.returned
}

export async function signIn(who: Customer, extra: Readonly<Record<string, string>> = {}): Promise<Tokens> {
  const { returned, started } = await withCode(who, extra)
  return who.app.redeem(returned, started)
}

/** What is said to an app that must not ask anybody: of a browser that is signed in, `consent_required` by an app on a loopback address. */
export async function silent({ app, browser }: Customer): Promise<string | null> {
  const { url } = await app.begin({ scope: 'openid', prompt: 'none' })
  return new URL((await browser.go(url)).location as string).searchParams.get('error')
}

export interface Call {
  readonly method: string
  readonly path: string
  readonly tokens: Tokens
  readonly body?: unknown
  readonly proof?: string
  /** The node that gets it, where it is not the one that the issuer names. */
  readonly at?: string
  readonly headers?: Readonly<Record<string, string>>
}

const elsewhere = (url: string, at: string | undefined): string =>
  at === undefined ? url : url.replace(new URL(url).origin, at)

/** What a browser asks at another node: its cookies go by the address that it knows, and none are taken back. */
export async function browseAt(
  { browser }: Customer,
  { url, at, form }: { url: string; at: string; form?: Readonly<Record<string, string>> },
) {
  const response = await fetch(elsewhere(url, at), {
    redirect: 'manual',
    headers: { accept: 'text/html', cookie: await browser.cookies(url) },
    ...(form && { method: 'POST', body: new URLSearchParams(form) }),
  })
  const location = response.headers.get('location')
  return {
    status: response.status,
    location: location === null ? undefined : new URL(location, url).href,
    body: await response.text(),
  }
}

/** A request to an API of the bridge with the app's token and a proof. */
export async function call({ app }: Customer, { method, path, tokens, body, proof, at, headers }: Call) {
  const url = `${app.issuer}${path}`
  const soap = typeof body === 'string'
  const response = await fetch(elsewhere(url, at), {
    method,
    headers: {
      authorization: `DPoP ${tokens.accessToken}`,
      dpop: proof ?? (await app.proof({ method, url, accessToken: tokens.accessToken })),
      ...(body !== undefined && { 'content-type': soap ? 'text/xml' : 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: soap ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  const json = response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : undefined
  return { status: response.status, text, json, challenge: response.headers.get('www-authenticate') ?? '' }
}

/** Opens a device for the app's key; the proof is left to the caller. */
export async function openDevice(who: Customer, tokens: Tokens, withPin = pin) {
  const { kty, crv, x, y } = who.app.jwk
  return call(who, {
    method: 'POST',
    path: '/devices',
    tokens,
    body: { name: 'Test phone', jwk: { kty, crv, x, y }, pin: withPin },
  })
}

export const deviceProof = (
  { app }: Customer,
  device: { id: string; nonce: string },
  change: { typ?: string; aud?: string; sub?: string; nonce?: string } = {},
) =>
  app.sign(
    {
      nonce: change.nonce ?? device.nonce,
      aud: change.aud ?? app.issuer,
      sub: change.sub ?? device.id,
      iat: Math.floor(Date.now() / 1000),
    },
    { typ: change.typ ?? 'drawbridge-device-proof+jwt' },
  )

/** Enrols the app's key with a PIN; the device is active. */
export async function enrol(who: Customer, tokens: Tokens): Promise<{ id: string; nonce: string }> {
  const opened = await openDevice(who, tokens)
  if (opened.status !== 201) throw new Error(`no device: ${opened.status} ${opened.text}`)
  const device: { id: string; nonce: string } = opened.json
  const proven = await call(who, {
    method: 'POST',
    path: `/devices/${device.id}/proof`,
    tokens,
    body: { proof: await deviceProof(who, device) },
  })
  if (proven.status !== 200) throw new Error(`not active: ${proven.status} ${proven.text}`)
  return device
}

/** Signs in and enrols. */
export async function enrolled(bridge: TestBridge, user = 'alice') {
  const who = await customer(bridge, user)
  const tokens = await signIn(who)
  return { ...who, device: await enrol(who, tokens), tokens }
}

/** How an API of the bank says who it is (private_key_jwt, RFC 7523 2.2). */
export async function asApi(bridge: TestBridge, id = apiId): Promise<Record<string, string>> {
  const client_assertion = await new SignJWT({ jti: randomUUID() })
    .setProtectedHeader({ alg: 'ES256', kid: 'alder-api-1' })
    .setIssuer(id)
    .setSubject(id)
    .setAudience(bridge.issuer)
    .setIssuedAt()
    .setExpirationTime('1m')
    .sign(await importJWK({ ...bridge.world.apiKey }, 'ES256'))
  const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
  return { client_id: id, client_assertion_type: type, client_assertion }
}

/** A token of the bank's own API, for itself. */
export async function apiToken(
  bridge: TestBridge,
  { scope = 'transactions', id = apiId, issuer = bridge.issuer } = {},
) {
  const given = await asApi({ ...bridge, issuer }, id)
  const body = new URLSearchParams({ grant_type: 'client_credentials', scope, ...given })
  const response = await fetch(`${issuer}/token`, { method: 'POST', body })
  return ((await response.json()) as { access_token?: string }).access_token ?? ''
}

/** The bank's API asks what a token is. */
export async function introspect(
  bridge: TestBridge,
  token: string,
  endpoint = `${bridge.issuer}/introspect`,
) {
  const body = new URLSearchParams({ token, ...(await asApi(bridge)) })
  return (await fetch(endpoint, { method: 'POST', body })).json() as Promise<Record<string, unknown>>
}

/** A bare request to the token endpoint with a proof of the app's key, so that a test can choose every word of it. */
export async function token(
  who: Customer,
  fields: Readonly<Record<string, string>>,
  options: { at?: string; proof?: string; headers?: Record<string, string> } = {},
) {
  const url = `${who.app.issuer}/token`
  const proof = options.proof ?? (await tokenProof(who))
  const response = await fetch(elsewhere(url, options.at), {
    method: 'POST',
    headers: { ...(proof !== '' && { dpop: proof }), ...options.headers },
    body: new URLSearchParams({ client_id: 'alder-phone', ...fields }),
  })
  return { status: response.status, json: (await response.json()) as Record<string, string> }
}

/** A DPoP proof for the token endpoint; every claim and header can be changed. */
export async function tokenProof(
  { app }: Customer,
  change: { claims?: Record<string, unknown>; header?: Record<string, unknown> } = {},
) {
  const claims = {
    htm: 'POST',
    htu: `${app.issuer}/token`,
    jti: randomUUID(),
    iat: Math.floor(Date.now() / 1000),
    ...change.claims,
  }
  return app.sign(claims, { typ: 'dpop+jwt', jwk: app.jwk, ...change.header })
}

/** The code in a redirect back to the app. */
export const codeIn = (returned: string): string => new URL(returned).searchParams.get('code') ?? ''
