// The public app: the edges, and the flows that they call.
import { consoleRoutes } from '../console/routes.ts'
import { createAnswers } from '../flows/answer-approval.ts'
import { createConsume } from '../flows/use-transaction.ts'
import { createApp } from '../http/app.ts'
import { approvalRoutes } from '../http/approvals.ts'
import { approveRoutes } from '../http/approve.ts'
import { createAuthorize, createAuthorizeClient } from '../http/authorize.ts'
import { channelRoutes } from '../http/channels.ts'
import { chooseRoutes } from '../http/choose.ts'
import { codeRoutes } from '../http/code.ts'
import { deviceRoutes } from '../http/devices.ts'
import { evidenceRoutes } from '../http/evidence.ts'
import { interactionRoutes } from '../http/interaction.ts'
import { limitRoutes } from '../http/limits.ts'
import { mandateRoutes } from '../http/mandates.ts'
import { messageRoutes } from '../http/messages.ts'
import { providerLogoutRoutes } from '../http/provider-logout.ts'
import type { OidcGate } from '../http/provider-port.ts'
import { riskChallengeRoutes } from '../http/risk-challenge.ts'
import { riskQuestionRoutes } from '../http/risk-questions.ts'
import { signRoutes } from '../http/sign.ts'
import { signOutRoutes } from '../http/sign-out.ts'
import { signalRoutes } from '../http/signals.ts'
import { subjectRoutes } from '../http/subjects.ts'
import { testLoginRoutes } from '../http/test-login.ts'
import { transactionRoutes } from '../http/transactions.ts'
import { createTrustedProxies } from '../http/trusted-proxy.ts'
import { upstreamRoutes } from '../http/upstream.ts'
import { userCodeRoutes } from '../http/user-code.ts'
import { wellKnownRoutes } from '../http/well-known.ts'
import { gatewayRoutes } from '../soap/gateway.ts'
import { createOidc, type Parts } from './oidc.ts'

// Metadata of an IdP may be pasted into a form, percent-encoded.
const consoleFormBytes = 3 * 1024 * 1024

/** The pages of a sign-in. */
const signInRoutes = [
  ...[interactionRoutes, signalRoutes, approveRoutes, signRoutes, codeRoutes],
  ...[riskChallengeRoutes, chooseRoutes],
]

export function createPublicApp(parts: Parts) {
  const { base, stores, services, flows } = parts
  const { config } = base
  const { gate, accessTokens, backchannel } = createOidc(parts)
  const ports = { ...base, ...stores, ...services, ...flows, oidc: gate as OidcGate }
  const authorizeClient = createAuthorizeClient({ ...base, ...stores, accessTokens })
  const consume = createConsume({ ...flows, accessTokens })
  const authorize = createAuthorize({ accessTokens, replays: stores.replays, clock: base.clock })
  const answers = createAnswers({ ...ports, backchannel })
  const paged = { ...ports, formBytes: config.limits.formBytes }
  const json = { authorize, authorizeClient, jsonBytes: config.limits.jsonBytes }
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
      ...signInRoutes.map((routes) => (router: Parameters<typeof codeRoutes>[0]) => routes(router, paged)),
      (router) => upstreamRoutes(router, { ...ports, samlBytes: config.limits.samlBytes }),
      (router) => testLoginRoutes(router, ports),
      (router) => signOutRoutes(router, { ...ports, ...config.limits }),
      (router) => providerLogoutRoutes(router, { ...ports, ...config.limits }),
      (router) => deviceRoutes(router, { ...ports, ...json }),
      (router) => messageRoutes(router, { ...ports, authorize }),
      (router) => channelRoutes(router, { ...ports, formBytes: config.limits.formBytes }),
      (router) => limitRoutes(router, { ...ports, ...json }),
      (router) => approvalRoutes(router, { ...ports, ...json, answers }),
      (router) => userCodeRoutes(router, { ...ports, ...json }),
      (router) => riskQuestionRoutes(router, { ...ports, ...json }),
      (router) => subjectRoutes(router, { ...ports, authorizeClient }),
      (router) => mandateRoutes(router, { ...ports, ...json }),
      (router) => transactionRoutes(router, { ...ports, ...json, consume }),
      (router) => evidenceRoutes(router, { ...ports, authorizeClient }),
      (router) => gatewayRoutes(router, { ...ports, authorize, soapBytes: config.limits.soapBytes }),
      (router) =>
        consoleRoutes(router, { ...ports, connections: flows.consoleConnections, consoleFormBytes }),
      (router) => wellKnownRoutes(router, ports),
    ],
  })
}
