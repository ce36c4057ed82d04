// Attacks 51 to 73 on what a SAML answer says: every one is genuinely signed and refused for its content alone.
import { beforeAll, describe, expect, test } from 'vitest'
import { claimsFrom } from '../../src/domain/claims.ts'
import { Refusal } from '../../src/domain/refusal.ts'
import type { ExpectedAnswer } from '../../src/domain/saml-answer.ts'
import { subjectKeyHash } from '../../src/domain/subject.ts'
import { checkResponse } from '../../src/xml/saml/response.ts'
import { explained } from '../xml/explained.ts'
import {
  answer,
  assertionXml,
  base64,
  expected,
  type Facts,
  genuine,
  makeKey,
  now,
  responseXml,
  type Sides,
  signed,
  type TestKey,
} from '../xml/hostile/idp.ts'

let key: TestKey
beforeAll(async () => {
  key = await makeKey()
})

const check = (facts: Partial<Facts>, change: Partial<ExpectedAnswer> = {}, sides: Sides = 'both') =>
  checkResponse(base64(answer({ key, facts, sides })), { ...expected, idpCertificates: [key.pem], ...change })

function outcome(work: () => { nameId: { value: string } }): string {
  try {
    return `accepted as ${work().nameId.value}`
  } catch (error) {
    if (error instanceof Refusal) return explained(error)
    throw error
  }
}

const verdict = (facts: Partial<Facts>, change: Partial<ExpectedAnswer> = {}, sides: Sides = 'both') =>
  outcome(() => check(facts, change, sides))
const verdictOn = (xml: string) =>
  outcome(() => checkResponse(base64(xml), { ...expected, idpCertificates: [key.pem] }))

const at = (seconds: number): string => new Date(now + seconds * 1000).toISOString()
const accepted = 'accepted as alice'
const sp = expected.spEntityId

test('control: the answer as it is', () => expect(verdict({})).toBe(accepted))

describe('audience', () => {
  test.each<[string, string[][]]>([
    ['#51 other', [['https://other.example']]],
    ['#51 other case', [[sp.toUpperCase()]]],
    ['#51 trailing slash', [[`${sp}/`]]],
    ['#51 second restriction not us', [[sp], ['https://other.example']]],
    ['#51 first restriction not us', [['https://other.example'], [sp]]],
    ['#52 no restriction', []],
  ])('%s', (_, audiences) => expect(verdict({ audiences })).toBe('saml.audience'))
  test('#52 no Conditions at all', () => expect(verdict({ audiences: undefined })).toBe('saml.condition'))
  test('control: several audiences and several restrictions that name us', () => {
    expect(verdict({ audiences: [['https://other.example', sp], [sp]] })).toBe(accepted)
  })
})

describe('addresses', () => {
  test.each([
    undefined,
    '',
    'https://evil.example/acs',
    `${expected.acsUrl}/`,
    expected.acsUrl.toUpperCase(),
  ])('#53 Recipient %j', (recipient) => expect(verdict({ recipient })).toBe('saml.recipient'))
  test.each([undefined, '', 'https://evil.example/acs', `${expected.acsUrl}?x=1`])(
    '#54 Destination %j on a signed Response',
    (destination) => {
      expect(verdict({ destination })).toMatch(/^saml\.(destination|schema)$/)
    },
  )
  test('#54 an unsigned Response may leave it out, and may not lie', () => {
    expect(verdict({ destination: undefined }, {}, 'assertion')).toBe(accepted)
    expect(verdict({ destination: 'https://evil.example/acs' }, {}, 'assertion')).toBe('saml.destination')
  })
})

describe('which request it answers', () => {
  test('#55 confirmation to another request', () => {
    expect(verdict({ confirmationInResponseTo: '_other' })).toBe('saml.in_response_to')
  })
  test('#56 stolen assertion re-wrapped: the assertion answers the victim’s request, the Response mine', () => {
    const stolen = { confirmationInResponseTo: '_victim', inResponseTo: '_request1' }
    expect(verdict(stolen, {}, 'assertion')).toBe('saml.in_response_to')
    const reverse = { confirmationInResponseTo: '_request1', inResponseTo: '_victim' }
    expect(verdict(reverse, {}, 'assertion')).toBe('saml.in_response_to')
  })
  test('#57 unsolicited', () => {
    expect(verdict({ inResponseTo: undefined, confirmationInResponseTo: undefined })).toBe(
      'saml.in_response_to',
    )
    expect(verdict({ confirmationInResponseTo: undefined })).toBe('saml.in_response_to')
  })
})

