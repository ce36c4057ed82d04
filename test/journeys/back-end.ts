// The bank's back end: it asks customers by CIBA (openid-client, or bare requests whose every word a test chooses) and decides by the transaction API.
import { randomUUID } from 'node:crypto'
import { importJWK, SignJWT } from 'jose'
import type * as oidc from 'openid-client'
import { backEndClient } from '../../src/demo/back-end.ts'
import { apiId } from '../../src/demo/institution.ts'
import { payment } from '../../src/demo/payment.ts'
import type { TestBridge } from './bridge.ts'
import { asApi } from './customer.ts'

export { payment }

export const details = (amount: string): string => JSON.stringify([payment(amount)])

/** The back end as openid-client speaks for it. */
export const backEnd = ({ issuer, world }: TestBridge, id = apiId): Promise<oidc.Configuration> =>
  backEndClient({ issuer, apiKey: world.apiKey, id })

export interface Asked {
  readonly auth_req_id: string
  readonly number?: string
  readonly expires_in: number
  readonly interval: number
}

interface Answer {
  readonly status: number
  readonly json: Record<string, unknown>
  readonly retryAfter: string | null
}

async function post(url: string, fields: Readonly<Record<string, string>>): Promise<Answer> {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(fields) })
  const json = (await response.json()) as Record<string, unknown>
  return { status: response.status, json, retryAfter: response.headers.get('retry-after') }
}

/** A bare request to the backchannel endpoint of the node at `at`. */
export const askRaw = async (
  bridge: TestBridge,
  fields: Readonly<Record<string, string>>,
  at = bridge.issuer,
) => post(`${at}/backchannel`, { ...(await asApi(bridge)), scope: 'openid', ...fields })

/** One that must be taken. */
export async function asked(bridge: TestBridge, fields: Readonly<Record<string, string>>): Promise<Asked> {
  const answer = await askRaw(bridge, fields)
  if (answer.status !== 200) throw new Error(`not asked: ${answer.status} ${JSON.stringify(answer.json)}`)
  return answer.json as unknown as Asked
}

/** One poll. */
export const poll = async (bridge: TestBridge, request: string, at = bridge.issuer, id = apiId) =>
  post(`${at}/token`, {
    ...(await asApi(bridge, id)),
    grant_type: 'urn:openid:params:grant-type:ciba',
    auth_req_id: request,
  })

/** A JWT by the back end's own key: a hint, or a whole request. */
export async function byApi(
  bridge: TestBridge,
  claims: Readonly<Record<string, unknown>>,
  { seconds = 120, key = bridge.world.apiKey, alg = 'ES256' } = {},
): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  const jwt = new SignJWT({ jti: randomUUID(), iss: apiId, aud: bridge.issuer, ...claims })
  return jwt
    .setProtectedHeader({ alg, kid: 'alder-api-1' })
    .setIssuedAt(Math.min(now, now + seconds))
    .setNotBefore(Math.min(now, now + seconds))
    .setExpirationTime(now + seconds)
    .sign(await importJWK({ ...key }, alg))
}

export interface TransactionCall {
  readonly method?: string
  readonly path?: string
  readonly token: string
  readonly body?: unknown
  /** Where another node has the issuer. */
  readonly node?: string | undefined
}

/** A request to the transaction API. */
export async function transactions(
  bridge: TestBridge,
  { method = 'POST', path = '', token, body, node = bridge.issuer }: TransactionCall,
): Promise<{ status: number; json: Record<string, unknown> }> {
  const response = await fetch(`${node}/transactions${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return { status: response.status, json: (await response.json()) as Record<string, unknown> }
}
