// SAML responses as an IdP sends them: for the demo bank's IdP, and for tests that need a genuine one.
import type { Signer } from '../../ports/key-store.ts'
import { text, value } from '../emit.ts'
import { NS } from '../names.ts'
import { enveloped } from '../signed-info.ts'
import { samlInstant } from './time.ts'

export interface ResponseContent {
  readonly responseId: string
  readonly assertionId: string
  readonly issuer: string
  readonly destination: string
  readonly audience: string
  readonly inResponseTo: string
  readonly nameId: string
  readonly nameIdFormat: string
  readonly now: number
  readonly lifetimeSeconds: number
  readonly authenticatedAt: number
  readonly authnContext: string
  readonly sessionIndex: string
  readonly attributes: Readonly<Record<string, readonly string[]>>
}

function attributesXml(attributes: ResponseContent['attributes']): string {
  const all = Object.entries(attributes).map(([name, values]) => {
    const inner = values.map((one) => `<saml2:AttributeValue>${text(one)}</saml2:AttributeValue>`).join('')
    return `<saml2:Attribute Name="${value(name)}">${inner}</saml2:Attribute>`
  })
  return all.length === 0 ? '' : `<saml2:AttributeStatement>${all.join('')}</saml2:AttributeStatement>`
}

async function assertionXml(content: ResponseContent, signer: Signer): Promise<string> {
  const issued = samlInstant(content.now)
  const until = samlInstant(content.now + content.lifetimeSeconds * 1000)
  const head =
    `<saml2:Assertion xmlns:saml2="${NS.saml2}" ID="${value(content.assertionId)}" IssueInstant="${issued}" Version="2.0">` +
    `<saml2:Issuer>${text(content.issuer)}</saml2:Issuer>`
  const tail =
    `<saml2:Subject><saml2:NameID Format="${value(content.nameIdFormat)}">${text(content.nameId)}</saml2:NameID>` +
    '<saml2:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">' +
    `<saml2:SubjectConfirmationData InResponseTo="${value(content.inResponseTo)}" NotOnOrAfter="${until}" Recipient="${value(content.destination)}"></saml2:SubjectConfirmationData>` +
    `</saml2:SubjectConfirmation></saml2:Subject><saml2:Conditions NotBefore="${samlInstant(content.now - 30_000)}" NotOnOrAfter="${until}">` +
    `<saml2:AudienceRestriction><saml2:Audience>${text(content.audience)}</saml2:Audience></saml2:AudienceRestriction></saml2:Conditions>` +
    `<saml2:AuthnStatement AuthnInstant="${samlInstant(content.authenticatedAt)}" SessionIndex="${value(content.sessionIndex)}">` +
    `<saml2:AuthnContext><saml2:AuthnContextClassRef>${text(content.authnContext)}</saml2:AuthnContextClassRef></saml2:AuthnContext></saml2:AuthnStatement>` +
    `${attributesXml(content.attributes)}</saml2:Assertion>`
  return enveloped({ id: content.assertionId, head, tail }, signer)
}

/** A Response with one Assertion, both signed (SAML Core 3.3.3, Profiles 4.1.4.2). */
export async function issueResponse(content: ResponseContent, signer: Signer): Promise<string> {
  const head =
    `<samlp:Response xmlns:samlp="${NS.samlp}" Destination="${value(content.destination)}" ID="${value(content.responseId)}" ` +
    `InResponseTo="${value(content.inResponseTo)}" IssueInstant="${samlInstant(content.now)}" Version="2.0">` +
    `<saml2:Issuer xmlns:saml2="${NS.saml2}">${text(content.issuer)}</saml2:Issuer>`
  const tail =
    '<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"></samlp:StatusCode></samlp:Status>' +
    `${await assertionXml(content, signer)}</samlp:Response>`
  return enveloped({ id: content.responseId, head, tail }, signer)
}

/** A Response that says no: without an assertion, unsigned as many IdPs send it. */
export function failedResponse(content: Omit<ResponseContent, 'assertionId'>, status: string): string {
  return (
    `<samlp:Response xmlns:samlp="${NS.samlp}" Destination="${value(content.destination)}" ID="${value(content.responseId)}" ` +
    `InResponseTo="${value(content.inResponseTo)}" IssueInstant="${samlInstant(content.now)}" Version="2.0">` +
    `<saml2:Issuer xmlns:saml2="${NS.saml2}">${text(content.issuer)}</saml2:Issuer>` +
    '<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder">' +
    `<samlp:StatusCode Value="${value(status)}"></samlp:StatusCode></samlp:StatusCode></samlp:Status></samlp:Response>`
  )
}
