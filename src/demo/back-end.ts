// A back end of the bank, with a key of its own: asks customers who are not there (OpenID CIBA), and uses the transaction API.
import { importJWK } from 'jose'
import * as oidc from 'openid-client'
import { apiId } from './institution.ts'

export interface BackEndOptions {
  readonly issuer: string
  /** The private key that it is registered with. */
  readonly apiKey: Readonly<Record<string, unknown>>
  /** The demo's API unless told. */
  readonly id?: string
}

/** What is asked of a customer. */
export interface ToAsk {
  readonly sub: string
  /** One RFC 9396 authorization detail; a sign-in is asked for without one. */
  readonly detail?: Readonly<Record<string, unknown>>
  readonly message?: string
  /** Where the customer began: `{"ip_address": "...", "device": "..."}`. */
  readonly place?: Readonly<Record<string, string>>
  /** How long it may be answered, in seconds. */
  readonly seconds?: number
}

/** A question that was taken: what to poll with, and the number to show. */
export interface Asked {
  readonly request: string
  readonly number: string | undefined
  /** Epoch milliseconds. */
  readonly expiresAt: number
  /** Milliseconds between polls. */
  readonly interval: number
}

export type Looked =
  | { readonly kind: 'waiting' }
  | {
      readonly kind: 'approved'
      readonly accessToken: string
      readonly claims: Readonly<Record<string, unknown>>
    }
  | { readonly kind: 'refused'; readonly code: string }

/** What the bridge would not do, by its code. */
export class Refused extends Error {
  readonly code: string
  constructor(code: string) {
    super(code)
    this.code = code
  }
}

export type BackEnd = Awaited<ReturnType<typeof createBackEnd>>

/** The bridge as openid-client knows it, with what the back end proves itself by. */
export async function backEndClient({
  issuer,
  apiKey,
  id = apiId,
}: BackEndOptions): Promise<oidc.Configuration> {
  const key = (await importJWK({ ...apiKey }, 'ES256')) as CryptoKey
  const proves = oidc.PrivateKeyJwt({ key, kid: 'alder-api-1' })
  const execute = [oidc.allowInsecureRequests]
  return oidc.discovery(new URL(issuer), id, undefined, proves, { execute })
}

export async function createBackEnd(options: BackEndOptions) {
  const { issuer } = options
  const config = await backEndClient(options)
  return {
    /** Throws `Refused` where the customer may not be asked. */
    ask: (toAsk: ToAsk): Promise<Asked> => ask(config, toAsk),
    /** Where the question stands now; to be called no sooner than its interval says. */
    look: ({ request }: Pick<Asked, 'request'>): Promise<Looked> => look(config, request),
    /** A call of the transaction API with a token of its own. */
    api: async (method: string, path: string, value?: unknown) => {
      const { access_token: token } = await oidc.clientCredentialsGrant(config, { scope: 'transactions' })
      const response = await fetch(`${issuer}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(value !== undefined && { body: JSON.stringify(value) }),
      })
      return { status: response.status, body: await response.json() }
    },
  }
}

async function ask(
  config: oidc.Configuration,
  { sub, detail, message, place, seconds }: ToAsk,
): Promise<Asked> {
  const asked = await oidc
    .initiateBackchannelAuthentication(config, {
      ...{ scope: 'openid', login_hint: sub },
      ...(detail && { authorization_details: JSON.stringify([detail]) }),
      ...(message !== undefined && { binding_message: message }),
      ...(place && { request_context: JSON.stringify(place) }),
      ...(seconds !== undefined && { requested_expiry: String(seconds) }),
    })
    .catch((error: unknown) => {
      throw new Refused(codeOf(error))
    })
  const { auth_req_id: request, expires_in: lasts, interval = 5, number } = asked
  const shown = typeof number === 'string' ? number : undefined
  return { request, number: shown, expiresAt: Date.now() + lasts * 1000, interval: interval * 1000 }
}

async function look(config: oidc.Configuration, request: string): Promise<Looked> {
  try {
    const type = 'urn:openid:params:grant-type:ciba'
    const answer = await oidc.genericGrantRequest(config, type, { auth_req_id: request })
    return { kind: 'approved', accessToken: answer.access_token, claims: { ...answer.claims() } }
  } catch (error) {
    if (
      error instanceof oidc.ResponseBodyError &&
      ['authorization_pending', 'slow_down'].includes(error.error)
    )
      return { kind: 'waiting' }
    return { kind: 'refused', code: codeOf(error) }
  }
}

/** Our own code where the description is one; else the OAuth error. */
function codeOf(error: unknown): string {
  if (!(error instanceof oidc.ResponseBodyError)) throw error
  const { error: name, error_description: description = '' } = error
  return /^[a-z_]+\.[a-z_]+$/.test(description) ? description : name
}
