// An app and a browser at a bridge in production's manner: institutions by host name behind a proxy that ends TLS.
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { type IncomingHttpHeaders, request } from 'node:http'
import { inflateRawSync } from 'node:zlib'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { formIn } from '../../src/demo/app-client.ts'
import type { Facts, TestKey } from '../xml/hostile/idp.ts'
import { answerTo } from './parts.ts'

export const redirectUri = 'https://app.example/back'
export const clientId = 'app'

export interface Asking {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly form?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Answered {
  readonly url: string
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly location: string | undefined
}

/** Sends to the bridge's port what browsers and apps send to the address; a host name of its own needs no DNS. */
export function send(port: number, url: string, { method, headers, form, body }: Asking): Promise<Answered> {
  const { host, pathname, search } = new URL(url)
  const content = form === undefined ? body : new URLSearchParams(form).toString()
  const typed = form !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        ...{ host: '127.0.0.1', port, path: pathname + search },
        method: method ?? (content === undefined ? 'GET' : 'POST'),
        headers: { host, accept: 'text/html', ...typed, ...headers },
      },
      async (response) => {
        const chunks: Buffer[] = []
        for await (const chunk of response) chunks.push(chunk as Buffer)
        const { location } = response.headers
        resolve({
          url,
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
          location: location === undefined ? undefined : new URL(location, url).href,
        })
      },
    )
    sent.once('error', reject)
    sent.end(content)
  })
}

/** A browser that keeps cookies for one institution, and remembers each as it was set. */
export function createWindow(port: number) {
  const jar = new Map<string, string>()
  const set: string[] = []
  async function go(url: string, asking: Asking = {}): Promise<Answered> {
    const cookie = [...jar].map((pair) => pair.join('=')).join('; ')
    const answer = await send(port, url, {
      ...asking,
      headers: { ...(cookie !== '' && { cookie }), ...asking.headers },
    })
    for (const line of answer.headers['set-cookie'] ?? []) {
      set.push(line)
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') jar.delete(name)
      else jar.set(name, value)
    }
    return answer
  }
  return {
    go,
    cookies: () => [...jar].map((pair) => pair.join('=')).join('; '),
    set: (): readonly string[] => set,
    /** Follows redirects until they leave the institution. */
    async follow(url: string, asking: Asking = {}): Promise<Answered> {
      const { origin } = new URL(url)
      let answer = await go(url, asking)
      while (answer.location !== undefined && new URL(answer.location).origin === origin)
        answer = await go(answer.location)
      return answer
    },
  }
}

export type Window = ReturnType<typeof createWindow>

export interface PhoneTokens {
  readonly access_token: string
  readonly refresh_token: string
  readonly scope: string
}

/** An app with its key; everything it sends can be looked at. */
export async function createPhone(port: number, issuer: string) {
  const keys = await generateKeyPair('ES256')
  const jwk = await exportJWK(keys.publicKey)
  const verifier = randomBytes(32).toString('base64url')
  const hashed = (text: string) => createHash('sha256').update(text).digest('base64url')
  const proof = (method: string, url: string, accessToken?: string) =>
    new SignJWT({
      ...{ htm: method, htu: url, jti: randomUUID() },
      ...(accessToken !== undefined && { ath: hashed(accessToken) }),
    })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
      .setIssuedAt()
      .sign(keys.privateKey)
  const accept = 'application/json'
  const post = async (url: string, form: Readonly<Record<string, string>>) =>
    send(port, url, {
      form: { client_id: clientId, ...form },
      headers: { accept, dpop: await proof('POST', url) },
    })
  return {
    issuer,
    proof,
    /** RFC 9126, at the given endpoint. */
    push: (extra: Readonly<Record<string, string>> = {}) =>
      post(`${issuer}/par`, {
        ...{ response_type: 'code', redirect_uri: redirectUri, scope: 'openid device core:payments' },
        ...{ code_challenge: hashed(verifier), code_challenge_method: 'S256', ...extra },
      }),
    redeem: (code: string, at = issuer) =>
      post(`${at}/token`, {
        ...{ grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier },
      }),
    refresh: (token: string, at = issuer) =>
      post(`${at}/token`, { grant_type: 'refresh_token', refresh_token: token }),
    /** An API of the bridge with the token and a proof. */
    async call(url: string, token: string, asking: Asking = {}) {
      const { method = asking.body === undefined ? 'GET' : 'POST' } = asking
      const dpop = await proof(method, url, token)
      return send(port, url, {
        ...asking,
        method,
        headers: { accept, authorization: `DPoP ${token}`, dpop, ...asking.headers },
      })
    },
  }
}

export type Phone = Awaited<ReturnType<typeof createPhone>>

/** Where an authorization request leads: to the IdP, back to the app, or to a page. */
export async function authorize(
  phone: Phone,
  window: Window,
  extra: Readonly<Record<string, string>> = {},
): Promise<Answered> {
  const { request_uri = '' } = JSON.parse((await phone.push(extra)).body)
  const query = new URLSearchParams({ client_id: clientId, request_uri })
  return window.follow(`${phone.issuer}/authorize?${query}`)
}

export interface AtIdp {
  readonly phone: Phone
  readonly window: Window
  readonly key: TestKey
  readonly facts?: Partial<Facts>
}

/** The IdP that the test plays answers the request to which `asked` leads; resolves with where that goes. */
export async function answered(
  { phone, window, key, facts = {} }: AtIdp,
  asked: Answered,
): Promise<Answered> {
  const { searchParams } = new URL(asked.location as string)
  const xml = inflateRawSync(Buffer.from(searchParams.get('SAMLRequest') as string, 'base64')).toString()
  const [, requestId = ''] = /\bID="([^"]+)"/.exec(xml) ?? []
  const form = {
    SAMLResponse: answerTo({ issuer: phone.issuer, connection: 'idp', requestId, facts }, { key }),
    RelayState: searchParams.get('RelayState') as string,
  }
  return window.follow(`${phone.issuer}/saml/idp/acs`, { form })
}

/** The customer agrees where they are asked; resolves with the code in the way back. */
export async function codeFrom(window: Window, page: Answered): Promise<string> {
  const back = page.location === undefined ? await agree(window, page) : page
  const code = new URL(back.location ?? back.url).searchParams.get('code')
  if (code === null) throw new Error(`no code: ${back.status} at ${back.url}`)
  return code
}

function agree(window: Window, page: Answered): Promise<Answered> {
  const { action, fields } = formIn(page)
  return window.follow(action, { form: { ...fields, do: 'allow' } })
}

/** From PAR to the code. */
export async function signInAt(at: AtIdp): Promise<string> {
  return codeFrom(at.window, await answered(at, await authorize(at.phone, at.window)))
}
