// A native app without a phone: openid-client for the protocol, a cookie jar and forms for the browser's part.
import { randomBytes, randomUUID } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import * as oidc from 'openid-client'
import { CookieJar } from 'tough-cookie'
import { phoneId } from './institution.ts'

/** A browser as far as the journey needs one: cookies, redirects by hand, forms; `headers` are what a proxy before it adds. */
export function createBrowser(headers: Readonly<Record<string, string>> = {}) {
  const jar = new CookieJar()
  async function go(
    url: string,
    form?: Readonly<Record<string, string>>,
  ): Promise<{ url: string; status: number; location: string | undefined; body: string }> {
    const cookie = await jar.getCookieString(url)
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { accept: 'text/html', ...(cookie !== '' && { cookie }), ...headers },
      ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    })
    for (const line of response.headers.getSetCookie()) await jar.setCookie(line, url, { ignoreError: true })
    const body = await response.text()
    const location = response.headers.get('location') ?? refreshIn(body)
    return { url, status: response.status, location: location && new URL(location, url).href, body }
  }
  return {
    go,
    cookies: (url: string): Promise<string> => jar.getCookieString(url),
    /** Takes cookies that another browser holds, as somebody might plant them. */
    async plant(cookies: string, url: string): Promise<void> {
      const { pathname } = new URL(url)
      for (const pair of cookies.split('; ')) await jar.setCookie(`${pair}; Path=${pathname}`, url)
    },
    /** Follows redirects until a page comes, or an address that begins with `until`. */
    async follow(url: string, { until, form }: { until: string; form?: Readonly<Record<string, string>> }) {
      let answer = await go(url, form)
      for (let i = 0; i < 12 && answer.location !== undefined; i++) {
        if (answer.location.startsWith(until)) return { ...answer, returned: answer.location }
        answer = await go(answer.location)
      }
      return { ...answer, returned: undefined }
    },
  }
}

export type Browser = ReturnType<typeof createBrowser>

const unescaped = (text: string): string =>
  text.replace(
    /&(amp|lt|gt|quot|#39);/g,
    (_, name: string) => ({ amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" })[name] ?? '',
  )

/** Where a page leads by itself, as browsers do without scripts. */
const refreshIn = (body: string): string | undefined => {
  const to = /<meta http-equiv="refresh" content="0;url=([^"]*)">/.exec(body)?.[1]
  return to === undefined ? undefined : unescaped(to)
}

/** The first form of a page: where it posts to and its hidden fields. */
export function formIn(page: { url: string; body: string }): {
  action: string
  fields: Record<string, string>
} {
  const action = /<form[^>]*\baction="([^"]*)"/.exec(page.body)?.[1]
  if (action === undefined) throw new Error(`no form at ${page.url}`)
  const hidden = [...page.body.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)]
  return {
    action: new URL(unescaped(action), page.url).href,
    fields: Object.fromEntries(hidden.map(([, name = '', value = '']) => [name, unescaped(value)])),
  }
}

export interface AppOptions {
  readonly issuer: string
  readonly redirectUri: string
  /** The demo's phone app unless told. */
  readonly clientId?: string
}

export interface Tokens {
  readonly accessToken: string
  readonly refreshToken: string | undefined
  readonly idToken: string | undefined
  readonly claims: Readonly<Record<string, unknown>>
}

/** One installed app with its own key pair, which is its DPoP key and will be its device key. */
export async function createApp({ issuer, redirectUri, clientId = phoneId }: AppOptions) {
  const keys = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(keys.publicKey)
  const config = await oidc.discovery(new URL(issuer), clientId, undefined, oidc.None(), {
    execute: [oidc.allowInsecureRequests],
  })
  const handle = oidc.getDPoPHandle(config, keys)
  return {
    issuer,
    redirectUri,
    jwk,
    config,
    keys,
    thumbprint: await calculateJwkThumbprint(jwk),
    begin: (extra: Readonly<Record<string, string>> = {}) => begin(config, handle, { redirectUri, extra }),
    redeem: (returned: string, started: Started) => redeem(config, handle, { returned, started }),
    refresh: async (token: string, extra: Readonly<Record<string, string>> = {}) =>
      tokensOf(await oidc.refreshTokenGrant(config, token, { ...extra }, { DPoP: handle })),
    /** A fresh proof for one request (RFC 9449 4.2). */
    proof: (request: ProofRequest) => proofFor(keys.privateKey, jwk, request),
    sign: (payload: Readonly<Record<string, unknown>>, header: Readonly<Record<string, unknown>>) =>
      new SignJWT({ ...payload }).setProtectedHeader({ alg: 'ES256', ...header }).sign(keys.privateKey),
  }
}

export type App = Awaited<ReturnType<typeof createApp>>

export interface Started {
  readonly url: string
  readonly verifier: string
  readonly state: string
  readonly nonce: string
}

type Handle = ReturnType<typeof oidc.getDPoPHandle>

async function begin(
  config: oidc.Configuration,
  DPoP: Handle,
  { redirectUri, extra }: { redirectUri: string; extra: Readonly<Record<string, string>> },
): Promise<Started> {
  const verifier = oidc.randomPKCECodeVerifier()
  const [state, nonce] = [oidc.randomState(), oidc.randomNonce()]
  const parameters = {
    redirect_uri: redirectUri,
    scope: 'openid offline_access profile email device core:payments',
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    ...extra,
  }
  const url = await oidc.buildAuthorizationUrlWithPAR(config, parameters, { DPoP })
  return { url: url.href, verifier, state, nonce }
}

async function redeem(
  config: oidc.Configuration,
  DPoP: Handle,
  { returned, started }: { returned: string; started: Started },
): Promise<Tokens> {
  const checks = {
    pkceCodeVerifier: started.verifier,
    expectedState: started.state,
    expectedNonce: started.nonce,
  }
  return tokensOf(await oidc.authorizationCodeGrant(config, new URL(returned), checks, undefined, { DPoP }))
}

function tokensOf(answer: oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers): Tokens {
  return {
    accessToken: answer.access_token,
    refreshToken: answer.refresh_token,
    idToken: answer.id_token,
    claims: { ...answer.claims() },
  }
}

export interface ProofRequest {
  readonly method: string
  readonly url: string
  readonly accessToken: string
}

async function proofFor(
  key: CryptoKey,
  jwk: JWK,
  { method, url, accessToken }: ProofRequest,
): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(accessToken))
  const ath = Buffer.from(digest).toString('base64url')
  return new SignJWT({ htm: method, htu: url, ath, jti: randomUUID() })
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
    .setIssuedAt()
    .sign(key)
}

/** A PIN that nobody would guess first, made anew for each journey. */
export function freshPin(): string {
  for (;;) {
    const pin = String(randomBytes(4).readUInt32BE() % 1_000_000).padStart(6, '0')
    if (new Set(pin).size >= 4) return pin
  }
}
