// An IdP that speaks of logout: messages signed by a key of the test's own, and what the bridge sent to its logout service.
import { inflateRawSync } from 'node:zlib'
import type { Tokens } from '../../src/demo/app-client.ts'
import { demoRows } from '../../src/demo/institution.ts'
import type { Signer } from '../../src/ports/key-store.ts'
import type { InstitutionSet } from '../../src/ports/stores.ts'
import {
  deliverLogout,
  type LogoutRequestContent,
  type LogoutResponseContent,
  logoutRequest,
  logoutResponse,
} from '../../src/xml/saml/logout-message.ts'
import { pem, testSigner } from '../xml/signers.ts'
import type { TestBridge } from './bridge.ts'
import { agreed, atIdp, type Customer, customer } from './customer.ts'

export interface LogoutIdp {
  readonly signer: Signer
  readonly entityId: string
  /** Where the bridge's messages go; nobody listens there, tests stop the browser before it. */
  readonly sloUrl: string
  /** The bridge's logout service. */
  readonly service: string
}

/** Gives the demo connection a logout service, and lets it believe the test's key beside the IdP's own. */
export async function withLogout(
  bridge: TestBridge,
  change: {
    sloBinding?: 'redirect' | 'post'
    relyingParties?: (rows: InstitutionSet) => InstitutionSet
  } = {},
): Promise<LogoutIdp> {
  const signer = await testSigner('RS256', 'logout idp')
  const { d: _, ...apiKey } = bridge.world.apiKey
  const { url: world, idpCertificate } = bridge.world
  const rows = demoRows({ world, idpCertificate, apiKey })
  const sloUrl = `${world}/idp/slo`
  const connections = rows.connections.map((row) => {
    if (row.type !== 'saml') return row
    const settings = {
      ...row.settings,
      certificates: [idpCertificate, pem(signer)],
      sloUrl,
      sloBinding: change.sloBinding ?? 'redirect',
    }
    return { ...row, settings }
  })
  const set = { ...rows, connections }
  await bridge.application.apply([change.relyingParties?.(set) ?? set], { dryRun: false })
  const service = `${bridge.issuer}/saml/alder-idp/slo`
  return { signer, entityId: `${world}/idp/metadata`, sloUrl, service }
}

export interface SignedIn extends Customer {
  readonly tokens: Tokens
  readonly nameId: LogoutRequestContent['nameId']
  readonly sessionIndex: string
}

/** Signs in, and remembers how the IdP named the customer and the session. */
export async function signedIn(bridge: TestBridge, user = 'alice'): Promise<SignedIn> {
  const who = await customer(bridge, user)
  const { started, answer } = await atIdp(who)
  if (answer === undefined) throw new Error('the IdP was not asked')
  const xml = Buffer.from(answer.fields.SAMLResponse as string, 'base64').toString()
  const page = await who.browser.follow(answer.action, { until: who.app.redirectUri, form: answer.fields })
  const tokens = await who.app.redeem(await agreed(who, page), started)
  const [, format = '', value = ''] = /<saml2:NameID Format="([^"]+)">([^<]+)</.exec(xml) ?? []
  const sessionIndex = /SessionIndex="([^"]+)"/.exec(xml)?.[1] ?? ''
  return {
    ...who,
    tokens,
    nameId: { format, value, nameQualifier: undefined, spNameQualifier: undefined },
    sessionIndex,
  }
}

let count = 0

/** A request of this IdP to end the session, as its parts. */
export const requestFor = (
  idp: LogoutIdp,
  { nameId, sessionIndex }: Pick<SignedIn, 'nameId' | 'sessionIndex'>,
  change: Partial<LogoutRequestContent> = {},
) =>
  logoutRequest({
    id: `_request${count++}${Date.now()}`,
    issuer: idp.entityId,
    destination: idp.service,
    now: Date.now(),
    nameId,
    sessionIndex,
    ...change,
  })

/** This IdP's answer to a request of the bridge, as its parts. */
export const responseTo = (
  idp: LogoutIdp,
  inResponseTo: string,
  change: Partial<LogoutResponseContent> = {},
) =>
  logoutResponse({
    id: `_response${count++}${Date.now()}`,
    issuer: idp.entityId,
    destination: idp.service,
    now: Date.now(),
    inResponseTo,
    ...change,
  })

/** The address that carries the message by redirect. */
export async function byRedirect(
  idp: LogoutIdp,
  message: ReturnType<typeof logoutRequest>,
  how: { name?: 'SAMLRequest' | 'SAMLResponse'; relayState?: string; signer?: Signer } = {},
): Promise<string> {
  const { name = 'SAMLRequest', relayState = '', signer = idp.signer } = how
  const delivery = { to: idp.service, binding: 'redirect', name, relayState } as const
  return (await deliverLogout(message, delivery, signer)).url
}

/** The XML inside a redirect. */
export function inside(url: string): string {
  const query = new URL(url).searchParams
  const packed = query.get('SAMLRequest') ?? query.get('SAMLResponse') ?? ''
  return inflateRawSync(Buffer.from(packed, 'base64')).toString()
}
