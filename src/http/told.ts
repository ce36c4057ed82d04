// Telling a refusal: as a page to a person, as an OAuth error to an app; with code and reference, never with detail.
import type { Context } from 'koa'
import { alarmingCodes, Refusal } from '../domain/refusal.ts'
import type { Log, Metrics } from '../ports/log.ts'
import { stateOf } from './context.ts'
import { loggedPath } from './logging.ts'
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
export function tellRefusals(ports: TellPorts) {
  return async (ctx: Context, next: () => Promise<unknown>): Promise<void> => {
    try {
      await next()
      if (ctx.status === 404 && ctx.body === undefined && ctx.respond !== false)
        throw new Refusal('request.not_found')
    } catch (error) {
      tellFailure(ports, ctx, error)
    }
  }
}

/** Answers with what was thrown: a refusal by its code, anything else as `unexpected`; the log has the rest. */
export function tellFailure(ports: TellPorts, ctx: Context, error: unknown): void {
  noteFailure(ports, ctx, error)
  if (ctx.headerSent) return
  const refusal = error instanceof Refusal ? error : undefined
  const code: PageCode = refusal?.code ?? 'unexpected'
  const { face, tell } = stateOf(ctx)
  ctx.status = httpStatusOf(code)
  if (refusal && typeof refusal.detail.retryAfterSeconds === 'number') {
    ctx.set('Retry-After', String(refusal.detail.retryAfterSeconds))
  } else if (ctx.status === 503) ctx.set('Retry-After', '1')
  if (refusal && tell) tell(ctx, refusal)
  else if (face === 'json') tellApp(ctx, code)
  else tellPerson(ctx, code, ports.now())
}

/** The line in the log, the counter, and the alert where the code calls for one. */
export function noteFailure({ log, metrics }: Omit<TellPorts, 'now'>, ctx: Context, error: unknown): void {
  const { reference } = stateOf(ctx)
  const path = loggedPath(ctx.path)
  if (!(error instanceof Refusal)) {
    log.error('failed', { reference, path, error: error instanceof Error ? error.stack : String(error) })
    metrics.count('drawbridge_refusals_total', { code: 'unexpected' })
    return
  }
  const { code } = error
  // Every check that was made stands in the kept exchange; the log names the one that failed.
  const { checks: _checks, ...detail } = error.detail
  log.info('refused', { code, reference, path, detail })
  metrics.count('drawbridge_refusals_total', { code })
  if (!alarmingCodes.has(code)) return
  metrics.count('drawbridge_alerts_total', { code })
  log.warn('alert', { code, reference, detail })
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
