// OpenID Connect as a connector: code flow with PKCE, state, nonce and iss; the ID token is verified by the provider's keys.
import { createHash } from 'node:crypto'
import * as client from 'openid-client'
import type { ReadableExchange } from '../../domain/exchange.ts'
import { Refusal, type RefusalCode } from '../../domain/refusal.ts'
import type { UpstreamSubject } from '../../domain/subject.ts'
import { classesFor, grantSeconds, type LevelTable } from '../../domain/upstream-level.ts'
import type { Chance, Clock } from '../../ports/clock.ts'
import type {
  Connector,
  ConnectorAddresses,
  ConnectorExpiry,
  ConnectorPlugin,
  UpstreamReply,
  UpstreamStart,
} from '../../ports/connector.ts'
import type { OurAddress } from '../../ports/connector-settings.ts'
import type { GuardedFetch } from '../../ports/guarded-fetch.ts'
import type { OwnKeys } from '../../ports/own-keys.ts'
import { checkSettings } from '../settings.ts'
import { settingFields } from '../settings-form.ts'
import { bundleEnds, certificateEnd, endOfDay } from './expiries.ts'
import { readClaims } from './oidc-claims.ts'
import { createDiscovered, type Discovered, fetchFor } from './oidc-discovery.ts'
import { oidcDiscovery } from './oidc-import.ts'
import { createProviderKeys } from './oidc-keys.ts'
import { oidcLogout } from './oidc-logout.ts'
import { type OidcSettings, oidcSettings } from './oidc-settings.ts'
import { oidcLabels } from './settings-form.ts'

export interface OidcPorts {
  readonly ownKeys: OwnKeys
  readonly fetch: GuardedFetch
  readonly clock: Clock
  readonly chance: Chance
}

const secrets = ['clientSecret', 'tlsKey']
const asked = ['clientId', 'clientAuth', 'clientSecret', 'clientSecretExpires', 'tlsCertificate', 'tlsKey']
const form = settingFields(oidcSettings, { labels: oidcLabels, secrets, asked })

const ours = (issuer: string, connection: string): OurAddress[] => {
  const at = `${issuer}/oidc/${connection}`
  return [
    { name: 'Redirect URI', meaning: 'Where its answers go.', value: `${at}/callback` },
    {
      name: 'JWKS URL',
      meaning: 'Our public keys, for private_key_jwt.',
      value: `${at}/jwks.json`,
    },
    {
      name: 'Post-logout redirect URI',
      meaning: 'Where it leads the browser after signing out there.',
      value: `${at}/signed-out`,
    },
    {
      name: 'Back-channel logout URI',
      meaning: 'Where it tells us that a session has ended; with a session ID (session required).',
      value: `${at}/backchannel-logout`,
    },
    {
      name: 'Front-channel logout URI',
      meaning: 'Only where it can do nothing better, and the connection allows it.',
      value: `${at}/frontchannel-logout`,
    },
  ]
}

/** The plugin; its parts of the house are given once, its settings per connection. */
export function oidcConnector(ports: OidcPorts): ConnectorPlugin {
  return {
    type: 'oidc',
    secrets,
    ownKeys: ['client-assertion'],
    expiries: (settings) => oidcExpiries(oidcSettings.safeParse(settings).data),
    form,
    ours,
    check: (settings) => checkSettings(oidcSettings, settings),
    discovery: oidcDiscovery(ports),
    open: (addresses) => open(ports, addresses, oidcSettings.parse(addresses.connection.settings)),
  }
}

/** None of settings that do not hold: nobody signs in by those. */
function oidcExpiries(settings: OidcSettings | undefined): ConnectorExpiry[] {
  if (settings === undefined) return []
  const { clientAuth, clientSecretExpires, tlsCertificate, tlsAuthority } = settings
  const theirs = tlsAuthority === undefined ? [] : bundleEnds(tlsAuthority)
  return [
    ...(clientAuth === 'client_secret_basic' && clientSecretExpires !== undefined
      ? [{ kind: 'client-secret' as const, name: 'client secret', at: endOfDay(clientSecretExpires) }]
      : []),
    ...(clientAuth.includes('tls') && tlsCertificate !== undefined
      ? [{ kind: 'client-certificate' as const, ...certificateEnd(tlsCertificate) }]
      : []),
    // After it we no longer reach the provider, which then has a certificate from another authority.
    ...theirs.map((end) => ({ kind: 'idp-certificate' as const, ...end })),
  ]
}

