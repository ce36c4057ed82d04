// Scopes and the one API that they are for (ruling R-17).
import type { KoaContextWithOIDC, ResourceServer } from 'oidc-provider'
import { errors } from 'oidc-provider'
import { clientScopes, type RelyingParty } from '../domain/institution.ts'
import { apiOf } from '../http/authorize.ts'

/** Scopes of OpenID Connect itself; every other scope is one of our API's. */
export const oidcScopes = ['openid', 'offline_access', 'profile', 'email', 'phone'] as const

const isOidcScope = (scope: string): boolean => (oidcScopes as readonly string[]).includes(scope)

/** The OIDC scopes among these. */
export const scopesOfClaims = (scopes: readonly string[]): string[] => scopes.filter(isOidcScope)

const requested = (ctx: KoaContextWithOIDC): string[] => {
  const scope = ctx.oidc.params?.scope
  return typeof scope === 'string' ? scope.split(' ') : []
}

export interface ResourcePorts {
  readonly issuer: string
  readonly relyingParty: (id: string) => Promise<RelyingParty | undefined>
}

/**
 * The `resourceIndicators` feature: an authorization that asks for a scope of our API is for our API without saying so.
 * At the token endpoint a narrower `scope` of OIDC scopes alone yields a token for userinfo; anything else one for the API.
 */
export function resourceIndicators({ issuer, relyingParty }: ResourcePorts) {
  const api = apiOf(issuer)
  return {
    enabled: true,
    defaultResource: (ctx: KoaContextWithOIDC, _client: unknown, oneOf?: string[]) => {
      if (oneOf) return oneOf.includes(api) ? api : oneOf
      const needsApi =
        requested(ctx).some((scope) => !isOidcScope(scope)) || ctx.oidc.params?.authorization_details
      return needsApi ? api : undefined
    },
    useGrantedResource: (ctx: KoaContextWithOIDC) => {
      const scopes = requested(ctx)
      return scopes.length === 0 || scopes.some((scope) => !isOidcScope(scope))
    },
    getResourceServerInfo: async (
      ctx: KoaContextWithOIDC,
      resource: string,
      client: { clientId: string },
    ) => {
      if (resource !== api) throw new errors.InvalidTarget()
      const own = (await relyingParty(client.clientId))?.scopes ?? []
      // A token without a customer serves to manage customers and to use transactions up, and nothing else.
      const alone = ctx.oidc.params?.grant_type === 'client_credentials'
      const scopes = own.filter((scope) =>
        alone ? clientScopes.includes(scope) : !isOidcScope(scope) && !clientScopes.includes(scope),
      )
      return { scope: scopes.join(' '), audience: api, accessTokenFormat: 'opaque' } as ResourceServer
    },
  }
}
