// The provider as the rest of the house meets it: requests in, interactions ended, tokens looked up.
import type { Context } from 'koa'
import type { InteractionResults, Provider } from 'oidc-provider'
import { delegated, isAcr, levelReached } from '../domain/acr.ts'
import { type Institution, issuerOf } from '../domain/institution.ts'
import type { LoginTransaction } from '../domain/login.ts'
import { Refusal } from '../domain/refusal.ts'
import { keptTransaction } from '../domain/transaction.ts'
import { typesOf } from '../domain/transaction-types/known.ts'
import { amrOfGrant } from '../domain/upstream-level.ts'
import { browserOf } from '../http/browser.ts'
import type { OidcGate } from '../http/provider-port.ts'
import type { Tenant } from '../http/tenant.ts'
import type { AccessTokens, BoundToken } from '../ports/access-tokens.ts'
import type { Clock } from '../ports/clock.ts'
import type { Directory } from '../ports/stores.ts'
import type { SubjectStates } from '../ports/subjects.ts'
import type { TokenStore } from '../ports/tokens.ts'
import type { Transactions } from '../ports/transactions.ts'
import { grantFor } from './grants.ts'
import type { InteractionLevel } from './levels.ts'
import { type PairwisePorts, pairwiseOf } from './pairwise.ts'
import { redeemed } from './redeem.ts'
import type { Returns } from './returns.ts'
import { rejoin } from './session-cookie.ts'

export interface GatePorts {
  readonly providers: (tenant: Tenant) => Promise<Provider>
  readonly directory: Directory
  readonly publicUrl: string
  readonly clock: Clock
}

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>

export interface EndPorts extends GatePorts {
  readonly returns: Returns
  readonly transactions: Pick<Transactions, 'bind'>
}

export function createOidcGate(ports: EndPorts): OidcGate {
  return {
    async handle(ctx, tenant) {
      const provider = await ports.providers(tenant)
      // Not koa-mount: under it the provider would lose its own keys and error handling.
      ctx.respond = false
      const request = ctx.req as typeof ctx.req & { baseUrl?: string }
      request.baseUrl = tenant.prefix
      await provider.callback()(ctx.req, ctx.res)
    },
    async holds(ctx, tenant, uid) {
      const provider = await ports.providers(tenant)
      const { cookies } = provider.createContext(ctx.req, ctx.res)
      return cookies.get(provider.cookieName('interaction'), { signed: true }) === uid
    },
    async end(ctx, tenant, end) {
      const provider = await ports.providers(tenant)
      const interaction = await details(provider, ctx)
      interaction.result =
        end.kind === 'finished'
          ? await finished(provider, ports, { interaction, login: end.login, issuer: tenant.issuer })
          : { error: end.error, error_description: end.description }
      await interaction.save(interaction.exp - Math.floor(ports.clock.now() / 1000))
      return interaction.returnTo
    },
    redeem: async (tenant, returned) => redeemed(await ports.providers(tenant), returned),
    async again(ctx, tenant, uid) {
      const provider = await ports.providers(tenant)
      // Once the app has been answered the provider forgets the interaction, and only our memory is left.
      const interaction = await provider.Interaction.find(uid)
      const place = { institution: tenant.institution.id, uid, browser: browserOf(ctx, tenant).hash }
      if (interaction !== undefined) return interaction.returnTo
      const before = await ports.returns.of(place)
      if (before === undefined) return undefined
      await rejoin(provider, { ctx, tenant, session: before.session })
      return before.to
    },
  }
}

async function details(provider: Provider, ctx: Context): Promise<Interaction> {
  try {
    return await provider.interactionDetails(ctx.req, ctx.res)
  } catch (error) {
    throw new Refusal('interaction.expired', { reason: error instanceof Error ? error.message : '' })
  }
}

interface Ending {
  readonly interaction: Interaction
  readonly login: LoginTransaction
  readonly issuer: string
}

