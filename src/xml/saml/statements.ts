// What the verified assertion says, held against what was expected (duties D11 to D17).
import type { XmlElement } from 'libxml2-wasm'
import { Refusal } from '../../domain/refusal.ts'
import type { ExpectedAnswer } from '../../domain/saml-answer.ts'
import type { UpstreamSubject } from '../../domain/subject.ts'
import { attribute, children, isNamed, named, one, optional, required, textOf, XmlShape } from '../element.ts'
import { NAME_ID, NS } from '../names.ts'
import type { Checks } from './checks.ts'
import { instantOf } from './time.ts'

const bearer = 'urn:oasis:names:tc:SAML:2.0:cm:bearer'

export interface Reading {
  readonly assertion: XmlElement
  readonly expected: ExpectedAnswer
  readonly checks: Checks
}

// Where things stand, for whoever looks at the message: what was encrypted is found nowhere there.
const assertionAt = 'Response/Assertion'
const confirmationAt = `${assertionAt}/Subject/SubjectConfirmation`
const dataAt = `${confirmationAt}/SubjectConfirmationData`
const conditionsAt = `${assertionAt}/Conditions`
const statementAt = `${assertionAt}/AuthnStatement`

const iso = (at: number): string => new Date(at).toISOString()

/** An instant that must be there and be one. */
export function instant(element: XmlElement, name: string): number {
  const at = instantOf(required(element, name))
  if (at === undefined)
    throw new Refusal('saml.shape', {
      ...{
        check: 'time format',
        expected: 'UTC, as 2026-11-24T12:00:00Z',
        actual: `${element.name}@${name}`,
      },
    })
  return at
}

function optionalInstant(element: XmlElement, name: string): number | undefined {
  return attribute(element, name) === undefined ? undefined : instant(element, name)
}

/** SAML Core 2.7.1.2, duty D14: issued neither in the future nor so long ago that it must be stale. */
export function checkIssued(element: XmlElement, { expected, checks }: Reading): void {
  const at = instant(element, 'IssueInstant')
  const skew = expected.skewSeconds * 1000
  const oldest = expected.now - expected.maxLifetimeSeconds * 1000 - skew
  const name = `${element.name} IssueInstant`
  const place = `${element.name === 'Assertion' ? assertionAt : element.name}@IssueInstant`
  const range = { name, expected: `${iso(oldest)} to ${iso(expected.now + skew)}`, actual: iso(at), place }
  const early = at > expected.now + skew
  checks.hold({ ...range, ok: !early && at >= oldest }, early ? 'saml.not_yet_valid' : 'saml.expired')
}

interface Until {
  readonly name: string
  readonly until: number
  readonly place: string
}

function checkLifetime({ name, until, place }: Until, { expected, checks }: Reading): void {
  const skew = expected.skewSeconds * 1000
  checks.hold(
    {
      name,
      ok: expected.now < until + skew,
      expected: `after ${iso(expected.now)}`,
      actual: iso(until),
      place,
    },
    'saml.expired',
  )
  const latest = expected.now + expected.maxLifetimeSeconds * 1000 + skew
  checks.hold(
    {
      name: `${name} lifetime`,
      ok: until <= latest,
      expected: `by ${iso(latest)}`,
      actual: iso(until),
      place,
    },
    'saml.lifetime',
  )
}

interface Bearer {
  readonly inResponseTo: string
  readonly until: number
}

/**
 * SAML Profiles 4.1.4.2: one bearer confirmation for this ACS, in time, answering our request. Other methods confirm
 * nothing here; the first bearer confirmation decides, so that a bad one cannot hide behind a good one.
 */
function confirmation(subject: XmlElement, reading: Reading): Bearer {
  const { expected, checks } = reading
  const all = named(subject, NS.saml2, 'SubjectConfirmation')
  const bearers = all.filter((confirmation) => attribute(confirmation, 'Method') === bearer)
  const found = `${bearers.length} of ${all.length}`
  const count = { name: 'bearer confirmation', expected: 'one', actual: found, place: confirmationAt }
  checks.hold({ ...count, ok: bearers.length === 1 }, 'saml.subject')
  const data = one(bearers[0] as XmlElement, NS.saml2, 'SubjectConfirmationData')
  checks.equal(
    'Recipient',
    { expected: expected.acsUrl, actual: attribute(data, 'Recipient'), place: `${dataAt}@Recipient` },
    'saml.recipient',
  )
  const noNotBefore = attribute(data, 'NotBefore') === undefined
  checks.hold(
    {
      name: 'no NotBefore',
      ok: noNotBefore,
      expected: '(none)',
      actual: attribute(data, 'NotBefore') ?? '(none)',
      place: `${dataAt}@NotBefore`,
    },
    'saml.subject',
  )
  const limited = attribute(data, 'NotOnOrAfter') !== undefined
  checks.hold(
    {
      name: 'confirmation is limited',
      ok: limited,
      expected: 'NotOnOrAfter',
      actual: limited ? 'there' : '(none)',
      place: `${dataAt}@NotOnOrAfter`,
    },
    'saml.subject',
  )
  const until = instant(data, 'NotOnOrAfter')
  checkLifetime({ name: 'confirmation NotOnOrAfter', until, place: `${dataAt}@NotOnOrAfter` }, reading)
  const answers = { of: 'assertion', place: `${dataAt}@InResponseTo` } as const
  checkAnswers({ ...answers, actual: attribute(data, 'InResponseTo') }, reading)
  return { inResponseTo: expected.requestId ?? '', until }
}

