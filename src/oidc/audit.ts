// The provider's events as audit events. They are synchronous and nobody awaits them: they only push (ruling R-1).
import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { AuditEvent } from '../domain/audit.ts'
import type { Log, Metrics } from '../ports/log.ts'
import type { Audit } from '../ports/unit-of-work.ts'

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
    audit.record({ ...event, ...who(ctx) })
  const refused = (type: AuditEvent['type']) => (ctx: KoaContextWithOIDC, error: WireError) => {
    const code = error.error ?? 'server_error'
    metrics.count('drawbridge_refusals_total', { code })
    log.info('oidc.refused', {
      type,
      code,
      detail: error.error_detail,
      description: error.error_description,
      ...who(ctx),
    })
    // Ruling R-4: without a known client anyone could fill the audit; the log and the counter have it.
    if (ctx.oidc.client !== undefined) record(ctx, { type, outcome: 'refused', code })
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
  provider.on('server_error', (_ctx, error) =>
    log.error('oidc.server_error', { error: error.stack ?? error.message }),
  )
}

function who(ctx: KoaContextWithOIDC): { relyingParty?: string; subject?: string } {
  const { oidc } = ctx
  const subject = oidc.entities.Account?.accountId ?? oidc.session?.accountId
  return {
    ...(oidc.client !== undefined && { relyingParty: oidc.client.clientId }),
    ...(subject !== undefined && { subject }),
  }
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
