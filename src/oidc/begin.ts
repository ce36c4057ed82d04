// From the provider's request to our record of the sign-in.
import type { KoaContextWithOIDC } from 'oidc-provider'
import { Refusal } from '../domain/refusal.ts'
import type { Login } from '../flows/login.ts'
import { stateOfRequest } from '../http/context.ts'
import type { Tenant } from '../http/tenant.ts'
import type { Clock } from '../ports/clock.ts'
import type { Directory } from '../ports/stores.ts'
import { deviceSignalsOf } from './device-signals.ts'
import { needOf, provenJkt, sessionLevel, transactionOfRequest } from './levels.ts'
import { sessionConnection } from './session.ts'

export interface BeginPorts {
  readonly login: Login
  readonly directory: Pick<Directory, 'relyingParty'>
  readonly interactionSeconds: number
  readonly clock: Clock
}

interface Interaction {
  readonly uid: string
  readonly prompt: { readonly name: string }
}

const words = (value: unknown): string[] =>
  typeof value === 'string' ? value.split(' ').filter((word) => word !== '') : []

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** Opens the record in the unit of the authorization request, so that both are there or neither. */
export function createBegin(ports: BeginPorts) {
  return async (tenant: Tenant, ctx: KoaContextWithOIDC, interaction: Interaction): Promise<void> => {
    const { institution } = tenant
    const params = ctx.oidc.params ?? {}
    const relyingParty = await ports.directory.relyingParty(institution.id, ctx.oidc.client?.clientId ?? '')
    if (!relyingParty) throw new Refusal('connection.unknown')
    const { session } = ctx.oidc
    const at = sessionConnection(session)
    const ours = session?.accountId !== undefined && at !== undefined && relyingParty.connections.includes(at)
    const usable = interaction.prompt.name !== 'login' && ours
    const anew = words(params.prompt).includes('login') || params.max_age !== undefined || ours
    const need = needOf(ctx, { institution, relyingParty, now: ports.clock.now() })
    await ports.login.begin({
      institution: institution.id,
      uid: interaction.uid,
      reference: stateOfRequest(ctx.req).reference,
      relyingParty,
      redirectUri: String(params.redirect_uri),
      scope: words(params.scope),
      languages: words(params.ui_locales),
      neededAcr: need.acr,
      approvalAcr: need.approval,
      transaction: transactionOfRequest(ctx, institution),
      signals: deviceSignalsOf(params.device_signals),
      dpopJkt: provenJkt(ctx),
      freshLogin: interaction.prompt.name === 'login' && anew,
      hints: { connection: text(params.idp_hint), login: text(params.login_hint) },
      browserSession: session?.accountId === undefined ? undefined : session.uid,
      session: usable
        ? {
            subject: session.accountId as string,
            connection: at,
            authenticatedAt: (session.loginTs ?? 0) * 1000,
            ...sessionLevel(session, ports.clock.now()),
          }
        : undefined,
      ttlSeconds: ports.interactionSeconds,
    })
  }
}
