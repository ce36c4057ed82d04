// The OpenID provider of every institution, put together from the flows.
import type { Config } from '../config/config.ts'
import type { Institution } from '../domain/institution.ts'
import { typesOf } from '../domain/transaction-types/known.ts'
import { createProviderPages } from '../http/provider-pages.ts'
import type { Tenant } from '../http/tenant.ts'
import { type AdapterPorts, createAdapter } from '../oidc/adapter.ts'
import { reportReuse } from '../oidc/audit.ts'
import { createBackchannel } from '../oidc/backchannel.ts'
import { createBegin } from '../oidc/begin.ts'
import type { ProviderPages } from '../oidc/configuration.ts'
import { createAccessTokens, createOidcGate } from '../oidc/gate.ts'
import { linkUpstream } from '../oidc/levels.ts'
import { pairwiseOf } from '../oidc/pairwise.ts'
import { createProviders } from '../oidc/provider.ts'
import { createReturns } from '../oidc/returns.ts'
import type { Flows } from './flows.ts'
import type { Foundation, Services, Stores } from './foundation.ts'

/** What the edges are made of. */
export interface Parts {
  readonly base: Foundation
  readonly stores: Stores
  readonly services: Services
  readonly flows: Flows
}

const lifetimesOf = ({ sessions }: Config) => ({
  session: sessions.browserSeconds,
  interaction: sessions.interactionSeconds,
  code: sessions.codeSeconds,
  accessToken: sessions.accessTokenSeconds,
  transactionToken: sessions.transactionTokenSeconds,
  refreshToken: sessions.refreshTokenSeconds,
})

type AdapterRest = Omit<AdapterPorts, 'institution' | 'transactionTypes'>

const adapterOf = (institution: Institution, ports: AdapterRest) => {
  const transactionTypes = typesOf(institution).map(({ type }) => type)
  return createAdapter({ ...ports, institution: institution.id, transactionTypes })
}

/** What the provider of a tenant is made by. */
function settingsFor({ base, stores, flows }: Parts, pages: ProviderPages) {
  const { config, clock } = base
  const { interactionSeconds } = config.sessions
  const begin = createBegin({ ...base, ...stores, login: flows.login, interactionSeconds })
  const { tokens, replays } = stores
  const adapterPorts = { tokens, replays, now: clock.now, reused: reportReuse(base) }
  const { requests, checkUserCode } = flows
  return (tenant: Tenant) => {
    const { institution, issuer, prefix } = tenant
    const relyingParty = (id: string) => stores.directory.relyingParty(institution.id, id)
    return {
      ...{ institution, issuer, prefix },
      lifetimes: lifetimesOf(config),
      now: clock.now,
      relyingParty,
      ...{ requests, checkUserCode, replays, pings: stores.pings },
      meant: (sub: string) => stores.subjectNames.meant(institution.id, sub),
      adapter: adapterOf(institution, {
        ...adapterPorts,
        relyingParty,
        seal: {
          seal: (plain) => base.seal.seal(institution.id, plain),
          open: (sealed) => base.seal.open(institution.id, sealed),
        },
        polledTooSoon: (request) => stores.approvals.polledTooSoon(institution.id, request, clock.now()),
      }),
      claims: (subject: string) => stores.subjects.claims(institution.id, subject),
      present: (subject: string, jkt: string | undefined) => flows.present(institution.id, subject, jkt),
      hold: (jkt: string) => flows.hold(institution.id, jkt),
      begin: (ctx: Parameters<typeof begin>[1], interaction: Parameters<typeof begin>[2]) =>
        begin(tenant, ctx, interaction),
      isDisabled: (subject: string) => stores.subjectStates.isDisabled(institution.id, subject),
      isPayeeFrozen: (account: string) =>
        stores.freezes.has(institution.id, {
          kind: 'payee',
          key: flows.tokenOfAccount(institution.id, account),
        }),
      pairwise: pairwiseOf({ ...base, ...stores }, institution.id),
      signOutLeadsTo: (uid: string) => flows.signOut.leadsTo(institution, uid),
      useByIntrospection: flows.useByIntrospection,
      linkUpstream: linkUpstream(institution.id, stores.upstreamSessions),
      pages,
    }
  }
}

/** The provider and those who speak to it. */
export function createOidc(parts: Parts) {
  const { base, stores, services, flows } = parts
  const { config, clock } = base
  const { publicUrl } = config
  const pages = createProviderPages({ ...base, now: clock.now }) as unknown as ProviderPages
  const settingsOf = settingsFor(parts, pages)
  const returns = createReturns({ ...base, ...stores, seconds: config.sessions.codeSeconds })
  const providers = createProviders({
    ...base,
    directory: stores.directory,
    pages,
    returns,
    endSession: flows.endSession,
    signOut: flows.signOut,
    pings: stores.pings,
    rateLimits: services.rateLimits,
    settingsOf,
  })
  const ports = { ...stores, keys: base.keys, providers, returns, publicUrl, clock }
  return {
    gate: createOidcGate(ports),
    accessTokens: createAccessTokens(ports),
    backchannel: createBackchannel(ports),
  }
}