export interface Answering {
  readonly of: 'response' | 'assertion'
  readonly actual: string | undefined
  readonly place: string
}

/** The answer is to the request that was sent; where none was, it names none. */
export function checkAnswers(
  { of, actual, place }: Answering,
  { expected, checks }: Pick<Reading, 'expected' | 'checks'>,
): void {
  const ok = actual === expected.requestId
  const told = { expected: expected.requestId ?? '(none)', actual: actual ?? '(none)', place }
  checks.hold({ name: `InResponseTo of the ${of}`, ok, ...told }, 'saml.in_response_to')
}

const knownConditions: ReadonlySet<string> = new Set([
  'AudienceRestriction',
  'OneTimeUse',
  'ProxyRestriction',
])

/** SAML Core 2.5.1: in time, for us, and nothing in it that we do not understand (duty D16). */
function conditions(reading: Reading): number {
  const { assertion, expected, checks } = reading
  const element = optional(assertion, NS.saml2, 'Conditions')
  checks.hold(
    {
      ...{ name: 'Conditions', ok: element !== undefined, expected: 'one', place: assertionAt },
      actual: element ? 'one' : '(none)',
    },
    'saml.condition',
  )
  const found = element as XmlElement
  const strangers = children(found).filter(
    (child) => child.namespaceUri !== NS.saml2 || !knownConditions.has(child.name),
  )
  checks.hold(
    {
      name: 'known conditions',
      ok: strangers.length === 0,
      expected: [...knownConditions].join(', '),
      actual: strangers.length === 0 ? 'none other' : strangers.map((s) => s.name).join(' '),
      place: conditionsAt,
    },
    'saml.condition',
  )
  const until = instant(found, 'NotOnOrAfter')
  checkLifetime({ name: 'Conditions NotOnOrAfter', until, place: `${conditionsAt}@NotOnOrAfter` }, reading)
  const from = optionalInstant(found, 'NotBefore')
  if (from !== undefined) {
    const ok = from <= expected.now + expected.skewSeconds * 1000
    const told = {
      expected: `by ${iso(expected.now)}`,
      actual: iso(from),
      place: `${conditionsAt}@NotBefore`,
    }
    checks.hold({ name: 'Conditions NotBefore', ok, ...told }, 'saml.not_yet_valid')
  }
  audience(found, reading)
  return until
}

/** SAML Core 2.5.1.4: each restriction stands alone, so every one must name us; `every` is true of an empty list. */
function audience(element: XmlElement, { expected, checks }: Reading): void {
  const restrictions = named(element, NS.saml2, 'AudienceRestriction').map((restriction) =>
    named(restriction, NS.saml2, 'Audience').map(textOf),
  )
  const ok =
    restrictions.length > 0 && restrictions.every((audiences) => audiences.includes(expected.spEntityId))
  const actual = restrictions.map((audiences) => audiences.join(' | ')).join(' & ') || '(none)'
  const place = restrictions.length > 0 ? `${conditionsAt}/AudienceRestriction/Audience` : conditionsAt
  checks.hold({ name: 'Audience', ok, expected: expected.spEntityId, actual, place }, 'saml.audience')
}

interface Authentication {
  readonly authenticatedAt: number
  /** The answer does not say when: `authenticatedAt` is when it was written. */
  readonly undated?: boolean
  readonly authnContext: string
  readonly sessionIndex: string | undefined
  readonly sessionNotOnOrAfter: number | undefined
}

/** SAML Core 2.7.2, duties D14 and D15: when and how the customer was asked, and until when that counts. */
function authentication(reading: Reading): Authentication {
  const statement = optional(reading.assertion, NS.saml2, 'AuthnStatement')
  if (!statement) return unstated(reading)
  return {
    authenticatedAt: askedAt(statement, reading),
    authnContext: contextOf(statement, reading),
    sessionIndex: attribute(statement, 'SessionIndex'),
    sessionNotOnOrAfter: sessionEnd(statement, reading),
  }
}

/** An IdP that does not say when and how it asked: whatever was asked of it is then not met, and no class is made up. */
function unstated({ assertion, expected, checks }: Reading): Authentication {
  if (!checks.permits('missing-authn-statement', '(none)'))
    throw new XmlShape('no AuthnStatement in Assertion')
  const asked = expected.authenticatedAfter !== undefined || expected.authnContexts.length > 0
  const wanted = asked ? 'one' : 'none needed'
  const check = { name: 'AuthnStatement', expected: wanted, actual: '(none)', place: assertionAt }
  checks.hold({ ...check, ok: !asked }, 'saml.authn_context')
  return {
    authenticatedAt: instant(assertion, 'IssueInstant'),
    undated: true,
    authnContext: '',
    sessionIndex: undefined,
    sessionNotOnOrAfter: undefined,
  }
}

