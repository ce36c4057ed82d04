// Telling a refusal: as a page to a person, as an OAuth error to an app; with code and reference, never with detail.
import type { Context } from 'koa'
import { alarmingCodes, Refusal } from '../domain/refusal.ts'
import type { Log, Metrics } from '../ports/log.ts'
import { stateOf } from './context.ts'
import { errorPage } from './page/error.ts'
import { askingOf } from './page-context.ts'
import { pageHeaders } from './security-headers.ts'
import { wordsOf } from './words/catalogue.ts'
import { httpStatusOf, oauthErrorOf } from './words/codes.ts'
import type { PageCode } from './words/groups.ts'

export interface TellPorts {
  readonly log: Log
  readonly metrics: Metrics
  readonly now: () => number
}

/** Middleware: whatever is thrown below it becomes an answer; the process stays alive. */
export function tellRefusals({ log, metrics, now }: TellPorts) {
  return async (ctx: Context, next: () => Promise<unknown>): Promise<void> => {
    try {
      await next()
      if (ctx.status === 404 && ctx.body === undefined && ctx.respond !== false)
        throw new Refusal('request.not_found')
    } catch (error) {
      const refusal = error instanceof Refusal ? error : undefined
      // Every check that was made stands in the kept exchange; the log names the one that failed.
      const { checks: _checks, ...detail } = refusal?.detail ?? {}
      const code: PageCode = refusal?.code ?? 'unexpected'
      const { reference, tell } = stateOf(ctx)
      if (refusal) log.info('refused', { code, reference, path: ctx.path, detail })
      else
        log.error('failed', {
          reference,
          path: ctx.path,
          error: error instanceof Error ? error.stack : String(error),
        })
      metrics.count('drawbridge_refusals_total', { code })
      if (refusal && alarmingCodes.has(refusal.code)) {
        metrics.count('drawbridge_alerts_total', { code })
        log.warn('alert', { code, reference, detail })
      }
      if (ctx.headerSent) return
      ctx.status = httpStatusOf(code)
      if (refusal && typeof refusal.detail.retryAfterSeconds === 'number') {
        ctx.set('Retry-After', String(refusal.detail.retryAfterSeconds))
      } else if (ctx.status === 503) ctx.set('Retry-After', '1')
      if (refusal && tell) tell(ctx, refusal)
      else if (stateOf(ctx).face === 'json') tellApp(ctx, code)
      else tellPerson(ctx, code, now())
    }
  }
}

/** RFC 6749 5.2 shape, with our stable code and the reference. */
export function tellApp(ctx: Context, code: PageCode): void {
  ctx.set('Cache-Control', 'no-store')
  ctx.body = {
    error: oauthErrorOf(code),
    error_description: wordsOf('en', code).happened,
    code,
    reference: stateOf(ctx).reference,
  }
}

function tellPerson(ctx: Context, code: PageCode, at: number): void {
  const { reference, startAgain, tenant } = stateOf(ctx)
  ctx.set(pageHeaders({ formActions: [], https: tenant?.issuer.startsWith('https:') ?? false }))
  ctx.type = 'html'
  ctx.body = errorPage({ ...askingOf(ctx, []), code, reference, at, startAgain })
}
