// The provider's events as audit events. They are synchronous and nobody awaits them: they only push (ruling R-1).
import type { EventEmitter } from 'node:events'
import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { AuditEvent, AuditTrace } from '../domain/audit.ts'
import { stateOfRequest } from '../http/context.ts'
import type { Log, Metrics } from '../ports/log.ts'
import type { Audit, UnitOfWork } from '../ports/unit-of-work.ts'
import type { ReusedToken } from './adapter.ts'

export interface EventPorts {
  readonly audit: Audit
  readonly metrics: Metrics
  readonly log: Log
}

interface WireError {
  readonly error?: string
  readonly error_detail?: string
  readonly error_description?: string
}

/** Subscribes once to a provider. */
export function recordEvents(provider: Provider, { audit, metrics, log }: EventPorts): void {
  const record = (ctx: KoaContextWithOIDC, event: Omit<AuditEvent, 'relyingParty' | 'subject'>) =>
    audit.record({ ...event, ...whoOf(ctx) })
  const refused = (type: AuditEvent['type']) => (ctx: KoaContextWithOIDC, error: WireError) => {
    const code = error.error ?? 'server_error'
    metrics.count('drawbridge_refusals_total', { code })
    log.info('oidc.refused', {
      type,
      reference: stateOfRequest(ctx.req).reference,
      code,
      detail: error.error_detail,
      description: error.error_description,
      ...whoOf(ctx),
    })
    // Ruling R-4: without a known client anyone could fill the audit; the log and the counter have it.
    // Where two things are wrong the library tells of both.
    if (whoOf(ctx) !== undefined && !audit.toldRefusal()) record(ctx, { type, outcome: 'refused', code })
  }
  provider.on('pushed_authorization_request.success', (ctx) =>
    record(ctx, { type: 'par.accepted', outcome: 'ok' }),
  )
  provider.on('pushed_authorization_request.error', refused('par.refused'))
  provider.on('authorization.success', (ctx) =>
    record(ctx, { type: 'authorization.issued', outcome: 'ok', ...issued(ctx) }),
  )
  provider.on('authorization.error', refused('authorization.refused'))
  provider.on('grant.success', (ctx) => {
    record(ctx, { ...issued(ctx), ...tokenEvent(ctx), outcome: 'ok' })
    // The library signs ID tokens itself; they are part of a journey's budget all the same.
    if ((ctx.body as { id_token?: string } | undefined)?.id_token)
      metrics.count('drawbridge_signatures_total', { purpose: 'id-token' })
  })
  provider.on('grant.error', refused('token.refused'))
  provider.on('grant.revoked', (ctx, grant) =>
    record(ctx, { type: 'token.revoked', outcome: 'ok', detail: { grant } }),
  )
  provider.on('end_session.success', (ctx) => record(ctx, { type: 'session.ended', outcome: 'ok' }))
  for (const event of elsewhere) provider.on(event, refused('request.refused'))
  // What the library answers by `server_error`, it tells nobody but us.
  provider.on('server_error', (ctx, error) => void failures.set(ctx, error))
  // Koa's own: an answer that breaks off on its way.
  const app: EventEmitter = provider as never
  app.on('error', (error: unknown, ctx?: KoaContextWithOIDC) =>
    log.error('oidc.failed', { error: String(error), ...(ctx && placeOf(ctx)) }),
  )
}

/** Tells of a stolen refresh token: an event, the end of its family, and an alert that somebody should look at. */
export function reportReuse({ audit, metrics, log, unit }: EventPorts & { readonly unit: UnitOfWork }) {
  return ({ grant, relyingParty, subject, sameKey }: ReusedToken): void => {
    const code = 'token.reuse_detected'
    const about = {
      ...(relyingParty !== undefined && { relyingParty }),
      ...(subject !== undefined && { subject }),
    }
    const detail = { grant, same_key: sameKey }
    audit.record({ type: code, outcome: 'refused', code, ...about, detail })
    audit.record({ type: 'token.revoked', outcome: 'ok', ...about, detail: { grant } })
    metrics.count('drawbridge_alerts_total', { code })
    log.warn('alert', { code, reference: unit.reference(), detail })
  }
}

const placeOf = ({ req, path }: KoaContextWithOIDC) => ({ reference: stateOfRequest(req).reference, path })

// The endpoints whose refusals have no event type of their own.
const elsewhere = [
  'backchannel_authentication.error',
  'userinfo.error',
  'introspection.error',
  'revocation.error',
  'end_session.error',
  'end_session_confirm.error',
] as 'userinfo.error'[]

const failures = new WeakMap<object, unknown>()

/** What went wrong behind the `server_error` of this answer; undefined where nothing did. */
export const failureOf = (ctx: KoaContextWithOIDC): unknown => failures.get(ctx)

/** The client of this request, by its own word or by the token that it shows, and the customer if there is one. */
export function whoOf(ctx: KoaContextWithOIDC): AuditTrace | undefined {
  const { oidc } = ctx
  if (oidc === undefined) return undefined
  const { Account, AccessToken, RefreshToken, AuthorizationCode } = oidc.entities
  const token = (RefreshToken ?? AuthorizationCode ?? AccessToken) as Partial<Shown> | undefined
  const relyingParty = oidc.client?.clientId ?? token?.clientId
  const subject = Account?.accountId ?? oidc.session?.accountId ?? token?.accountId
  return relyingParty === undefined ? undefined : { relyingParty, ...(subject !== undefined && { subject }) }
}

interface Shown {
  readonly clientId: string
  readonly accountId: string
}

function tokenEvent(ctx: KoaContextWithOIDC): Pick<AuditEvent, 'type'> {
  return { type: ctx.oidc.params?.grant_type === 'refresh_token' ? 'token.refreshed' : 'token.issued' }
}

function issued(ctx: KoaContextWithOIDC): Pick<AuditEvent, 'detail'> {
  const { AccessToken: access, AuthorizationCode: code } = ctx.oidc.entities
  const source = access ?? code
  const extra = (access as { extra?: { acr?: string } } | undefined)?.extra
  const acr = extra?.acr ?? (code as { acr?: string } | undefined)?.acr
  return {
    detail: {
      ...(source?.grantId !== undefined && { grant: source.grantId }),
      ...(source?.scope !== undefined && { scope: source.scope }),
      ...(acr !== undefined && { acr }),
    },
  }
}
