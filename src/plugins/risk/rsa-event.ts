// An event in the words of an AA-compatible engine: who, on what device, what happens, and how much of it.

import { type RiskEvent, type RiskFacts, riskFacts } from '../../domain/risk-event.ts'
import { digitsOf } from '../../domain/transaction.ts'
import type { RsaFields } from '../../xml/rsa/write.ts'
import { devicePrintOf, screenOf } from './rsa-device-print.ts'
import type { RsaSettings } from './rsa-settings.ts'

/** Words of the engine's own list; every other is client-defined. */
const eventTypes: ReadonlySet<string> = new Set(
  (
    'SESSION_SIGNIN FAILED_LOGIN_ATTEMPT ENROLL UPDATE_USER CREATE_USER OLB_ENROLL FAILED_OLB_ENROLL_ATTEMPT ACTIVATE_CARD ' +
    'OPEN_NEW_ACCOUNT REQUEST_CREDIT ADD_PAYEE EDIT_PAYEE PAYMENT DEPOSIT STOCK_TRADE OPTIONS_TRADE CHANGE_LOGIN_ID ' +
    'CHANGE_EMAIL CHANGE_PHONE CHANGE_ADDRESS CHANGE_PASSWORD CHANGE_LIFE_QUESTIONS FAILED_CHANGE_PASSWORD_ATTEMPT ' +
    'CHANGE_ALERT_SETTINGS CHANGE_STATEMENT_SETTINGS CHANGE_AUTH_DATA SEND_SECURE_MESSAGE READ_SECURE_MESSAGE VIEW_CHECK ' +
    'VIEW_STATEMENT REQUEST_CHECK_COPY REQUEST_STATEMENT_COPY REQUEST_CHECKS REQUEST_NEW_CARD REQUEST_NEW_PIN EXTRA_AUTH ' +
    'USER_DETAILS WITHDRAW CARD_PIN_CHANGE'
  ).split(' '),
)

/** Where the list has no word that surely fits, one of ours: a wrong word would teach the engine something untrue. */
const usualTypes: Readonly<Record<RiskEvent['kind'], string>> = {
  'sign-in': 'SESSION_SIGNIN',
  enrolment: 'ENROLL',
  'device-change': 'DEVICE_CHANGE',
  payment: 'PAYMENT',
  payee: 'ADD_PAYEE',
  'contact-change': 'CONTACT_CHANGE',
  'limit-change': 'LIMIT_CHANGE',
  access: 'ACCOUNT_ACCESS',
  'failed-sign-in': 'FAILED_LOGIN_ATTEMPT',
  'step-up-result': 'EXTRA_AUTH',
  outcome: 'OUTCOME',
}

const told: ReadonlySet<string> = new Set(['failed-sign-in', 'step-up-result', 'outcome'])

function eventType({ kind, facts }: RiskEvent, settings: RsaSettings): string {
  if (told.has(kind)) return usualTypes[kind]
  const own = (key: string | undefined) =>
    key !== undefined && Object.hasOwn(settings.eventTypes, key) ? settings.eventTypes[key] : undefined
  return own(facts['transaction.type']) ?? own(kind) ?? usualTypes[kind]
}

/** The one event of a request, as a list. */
export function eventDataList(event: RiskEvent, settings: RsaSettings): RsaFields {
  const type = eventType(event, settings)
  const known = eventTypes.has(type)
  const facts = clientFacts(event, settings)
  const eventData: RsaFields = {
    authenticationLevel: authenticationLevel(event),
    clientDefinedAttributeList: facts.length === 0 ? undefined : { fact: facts },
    clientDefinedEventType: known ? undefined : type,
    eventId: event.id,
    eventReferenceId: event.facts['result.of'],
    eventType: known ? type : 'CLIENT_DEFINED',
    timeOfOccurrence: new Date(event.at).toISOString(),
    transactionData: transactionData(event.facts, settings),
  }
  return { eventData }
}

/** What became of a step-up (section 1.6, step 4 of the tables). */
function authenticationLevel({ kind, facts }: RiskEvent): RsaFields | undefined {
  if (kind !== 'step-up-result') return undefined
  return { attemptsTryCount: facts['result.attempts'], successful: facts['result.outcome'] === 'approved' }
}

