// Who is calling: the access token and its proof, for the endpoints that the bridge itself protects.
import type { Context } from 'koa'
import type { AuditTrace } from '../domain/audit.ts'
import { Refusal } from '../domain/refusal.ts'
import type { AccessTokens, BoundToken, ClientToken } from '../ports/access-tokens.ts'
import type { Clock } from '../ports/clock.ts'
import type { Replays } from '../ports/stores.ts'
import type { UnitOfWork } from '../ports/unit-of-work.ts'
import { stateOf, tenantOf } from './context.ts'
import { checkProof, proofWindowSeconds } from './dpop.ts'

export interface AuthorizePorts {
  readonly accessTokens: AccessTokens
  readonly replays: Replays
  readonly clock: Clock
}

/** The audience of tokens for the bridge's own APIs (ruling R-17). */
export const apiOf = (issuer: string): string => `${issuer}/api`

/** What is read of a request once its token is known, before its proof is used up. */
export type ReadRequest<T> = (token: BoundToken) => Promise<T>

export interface Authorized<T> {
  readonly token: BoundToken
  /** Is the token still alive? Whatever would end it waits from then on until the unit has ended. */
  readonly hold: () => Promise<boolean>
  readonly request: T
}

export type Authorize = <T>(ctx: Context, read: ReadRequest<T>) => Promise<Authorized<T>>

/**
 * Reads and checks the customer's token (RFC 9449 7): known, alive, for our API, bound to a key whose proof is
 * here and was never seen. Refuses with `token.*` or `dpop.*`.
 * `read` waits for the client, so it comes before the proof is recorded: that is the first write, and no unit may be
 * open while somebody else takes their time (ruling R-3).
 */
export function createAuthorize(ports: AuthorizePorts): Authorize {
  return async function authorize(ctx, read) {
    const { token, seen, hold } = await proven(ports, ctx)
    const request = await read(token)
    const { institution } = tenantOf(ctx)
    if (!(await ports.replays.once(institution.id, seen))) throw new Refusal('dpop.replayed')
    return { token, hold, request }
  }
}

/** The token, and what must be recorded of its proof. */
async function proven(ports: AuthorizePorts, ctx: Context) {
  const { institution, issuer } = tenantOf(ctx)
  const { scheme, value } = credentials(ctx)
  const token = await ports.accessTokens.find(institution.id, value)
  if (token !== undefined) stateOf(ctx).concerns = async () => traceOf(token)
  if (token === undefined || token.audience !== apiOf(issuer)) throw new Refusal('token.invalid')
  // RFC 9449 7.2: a bound token must never pass as a bearer token, nor the reverse.
  if ((token.jkt !== undefined) !== (scheme === 'dpop')) throw new Refusal('token.invalid', { scheme })
  // A token that anybody can use who finds it opens nothing here: decision 0023.
  if (token.jkt === undefined) throw new Refusal('dpop.missing')
  const seen = await proofSeen(ports, ctx, { value, jkt: token.jkt })
  const hold = () => ports.accessTokens.hold(institution.id, value)
  return { token, hold, seen }
}

/** What must be recorded of the proof that came with this token; refuses with `dpop.*`. */
async function proofSeen(
  { clock }: Pick<AuthorizePorts, 'clock'>,
  ctx: Context,
  { value, jkt: bound }: { readonly value: string; readonly jkt: string },
) {
  const { issuer, prefix } = tenantOf(ctx)
  const url = `${new URL(issuer).origin}${prefix}${ctx.path}`
  const now = clock.now()
  const proofs = headerValues(ctx, 'dpop')
  const { jkt, jti } = await checkProof({ proofs, method: ctx.method, url, accessToken: value, now })
  if (jkt !== bound) throw new Refusal('dpop.invalid', { check: 'jkt' })
  const expiresAt = now + 2 * proofWindowSeconds * 1000
  return { kind: 'dpop', id: `${jkt}|${jti}`, expiresAt } as const
}

/** Who holds this token: a proof by another key, or one that came before, is told of them. */
const traceOf = ({ relyingParty, subject, device }: BoundToken): AuditTrace => ({
  relyingParty,
  subject,
  ...(device !== undefined && { device }),
})

export type AuthorizeClient = (ctx: Context, scope: string) => Promise<ClientToken>

/**
 * The same for an API of the bank that acts for itself: its token with this scope, with a proof where it is bound to a key.
 * Refuses with `token.*` or `dpop.*`.
 */
export function createAuthorizeClient(
  ports: AuthorizePorts & { readonly unit: UnitOfWork },
): AuthorizeClient {
  return async function authorizeClient(ctx: Context, scope: string): Promise<ClientToken> {
    const { institution, issuer } = tenantOf(ctx)
    const { scheme, value } = credentials(ctx)
    const token = await ports.accessTokens.findClient(institution.id, value)
    if (token) stateOf(ctx).concerns = async () => ({ relyingParty: token.relyingParty })
    if (token?.audience !== apiOf(issuer)) throw new Refusal('token.invalid')
    const { jkt } = token
    if ((jkt !== undefined) !== (scheme === 'dpop')) throw new Refusal('token.invalid', { scheme })
    if (!token.scope.includes(scope)) throw new Refusal('token.scope', { needed: scope })
    if (jkt === undefined) return token
    const seen = await proofSeen(ports, ctx, { value, jkt })
    if (!(await ports.replays.once(institution.id, seen))) throw new Refusal('dpop.replayed')
    // What the request says is read next, and nothing may be open while somebody else takes their time (ruling R-3).
    await ports.unit.checkpoint()
    return token
  }
}

function credentials(ctx: Context): { scheme: 'dpop' | 'bearer'; value: string } {
  const [header, second] = headerValues(ctx, 'authorization')
  if (header === undefined) throw new Refusal('token.missing')
  const match = /^(dpop|bearer) ([\w.~+/-]+=*)$/i.exec(header)
  if (!match || second !== undefined) throw new Refusal('token.invalid', { form: true })
  return { scheme: match[1]?.toLowerCase() === 'dpop' ? 'dpop' : 'bearer', value: match[2] ?? '' }
}

// Node joins or drops repeated headers; the raw list shows what was really sent.
function headerValues(ctx: Context, name: string): string[] {
  const raw = ctx.req.rawHeaders
  return raw.filter((_, i) => i % 2 === 1 && raw[i - 1]?.toLowerCase() === name)
}
