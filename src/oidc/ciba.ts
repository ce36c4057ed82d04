// OpenID CIBA Core 1.0, poll and ping: a back end asks a customer who is not there, and the customer answers on their phone.
import { createLocalJWKSet, errors as jose, jwtVerify } from 'jose'
import type { Configuration, KoaContextWithOIDC } from 'oidc-provider'
import { errors } from 'oidc-provider'
import { z } from 'zod'
import { highest } from '../domain/acr.ts'
import type { Approval, ApprovalPlace } from '../domain/approval.ts'
import type { Institution, RelyingParty } from '../domain/institution.ts'
import { isStorable } from '../domain/plain-text.ts'
import { Refusal } from '../domain/refusal.ts'
import type { TransactionRequests } from '../flows/transaction-request.ts'
import type { CheckUserCode } from '../flows/user-code.ts'
import { stateOfRequest } from '../http/context.ts'
import { isMessage, longestMessage, placeOfContext, requestContext } from '../http/request-context.ts'
import type { Pings } from '../ports/pings.ts'
import type { Replays } from '../ports/stores.ts'
import { requestedAcr, transactionOfRequest } from './levels.ts'

export interface CibaPorts {
  readonly institution: Institution
  readonly issuer: string
  readonly relyingParty: (id: string) => Promise<RelyingParty | undefined>
  /** Our own name of a customer that an app knows by this one. */
  readonly meant: (sub: string) => Promise<string | undefined>
  readonly requests: TransactionRequests
  readonly checkUserCode: CheckUserCode
  readonly replays: Replays
  readonly pings: Pick<Pings, 'put'>
  readonly now: () => number
}

/** Seconds between polls; each poll that comes sooner adds as many (CIBA 11). */
const pollSeconds = 5

type Ciba = NonNullable<NonNullable<Configuration['features']>['ciba']>

/** The `ciba` feature of one institution's provider. */
export function ciba(ports: CibaPorts): Ciba {
  return {
    enabled: true,
    deliveryModes: ['poll', 'ping'],
    processLoginHint: async (_ctx: unknown, hint?: string) => ports.meant(String(hint)),
    processLoginHintToken: (ctx: KoaContextWithOIDC, token?: string) =>
      subjectOfToken(ports, ctx, String(token)),
    verifyUserCode: (ctx: KoaContextWithOIDC, account: unknown, code?: string) =>
      verifyUserCode(ports, { ctx, subject: (account as { accountId: string }).accountId, code }),
    validateBindingMessage: async (_ctx: unknown, message?: string) => checkMessage(message),
    validateRequestContext: async (_ctx: unknown, context?: string) => void placeIn(context),
    triggerAuthenticationDevice: (ctx: KoaContextWithOIDC, request: unknown) =>
      ask(ports, ctx, request as Requested),
  } as Ciba
}

function checkMessage(message: string | undefined): void {
  if (message !== undefined && !isMessage(message))
    throw new errors.InvalidBindingMessage(
      `binding_message must be plain text of at most ${longestMessage} characters, without addresses`,
    )
}

/** Where the customer began, as the back end saw it, in JSON. */
function placeIn(text: string | undefined): ApprovalPlace {
  if (text === undefined) return {}
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new errors.InvalidRequest('request_context must be JSON')
  }
  const parsed = requestContext.safeParse(json)
  if (!parsed.success)
    throw new errors.InvalidRequest(
      'request_context knows ip_address, device, town, and latitude with longitude, and nothing else',
    )
  return placeOfContext(parsed.data)
}

const name = z.string().min(1).max(200).refine(isStorable)

const hintClaims = z.object({
  sub_id: z.object({ format: z.literal('iss_sub'), iss: z.string(), sub: name }),
  jti: name,
  exp: z.number(),
})

const hintSeconds = 600

