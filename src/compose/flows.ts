// Every flow, put together from stores and services.
import { setTimeout as rest } from 'node:timers/promises'
import { createAccountTokens } from '../flows/account-tokens.ts'
import { createConnectionImport } from '../flows/connection-import.ts'
import { createConnections } from '../flows/connections.ts'
import { createCoreCall } from '../flows/core-call.ts'
import { createDecide, type DecidePorts } from '../flows/decide.ts'
import { createDeliveries, createHearReceipt } from '../flows/deliveries.ts'
import { createEnrolment, createHold, createPresence } from '../flows/devices.ts'
import { createEndSession } from '../flows/end-session.ts'
import { createExchangeFlows, createExchangeKeeper } from '../flows/exchanges.ts'
import { createFreezeFlows, type FreezePorts } from '../flows/freezes.ts'
import { createLogin } from '../flows/login.ts'
import { createAnswer } from '../flows/login-answer.ts'
import { createChoice } from '../flows/login-choice.ts'
import { createMetadataRefresh } from '../flows/metadata-refresh.ts'
import { createOwnLimitFlows } from '../flows/own-limits.ts'
import { createProviderLogout } from '../flows/provider-logout.ts'
import { createRiskChallenges, type RiskChallengePorts } from '../flows/risk-challenge.ts'
import { createSignOut } from '../flows/sign-out.ts'
import { createStepUp } from '../flows/step-up.ts'
import { createSubjectFlows, type SubjectPorts } from '../flows/subjects.ts'
import { createTestLogin } from '../flows/test-login.ts'
import { createUse, createUseByIntrospection } from '../flows/use-transaction.ts'
import { createBrowserSessions } from '../oidc/browser-sessions.ts'
import { createPinHash } from '../plugins/keys/pin-hash.ts'
import { createSoapMessages } from '../xml/messages.ts'
import { createApprovalFlows } from './approvals.ts'
import { createConsoleFlows } from './console.ts'
import type { Foundation, Services, Stores } from './foundation.ts'
import { createExpiries, createKeyFlows } from './own-keys.ts'
import { createRiskFlows } from './risk.ts'

function settingsOf({ config: { exchanges, sessions }, keys }: Foundation) {
  const { keepSeconds, messageCharacters, sampleEvery } = exchanges
  const { refreshTokenSeconds, browserSeconds, transactionTokenSeconds } = sessions
  return {
    tokenOfAccount: createAccountTokens(keys),
    transactionMs: transactionTokenSeconds * 1000,
    exchangeSettings: { keepMs: keepSeconds * 1000, messageCharacters, sampleEvery },
    answerSettings: { namedMs: (refreshTokenSeconds + browserSeconds) * 1000 },
  }
}

/** What decides on transactions and speaks to cores. */
const gatewayParts = (given: Foundation & Stores & Services & Pick<DecidePorts, 'assess'>) => ({
  decide: createDecide(given),
  useTransaction: createUse(given),
  messages: createSoapMessages(given.keys),
  client: given.coreClient,
})

const usesOf = (ports: Parameters<typeof createUseByIntrospection>[0]) => ({
  useTransaction: ports.useTransaction,
  useByIntrospection: createUseByIntrospection(ports),
})

/** By what a customer proves more than their session with the IdP. */
const stepsOf = (ports: Parameters<typeof createStepUp>[0] & RiskChallengePorts) => ({
  stepUp: createStepUp(ports),
  riskChallenges: createRiskChallenges(ports),
})

/** By which the bank stops somebody or something as a whole. */
const stopsOf = (ports: SubjectPorts & FreezePorts) => ({
  tokenOfAccount: ports.tokenOfAccount,
  subjects: createSubjectFlows(ports),
  freezeFlows: createFreezeFlows(ports),
})

export function createFlows(base: Foundation, stores: Stores, services: Services) {
  const risk = createRiskFlows({ ...base, ...stores, ...services })
  const given = { ...base, ...stores, ...services, ...settingsOf(base), ...risk }
  const connectionFlows = createConnections(given)
  const plugins = services.connectors.plugins()
  const exchangeKeeper = createExchangeKeeper(given)
  const metadataSettings = { refreshMs: base.config.metadata.refreshSeconds * 1000 }
  const metadataRefresh = createMetadataRefresh({ ...given, connectionFlows, metadataSettings, rest })
  const pinHash = createPinHash(base.keys)
  const browserSessions = createBrowserSessions(stores.tokens)
  const parts = {
    ...{ ...given, ...gatewayParts(given), connectionFlows, metadataRefresh },
    ...{ exchangeKeeper, pinHash, browserSessions, rest, deliveries: createDeliveries(given) },
  }
  const approvalFlows = createApprovalFlows(parts)
  const ports = { ...parts, ...approvalFlows }
  const endSession = createEndSession(ports)
  const expiries = createExpiries(base, stores, plugins)
  return {
    ...risk,
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
    ...stepsOf(ports),
    enrolment: createEnrolment(ports),
    callCore: createCoreCall(ports),
    ...{ ...usesOf(ports), ...approvalFlows },
    ownLimitFlows: createOwnLimitFlows(ports),
    ...{ present: createPresence(ports), hold: createHold(ports) },
    ...{ deliveries: ports.deliveries, hearReceipt: createHearReceipt(ports) },
    endSession,
    ...createConsoleFlows({ ...ports, expiries }),
    ...stopsOf({ ...ports, endSession }),
    signOut: createSignOut({ ...ports, endSession }),
    providerLogout: createProviderLogout({ ...ports, endSession }),
  }
}

export type Flows = ReturnType<typeof createFlows>