/** What is told and has no place of its own. */
const toldFacts = { STEP_UP_METHOD: 'result.method', OUTCOME: 'result.outcome' } as const

function clientFacts({ kind, facts }: RiskEvent, { customFacts }: RsaSettings): RsaFields[] {
  const named = Object.entries({ ...(told.has(kind) && toldFacts), ...customFacts })
  return named.flatMap(([name, fact]) => {
    const value = facts[fact]
    return value === undefined ? [] : [{ name, value, dataType: dataType(fact, value) }]
  })
}

function dataType(fact: keyof typeof riskFacts, value: string | number | boolean): string {
  if (riskFacts[fact].type === 'flag') return 'BOOLEAN'
  if (riskFacts[fact].type === 'text') return 'STRING'
  return Number.isInteger(value) ? 'INTEGER' : 'DOUBLE'
}

function transactionData(facts: RiskFacts, settings: RsaSettings): RsaFields | undefined {
  const accountNumber = facts['transaction.debtorAccount']
  const creditor = {
    accountName: facts['transaction.creditorName'],
    accountNumber: facts['transaction.creditorAccount'],
  }
  const fields: RsaFields = {
    amount: amountOf(facts, settings),
    myAccountData: accountNumber === undefined ? undefined : { accountNumber },
    otherAccountData: Object.values(creditor).every((part) => part === undefined) ? undefined : creditor,
  }
  return Object.values(fields).every((part) => part === undefined) ? undefined : fields
}

/** Whole numbers in the unit that the engine counts in; in dollars too where it is dollars, since we know no rates. */
function amountOf(facts: RiskFacts, { amountUnits }: RsaSettings): RsaFields | undefined {
  const [minor, currency] = [facts['transaction.minor'], facts['transaction.currency']]
  if (minor === undefined || currency === undefined || !/^\d{1,18}$/.test(minor)) return undefined
  const unit = 10n ** BigInt(digitsOf(currency))
  // Rounded up: an amount must not look smaller than it is.
  const counted = amountUnits === 'minor' ? BigInt(minor) : (BigInt(minor) + unit - 1n) / unit
  const amount = String(counted)
  return { amount, amountInUSD: currency === 'USD' ? amount : undefined, currency }
}

/** The device and what it says of itself; the cookie is what the engine gave us for it the last time. */
export function deviceRequest({ facts, deviceToken }: RiskEvent): RsaFields | undefined {
  const [longitude, latitude] = [facts['client.longitude'], facts['client.latitude']]
  const located = longitude !== undefined && latitude !== undefined
  const fields: RsaFields = {
    devicePrint: devicePrintOf(facts),
    deviceTokenCookie: deviceToken,
    httpAccept: bounded(facts['client.accept']),
    httpAcceptLanguage: bounded(facts['client.language']),
    ipAddress: facts['network.address'],
    userAgent: bounded(facts['client.userAgent']),
    geoLocation: located ? { longitude, latitude } : undefined,
    deviceIdentifier: mobileDeviceOf(facts),
  }
  return Object.values(fields).every((part) => part === undefined) ? undefined : fields
}

/** The key that was proven, and what its app says of the phone. */
function mobileDeviceOf(facts: RiskFacts): RsaFields | undefined {
  const hardwareId = facts['device.id']
  if (hardwareId === undefined) return undefined
  return {
    'xsi:type': 'MobileDevice',
    hardwareId,
    deviceModel: facts['client.model'],
    deviceSystemName: facts['client.platform'],
    deviceSystemVersion: facts['client.platformVersion'],
    languages: facts['client.languages'],
    screenSize: screenOf(facts)?.join('x'),
  }
}

/** Callers write these headers: one that is too long for the engine must not be a way to make it fail. */
const bounded = (header: string | undefined) => header?.slice(0, 1000).toWellFormed()

/** The customer, and the engine's own names for what this call goes on with. Throws where nobody says who it is. */
export function identificationData(event: RiskEvent, settings: RsaSettings): RsaFields {
  const userName = event.facts[settings.userName]
  if (userName === undefined) throw new Error(`${settings.userName} is not among the facts for this provider`)
  return {
    clientTransactionId: event.id,
    groupName: settings.groupName,
    orgName: settings.orgName,
    sessionId: event.reference?.sessionId,
    transactionId: event.reference?.transactionId,
    userName,
    userType: 'PERSISTENT',
  }
}
