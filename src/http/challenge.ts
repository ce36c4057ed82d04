// WWW-Authenticate of the bridge's own APIs (RFC 6750 3, RFC 9449 7.1, RFC 9470 3, RFC 9728 5.1).
import type { Context } from 'koa'
import type { Acr } from '../domain/acr.ts'
import { enrolmentLoginAge } from '../domain/device.ts'
import type { Refusal } from '../domain/refusal.ts'
import { apiOf } from './authorize.ts'
import { stateOf, tenantOf } from './context.ts'
import { tellApp } from './told.ts'
import { oauthErrorOf } from './words/codes.ts'

/** Where the metadata of our API stands (RFC 9728 3.1): the well-known segment before the resource's own path. */
export function resourceMetadataUrl(issuer: string): string {
  const { origin, pathname } = new URL(apiOf(issuer))
  return `${origin}/.well-known/oauth-protected-resource${pathname}`
}

const quoted = (fields: Readonly<Record<string, string | undefined>>): string =>
  Object.entries(fields)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}="${value.replace(/["\\]/g, '')}"`]))
    .join(', ')

/** Sets the challenge that fits this refusal; nothing for those that a token cannot mend. */
export function setChallenge(ctx: Context, refusal: Refusal, acr: Acr | undefined): void {
  const error = oauthErrorOf(refusal.code)
  const kind = refusal.code.split('.')[0]
  const stronger = error === 'insufficient_user_authentication' || refusal.code === 'transaction.missing'
  if (!stronger && kind !== 'token' && kind !== 'dpop') return
  const fields = {
    resource_metadata: resourceMetadataUrl(tenantOf(ctx).issuer),
    error:
      refusal.code === 'token.missing' ? undefined : stronger ? 'insufficient_user_authentication' : error,
    scope: typeof refusal.detail.needed === 'string' && kind === 'token' ? refusal.detail.needed : undefined,
    acr_values: stronger && refusal.code !== 'login.too_old' ? acr : undefined,
    max_age: refusal.code === 'login.too_old' ? String(enrolmentLoginAge) : undefined,
    algs: 'ES256',
  }
  ctx.set('WWW-Authenticate', `DPoP ${quoted(fields)}`)
}

/** From here on this request's refusals carry a challenge. */
export function challengeOn(ctx: Context, { acr }: { acr: Acr | undefined }): void {
  stateOf(ctx).tell = (told, refusal) => {
    setChallenge(told, refusal, acr)
    tellApp(told, refusal.code)
  }
}
