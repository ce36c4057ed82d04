// An OpenID provider as its configuration describes it: what people are shown of it, and which settings follow.
import type { ServerMetadata } from 'openid-client'
import type { IdpEndpoint, IdpFacts } from '../../domain/idp-facts.ts'
import { Refusal } from '../../domain/refusal.ts'
import type { Chance, Clock } from '../../ports/clock.ts'
import type { Discovered, Discovery, DiscoverySource, DiscoveryWish } from '../../ports/discovery.ts'
import type { GuardedFetch } from '../../ports/guarded-fetch.ts'
import { described, endpoints, mostKeys } from './oidc-discovery.ts'
import { algorithms, clientAuthentications, oidcSettings } from './oidc-settings.ts'

export interface OidcImportPorts {
  readonly fetch: GuardedFetch
  readonly clock: Clock
  readonly chance: Chance
}

type Settings = DiscoveryWish['settings']

export function oidcDiscovery(ports: OidcImportPorts): Discovery {
  return {
    discover: (wish) => discover(ports, wish),
    // Its configuration and keys are asked for as they are needed: nothing of them is saved that could grow old.
    again: () => undefined,
  }
}

const suffix = /\/\.well-known\/openid-configuration$/

function issuerIn(source: DiscoverySource): string {
  if ('url' in source) return source.url.trim().replace(suffix, '')
  throw new Refusal('oidc.discovery', { check: 'source', expected: 'an issuer', actual: 'a document' })
}

async function discover(ports: OidcImportPorts, wish: DiscoveryWish): Promise<Discovered> {
  const issuer = issuerIn(wish.source)
  const { fetch, clock, chance } = ports
  const { tlsAuthority } = wish.settings
  // Only to ask: nothing here proves us to anybody.
  const probe = oidcSettings.safeParse({
    issuer,
    clientId: 'none',
    ...(typeof tlsAuthority === 'string' && { tlsAuthority }),
  })
  if (!probe.success)
    throw new Refusal('oidc.discovery', {
      check: 'issuer',
      expected: 'its URL',
      actual: issuer.slice(0, 200),
    })
  const signer = () => Promise.reject(new Error('nothing is signed here'))
  const found = await described({ fetch, now: clock.now, token: chance.token, signer }, probe.data)
  const metadata = found.serverMetadata()
  const facts = factsOf(metadata, await keyCount(fetch, metadata, probe.data.tlsAuthority))
  return { kind: 'one', facts, ...settingsOf(metadata, facts, wish.settings) }
}

/** Asked for now, so that an address without keys shows before the first customer. */
async function keyCount(
  fetch: GuardedFetch,
  { jwks_uri: url }: ServerMetadata,
  ca: string | undefined,
): Promise<number> {
  const refuse = (actual: string) =>
    new Refusal('oidc.discovery', { check: 'jwks_uri', expected: 'keys', actual })
  if (url === undefined) throw refuse('(none)')
  const { status, body } = await fetch(url, ca === undefined ? {} : { tls: { ca } })
  if (status !== 200) throw refuse(`status ${status}`)
  const keys = keysIn(Buffer.from(body).toString('utf8'))
  if (keys === undefined || keys < 1 || keys > mostKeys) throw refuse(`${keys ?? 'no'} keys`)
  return keys
}

function keysIn(text: string): number | undefined {
  try {
    const { keys } = JSON.parse(text)
    return Array.isArray(keys) ? keys.length : undefined
  } catch {
    return undefined
  }
}

const uses: Readonly<Record<(typeof endpoints)[number], IdpEndpoint['use']>> = {
  authorization_endpoint: 'sign-in',
  token_endpoint: 'token',
  jwks_uri: 'keys',
  userinfo_endpoint: 'userinfo',
  end_session_endpoint: 'sign-out',
}

const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string').slice(0, 100) : []

function factsOf(metadata: ServerMetadata, count: number): IdpFacts {
  const found = endpoints.flatMap((name): IdpEndpoint[] => {
    const url = metadata[name]
    return typeof url === 'string' ? [{ use: uses[name], binding: undefined, url }] : []
  })
  const own = new URL(metadata.issuer).origin
  const origins = found.flatMap(({ url }) => URL.parse(url)?.origin ?? [])
  return {
    identifier: metadata.issuer,
    name: undefined,
    endpoints: found,
    certificates: [],
    ignored: [],
    nameIdFormats: [],
    signedBy: undefined,
    validUntil: undefined,
    cacheSeconds: undefined,
    algorithms: texts(metadata.id_token_signing_alg_values_supported),
    // OpenID Connect Discovery 3: what is left out is client_secret_basic.
    clientAuths: texts(metadata.token_endpoint_auth_methods_supported ?? ['client_secret_basic']),
    otherOrigins: [...new Set(origins)].filter((origin) => origin !== own),
    keyCount: count,
  }
}

const usualScopes = ['profile', 'email'] as const
const usualClaims: Readonly<Record<string, string>> = { name: 'name', email: 'email' }

function settingsOf(metadata: ServerMetadata, facts: IdpFacts, settings: Settings) {
  const supported = texts(metadata.scopes_supported)
  const scopes = usualScopes.filter((scope) => supported.includes(scope))
  const known = settings.issuer !== undefined
  const auth = pick(settings.clientAuth, clientAuthentications.toSorted(keyFirst), facts.clientAuths)
  const algorithm = pick(settings.idTokenAlgorithm, algorithms, facts.algorithms)
  if (algorithm === undefined) {
    const detail = { expected: algorithms.join(' or '), actual: facts.algorithms.join(' ') || '(none)' }
    throw new Refusal('oidc.discovery', { check: 'id_token_signing_alg_values_supported', ...detail })
  }
  const usual = { scopes, userinfo: scopes.length > 0 && metadata.userinfo_endpoint !== undefined }
  const others = facts.otherOrigins.length > 0 ? { otherOrigins: facts.otherOrigins } : {}
  return {
    settings: {
      ...(!known && usual),
      ...settings,
      issuer: metadata.issuer,
      ...(auth !== undefined && { clientAuth: auth }),
      idTokenAlgorithm: algorithm,
      ...others,
    },
    claims: scopes.length > 0 ? usualClaims : {},
  }
}

/** A key of ours before a secret that both sides know. */
const keyFirst = (a: string, b: string): number =>
  Number(b === 'private_key_jwt') - Number(a === 'private_key_jwt')

/** As it was, where that is offered; else the first of ours that is. */
function pick(present: unknown, ours: readonly string[], offered: readonly string[]): string | undefined {
  if (typeof present === 'string' && offered.includes(present)) return present
  return ours.find((one) => offered.includes(one))
}
