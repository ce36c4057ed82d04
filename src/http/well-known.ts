// Metadata of the bridge's API as a protected resource (RFC 9728).
import type Router from '@koa/router'
import { acrLadder } from '../domain/acr.ts'
import { apiScopes } from '../domain/institution.ts'
import { typesOf } from '../domain/transaction-types/known.ts'
import type { Directory } from '../ports/stores.ts'
import { apiOf } from './authorize.ts'
import { tenantOf } from './context.ts'

export function wellKnownRoutes(router: Router, { directory }: { directory: Directory }): void {
  router.get('/.well-known/oauth-protected-resource/api', async (ctx) => {
    const { institution, issuer } = tenantOf(ctx)
    const cores = (await directory.everything(institution.id))?.cores ?? []
    ctx.set('Access-Control-Allow-Origin', '*')
    ctx.set('Cache-Control', 'public, max-age=300')
    ctx.body = {
      resource: apiOf(issuer),
      authorization_servers: [issuer],
      resource_name: institution.name,
      scopes_supported: apiScopes(cores),
      bearer_methods_supported: ['header'],
      dpop_signing_alg_values_supported: ['ES256'],
      dpop_bound_access_tokens_required: false,
      acr_values_supported: acrLadder,
      authorization_details_types_supported: typesOf(institution).map(({ type }) => type),
    }
  })
}
