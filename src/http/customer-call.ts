// A customer's app at one of our own APIs: its token, the scope that the API needs, and the customer's budget.
import type { Context } from 'koa'
import type { Acr } from '../domain/acr.ts'
import { Refusal } from '../domain/refusal.ts'
import type { RateLimits } from '../ports/stores.ts'
import type { Authorize, Authorized } from './authorize.ts'
import { challengeOn } from './challenge.ts'
import { stateOf } from './context.ts'
import { withinRate } from './interaction.ts'

export interface CustomerCallPorts {
  readonly authorize: Authorize
  readonly rateLimits: RateLimits
}

interface CustomerCall<T> {
  readonly scope: string
  /** What a challenge asks for where the level is not enough. */
  readonly acr: Acr | undefined
  /** Reads the request, once its caller may ask. */
  readonly read: () => Promise<T>
}

/**
 * The caller and what they ask. All phones of a customer have one budget together. Refuses with `token.*`, `dpop.*`,
 * `rate.exceeded`, and as `read` does; each is told as JSON with its challenge.
 */
export function customerCall<T>(
  ctx: Context,
  { authorize, rateLimits }: CustomerCallPorts,
  { scope, acr, read }: CustomerCall<T>,
): Promise<Authorized<T>> {
  stateOf(ctx).face = 'json'
  challengeOn(ctx, { acr })
  return authorize(ctx, async (token) => {
    if (!token.scope.includes(scope)) throw new Refusal('token.scope', { needed: scope })
    await withinRate(rateLimits, 'device', `${token.institution}|${token.subject}`)
    return read()
  })
}