function askedAt(statement: XmlElement, { expected, checks }: Reading): number {
  const at = instant(statement, 'AuthnInstant')
  const skew = expected.skewSeconds * 1000
  const place = `${statementAt}@AuthnInstant`
  const past = { name: 'AuthnInstant', expected: `by ${iso(expected.now)}`, actual: iso(at), place }
  checks.hold({ ...past, ok: at <= expected.now + skew }, 'saml.not_yet_valid')
  const after = expected.authenticatedAfter
  if (after !== undefined) {
    const anew = { name: 'asked anew', expected: `after ${iso(after)}`, actual: iso(at), place }
    checks.hold({ ...anew, ok: at >= after - skew }, 'saml.authn_context')
  }
  return at
}

function sessionEnd(statement: XmlElement, { expected, checks }: Reading): number | undefined {
  const end = optionalInstant(statement, 'SessionNotOnOrAfter')
  if (end === undefined) return undefined
  const name = 'SessionNotOnOrAfter'
  const told = { expected: `after ${iso(expected.now)}`, actual: iso(end), place: `${statementAt}@${name}` }
  checks.hold({ name, ...told, ok: expected.now < end + expected.skewSeconds * 1000 }, 'saml.expired')
  return end
}

function contextOf(statement: XmlElement, { expected, checks }: Reading): string {
  const context = one(statement, NS.saml2, 'AuthnContext')
  const actual = textOf(one(context, NS.saml2, 'AuthnContextClassRef')).trim()
  const ok = expected.authnContexts.length === 0 || expected.authnContexts.includes(actual)
  const place = `${statementAt}/AuthnContext/AuthnContextClassRef`
  const told = { expected: expected.authnContexts.join(' | ') || 'any', actual, place }
  checks.hold({ name: 'AuthnContext', ok, ...told }, 'saml.authn_context')
  return actual
}

/** Into a Map, so that no name is special; a name that comes twice refuses, whatever its case (attack 72). */
function attributes({ assertion }: Reading): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>()
  const seen = new Set<string>()
  for (const statement of named(assertion, NS.saml2, 'AttributeStatement')) {
    for (const element of children(statement)) {
      if (!isNamed(element, NS.saml2, 'Attribute'))
        throw new Refusal('saml.encrypted', {
          ...{ check: 'attribute', expected: 'Attribute', actual: element.name },
          place: `${assertionAt}/AttributeStatement/${element.name}`,
        })
      const name = required(element, 'Name')
      if (seen.has(name.toLowerCase()))
        throw new Refusal('saml.attribute', {
          ...{ check: 'attribute twice', expected: 'each name once', actual: name.slice(0, 100) },
        })
      seen.add(name.toLowerCase())
      const values = named(element, NS.saml2, 'AttributeValue').filter(
        (value) => children(value).length === 0,
      )
      found.set(name, values.map(textOf))
    }
  }
  return found
}

function nameId(subject: XmlElement): UpstreamSubject['nameId'] {
  if (optional(subject, NS.saml2, 'EncryptedID'))
    throw new Refusal('saml.encrypted', {
      ...{
        check: 'NameID',
        expected: 'NameID',
        actual: 'EncryptedID',
        place: `${assertionAt}/Subject/EncryptedID`,
      },
    })
  const element = one(subject, NS.saml2, 'NameID')
  const value = textOf(element)
  if (value.trim() === '' || value.length > 1024)
    throw new Refusal('saml.subject', {
      ...{ check: 'NameID', expected: '1 to 1024 characters', actual: `${value.trim().length} characters` },
      place: `${assertionAt}/Subject/NameID`,
    })
  const format = attribute(element, 'Format') ?? NAME_ID.unspecified
  return {
    value,
    format,
    nameQualifier: attribute(element, 'NameQualifier'),
    spNameQualifier: attribute(element, 'SPNameQualifier'),
  }
}

/** Reads the verified assertion; throws the code of the first check that does not hold. */
export function subjectOf(reading: Reading): Omit<UpstreamSubject, 'checks' | 'verified'> {
  const { assertion, expected, checks } = reading
  checkIssued(assertion, reading)
  const issuer = textOf(one(assertion, NS.saml2, 'Issuer'))
  const named = { expected: expected.idpEntityId, actual: issuer, place: `${assertionAt}/Issuer` }
  checks.equal('Issuer of the assertion', named, 'saml.issuer')
  const subject = optional(assertion, NS.saml2, 'Subject')
  if (!subject) throw new XmlShape('no Subject')
  const { inResponseTo, until } = confirmation(subject, reading)
  const limit = conditions(reading)
  return {
    issuer,
    nameId: nameId(subject),
    ...authentication(reading),
    attributes: attributes(reading),
    answerId: required(assertion, 'ID'),
    rememberUntil: Math.max(until, limit) + expected.skewSeconds * 1000,
    inResponseTo,
  }
}