/** CIBA 7.1 leaves the form to us: a JWT by the client's own key whose `sub_id` (RFC 9493 3.2.3) names the customer, good once. */
async function subjectOfToken(
  ports: CibaPorts,
  ctx: KoaContextWithOIDC,
  token: string,
): Promise<string | undefined> {
  const { issuer, institution, replays } = ports
  const client = ctx.oidc.client?.clientId ?? ''
  const keys = (await ports.relyingParty(client))?.keys ?? []
  const { payload } = await jwtVerify(
    token,
    createLocalJWKSet({ keys: keys.map((key) => ({ ...key })) as never }),
    {
      ...{ algorithms: ['ES256'], issuer: client, audience: issuer, maxTokenAge: hintSeconds },
      currentDate: new Date(ports.now()),
    },
  ).catch((error: unknown) => {
    if (error instanceof jose.JWTExpired)
      throw new errors.ExpiredLoginHintToken('login_hint_token is too old')
    throw new errors.InvalidRequest('login_hint_token cannot be accepted')
  })
  const parsed = hintClaims.safeParse(payload)
  if (!parsed.success || parsed.data.sub_id.iss !== issuer)
    throw new errors.InvalidRequest('login_hint_token needs sub_id of format iss_sub, jti and exp')
  const { sub_id, jti, exp } = parsed.data
  // It is refused by its age then, however far ahead its own end is.
  const expiresAt = Math.min(exp * 1000, ports.now() + hintSeconds * 1000)
  const seen = { kind: 'login-hint', id: `${client}|${jti}`, expiresAt } as const
  if (!(await replays.once(institution.id, seen)))
    throw new errors.InvalidRequest('login_hint_token was used before')
  return ports.meant(sub_id.sub)
}

interface Coded {
  readonly ctx: KoaContextWithOIDC
  readonly subject: string
  readonly code: string | undefined
}

/** Ruling R-32: a secret of its own; only where the client is registered for it. */
async function verifyUserCode(ports: CibaPorts, { ctx, subject, code }: Coded): Promise<void> {
  const client = await ports.relyingParty(ctx.oidc.client?.clientId ?? '')
  if (client?.backchannel?.userCode !== true) return
  if (code === undefined) throw new errors.MissingUserCode('user_code is missing')
  if (!(await ports.checkUserCode(ports.institution, subject, code)))
    throw new errors.InvalidUserCode('user_code is not right')
}

interface Requested {
  readonly jti: string
  readonly accountId: string
  readonly expiration: number
  destroy(): Promise<void>
}

/** In the unit of the request: decided, asked and on its way, or nothing of it. */
async function ask(ports: CibaPorts, ctx: KoaContextWithOIDC, request: Requested): Promise<void> {
  const { institution } = ports
  const relyingParty = await ports.relyingParty(ctx.oidc.client?.clientId ?? '')
  if (relyingParty === undefined) throw new errors.InvalidClient('client is unknown')
  const text = (name: string) => {
    const value = ctx.oidc.params?.[name]
    return typeof value === 'string' ? value : undefined
  }
  const approval = await ports.requests
    .backchannel(institution, {
      ...{ relyingParty, subject: request.accountId, origin: 'backchannel', request: request.jti },
      reference: stateOfRequest(ctx.req).reference,
      transaction: transactionOfRequest(ctx, institution),
      acr: highest(requestedAcr(ctx), relyingParty.acrFloor),
      bindingMessage: text('binding_message'),
      place: placeIn(text('request_context')),
      seconds: request.expiration,
    })
    .catch(async (error: unknown) => {
      // What a refusal writes is kept (ruling R-2), and the library has written this: nobody was told its name.
      if (error instanceof Refusal && error.code !== 'busy') await request.destroy()
      throw asBackchannelError(ctx, error)
    })
  const token = text('client_notification_token')
  if (relyingParty.backchannel?.ping !== undefined && token !== undefined)
    await owePing(ports, approval, { request: request.jti, token })
  // RFC 6749 5.1: what a client does not know, it ignores. The number is for the screen on which the customer began.
  const number = approval.number === undefined ? {} : { number: approval.number }
  ctx.body = { ...(ctx.body as object), interval: pollSeconds, ...number }
}

// Two nodes never quite agree on the time: when it has come, none of them may take an answer any more.
const apartMs = 2000
// Then the token endpoint says no more of the request than that there is none.
const lateMs = 600_000

/** Whatever becomes of the question, at its end the back end is pinged; who ends it sooner makes that due. */
function owePing(
  { pings }: CibaPorts,
  { institution, id, relyingParty, subject, reference, expiresAt }: Approval,
  named: { readonly request: string; readonly token: string },
): Promise<void> {
  const ping = { institution, ...named, relyingParty, subject, approval: id, reference }
  return pings.put(ping, { dueAt: expiresAt + apartMs, expiresAt: expiresAt + lateMs })
}

/** CIBA 13: a customer who may not be asked is `access_denied`, with our own code beside it. */
function asBackchannelError(ctx: KoaContextWithOIDC, error: unknown): unknown {
  if (!(error instanceof Refusal) || error.code === 'busy') return error
  const { retryAfterSeconds } = error.detail
  if (typeof retryAfterSeconds === 'number') ctx.set('Retry-After', String(retryAfterSeconds))
  const refused = new errors.AccessDenied(error.code)
  return Object.assign(refused, { status: 403, statusCode: 403, expose: true })
}