interface Opened {
  readonly settings: OidcSettings
  readonly levels: LevelTable | undefined
  readonly callbackUrl: string
  readonly discovered: Discovered
}

function open(ports: OidcPorts, addresses: ConnectorAddresses, settings: OidcSettings): Connector {
  const { institution, connection, issuer } = addresses
  const place = {
    institution: institution.id,
    connection: connection.id,
    purpose: 'client-assertion',
  } as const
  const signer = () => ports.ownKeys.signer(place)
  const { now } = ports.clock
  const discovered = createDiscovered(
    { fetch: ports.fetch, now, token: ports.chance.token, signer },
    settings,
  )
  const { levels } = connection
  const base = `${issuer}/oidc/${connection.id}`
  const opened = { settings, levels, discovered, callbackUrl: `${base}/callback` }
  const providerKeys = createProviderKeys({ discovered, fetch: fetchFor(ports.fetch, settings), now })
  const { token } = ports.chance
  const ending = { discovered, keys: providerKeys, signedOutUrl: `${base}/signed-out`, token }
  return {
    asksUpstream: true,
    begin: (start) => begin(opened, ports.chance, start),
    complete: (reply) => complete(opened, reply),
    readable,
    logout: oidcLogout(ending, settings),
    async metadata() {
      const keys = (await ports.ownKeys.published(place)).map(({ publicJwk }) => publicJwk)
      return { type: 'application/jwk-set+json', body: JSON.stringify({ keys }) }
    },
  }
}

async function begin(opened: Opened, chance: Chance, start: UpstreamStart) {
  const { settings, callbackUrl, discovered } = opened
  const configuration = await discovered()
  const verifier = client.randomPKCECodeVerifier()
  const nonce = client.randomNonce()
  // The first part leads to the sign-in; the second is what makes this request this one.
  const state = `${start.relayState}.${chance.token(16)}`
  const url = client.buildAuthorizationUrl(configuration, {
    redirect_uri: callbackUrl,
    scope: [...new Set(['openid', ...settings.scopes])].join(' '),
    state,
    nonce,
    // Always, whether the provider announces it or not: one that ignores it loses nothing (attack 95).
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...askedOf(opened, start),
  })
  return { kind: 'redirect', url: url.href, requestId: state, memory: { verifier, nonce } } as const
}

/** With a level the customer's last sign-in there must be recent, and `max_age` has the provider say when it was. */
function askedOf({ settings, levels }: Opened, { fresh, neededAcr }: UpstreamStart): Record<string, string> {
  const classes = neededAcr === undefined ? [] : classesFor(levels, neededAcr)
  const values = classes.length > 0 ? classes : settings.acrValues
  return {
    ...(values.length > 0 && { acr_values: values.join(' ') }),
    ...(classes.length > 0 && { max_age: String(grantSeconds) }),
    ...((fresh || settings.forceLogin) && { prompt: 'login', max_age: '0' }),
  }
}

async function complete(opened: Opened, reply: UpstreamReply): Promise<UpstreamSubject> {
  const { settings, levels, callbackUrl, discovered } = opened
  const answer = callbackOf(reply.payload)
  const configuration = await discovered()
  const { memory, requestId } = reply
  try {
    const tokens = await client.authorizationCodeGrant(configuration, new URL(`${callbackUrl}?${answer}`), {
      pkceCodeVerifier: memory.verifier ?? '',
      expectedState: requestId,
      expectedNonce: memory.nonce ?? '',
      idTokenExpected: true,
    })
    const idToken = tokens.claims() as client.IDToken
    const userinfo = settings.userinfo
      ? await client.fetchUserInfo(configuration, tokens.access_token, idToken.sub)
      : undefined
    const verified = createHash('sha256').update(String(tokens.id_token)).digest('base64url')
    const subject = readClaims({ idToken, userinfo, verified }, { settings, levels }, reply)
    return { ...subject, logoutHint: hintOf(tokens.id_token) }
  } catch (error) {
    throw refusalOf(error, settings)
  }
}

// It travels in an address (OIDC RP-Initiated Logout 2), and those have an end; without it the provider asks.
const longestHint = 6000
const hintOf = (idToken: string | undefined): string | undefined =>
  idToken !== undefined && idToken.length <= longestHint ? idToken : undefined

