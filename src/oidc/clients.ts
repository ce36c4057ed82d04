// Relying parties as the provider's client metadata (OpenID Connect Registration 2, RFC 7591).
import type { AllClientMetadata } from 'oidc-provider'
import { clientScopes, type RelyingParty } from '../domain/institution.ts'
import { scopesOfClaims } from './resources.ts'

/** CIBA is OpenID Connect: without that scope a client could ask for nothing. */
const asks = ({ backchannel, scopes }: RelyingParty): boolean =>
  backchannel !== undefined && scopes.includes('openid')

const cibaGrant = 'urn:openid:params:grant-type:ciba'

/**
 * CIBA 4: poll or ping. Of the address the library only wants to know that it is https, for it never asks it (provider.ts); http on
 * loopback is ours to judge. Where only signed requests are taken the algorithm says so.
 */
const backchannelMetadata = ({ backchannel, scopes, requireDpop }: RelyingParty): AllClientMetadata =>
  ({
    backchannel_token_delivery_mode: backchannel?.ping === undefined ? 'poll' : 'ping',
    ...(backchannel?.ping !== undefined && {
      backchannel_client_notification_endpoint: backchannel.ping.replace(/^http:/i, 'https:'),
    }),
    backchannel_user_code_parameter: backchannel?.userCode === true,
    ...(backchannel?.signed === true && { backchannel_authentication_request_signing_alg: 'ES256' }),
    scope: scopesOfClaims(scopes).join(' '),
    dpop_bound_access_tokens: requireDpop,
  }) as unknown as AllClientMetadata

const actsForItself = ({ scopes }: RelyingParty): boolean =>
  scopes.some((scope) => clientScopes.includes(scope))

/**
 * The metadata of one client. Apps are public (RFC 8252 8.4); APIs authenticate with private_key_jwt. Of the types of
 * transaction that it is registered for, those that are there still: one that is gone must not take the app along.
 */
export function clientMetadata(relyingParty: RelyingParty, types: readonly string[]): AllClientMetadata {
  const common: AllClientMetadata = {
    client_id: relyingParty.id,
    client_name: relyingParty.name,
    id_token_signed_response_alg: 'ES256',
    redirect_uris: [...relyingParty.redirectUris],
    post_logout_redirect_uris: [...relyingParty.postLogoutRedirectUris],
    authorization_details_types: relyingParty.transactionTypes.filter((type) => types.includes(type)),
    web_origins: [...relyingParty.webOrigins],
    subject_type: relyingParty.subjectType ?? 'public',
    // The `sid` is always sent: an app must be able to end one session of a customer and leave the others.
    ...(relyingParty.backchannelLogoutUri !== undefined && {
      backchannel_logout_uri: relyingParty.backchannelLogoutUri,
      backchannel_logout_session_required: true,
    }),
  }
  if (relyingParty.kind === 'api') {
    return {
      ...common,
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      jwks: { keys: relyingParty.keys.map((key) => ({ ...key })) as never },
      // Only who has something to do without a customer gets a token for itself, and for nothing else.
      grant_types: [
        ...(actsForItself(relyingParty) ? ['client_credentials'] : []),
        ...(asks(relyingParty) ? [cibaGrant] : []),
      ],
      response_types: [],
      ...(asks(relyingParty) && backchannelMetadata(relyingParty)),
    }
  }
  return {
    ...common,
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    scope: scopesOfClaims(relyingParty.scopes).join(' '),
    dpop_bound_access_tokens: relyingParty.requireDpop,
    require_pushed_authorization_requests: relyingParty.requirePar,
  }
}
