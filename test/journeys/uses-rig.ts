// The demo bank with APIs that use transactions up: one asks the consume endpoint, the other introspects; and one more bank.
import type { Tokens } from '../../src/demo/app-client.ts'
import { apiId, demoRows, phoneId } from '../../src/demo/institution.ts'
import { transferBody } from '../../src/demo/journey-walk.ts'
import { large } from '../../src/demo/payment.ts'
import type { RelyingParty } from '../../src/domain/institution.ts'
import type { TestBridge } from './bridge.ts'
import { asApi, type Customer, call, signIn } from './customer.ts'

/** Introspects, and thereby uses up. */
export const payingApi = 'alder-paying-api'
/** An app that knows customers by names of its own. */
export const shopId = 'alder-shop'

export async function withUses({ application, world }: TestBridge, coreAt?: string): Promise<void> {
  const { d: _private, ...apiKey } = world.apiKey
  const rows = demoRows({ world: world.url, idpCertificate: world.idpCertificate, apiKey })
  const phone = rows.relyingParties.find(({ id }) => id === phoneId) as RelyingParty
  const api = rows.relyingParties.find(({ id }) => id === apiId) as RelyingParty
  const relyingParties: RelyingParty[] = [
    { ...phone, scopes: [...phone.scopes, 'core:stuck'] },
    { ...phone, id: shopId, name: 'Shop', subjectType: 'pairwise' },
    { ...api, scopes: ['openid', 'transactions', 'subjects'] },
    { ...api, id: payingApi, name: 'Payments API', scopes: ['openid'], introspection: 'consume' },
  ]
  const [core] = rows.cores
  const stuck = coreAt === undefined || core === undefined ? [] : [{ ...core, id: 'stuck', endpoint: coreAt }]
  const birch = { ...rows, institution: { ...rows.institution, id: 'birch', name: 'Birch Bank' } }
  const elsewhere = {
    ...birch,
    relyingParties: rows.relyingParties.map((row) => ({
      ...row,
      institution: 'birch',
      scopes: row.kind === 'api' ? ['openid', 'transactions'] : row.scopes,
    })),
    connections: rows.connections.map((row) => ({ ...row, institution: 'birch' })),
    cores: rows.cores.map((row) => ({ ...row, institution: 'birch' })),
  }
  const alder = { ...rows, relyingParties, cores: [...rows.cores, ...stuck] }
  await application.apply([alder, elsewhere], { dryRun: false })
}

export const payment = large

/** The customer approves the payment by PIN; the tokens that the app gets for it. */
export const approve = (who: Customer, extra: Readonly<Record<string, string>> = {}): Promise<Tokens> =>
  signIn(who, { authorization_details: JSON.stringify([payment]), ...extra })

/** The gateway is asked to carry out what was approved. */
export const pay = (who: Customer, tokens: Tokens, at?: { at?: string; core?: string }) =>
  call(who, {
    method: 'POST',
    path: `/soap/${at?.core ?? 'payments'}`,
    tokens,
    body: transferBody('1240.00'),
    ...(at?.at !== undefined && { at: at.at }),
  })

export interface Asked {
  /** The API's own token. */
  readonly bearer: string
  /** The customer's. */
  readonly token: string
  readonly issuer?: string
  readonly at?: string
}

/** The bank's API asks whether it may carry out what this token's customer approved. */
export async function consume(bridge: TestBridge, { bearer, token, issuer = bridge.issuer, at }: Asked) {
  const url = `${issuer}/transactions/consume`
  const response = await fetch(at === undefined ? url : url.replace(new URL(url).origin, at), {
    method: 'POST',
    headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  })
  return {
    status: response.status,
    json: (await response.json()) as Record<string, unknown>,
    challenge: response.headers.get('www-authenticate'),
  }
}

/** The API that uses up by introspection asks about the token. */
export async function introspectToUse(bridge: TestBridge, token: string, at?: string) {
  const body = new URLSearchParams({ token, ...(await asApi(bridge, payingApi)) })
  const url = `${bridge.issuer}/introspect`
  const response = await fetch(at === undefined ? url : url.replace(new URL(url).origin, at), {
    method: 'POST',
    body,
  })
  return (await response.json()) as Record<string, unknown>
}
