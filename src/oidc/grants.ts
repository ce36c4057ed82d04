// Grants of the provider: one an authorization, with the scopes and claims that were agreed to.
import type { Provider } from 'oidc-provider'
import { claimsOfScope } from '../domain/claims.ts'
import { apiOf } from '../http/authorize.ts'
import { oidcScopes } from './resources.ts'

/** What a grant is for. */
export interface ToGrant {
  readonly subject: string
  readonly relyingParty: string
  readonly scope: readonly string[]
  /** The `claims` parameter as it was sent (OIDC Core 5.5). */
  readonly claims: unknown
  readonly issuer: string
}

/** One grant an authorization: ending one never leaves another's tokens alive, nor takes them along. */
export async function grantFor(provider: Provider, given: ToGrant): Promise<InstanceType<Provider['Grant']>> {
  const { scope, issuer } = given
  const grant = new provider.Grant({ accountId: given.subject, clientId: given.relyingParty })
  const isOidc = (one: string) => (oidcScopes as readonly string[]).includes(one)
  const own = scope.filter(isOidc)
  const api = scope.filter((one) => !isOidc(one))
  if (own.length > 0) grant.addOIDCScope(own.join(' '))
  if (api.length > 0) grant.addResourceScope(apiOf(issuer), api.join(' '))
  // Claims asked for by name are given within what the scopes release, and noted as refused beyond that (attack 115).
  const released = own.flatMap((one) => claimsOfScope[one] ?? [])
  const asked = claimsAsked(given.claims)
  grant.addOIDCClaims(asked.filter((claim) => released.includes(claim)))
  grant.rejectOIDCClaims(asked.filter((claim) => !released.includes(claim)))
  return grant
}

function claimsAsked(claims: unknown): string[] {
  if (typeof claims !== 'string') return []
  const { userinfo = {}, id_token = {} } = JSON.parse(claims) as { userinfo?: object; id_token?: object }
  return [...new Set([...Object.keys(userinfo ?? {}), ...Object.keys(id_token ?? {})])]
}
