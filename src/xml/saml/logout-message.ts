// LogoutRequest and LogoutResponse as we send them (SAML Core 3.7): always signed, by either binding.
import type { UpstreamSubject } from '../../domain/subject.ts'
import type { Signer } from '../../ports/key-store.ts'
import { validate, withDocument } from '../document.ts'
import { text, value } from '../emit.ts'
import { gate } from '../gate.ts'
import { NS } from '../names.ts'
import { type EnvelopedParts, enveloped } from '../signed-info.ts'
import { type MessageName, signedRedirect } from './redirect-binding.ts'
import { samlInstant } from './time.ts'

export interface LogoutRequestContent {
  readonly id: string
  readonly issuer: string
  readonly destination: string
  readonly now: number
  readonly nameId: UpstreamSubject['nameId']
  readonly sessionIndex: string
}

export interface LogoutResponseContent {
  readonly id: string
  readonly issuer: string
  readonly destination: string
  readonly now: number
  readonly inResponseTo: string
}

const success = 'urn:oasis:names:tc:SAML:2.0:status:Success'
const requestSeconds = 300

const issuerXml = (issuer: string): string =>
  `<saml2:Issuer xmlns:saml2="${NS.saml2}">${text(issuer)}</saml2:Issuer>`

function nameXml({ format, value: name, nameQualifier, spNameQualifier }: UpstreamSubject['nameId']): string {
  const qualifiers = [
    ['NameQualifier', nameQualifier],
    ['SPNameQualifier', spNameQualifier],
  ].flatMap(([key, given]) => (given === undefined ? [] : [` ${key}="${value(given)}"`]))
  return `<saml2:NameID xmlns:saml2="${NS.saml2}" Format="${value(format)}"${qualifiers.join('')}>${text(name)}</saml2:NameID>`
}

/** The customer named exactly as the IdP did, or it would not know whose session to end (SAML Core 3.7.3). */
export function logoutRequest(content: LogoutRequestContent): EnvelopedParts {
  const { id, issuer, destination, now, nameId, sessionIndex } = content
  const until = samlInstant(now + requestSeconds * 1000)
  const index = sessionIndex === '' ? '' : `<samlp:SessionIndex>${text(sessionIndex)}</samlp:SessionIndex>`
  return {
    id,
    head: `<samlp:LogoutRequest xmlns:samlp="${NS.samlp}" Destination="${value(destination)}" ID="${value(id)}" IssueInstant="${samlInstant(now)}" NotOnOrAfter="${until}" Version="2.0">${issuerXml(issuer)}`,
    tail: `${nameXml(nameId)}${index}</samlp:LogoutRequest>`,
  }
}

export function logoutResponse(content: LogoutResponseContent): EnvelopedParts {
  const { id, issuer, destination, now, inResponseTo } = content
  return {
    id,
    head: `<samlp:LogoutResponse xmlns:samlp="${NS.samlp}" Destination="${value(destination)}" ID="${value(id)}" InResponseTo="${value(inResponseTo)}" IssueInstant="${samlInstant(now)}" Version="2.0">${issuerXml(issuer)}`,
    tail: `<samlp:Status><samlp:StatusCode Value="${success}"></samlp:StatusCode></samlp:Status></samlp:LogoutResponse>`,
  }
}

export interface LogoutDelivery {
  readonly to: string
  readonly binding: 'redirect' | 'post'
  readonly name: MessageName
  readonly relayState: string
}

export type DeliveredLogout =
  | { readonly kind: 'redirect'; readonly url: string }
  | { readonly kind: 'post'; readonly url: string; readonly fields: Readonly<Record<string, string>> }

/** Signs the message for its binding: over the query by redirect, inside the XML by POST (ruling R-25). */
export async function deliverLogout(
  message: EnvelopedParts,
  { to, binding, name, relayState }: LogoutDelivery,
  signer: Signer,
): Promise<DeliveredLogout> {
  if (signer.algorithm !== 'RS256') throw new Error(`a SAML signing key must be RSA, not ${signer.algorithm}`)
  const xml = binding === 'post' ? await enveloped(message, signer) : message.head + message.tail
  withDocument(gate(xml), (_root, document) => validate(document, 'protocol'))
  if (binding === 'redirect')
    return { kind: 'redirect', url: await signedRedirect({ to, name, xml, relayState }, signer) }
  const fields = {
    [name]: Buffer.from(xml).toString('base64'),
    ...(relayState !== '' && { RelayState: relayState }),
  }
  return { kind: 'post', url: to, fields }
}
