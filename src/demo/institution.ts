// The demo bank's configuration, as rows: what an operator would write into config/institutions/alder.yaml.

import { withDevice, withDeviceAndPin } from '../domain/acr.ts'
import type { Connection, Core, Institution, RelyingParty } from '../domain/institution.ts'
import type { Policy } from '../domain/policy.ts'
import { defaultPolicy } from '../domain/policy-default.ts'
import { builtInTypes } from '../domain/transaction-types/known.ts'
import { demoRisk } from './risk-bank.ts'
import { smsAccount } from './sms.ts'

export interface DemoRows {
  readonly institution: Institution
  readonly relyingParties: readonly RelyingParty[]
  readonly connections: readonly Connection[]
  readonly cores: readonly Core[]
}

export interface DemoParts {
  /** Where the demo world is: the IdP, the phone, the core. */
  readonly world: string
  /** The IdP's signing certificate, PEM. */
  readonly idpCertificate: string
  /** The public key of the bank's own API, for introspection. */
  readonly apiKey: Readonly<Record<string, unknown>>
  /** The bank asks its risk engines. */
  readonly risk?: boolean
}

export const demoId = 'alder'
export const phoneId = 'alder-phone'
export const apiId = 'alder-api'
/** The connection by which those who work at the bank are known, and the client that the bridge is there. */
export const staffConnection = 'alder-staff'
export const staffClient = 'drawbridge'
export const paymentsNamespace = 'urn:alder:payments:1'
export const coreAudience = 'urn:alder:core:payments'

/** The staff directory's issuer in a world at this address. */
export const staffIssuer = (world: string): string => `${world}/staff`

/** An account that the demo bank pays nothing to. */
export const closedAccount = 'DE02120300000000202051'

/** What the demo bank has its customers approve beside large payments, and what it stops. */
const policy: Policy = {
  rules: [
    ...defaultPolicy.rules,
    {
      id: 'new-payee',
      when: 'transaction.kind == "payment" && !history.knownPayee && transaction.amount > 10000',
      outcome: { kind: 'step-up', acr: withDeviceAndPin },
    },
    {
      id: 'closed-account',
      when: `transaction.creditorAccount == "${closedAccount}"`,
      outcome: { kind: 'deny' },
    },
  ],
  limits: [
    {
      ...{ id: 'day', types: [], from: [], to: [] },
      threshold: { kind: 'amount', per: 'day', over: { EUR: '5000.00' } },
      outcome: { kind: 'step-up', acr: withDeviceAndPin },
    },
  ],
}

const institution = ({ world, risk = false }: DemoParts): Institution => ({
  id: demoId,
  name: 'Alder Bank',
  host: undefined,
  accent: '#0f6b52',
  language: 'en',
  help: undefined,
  stepUpOver: { EUR: '500.00' },
  policy,
  pin: { length: 6, attempts: 5, lockSeconds: 900 },
  devicesPerSubject: 5,
  channels: [
    { id: 'phones', type: 'push', settings: {} },
    {
      id: 'sms',
      type: 'http-sms',
      settings: { url: `${world}/sms/sendsms`, ...smsAccount, from: 'AlderBank', countries: ['US'] },
    },
  ],
  ...(risk && { risk: demoRisk(world) }),
})

function relyingParties({ world, apiKey }: DemoParts): RelyingParty[] {
  const common = {
    ...{ institution: demoId, postLogoutRedirectUris: [], acrFloor: undefined },
    ...{ requirePar: false, keys: [] },
  }
  return [
    {
      ...common,
      id: phoneId,
      name: 'Alder Pay',
      kind: 'app',
      redirectUris: [`${world}/phone/callback`],
      postLogoutRedirectUris: [`${world}/phone/`],
      scopes: [
        'openid',
        'offline_access',
        'profile',
        'email',
        'device',
        'approvals',
        'limits',
        'core:payments',
      ],
      connections: ['alder-idp'],
      requirePar: true,
      requireDpop: true,
      transactionTypes: builtInTypes.map(({ type }) => type),
      webOrigins: [world],
    },
    {
      ...common,
      id: apiId,
      name: 'Alder Accounts API',
      kind: 'api',
      redirectUris: [],
      scopes: ['openid', 'transactions', 'core:payments'],
      connections: [],
      requireDpop: false,
      transactionTypes: builtInTypes.map(({ type }) => type),
      backchannel: {},
      webOrigins: [],
      keys: [apiKey],
    },
  ]
}

function connection({ world, idpCertificate }: DemoParts): Connection {
  return {
    institution: demoId,
    id: 'alder-idp',
    name: 'Alder Bank sign-in',
    type: 'saml',
    state: 'active',
    version: 0,
    settings: {
      idpEntityId: `${world}/idp/metadata`,
      ssoUrl: `${world}/idp/sso`,
      certificates: [idpCertificate],
      signed: 'both',
    },
    claims: { name: 'displayName', email: 'mail', phone_number: 'mobile' },
  }
}

/** Those who work at the bank; no app of its customers offers it. */
function workforce({ world }: DemoParts): Connection {
  return {
    institution: demoId,
    id: staffConnection,
    name: 'Alder staff',
    type: 'oidc',
    state: 'active',
    version: 0,
    audience: 'workforce',
    settings: {
      issuer: staffIssuer(world),
      clientId: staffClient,
      clientAuth: 'private_key_jwt',
      scopes: ['profile', 'email'],
      userinfo: true,
    },
    claims: { name: 'name', email: 'email' },
  }
}

function core({ world }: DemoParts): Core {
  const operation = (name: string) => ({
    namespace: paymentsNamespace,
    name,
    soapAction: `${paymentsNamespace}:${name}`,
    acr: withDevice,
  })
  return {
    institution: demoId,
    id: 'payments',
    name: 'payments',
    endpoint: `${world}/core/payments`,
    audience: coreAudience,
    addressing: true,
    timeoutMs: 5000,
    assertionSeconds: 300,
    operations: [
      { ...operation('GetBalance'), transaction: undefined },
      {
        ...operation('Transfer'),
        transaction: {
          type: 'payment_initiation',
          amount: ['amount'],
          currency: ['currency'],
          debtorAccount: ['debtorAccount'],
          creditorAccount: ['creditorAccount'],
          creditorName: ['creditorName'],
        },
      },
    ],
  }
}

/** The rows for a world at this address. */
export function demoRows(parts: DemoParts): DemoRows {
  return {
    institution: institution(parts),
    relyingParties: relyingParties(parts),
    connections: [connection(parts), workforce(parts)],
    cores: [core(parts)],
  }
}