const longestQuery = 8192

/** RFC 6749 3.1: no parameter comes twice; what is odd is refused before anything is made of it. */
function callbackOf(payload: string): URLSearchParams {
  const answer = new URLSearchParams(payload)
  const names = [...answer.keys()]
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (payload.length > longestQuery)
    throw new Refusal('oidc.callback', {
      ...{ check: 'length', expected: `at most ${longestQuery}`, actual: String(payload.length) },
    })
  if (twice !== undefined)
    throw new Refusal('oidc.callback', {
      ...{ check: 'parameter twice', expected: 'each once', actual: twice.slice(0, 50) },
    })
  return answer
}

const errorCodes: ReadonlyMap<string, RefusalCode> = new Map([
  ['access_denied', 'oidc.declined'],
  ['login_required', 'oidc.declined'],
  ['interaction_required', 'oidc.declined'],
  // OpenID Connect Core Unmet Authentication Requirements 1.0: it cannot ask the customer the way we want.
  ['unmet_authentication_requirements', 'upstream.too_weak'],
])
const plain = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?').slice(0, 100)

/** The library's errors by our codes; a stranger's texts go to the log alone, and there in plain letters (attack 98). */
function refusalOf(error: unknown, settings: OidcSettings): unknown {
  if (error instanceof Refusal) return error
  if (error instanceof client.AuthorizationResponseError) {
    return new Refusal(errorCodes.get(error.error) ?? 'oidc.callback', {
      check: 'error of the provider',
      expected: 'a code, and no error',
      actual: plain(error.error),
    })
  }
  if (error instanceof client.ResponseBodyError)
    return new Refusal('oidc.exchange', {
      ...{ check: 'token endpoint', expected: 'tokens, and no error', actual: plain(error.error) },
    })
  if (!(error instanceof client.ClientError)) return error
  if (error.cause instanceof Refusal) return error.cause
  return failureOf(error, settings)
}

/** What the library says of an answer, by where the thing stood that it did not like. */
function failureOf({ code = '', cause, message }: client.ClientError, settings: OidcSettings): Refusal {
  const reason = cause instanceof Error ? cause.message : message
  const check = checkNamed(reason)
  const detail = { check, expected: wanted(check, settings), actual: plain(reason) }
  if (/response parameter/.test(reason)) return new Refusal('oidc.mixed_up', detail)
  if (/^OAUTH_(JWT|JSON|KEY)/.test(code) || /ID Token|JWT|JWS|JWE|UserInfo/i.test(reason))
    return new Refusal('oidc.id_token', detail)
  return new Refusal('oidc.exchange', detail)
}

/** What would have held, by the name that the library's words have in quotes. */
function wanted(name: string, { issuer, clientId, idTokenAlgorithm: alg }: OidcSettings): string {
  const ours = 'the one that we sent with this sign-in'
  const known = { iss: issuer, aud: clientId, azp: clientId, alg, state: ours, nonce: ours }
  return Object.hasOwn(known, name)
    ? known[name as keyof typeof known]
    : 'as OpenID Connect Core 3.1.3.7 has it'
}

const checkNamed = (reason: string): string =>
  /"(\w+)"/.exec(reason)?.[1] ?? reason.split(/[,.(]/)[0]?.slice(0, 60) ?? ''

/** What both sides said, without what either could be used for. */
function readable(sent: Parameters<Connector['readable']>[0], payload: string): ReadableExchange {
  const shown: ReadonlySet<string> = new Set([
    'error',
    'iss',
    'scope',
    'response_type',
    'client_id',
    'redirect_uri',
    'acr_values',
    'prompt',
    'max_age',
    'code_challenge_method',
  ])
  const lines = (query: string) =>
    [...new URLSearchParams(query)].map(([name, value]) =>
      shown.has(name)
        ? `${plain(name)} = ${plain(value)}`
        : `${plain(name)} = [masked, ${value.length} characters]`,
    )
  const url = sent && URL.parse(sent.url)
  const request = url ? [`GET ${url.origin}${url.pathname}`, ...lines(url.search)] : ['(not kept)']
  return { request: request.join('\n'), answer: lines(payload).join('\n'), answeredAt: undefined }
}
