// SAML 2.0 assertions that we issue, in exclusive canonical form as they are written.
import { type AssertionContent, assertionAttributes } from '../../domain/assertion.ts'
import type { Signer } from '../../ports/key-store.ts'
import { text, value } from '../emit.ts'
import { NAME_ID, NS } from '../names.ts'
import { signatureXml, x509KeyInfo } from '../signed-info.ts'
import { samlInstant } from './time.ts'

const nameFormat = 'urn:oasis:names:tc:SAML:2.0:attrname-format:uri'

function attributeXml(name: string, values: readonly string[]): string {
  const inner = values.map((one) => `<saml2:AttributeValue>${text(one)}</saml2:AttributeValue>`).join('')
  return `<saml2:Attribute Name="${value(name)}" NameFormat="${nameFormat}">${inner}</saml2:Attribute>`
}

function attributesXml(content: AssertionContent): string {
  const optional = (name: string, one: string | undefined) =>
    one === undefined ? '' : attributeXml(name, [one])
  return [
    attributeXml(assertionAttributes.acr, [content.acr]),
    attributeXml(assertionAttributes.amr, content.amr),
    attributeXml(assertionAttributes.authTime, [String(Math.floor(content.authenticatedAt / 1000))]),
    attributeXml(assertionAttributes.relyingParty, [content.relyingParty]),
    optional(assertionAttributes.device, content.device),
    optional(assertionAttributes.transaction, content.transaction),
    attributeXml(assertionAttributes.auditId, [content.auditId]),
  ].join('')
}

function parts(content: AssertionContent): { head: string; tail: string } {
  const { id, issuedAt, notBefore, notOnOrAfter } = content
  const head =
    `<saml2:Assertion xmlns:saml2="${NS.saml2}" ID="${value(id)}" IssueInstant="${samlInstant(issuedAt)}" Version="2.0">` +
    `<saml2:Issuer>${text(content.issuer)}</saml2:Issuer>`
  const tail =
    `<saml2:Subject><saml2:NameID Format="${NAME_ID.persistent}">${text(content.subject)}</saml2:NameID>` +
    '<saml2:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"></saml2:SubjectConfirmation></saml2:Subject>' +
    `<saml2:Conditions NotBefore="${samlInstant(notBefore)}" NotOnOrAfter="${samlInstant(notOnOrAfter)}">` +
    `<saml2:AudienceRestriction><saml2:Audience>${text(content.audience)}</saml2:Audience></saml2:AudienceRestriction></saml2:Conditions>` +
    `<saml2:AuthnStatement AuthnInstant="${samlInstant(content.authenticatedAt)}" SessionIndex="${value(content.sessionIndex)}">` +
    `<saml2:AuthnContext><saml2:AuthnContextClassRef>${text(content.acr)}</saml2:AuthnContextClassRef></saml2:AuthnContext></saml2:AuthnStatement>` +
    `<saml2:AttributeStatement>${attributesXml(content)}</saml2:AttributeStatement></saml2:Assertion>`
  return { head, tail }
}

/** A signed assertion (SAML Core 2.3.3, 5.4): its Signature stands right after its Issuer. */
export async function signAssertion(content: AssertionContent, signer: Signer): Promise<string> {
  const { head, tail } = parts(content)
  const covered = [{ id: content.id, canonical: head + tail, by: 'enveloped' }] as const
  return head + (await signatureXml({ covered, keyInfo: x509KeyInfo(signer.certificate) }, signer)) + tail
}
