// Ending sessions with an OpenID provider: ours takes the customer there, and its logout tokens are verified here.
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyResult, jwtVerify } from 'jose'
import * as client from 'openid-client'
import { readLogoutToken } from '../../domain/oidc-logout.ts'
import { Refusal } from '../../domain/refusal.ts'
import type { EndedSession, UpstreamLogout } from '../../ports/connector.ts'
import { nameIdOf } from './oidc-claims.ts'
import type { Discovered } from './oidc-discovery.ts'
import type { ProviderKeys } from './oidc-keys.ts'
import type { OidcSettings } from './oidc-settings.ts'

export interface OidcLogoutPorts {
  readonly discovered: Discovered
  readonly keys: ProviderKeys
  /** Where the provider sends the browser back to, registered there. */
  readonly signedOutUrl: string
  readonly token: (bytes: number) => string
}

export function oidcLogout(ports: OidcLogoutPorts, settings: OidcSettings): UpstreamLogout {
  const { discovered, signedOutUrl, token } = ports
  const { issuer, otherOrigins } = settings
  return {
    // No endpoint of a provider stands elsewhere (attack 92), so that it need not be asked for the sake of a page.
    origins: [new URL(issuer).origin, ...otherOrigins],
    asksUpstream: true,
    async begin({ session }) {
      const configuration = await discovered()
      if (configuration.serverMetadata().end_session_endpoint === undefined) return undefined
      const state = token(24)
      const url = client.buildEndSessionUrl(configuration, {
        ...(session.logoutHint !== undefined && { id_token_hint: session.logoutHint }),
        post_logout_redirect_uri: signedOutUrl,
        state,
      })
      return { kind: 'redirect', url: url.href, requestId: state }
    },
    backChannel: { read: (logoutToken, now) => read(ports.keys, settings, { logoutToken, now }) },
    ...(settings.frontchannelLogout && { frontChannel: { issuer } }),
  }
}

const longestAgeSeconds = 24 * 3600

interface Heard {
  readonly logoutToken: string
  readonly now: number
}

async function read(keys: ProviderKeys, settings: OidcSettings, heard: Heard): Promise<EndedSession> {
  const { clientId, skewSeconds } = settings
  const { protectedHeader, payload } = await verified(keys, settings, heard).catch(asRefusal)
  const rules = { clientId, now: heard.now, skewSeconds }
  const token = readLogoutToken({ header: { ...protectedHeader }, claims: payload }, rules)
  const { subject, ...ended } = token
  return { ...ended, nameId: subject === undefined ? undefined : nameIdOf(subject) }
}

/** By a key that the provider publishes and the one algorithm that was agreed on; no key of the token itself is looked at. */
async function verified(
  keys: ProviderKeys,
  settings: OidcSettings,
  { logoutToken, now }: Heard,
): Promise<JWTVerifyResult> {
  const by = (set: JSONWebKeySet) =>
    jwtVerify(logoutToken, createLocalJWKSet(set), {
      algorithms: [settings.idTokenAlgorithm],
      issuer: settings.issuer,
      audience: settings.clientId,
      clockTolerance: settings.skewSeconds,
      currentDate: new Date(now),
      // With it `iat` must be there, and not lie ahead.
      maxTokenAge: longestAgeSeconds,
    })
  const current = await keys.current()
  try {
    return await by(current)
  } catch (error) {
    const newer = error instanceof errors.JWKSNoMatchingKey ? await keys.newer(current) : undefined
    if (newer === undefined) throw error
    return by(newer)
  }
}

/** Whatever a stranger's token, or an odd key of the provider, made the library stumble over. */
function asRefusal(error: unknown): never {
  if (error instanceof Refusal) throw error
  const about = error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired
  const code = error instanceof errors.JOSEError ? error.code : 'token'
  const check = about ? error.claim : code
  const actual = error instanceof Error ? error.message.slice(0, 200) : ''
  throw new Refusal('logout.refused', { cause: 'oidc.logout_token', check, actual })
}