describe('time', () => {
  test.each([
    ['#60 expired beyond the skew', { conditionsUntil: at(-61), confirmationUntil: at(300) }, 'saml.expired'],
    ['#60 expired within the skew', { conditionsUntil: at(-59), confirmationUntil: at(300) }, accepted],
    ['#60 not yet valid beyond the skew', { conditionsNotBefore: at(61) }, 'saml.not_yet_valid'],
    ['#60 not yet valid within the skew', { conditionsNotBefore: at(59) }, accepted],
    ['#60 NotOnOrAfter itself is too late', { conditionsUntil: at(-60) }, 'saml.expired'],
    ['#60 NotBefore itself is in time', { conditionsNotBefore: at(60) }, accepted],
    [
      '#61 the confirmation’s NotOnOrAfter itself is too late',
      { confirmationUntil: at(-60) },
      'saml.expired',
    ],
    ['#63 SessionNotOnOrAfter itself is too late', { sessionUntil: at(-60) }, 'saml.expired'],
    [
      '#64 the longest life is still taken',
      { conditionsUntil: at(660), confirmationUntil: at(660) },
      accepted,
    ],
    ['#61 confirmation expired', { confirmationUntil: at(-61) }, 'saml.expired'],
    ['#61 confirmation without an end', { confirmationUntil: undefined }, 'saml.subject'],
    ['#61 confirmation with NotBefore', { confirmationNotBefore: at(-10) }, 'saml.subject'],
    ['#62 garbage', { confirmationUntil: 'garbage' }, 'saml.schema'],
    ['#62 no zone', { confirmationUntil: at(300).replace('Z', '') }, 'saml.shape'],
    ['#62 other zone', { confirmationUntil: at(300).replace('Z', '+00:00') }, 'saml.shape'],
    ['#62 year 20000', { conditionsUntil: '20000-01-01T00:00:00Z' }, 'saml.shape'],
    ['#62 30 February', { conditionsUntil: '2027-02-30T00:00:00Z' }, 'saml.schema'],
    ['#63 session over', { sessionUntil: at(-61) }, 'saml.expired'],
    ['#63 asked in the future', { authnInstant: at(61) }, 'saml.not_yet_valid'],
    ['#64 ten years', { conditionsUntil: at(10 * 365 * 86_400) }, 'saml.lifetime'],
    ['#64 confirmation lives too long', { confirmationUntil: at(661) }, 'saml.lifetime'],
    ['issued in the future', { issueInstant: at(61) }, 'saml.not_yet_valid'],
    ['issued long ago', { issueInstant: at(-661) }, 'saml.expired'],
  ] as const)('%s', (_, facts, code) => expect(verdict(facts)).toBe(code))
  test('no end of Conditions', () => expect(verdict({ conditionsUntil: undefined })).toBe('saml.shape'))
  test('#63 ForceAuthn ignored: the customer was asked before our request', () => {
    const asked = { authenticatedAfter: now - 5_000 }
    expect(verdict({ authnInstant: at(-120) }, asked)).toBe('saml.authn_context')
    expect(verdict({ authnInstant: at(-2) }, asked)).toBe(accepted)
  })
  test('the end of their session is told on; that it ends ours is tried in journeys/production.test.ts', () => {
    expect(check({ sessionUntil: at(600) }).sessionNotOnOrAfter).toBe(now + 600_000)
  })
})

describe('issuer, status, conditions', () => {
  test.each([
    ['#65 assertion by another', { issuer: 'https://evil.example' }],
    ['#65 response by another', { responseIssuer: 'https://evil.example' }],
    ['#65 other case', { issuer: expected.idpEntityId.toUpperCase() }],
  ])('%s', (_, facts) => expect(verdict(facts)).toBe('saml.issuer'))
  test('#65 a signed Response names its Issuer; an unsigned one may leave it out', () => {
    expect(verdict({ responseIssuer: undefined })).toBe('saml.issuer')
    expect(verdict({ responseIssuer: undefined }, {}, 'assertion')).toBe(accepted)
  })
  test.each(['Responder', 'Requester', 'AuthnFailed'])('#67 status %s with a signed assertion', (status) => {
    expect(verdict({ status: `urn:oasis:names:tc:SAML:2.0:status:${status}` })).toBe('saml.status')
  })
  test('#68 unknown condition', () => {
    const extraCondition =
      '<saml:Condition xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:x="urn:x" xsi:type="x:Y"/>'
    expect(verdict({ extraCondition })).toMatch(/^saml\.(condition|schema)$/)
  })
  test('#68 a condition that the schema takes, under a name that we do not know', () => {
    const of = (type: string) =>
      `<saml:Condition xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="saml:${type}"/>`
    expect(verdict({ extraCondition: of('OneTimeUseType') })).toBe('saml.condition')
    expect(verdict({ extraCondition: of('ProxyRestrictionType') })).toBe('saml.condition')
  })
  test('#68 OneTimeUse and ProxyRestriction bind others than us; every answer is used once anyway', () => {
    expect(verdict({ extraCondition: '<saml:OneTimeUse/>' })).toBe(accepted)
    expect(verdict({ extraCondition: '<saml:ProxyRestriction Count="0"/>' })).toBe(accepted)
  })
  test.each(['holder-of-key', 'sender-vouches'])('#69 %s only', (method) => {
    expect(verdict({ method: `urn:oasis:names:tc:SAML:2.0:cm:${method}` })).toBe('saml.subject')
  })
  test('#69 a bad bearer confirmation does not hide behind a good one', () => {
    const bare = assertionXml(genuine)
    const good = /<saml:SubjectConfirmation .*<\/saml:SubjectConfirmation>/.exec(bare)?.[0] ?? ''
    const bad = good.replace(expected.acsUrl, 'https://evil.example/acs')
    const withBoth = (both: string) =>
      verdictOn(responseXml(genuine, signed(bare.replace(good, both), genuine.assertionId, key)))
    expect(withBoth(good)).toBe(accepted)
    expect(withBoth(good + bad)).toBe('saml.subject')
    expect(withBoth(bad + good)).toBe('saml.subject')
  })
  test('#69 no confirmation', () => expect(verdict({ method: undefined })).toBe('saml.subject'))
  test('#70 weaker class than asked for', () => {
    const asked = { authnContexts: ['urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract'] }
    expect(verdict({}, asked)).toBe('saml.authn_context')
    expect(verdict({ authnContext: asked.authnContexts[0] as string }, asked)).toBe(accepted)
  })
})

