// The flows, and the edges that call them: the OIDC provider and the public app.
import { setTimeout as rest } from 'node:timers/promises'
import type { Config } from '../config/config.ts'
import { consoleRoutes } from '../console/routes.ts'
import type { Institution } from '../domain/institution.ts'
import { typesOf } from '../domain/transaction-types/known.ts'
import { createConnectionImport } from '../flows/connection-import.ts'
import { createConnections } from '../flows/connections.ts'
import { createCoreCall } from '../flows/core-call.ts'
import { createDecide } from '../flows/decide.ts'
import { createDeliveries, createHearReceipt } from '../flows/deliveries.ts'
import { createEnrolment, createHold, createPresence } from '../flows/devices.ts'
import { createEndSession } from '../flows/end-session.ts'
import { createExchangeFlows, createExchangeKeeper } from '../flows/exchanges.ts'
import { createLogin } from '../flows/login.ts'
import { createAnswer } from '../flows/login-answer.ts'
import { createChoice } from '../flows/login-choice.ts'
import { createMetadataRefresh } from '../flows/metadata-refresh.ts'
import { createOwnLimitFlows } from '../flows/own-limits.ts'
import { createProviderLogout } from '../flows/provider-logout.ts'
import { createSignOut } from '../flows/sign-out.ts'
import { createStepUp } from '../flows/step-up.ts'
import { createSubjectFlows } from '../flows/subjects.ts'
import { createTestLogin } from '../flows/test-login.ts'
import { createConsume, createUse, createUseByIntrospection } from '../flows/use-transaction.ts'
import { createApp } from '../http/app.ts'
import { createAuthorize, createAuthorizeClient } from '../http/authorize.ts'
import { channelRoutes } from '../http/channels.ts'
import { chooseRoutes } from '../http/choose.ts'
import { deviceRoutes } from '../http/devices.ts'
import { interactionRoutes } from '../http/interaction.ts'
import { limitRoutes } from '../http/limits.ts'
import { messageRoutes } from '../http/messages.ts'
import { providerLogoutRoutes } from '../http/provider-logout.ts'
import { createProviderPages } from '../http/provider-pages.ts'
import type { OidcGate } from '../http/provider-port.ts'
import { signOutRoutes } from '../http/sign-out.ts'
import { subjectRoutes } from '../http/subjects.ts'
import type { Tenant } from '../http/tenant.ts'
import { testLoginRoutes } from '../http/test-login.ts'
import { transactionRoutes } from '../http/transactions.ts'
import { createTrustedProxies } from '../http/trusted-proxy.ts'
import { upstreamRoutes } from '../http/upstream.ts'
import { wellKnownRoutes } from '../http/well-known.ts'
import { type AdapterPorts, createAdapter } from '../oidc/adapter.ts'
import { reportReuse } from '../oidc/audit.ts'
import { createBegin } from '../oidc/begin.ts'
import { createBrowserSessions } from '../oidc/browser-sessions.ts'
import type { ProviderPages } from '../oidc/configuration.ts'
import { createAccessTokens, createOidcGate } from '../oidc/gate.ts'
import { linkUpstream } from '../oidc/levels.ts'
import { pairwiseOf } from '../oidc/pairwise.ts'
import { createProviders } from '../oidc/provider.ts'
import { createReturns } from '../oidc/returns.ts'
import { createPinHash } from '../plugins/keys/pin-hash.ts'
import { gatewayRoutes } from '../soap/gateway.ts'
import { createSoapMessages } from '../xml/messages.ts'
import { createConsoleFlows } from './console.ts'
import type { Foundation, Services, Stores } from './foundation.ts'
import { createExpiries, createKeyFlows } from './own-keys.ts'

function settingsOf({ exchanges, sessions }: Config) {
  const { keepSeconds, messageCharacters, sampleEvery } = exchanges
  const { refreshTokenSeconds, browserSeconds } = sessions
  return {
    exchangeSettings: { keepMs: keepSeconds * 1000, messageCharacters, sampleEvery },
    answerSettings: { namedMs: (refreshTokenSeconds + browserSeconds) * 1000 },
  }
}

/** What decides on transactions and speaks to cores. */
const gatewayParts = (given: Foundation & Stores & Services) => ({
  decide: createDecide(given),
  useTransaction: createUse(given),
  messages: createSoapMessages(given.keys),
  client: given.coreClient,
})

const usesOf = (ports: Parameters<typeof createUseByIntrospection>[0]) => ({
  useTransaction: ports.useTransaction,
  useByIntrospection: createUseByIntrospection(ports),
})

export function createFlows(base: Foundation, stores: Stores, services: Services) {
  const given = { ...base, ...stores, ...services, ...settingsOf(base.config) }
  const connectionFlows = createConnections(given)
  const plugins = services.connectors.plugins()
  const exchangeKeeper = createExchangeKeeper(given)
  const metadataSettings = { refreshMs: base.config.metadata.refreshSeconds * 1000 }
  const metadataRefresh = createMetadataRefresh({ ...given, connectionFlows, metadataSettings, rest })
  const pinHash = createPinHash(base.keys)
  const browserSessions = createBrowserSessions(stores.tokens)
  const ports = {
    ...{ ...given, ...gatewayParts(given), connectionFlows, metadataRefresh },
    ...{ exchangeKeeper, pinHash, browserSessions, deliveries: createDeliveries(given) },
  }
  const endSession = createEndSession(ports)
  const expiries = createExpiries(base, stores, plugins)
  return {
    connections: connectionFlows,
    keyFlows: createKeyFlows(base, stores, plugins),
    expiries,
    connectionImport: createConnectionImport(ports),
    metadataRefresh,
    testLogin: createTestLogin(ports),
    exchangeFlows: createExchangeFlows(ports),
    login: createLogin(ports),
    answer: createAnswer(ports),
    choice: createChoice(ports),
    stepUp: createStepUp(ports),
    enrolment: createEnrolment(ports),
    callCore: createCoreCall(ports),
    ...usesOf(ports),
    ownLimitFlows: createOwnLimitFlows(ports),
    present: createPresence(ports),
    hold: createHold(ports),
    deliveries: ports.deliveries,
    hearReceipt: createHearReceipt(ports),
    endSession,
    ...createConsoleFlows({ ...ports, expiries }),
    subjects: createSubjectFlows({ ...ports, endSession }),
    signOut: createSignOut({ ...ports, endSession }),
    providerLogout: createProviderLogout({ ...ports, endSession }),
  }
}

