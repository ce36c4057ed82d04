// An OpenID provider as its own configuration describes it: found, checked, and kept for a while.
import * as client from 'openid-client'
import { Refusal } from '../../domain/refusal.ts'
import type { GuardedFetch } from '../../ports/guarded-fetch.ts'
import type { Signer } from '../../ports/key-store.ts'
import type { OidcSettings } from './oidc-settings.ts'

export interface DiscoveryPorts {
  readonly fetch: GuardedFetch
  readonly now: () => number
  readonly token: (bytes: number) => string
  /** Signs client assertions; used only for private_key_jwt. */
  readonly signer: () => Promise<Signer>
}

const keepMs = 3600_000
/** The most keys that a provider may publish (attack 94). */
export const mostKeys = 100

/** Resolves with the provider's configuration: at most an hour old, and asked for once by all who wait for it. */
export type Discovered = () => Promise<client.Configuration>

export function createDiscovered(ports: DiscoveryPorts, settings: OidcSettings): Discovered {
  let kept: { readonly until: number; readonly found: Promise<client.Configuration> } | undefined
  return () => {
    const now = ports.now()
    if (kept === undefined || now >= kept.until) {
      const last = kept?.found
      const found = discovered(ports, settings).catch((error: unknown) => {
        // A provider whose configuration cannot be had for a moment goes on as it was; one never seen is refused.
        if (last === undefined) {
          kept = undefined
          throw error
        }
        return last
      })
      kept = { until: now + keepMs, found }
    }
    return kept.found
  }
}

async function discovered(ports: DiscoveryPorts, settings: OidcSettings): Promise<client.Configuration> {
  const found = await described(ports, settings)
  checkEndpoints(found.serverMetadata(), settings)
  return found
}

/**
 * What the provider says of itself, whatever endpoints it names: for people to look at. Refuses with `oidc.discovery` when
 * it calls itself otherwise than it is called here, and with `fetch.*`.
 */
export async function described(
  ports: DiscoveryPorts,
  settings: OidcSettings,
): Promise<client.Configuration> {
  const server = new URL(settings.issuer)
  const metadata = {
    id_token_signed_response_alg: settings.idTokenAlgorithm,
    userinfo_signed_response_alg: undefined,
    [client.clockTolerance]: settings.skewSeconds,
  } as Partial<client.ClientMetadata>
  // The guard alone decides where http may lead; the library would refuse loopback too.
  const execute = [
    ...(server.protocol === 'http:' ? [client.allowInsecureRequests] : []),
    client.enableNonRepudiationChecks,
  ]
  try {
    const fetch = fetchFor(ports.fetch, settings)
    const options = { execute, [client.customFetch]: fetch, timeout: 10 }
    const method = authentication(ports, settings)
    return await client.discovery(server, settings.clientId, metadata, method, options)
  } catch (error) {
    if (error instanceof Refusal) throw error
    const inner = error instanceof Error && error.cause instanceof Refusal ? error.cause : undefined
    throw (
      inner ??
      new Refusal('oidc.discovery', {
        ...{ check: 'discovery', expected: `the configuration of ${settings.issuer}` },
        actual: String(error).slice(0, 200),
      })
    )
  }
}

export const endpoints = [
  'authorization_endpoint',
  'token_endpoint',
  'jwks_uri',
  'userinfo_endpoint',
  'end_session_endpoint',
] as const

/** A document that names endpoints elsewhere sends our secrets or our customers elsewhere (attack 92). */
function checkEndpoints(metadata: client.ServerMetadata, settings: OidcSettings): void {
  const allowed = [new URL(settings.issuer).origin, ...settings.otherOrigins]
  for (const name of endpoints) {
    const value = metadata[name]
    if (value === undefined) {
      if (name === 'userinfo_endpoint' || name === 'end_session_endpoint') continue
      throw new Refusal('oidc.discovery', { check: name, expected: 'an endpoint', actual: '(none)' })
    }
    const origin = URL.parse(value)?.origin ?? '(no URL)'
    if (allowed.includes(origin)) continue
    throw new Refusal('oidc.discovery', { check: name, expected: allowed.join(' or '), actual: origin })
  }
}

/** The guard as the library wants to fetch; a set of too many keys is refused before it is searched (attack 94). */
export function fetchFor(fetch: GuardedFetch, settings: OidcSettings): client.CustomFetch {
  const { tlsCertificate: cert, tlsKey: key, tlsAuthority: ca } = settings
  const ours = settings.clientAuth.includes('tls') && cert !== undefined && key !== undefined
  const tls = { tls: { ...(ours && { cert, key }), ...(ca !== undefined && { ca }) } }
  return async (url, { method, headers, body }) => {
    const text = body === undefined || body === null ? {} : { body: String(body) }
    const answer = await fetch(url, { method, headers: { ...headers }, ...text, ...tls })
    if (tooManyKeys(answer.body))
      throw new Refusal('oidc.discovery', { check: 'keys', expected: `at most ${mostKeys}`, actual: 'more' })
    const empty = answer.status === 204 || answer.status === 304
    const { 'transfer-encoding': _, ...rest } = answer.headers
    return new Response(empty ? null : Buffer.from(answer.body), { status: answer.status, headers: rest })
  }
}

function tooManyKeys(body: Uint8Array): boolean {
  const text = Buffer.from(body).toString('utf8')
  return text.includes('"keys"') && (text.match(/"kty"/g)?.length ?? 0) > mostKeys
}

function authentication(ports: DiscoveryPorts, settings: OidcSettings): client.ClientAuth {
  if (settings.clientAuth === 'client_secret_basic') return bySecret(settings)
  if (settings.clientAuth === 'private_key_jwt') return byAssertion(ports, settings)
  return client.TlsClientAuth()
}

// RFC 6749 2.3.1, Appendix B: what a form leaves as it is stays as it is. The library escapes `-` and `_` too, which is
// allowed, and which providers that do not unescape (Glewlwyd 2.7) then refuse.
const encoded = (text: string): string => new URLSearchParams({ '': text }).toString().slice(1)

const bySecret =
  ({ clientId, clientSecret = '' }: OidcSettings): client.ClientAuth =>
  (_as, _client, _body, headers) => {
    const pair = `${encoded(clientId)}:${encoded(clientSecret)}`
    headers.set('authorization', `Basic ${Buffer.from(pair).toString('base64')}`)
  }

const assertionSeconds = 60
const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/**
 * private_key_jwt (RFC 7523) by our key store, which hands out no private key. The audience is the issuer, alone and as
 * one string: a provider cannot have us sign for another one (attack 96).
 */
function byAssertion(
  { now, token, signer }: DiscoveryPorts,
  { clientId, issuer }: OidcSettings,
): client.ClientAuth {
  const prove = async (_as: unknown, _client: unknown, body: URLSearchParams) => {
    const key = await signer()
    const at = Math.floor(now() / 1000)
    const claims = {
      iss: clientId,
      sub: clientId,
      aud: issuer,
      jti: token(16),
      iat: at,
      exp: at + assertionSeconds,
    }
    const signed = `${part({ alg: key.algorithm, kid: key.kid, typ: 'JWT' })}.${part(claims)}`
    const signature = (await key.sign(signed)).toString('base64url')
    body.set('client_id', clientId)
    body.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
    body.set('client_assertion', `${signed}.${signature}`)
  }
  return prove as unknown as client.ClientAuth
}