async function finished(
  provider: Provider,
  { transactions }: EndPorts,
  ending: Ending,
): Promise<InteractionResults> {
  const { interaction, login } = ending
  const { granted = delegated } = login
  await leaveOther(provider, interaction, login)
  const { params } = interaction
  const given = { subject: login.subject as string, relyingParty: login.relyingParty, scope: login.scope }
  const grant = await grantFor(provider, { ...given, claims: params.claims, issuer: ending.issuer })
  const grantId = await grant.save()
  // In this unit: a token of this grant is what the transaction may be used by, and no other.
  if (login.decision !== undefined) await transactions.bind(login.institution, login.decision.id, grantId)
  const asked = login.upstreamAskedAt !== undefined
  const level: InteractionLevel = {
    acr: levelReached(login.amr, granted),
    amr: login.amr,
    device: login.device,
    transaction: login.transaction?.hash,
    authTime: loginTime(login),
    sessionUntil:
      login.sessionNotOnOrAfter === undefined ? undefined : Math.floor(login.sessionNotOnOrAfter / 1000),
    upstreamLogin: asked ? login.uid : undefined,
    connection: asked ? login.connection : undefined,
    undated: login.undated,
  }
  return {
    // The session's level is what the IdP granted; it never includes the device (ruling R-18), and is set only by a login.
    ...(asked && {
      login: {
        accountId: login.subject as string,
        acr: granted,
        amr: amrOfGrant(granted),
        ts: loginTime(login),
      },
    }),
    level,
    consent: { grantId },
  } as InteractionResults
}

const loginTime = (login: LoginTransaction): number =>
  Math.floor((login.authenticatedAt ?? login.startedAt) / 1000)

/** Another customer signed in on this browser: their session ends here rather than lending itself to this one. */
async function leaveOther(
  provider: Provider,
  interaction: Interaction,
  { subject }: LoginTransaction,
): Promise<void> {
  const { session } = interaction
  if (session?.accountId === undefined || session.accountId === subject) return
  const other = await provider.Session.findByUid(session.uid)
  await other?.destroy()
  Object.assign(interaction, { session: undefined })
}

interface StoredToken {
  readonly kind: string
  readonly accountId: string
  readonly clientId: string
  readonly grantId: string
  readonly sessionUid?: string
  readonly scope?: string
  readonly aud?: string
  readonly jkt?: string
  readonly exp: number
  readonly rar?: unknown
  readonly extra?: { acr?: string; amr?: string[]; auth_time?: number; device?: string }
}

/** The provider of an institution where no request names it by its address. */
export const providersOf =
  ({ providers, publicUrl }: Pick<GatePorts, 'providers' | 'publicUrl'>) =>
  (institution: Institution): Promise<Provider> => {
    const issuer = issuerOf(institution, publicUrl)
    const prefix = institution.host === undefined ? `/${institution.id}` : ''
    return providers({ institution, issuer, prefix, path: '/' })
  }

export interface AccessTokenPorts extends GatePorts, PairwisePorts {
  readonly subjectStates: SubjectStates
  readonly tokens: Pick<TokenStore, 'hold'>
}

export function createAccessTokens(ports: AccessTokenPorts): AccessTokens {
  const { providers, directory, publicUrl, subjectStates, tokens } = ports
  const providerOf = providersOf({ providers, publicUrl })
  return {
    async find(institutionId, value) {
      const institution = await directory.institution(institutionId)
      if (institution === undefined) return undefined
      const provider = await providerOf(institution)
      const token = (await provider.AccessToken.find(value)) as unknown as StoredToken | undefined
      // Disabling ends all tokens; this is for the one that was issued at that very moment.
      if (token === undefined || (await subjectStates.isDisabled(institutionId, token.accountId)))
        return undefined
      return bound(institution, token)
    },
    hold: (institution, id) => tokens.hold({ institution, model: 'AccessToken', id }),
    async findClient(institutionId, value) {
      const institution = await directory.institution(institutionId)
      const provider = institution && (await providerOf(institution))
      const token = (await provider?.ClientCredentials.find(value)) as unknown as StoredToken | undefined
      if (token === undefined) return undefined
      const { clientId: relyingParty, aud: audience, jkt } = token
      return { relyingParty, scope: token.scope?.split(' ') ?? [], audience, jkt }
    },
    nameOf: ({ institution, subject, relyingParty }) =>
      pairwiseOf(ports, institution)(undefined, subject, relyingParty),
  }
}

function bound(institution: Institution, token: StoredToken): BoundToken {
  const { extra = {} } = token
  return {
    institution: institution.id,
    relyingParty: token.clientId,
    subject: token.accountId,
    scope: token.scope?.split(' ') ?? [],
    acr: isAcr(extra.acr) ? extra.acr : delegated,
    amr: extra.amr ?? [],
    authenticatedAt: (extra.auth_time ?? 0) * 1000,
    device: extra.device,
    transaction: keptTransaction(token.rar, typesOf(institution)),
    grant: token.grantId,
    session: token.sessionUid,
    jkt: token.jkt,
    audience: token.aud,
    expiresAt: token.exp * 1000,
  }
}
