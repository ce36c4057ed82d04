// The demo bank's risk engines: whom it asks about what, and the engines themselves, all of them on one dial.
import type Router from '@koa/router'
import { withDeviceAndPin } from '../domain/acr.ts'
import type { RiskEventPolicy, RiskProviderSetting, RiskSettings } from '../domain/risk.ts'
import type { RiskDial } from './risk-dial.ts'
import { type HttpEngines, httpEnginePaths, riskHttpRoutes } from './risk-http.ts'
import { createRsaSimulator, type RsaSimulator } from './risk-rsa.ts'

/** What the demo bank's bridge says to get into its engine. */
const rsaCaller = { id: 'alder-bridge', credential: 'alder-aa' } as const
const rsaPath = '/risk/rsa/services'

export interface RiskEngines {
  readonly rsa: RsaSimulator
  readonly http: HttpEngines
}

/** Both engines below `/risk/`. */
export function riskEngineRoutes(router: Router, dial: RiskDial): RiskEngines {
  const rsa = createRsaSimulator({ caller: rsaCaller, dial })
  rsa.routes(router, rsaPath)
  return { rsa, http: riskHttpRoutes(router, dial) }
}

/** AA-compatible, and new to every customer: it makes those that it does not know. */
const rsa = (world: string): RiskProviderSetting => ({
  id: 'rsa',
  type: 'rsa-aa',
  settings: {
    url: `${world}${rsaPath}/AdaptiveAuthentication`,
    callerId: rsaCaller.id,
    callerCredential: rsaCaller.credential,
    orgName: 'alder',
    autoCreateUserFlag: true,
  },
})

/** As config/risk/threatmetrix.yaml, for every kind that the bank asks about. */
const engine = (world: string): RiskProviderSetting => ({
  id: 'engine',
  type: 'http-json',
  facts: ['subject.id', 'network.address', 'transaction.amount', 'transaction.currency'],
  settings: {
    url: `${world}${httpEnginePaths.threatmetrix}`,
    apiKey: 'alder-tmx',
    request: {
      api_key: 'secret.apiKey',
      org_id: '"alder"',
      policy: '"default"',
      service_type: '"all"',
      event_type:
        'event.kind == "sign-in" ? "LOGIN" : event.kind == "payment" ? "PAYMENT" : "DETAILS_CHANGE"',
      customer_event_type: 'event.kind',
      session_id: 'event.id',
      input_ip_address: 'network.address',
      local_attrib_1: 'subject.id',
      transaction_amount: 'transaction.amount',
      transaction_currency: 'transaction.currency',
    },
    response: {
      answered: 'answer.text("/request_result") == "success"',
      action: '{"pass": "allow", "review": "step-up", "reject": "deny"}[answer.text("/review_status")]',
      score: '500 - decimal(answer.text("/summary_risk_score")) * 5',
      band: 'answer.text("/risk_rating")',
      reasons: 'answer.texts("/tmx_summary_reason_code")',
      correlation: 'answer.text("/session_id")',
      reference: { request: 'answer.text("/request_id")' },
    },
  },
})

/**
 * In a demo everybody is new: each phone is minutes old, each payee unknown, all come from one machine, and one customer signs
 * in again and again. By the usual points a first payment would be stepped up for that alone. So what is always so counts for
 * nothing or little, together less than a review (250); what a visitor can bring about, hundreds of sign-ins, counts as usual.
 */
const own: RiskProviderSetting = {
  id: 'own',
  type: 'signals',
  settings: {
    points: { young_device: 0, unknown_device: 50, scripted_client: 50, new_payee: 50, large_amount: 50 },
    attemptsPerHour: 300,
    addressAttemptsPerHour: 1000,
    paymentsPerDay: 300,
  },
}

const both = ['rsa', 'engine'].map((provider) => ({ provider, weight: 1, optional: false }))
/** Ours can only add to what the engines say; a fault of its own stops nobody. */
const withOwn = [...both, { provider: 'own', weight: 1, optional: true }]

const asking = (
  ask: RiskEventPolicy['ask'],
  onFailure: RiskEventPolicy['onFailure'] = 'step-up',
): RiskEventPolicy => ({ ask, combine: 'strictest', onFailure, bands: {} })

/** Where the engines find nothing, nothing is asked for that was not asked for without them. */
export const demoRisk = (world: string): RiskSettings => ({
  budgetMs: 800,
  stepUp: withDeviceAndPin,
  providers: [rsa(world), engine(world), own],
  events: {
    'sign-in': asking(withOwn),
    enrolment: asking(both),
    'device-change': asking(both),
    payment: asking(withOwn, 'deny'),
    payee: asking(both),
    'limit-change': asking(both),
  },
})
