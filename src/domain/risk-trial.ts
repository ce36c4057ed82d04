// An event that never happened, by which administrators try a risk provider: every fact is invented, and none is anybody's.
import { type AskedKind, type RiskFact, type RiskFacts, riskFacts } from './risk-event.ts'
import { riskKinds } from './transaction-type.ts'

/** By what a provider knows that this is nobody. */
export const inventedCustomer = 'drawbridge-test'

const everyEvent: RiskFacts = {
  ...{ 'subject.id': inventedCustomer, 'subject.username': inventedCustomer, 'app.id': inventedCustomer },
  ...{ 'device.id': inventedCustomer, 'device.present': true, 'device.ageDays': 30, 'device.count': 1 },
  ...{ 'session.level': 'device', 'session.ageSeconds': 10 },
  // An address that documents use, and nobody has (RFC 5737).
  'network.address': '192.0.2.1',
  ...{ 'client.userAgent': 'Drawbridge/test-call', 'client.language': 'en', 'client.accept': 'text/html' },
  ...{ 'history.attemptsHour': 1, 'history.addressAttemptsHour': 1, 'history.signIns': 0 },
}

const transaction: RiskFacts = {
  ...{ 'transaction.type': inventedCustomer, 'transaction.hash': 'test-call' },
  ...{ 'transaction.debtorAccount': 'test-debtor', 'transaction.creditorAccount': 'test-creditor' },
  ...{ 'transaction.creditorName': 'Drawbridge test call', 'history.knownPayee': false },
  ...{ 'history.countDay': 0, 'history.sumDay': '0', 'history.largest': '0' },
}

const payment: RiskFacts = {
  ...{ 'transaction.type': 'payment_initiation', 'transaction.amount': '1.00', 'transaction.minor': '100' },
  'transaction.currency': 'EUR',
}

const isTransaction = (kind: AskedKind): boolean => (riskKinds as readonly AskedKind[]).includes(kind)

/** The facts of an invented event of this kind. */
export const inventedFacts = (kind: AskedKind): RiskFacts => ({
  ...everyEvent,
  ...(isTransaction(kind) && transaction),
  ...(kind === 'payment' && payment),
})

/** Those of them that a provider with these allowed is sent, by name. */
export const inventedFor = (kind: AskedKind, allowed: readonly RiskFact[]): readonly RiskFact[] => {
  const facts = inventedFacts(kind)
  return (Object.keys(riskFacts) as RiskFact[]).filter(
    (name) => allowed.includes(name) && facts[name] !== undefined,
  )
}