type Flows = ReturnType<typeof createFlows>

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

function createOidc({ base, stores, services, flows }: Parts) {
  const { config, clock } = base
  const { publicUrl } = config
  const { interactionSeconds } = config.sessions
  const begin = createBegin({ ...base, ...stores, login: flows.login, interactionSeconds })
  const pages = createProviderPages({ ...base, now: clock.now }) as unknown as ProviderPages
  const { tokens, replays } = stores
  const adapterPorts = { tokens, replays, now: clock.now, reused: reportReuse(base) }
  const settingsOf = (tenant: Tenant) => {
    const { institution, issuer, prefix } = tenant
    const relyingParty = (id: string) => stores.directory.relyingParty(institution.id, id)
    return {
      ...{ institution, issuer, prefix },
      lifetimes: lifetimesOf(config),
      now: clock.now,
      relyingParty,
      adapter: adapterOf(institution, { ...adapterPorts, relyingParty }),
      claims: (subject: string) => stores.subjects.claims(institution.id, subject),
      present: (subject: string, jkt: string | undefined) => flows.present(institution.id, subject, jkt),
      hold: (jkt: string) => flows.hold(institution.id, jkt),
      begin: (ctx: Parameters<typeof begin>[1], interaction: Parameters<typeof begin>[2]) =>
        begin(tenant, ctx, interaction),
      isDisabled: (subject: string) => stores.subjectStates.isDisabled(institution.id, subject),
      pairwise: pairwiseOf({ ...base, ...stores }, institution.id),
      signOutLeadsTo: (uid: string) => flows.signOut.leadsTo(institution, uid),
      useByIntrospection: flows.useByIntrospection,
      linkUpstream: linkUpstream(institution.id, stores.upstreamSessions),
      pages,
    }
  }
  const returns = createReturns({ ...base, ...stores, seconds: config.sessions.codeSeconds })
  const providers = createProviders({
    ...base,
    directory: stores.directory,
    pages,
    returns,
    endSession: flows.endSession,
    signOut: flows.signOut,
    rateLimits: services.rateLimits,
    settingsOf,
  })
  const ports = { ...stores, keys: base.keys, providers, returns, publicUrl, clock }
  return { gate: createOidcGate(ports), accessTokens: createAccessTokens(ports) }
}

// Metadata of an IdP may be pasted into a form, percent-encoded.
const consoleFormBytes = 3 * 1024 * 1024

export function createPublicApp(parts: Parts) {
  const { base, stores, services, flows } = parts
  const { config } = base
  const { gate, accessTokens } = createOidc(parts)
  const ports = { ...base, ...stores, ...services, ...flows, oidc: gate as OidcGate }
  const authorizeClient = createAuthorizeClient({ accessTokens })
  const consume = createConsume({ ...flows, accessTokens })
  const authorize = createAuthorize({ accessTokens, replays: stores.replays, clock: base.clock })
  // Before the unit of a request begins: nothing may wait for a key inside one.
  const ready = async (institution: string) => {
    await base.keys.ready(institution)
    await flows.keyFlows.ready(institution)
  }
  return createApp({
    ...ports,
    keys: { ready },
    publicUrl: config.publicUrl,
    proxies: createTrustedProxies(config.trustedProxies),
    routes: [
      (router) => interactionRoutes(router, { ...ports, formBytes: config.limits.formBytes }),
      (router) => chooseRoutes(router, { ...ports, formBytes: config.limits.formBytes }),
      (router) => upstreamRoutes(router, { ...ports, samlBytes: config.limits.samlBytes }),
      (router) => testLoginRoutes(router, ports),
      (router) => signOutRoutes(router, { ...ports, ...config.limits }),
      (router) => providerLogoutRoutes(router, { ...ports, ...config.limits }),
      (router) => deviceRoutes(router, { ...ports, authorize, jsonBytes: config.limits.jsonBytes }),
      (router) => messageRoutes(router, { ...ports, authorize }),
      (router) => channelRoutes(router, { ...ports, formBytes: config.limits.formBytes }),
      (router) => limitRoutes(router, { ...ports, authorize, jsonBytes: config.limits.jsonBytes }),
      (router) => subjectRoutes(router, { ...ports, authorizeClient }),
      (router) => transactionRoutes(router, { consume, authorizeClient, jsonBytes: config.limits.jsonBytes }),
      (router) => gatewayRoutes(router, { ...ports, authorize, soapBytes: config.limits.soapBytes }),
      (router) =>
        consoleRoutes(router, { ...ports, connections: flows.consoleConnections, consoleFormBytes }),
      (router) => wellKnownRoutes(router, ports),
    ],
  })
}