describe('who the customer is', () => {
  const attribute = (name: string, value: string) =>
    `<saml:Attribute Name="${name}"><saml:AttributeValue>${value}</saml:AttributeValue></saml:Attribute>`
  test('#71 an attribute never overrides the NameID', () => {
    const attributes = attribute(
      'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier',
      'admin',
    )
    expect(verdict({ attributes })).toBe(accepted)
  })
  test('#72 __proto__ is a name like any other, and never a claim', () => {
    const { attributes } = check({
      attributes: attribute('__proto__', 'x') + attribute('displayName', 'Alice'),
    })
    expect(attributes.get('__proto__')).toEqual(['x'])
    expect(Object.getPrototypeOf(claimsFrom(attributes, { name: 'displayName' }))).toBe(Object.prototype)
  })
  test.each([
    ['role', 'role'],
    ['role', 'ROLE'],
  ])('#72 attribute twice: %s and %s', (a, b) => {
    expect(verdict({ attributes: attribute(a, 'teller') + attribute(b, 'admin') })).toBe('saml.attribute')
  })
  test('#115 upstream attributes never become protected claims', () => {
    const { attributes } = check({
      attributes: ['sub', 'acr', 'amr', 'cnf', 'iss'].map((name) => attribute(name, 'evil')).join(''),
    })
    expect(
      claimsFrom(attributes, { sub: 'sub', acr: 'acr', amr: 'amr', cnf: 'cnf', iss: 'iss', name: 'iss' }),
    ).toEqual({ name: 'evil' })
  })
  test.each(['', '   '])('#73 NameID %j', (nameId) =>
    expect(verdict({ nameId })).toMatch(/^saml\.(subject|schema)$/),
  )
  test('a name or an attribute that is encrypted is not passed over (decryption is not there yet)', () => {
    const data = `<xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"><xenc:CipherData><xenc:CipherValue>AAAA</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>`
    const attributes = `<saml:EncryptedAttribute>${data}</saml:EncryptedAttribute>`
    expect(verdict({ attributes })).toBe('saml.encrypted')
    const bare = assertionXml({ ...genuine }).replace(
      /<saml:NameID.*<\/saml:NameID>/,
      `<saml:EncryptedID>${data}</saml:EncryptedID>`,
    )
    const xml = responseXml(genuine, signed(bare, genuine.assertionId, key))
    expect(verdictOn(xml)).toBe('saml.encrypted')
  })
  test('#73 two names are one customer only when every byte and qualifier agrees', () => {
    const base = {
      institution: 'a',
      connection: 'c',
      issuer: 'i',
      format: 'f',
      qualifiers: '[null,null]',
      value: 'alice',
    }
    const others = [
      { value: 'Alice' },
      { value: 'alice ' },
      { value: 'аlice' },
      { value: 'alice\u0301' },
      { qualifiers: '["q",null]' },
      { format: 'transient' },
      { issuer: 'i2' },
      { connection: 'c2' },
      { institution: 'b' },
      { issuer: 'if', format: '' },
      { format: 'fa', value: 'lice' },
    ]
    const hashes = others.map((change) => subjectKeyHash({ ...base, ...change }))
    expect(new Set([subjectKeyHash(base), ...hashes]).size).toBe(others.length + 1)
    expect(subjectKeyHash({ ...base })).toBe(subjectKeyHash(base))
  })
  test('#73 a NameID’s qualifiers come out', () => {
    const { nameId } = check({ nameIdAttributes: ' NameQualifier="q" SPNameQualifier="s"' })
    expect(nameId).toMatchObject({
      nameQualifier: 'q',
      spNameQualifier: 's',
      format: 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified',
    })
  })
})
