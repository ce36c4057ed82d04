// Reading the assertion of a message: its own signature, its audience, its times, and what it says.
import { assertionAttributes } from '../../domain/assertion.ts'
import { ALG, NS } from '../names.ts'
import { instantOf } from '../saml/time.ts'
import { attributeOf, canonicalTree, elements, type Tree, textOf } from '../tree.ts'
import { checkDigest, checkValue, type ExpectedMessage, one, WssRefused } from './proof.ts'

export interface ReadAssertion {
  readonly id: string
  readonly issuer: string
  readonly subject: string
  readonly acr: string
  readonly amr: readonly string[]
  readonly device: string | undefined
  readonly transaction: string | undefined
  readonly auditId: string | undefined
  readonly relyingParty: string | undefined
  readonly notOnOrAfter: number
}

/** SAML Core 5.4: one reference, to this element, enveloped and exclusive. */
function checkOwnSignature(assertion: Tree, trusted: readonly string[]): void {
  const signature = one(assertion, NS.ds, 'Signature')
  const reference = one(one(signature, NS.ds, 'SignedInfo'), NS.ds, 'Reference')
  const transforms = elements(one(reference, NS.ds, 'Transforms')).map((t) => attributeOf(t, '', 'Algorithm'))
  if (transforms.join(' ') !== `${ALG.enveloped} ${ALG.excC14n}`)
    throw new WssRefused('algorithm', 'assertion transforms')
  if (attributeOf(reference, '', 'URI') !== `#${attributeOf(assertion, '', 'ID')}`)
    throw new WssRefused('reference', 'assertion')
  const x509 = one(one(one(signature, NS.ds, 'KeyInfo'), NS.ds, 'X509Data'), NS.ds, 'X509Certificate')
  checkValue(signature, (textOf(x509) ?? '').replace(/\s+/g, ''), trusted)
  checkDigest(reference, canonicalTree(assertion, { without: signature }))
}

function checkConditions(assertion: Tree, { now, skewSeconds, audience }: ExpectedMessage): number {
  const conditions = one(assertion, NS.saml2, 'Conditions')
  const from = instantOf(attributeOf(conditions, '', 'NotBefore') ?? '')
  const until = instantOf(attributeOf(conditions, '', 'NotOnOrAfter') ?? '')
  if (from === undefined || until === undefined) throw new WssRefused('lifetime', 'format')
  if (from > now + skewSeconds * 1000) throw new WssRefused('lifetime', 'not yet valid')
  if (until <= now - skewSeconds * 1000) throw new WssRefused('lifetime', 'expired')
  const named = elements(one(conditions, NS.saml2, 'AudienceRestriction'), NS.saml2, 'Audience').map(textOf)
  if (!named.includes(audience)) throw new WssRefused('audience', named.join(' '))
  return until
}

function attributesOf(assertion: Tree): Map<string, string[]> {
  const statement = one(assertion, NS.saml2, 'AttributeStatement')
  return new Map(
    elements(statement, NS.saml2, 'Attribute').map((attribute) => [
      attributeOf(attribute, '', 'Name') ?? '',
      elements(attribute, NS.saml2, 'AttributeValue').map((one) => textOf(one) ?? ''),
    ]),
  )
}

/** Checks and reads; throws WssRefused. */
export function readAssertion(assertion: Tree, expected: ExpectedMessage): ReadAssertion {
  checkOwnSignature(assertion, expected.trusted)
  const notOnOrAfter = checkConditions(assertion, expected)
  const subject = one(assertion, NS.saml2, 'Subject')
  const attributes = attributesOf(assertion)
  const single = (name: string) => attributes.get(name)?.[0]
  return {
    id: attributeOf(assertion, '', 'ID') ?? '',
    issuer: textOf(one(assertion, NS.saml2, 'Issuer')) ?? '',
    subject: textOf(one(subject, NS.saml2, 'NameID')) ?? '',
    acr: single(assertionAttributes.acr) ?? '',
    amr: attributes.get(assertionAttributes.amr) ?? [],
    device: single(assertionAttributes.device),
    transaction: single(assertionAttributes.transaction),
    auditId: single(assertionAttributes.auditId),
    relyingParty: single(assertionAttributes.relyingParty),
    notOnOrAfter,
  }
}
