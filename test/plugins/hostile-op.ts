// An OpenID provider over real HTTP that does what a good one does, until a test tells it otherwise.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecure, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { exportJWK, generateKeyPair, type JWTHeaderParameters, SignJWT } from 'jose'

export interface Behaviour {
  discovery: (document: Record<string, unknown>) => unknown
  keys: (keys: Record<string, unknown>[]) => unknown
  claims: (claims: Record<string, unknown>) => Record<string, unknown>
  header: (header: Record<string, unknown>) => Record<string, unknown>
  /** The whole ID token, as it leaves. */
  idToken: (token: string) => string
  userinfo: Record<string, unknown>
  token: (answer: Record<string, unknown>) => unknown
  /** Takes a request over completely. */
  instead: ((req: IncomingMessage, res: ServerResponse) => boolean) | undefined
}

export interface TokenRequest {
  readonly form: URLSearchParams
  readonly authorization: string | undefined
}

const same = <T>(value: T): T => value
const good = (): Behaviour => ({
  discovery: same,
  keys: same,
  claims: same,
  header: same,
  idToken: same,
  userinfo: { sub: 'customer-1' },
  token: same,
  instead: undefined,
})

export type Op = Awaited<ReturnType<typeof startOp>>

export async function startOp(tls?: ServerOptions) {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
  const behaviour = good()
  const requests: TokenRequest[] = []
  const seen: string[] = []
  let nonce = ''
  let issuer = ''
  let subject: string | string[] | undefined

  async function idToken(): Promise<string> {
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      iss: issuer,
      aud: 'bridge',
      sub: 'customer-1',
      iat: now,
      exp: now + 300,
      auth_time: now,
      nonce,
    }
    const header = behaviour.header({ alg: 'RS256', kid: 'k1', typ: 'JWT' }) as unknown as JWTHeaderParameters
    return behaviour.idToken(
      await new SignJWT(behaviour.claims(claims)).setProtectedHeader(header).sign(privateKey),
    )
  }

  function authorize(url: string, change: Record<string, string | undefined> = {}): string {
    const asked = new URL(url, issuer).searchParams
    nonce = asked.get('nonce') ?? ''
    const answer = { code: 'code-1', state: asked.get('state') ?? '', iss: issuer, ...change }
    const given = Object.entries(answer).filter((entry): entry is [string, string] => entry[1] !== undefined)
    return new URLSearchParams(given).toString()
  }

  const wayBack = (url: string): string =>
    `${new URL(url, issuer).searchParams.get('redirect_uri')}?${authorize(url)}`

  const routes: Record<string, (body: string, req: IncomingMessage) => Promise<unknown>> = {
    '/.well-known/openid-configuration': async () =>
      behaviour.discovery({
        issuer,
        authorization_endpoint: `${issuer}/auth`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/jwks`,
        userinfo_endpoint: `${issuer}/userinfo`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
        authorization_response_iss_parameter_supported: true,
      }),
    '/jwks': async () => ({
      keys: behaviour.keys([{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' }]),
    }),
    '/userinfo': async () => behaviour.userinfo,
    '/token': async (body, req) => {
      requests.push({ form: new URLSearchParams(body), authorization: req.headers.authorization })
      return behaviour.token({ access_token: 'at', token_type: 'Bearer', id_token: await idToken() })
    },
  }

  const listener = (req: IncomingMessage, res: ServerResponse) => {
    subject = (req.socket as TLSSocket).getPeerCertificate?.()?.subject?.CN
    void (async () => {
      seen.push(req.url ?? '')
      if (behaviour.instead?.(req, res)) return
      if (req.url?.startsWith('/auth?')) return void res.writeHead(302, { location: wayBack(req.url) }).end()
      const chunks: Buffer[] = []
      for await (const chunk of req) chunks.push(chunk as Buffer)
      const route = routes[new URL(req.url ?? '/', issuer).pathname]
      if (!route) return void res.writeHead(404).end()
      const answer = await route(Buffer.concat(chunks).toString(), req)
      res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
    })()
  }
  const server = tls ? createSecure(tls, listener) : createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  issuer = `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    issuer,
    behaviour,
    requests,
    seen,
    /** Whose client certificate the last request came with. */
    certifiedAs: () => subject,
    privateKey,
    /** The provider asks nobody: the query with which the browser comes back. */
    authorize,
    good: () => void Object.assign(behaviour, good()),
    stop: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
