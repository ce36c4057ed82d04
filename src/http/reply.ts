// Answers of our own APIs.
import type { Context } from 'koa'

/** An answer that nobody keeps. */
export function replyOnce(ctx: Context, body: object): void {
  ctx.set('Cache-Control', 'no-store')
  ctx.status = 200
  ctx.body = body
}

/** A moment (epoch milliseconds) as our APIs write it. */
export const iso = (at: number): string => new Date(at).toISOString()
