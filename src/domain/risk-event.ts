// What risk providers are asked about: one event of one customer, in facts that each provider is allowed or not.

/** What happens to a customer that a provider is asked about before it goes on. */
export const askedKinds = [
  'sign-in',
  'enrolment',
  'device-change',
  'payment',
  'payee',
  'contact-change',
  'limit-change',
  'access',
] as const
export type AskedKind = (typeof askedKinds)[number]

/** What providers are told of afterwards, so that they learn. */
export const toldKinds = ['failed-sign-in', 'step-up-result', 'outcome'] as const
export type ToldKind = (typeof toldKinds)[number]

export type RiskEventKind = AskedKind | ToldKind

type FactKind = 'text' | 'number' | 'flag'

interface FactMeaning {
  readonly type: FactKind
  /** Who says so: we, our edge, the bank, or whoever calls, whom nobody has to believe. */
  readonly by: 'bridge' | 'edge' | 'bank' | 'caller'
  readonly meaning: string
}

const text = (by: FactMeaning['by'], meaning: string) => ({ type: 'text', by, meaning }) as const
const number = (by: FactMeaning['by'], meaning: string) => ({ type: 'number', by, meaning }) as const
const flag = (by: FactMeaning['by'], meaning: string) => ({ type: 'flag', by, meaning }) as const

/**
 * Everything that can be said of an event, by the names that allow-lists, mappings and the console use. A fact that nobody
 * knows is absent. What `caller` says is untrusted: it may make an event look worse, and nothing may rest on it.
 */
export const riskFacts = {
  'subject.id': text('bridge', 'Our own name of the customer; it means nothing elsewhere.'),
  'subject.username': text('bank', 'The name that the IdP knows them by (claim preferred_username).'),
  'subject.sim': text(
    'bridge',
    'What the telephone operator says of the SIM card behind their number: kept, swapped, unknown; absent where the bank asks none.',
  ),
  'subject.simHours': number('bridge', 'Hours since that card was changed, where the operator tells.'),
  'app.id': text('bridge', 'The app or API.'),
  'device.id': text('bridge', 'The enrolled device whose key was proven.'),
  'device.present': flag('bridge', 'The key of an active device was proven.'),
  'device.ageDays': number('bridge', 'Days since that device became active.'),
  'device.count': number('bridge', 'Active devices of the customer.'),
  'session.level': text('bridge', 'The level reached so far: delegated, device, device-pin.'),
  'session.ageSeconds': number('bridge', 'Since the IdP asked the customer.'),
  'network.address': text(
    'edge',
    'Address of the caller behind the trusted proxies; of a customer who is not there, as a back end of the bank says.',
  ),
  'network.country': text('edge', 'ISO 3166 country of that address, by the database of the operator.'),
  'network.town': text('edge', 'Town of that address.'),
  'network.latitude': number('edge', 'Degrees north of that address.'),
  'network.longitude': number('edge', 'Degrees east of that address.'),
  'network.asn': number('edge', 'Autonomous system that announces that address.'),
  'network.located': flag(
    'edge',
    'The database of places knows that address; absent where the operator has none.',
  ),
  'network.announced': flag(
    'edge',
    'The database of autonomous systems knows that address; absent where the operator has none.',
  ),
  'client.userAgent': text('caller', 'The User-Agent header.'),
  'client.language': text('caller', 'The Accept-Language header.'),
  'client.accept': text('caller', 'The Accept header.'),
  'client.device': text('caller', 'What a back end says the customer began on.'),
  'client.latitude': number('caller', 'Degrees north, as a back end says.'),
  'client.longitude': number('caller', 'Degrees east, as a back end says.'),
  'client.collected': text(
    'bridge',
    'Whether browser or app told of its device: page, app, none, unreadable; absent where the bank does not ask.',
  ),
  'client.screenWidth': number('caller', 'Of its screen, in pixels of pages.'),
  'client.screenHeight': number('caller', 'Of its screen, in pixels of pages.'),
  'client.colorDepth': number('caller', 'Bits of a colour.'),
  'client.pixelPercent': number('caller', 'Pixels of the device for 100 of pages.'),
  'client.timeZone': text('caller', 'Time zone as IANA names it.'),
  'client.utcOffset': number('caller', 'Minutes east of UTC.'),
  'client.languages': text('caller', 'Languages in their order, with commas between them.'),
  'client.platform': text('caller', 'Name of the operating system, where the browser or app gives it.'),
  'client.platformVersion': text('caller', 'Its version, as an app says.'),
  'client.model': text('caller', 'Model of the device, as an app says.'),
  'client.touchPoints': number('caller', 'Fingers that its screen tells apart; 0: no touch screen.'),
  'client.storage': flag('caller', 'Pages may keep something there.'),
  'client.webdriver': flag('caller', 'The browser says that a program drives it.'),
  'transaction.type': text('bridge', 'Type of the authorization detail.'),
  'transaction.hash': text('bridge', 'Hash of the transaction (ruling R-21).'),
  'transaction.amount': text('bridge', 'Decimal amount: 250.00.'),
  'transaction.minor': text('bridge', 'The same in minor units: 25000.'),
  'transaction.currency': text('bridge', 'ISO 4217.'),
  'transaction.debtorAccount': text('bridge', 'Token of the account that is debited; never its number.'),
  'transaction.creditorAccount': text('bridge', 'Token of the account that is credited; never its number.'),
  'transaction.creditorName': text('bridge', 'The payee as the customer is shown it.'),
  'history.knownPayee': flag('bridge', 'The customer stepped up for this payee before.'),
  'history.countDay': number('bridge', 'Payments in the last 24 hours.'),
  'history.sumDay': text('bridge', 'Their sum in this currency, in minor units.'),
  'history.largest': text(
    'bridge',
    'The largest payment of the last 31 days in this currency, in minor units.',
  ),
  'history.attemptsHour': number('bridge', 'Sign-ins of this customer in the last hour.'),
  'history.addressAttemptsHour': number('bridge', 'Sign-ins from this address in the last hour.'),
  'history.signIns': number('bridge', 'Sign-ins that went well, of the last 90 days.'),
  'history.lastAt': number(
    'bridge',
    'The last sign-in that went well, from a known country where there was one lately; in epoch milliseconds.',
  ),
  'history.lastCountry': text('bridge', 'Its country.'),
  'history.lastLatitude': number('bridge', 'Its degrees north.'),
  'history.lastLongitude': number('bridge', 'Its degrees east.'),
  'result.of': text('bridge', 'Of what is told: the id of the event that it is the outcome of.'),
  'result.kind': text('bridge', 'Of what is told: the kind of that event.'),
  'result.outcome': text('bridge', 'approved, denied, expired, failed, fraud, genuine.'),
  'result.method': text('bridge', 'How the customer stepped up: pin, approval, sms, risk-challenge.'),
  'result.attempts': number('bridge', 'How many tries it took.'),
} as const satisfies Readonly<Record<string, FactMeaning>>

export type RiskFact = keyof typeof riskFacts

type ValueOf<K extends FactKind> = K extends 'text' ? string : K extends 'number' ? number : boolean

/** Facts of one event, by their names. */
export type RiskFacts = { readonly [F in RiskFact]?: ValueOf<(typeof riskFacts)[F]['type']> | undefined }

export const riskFactNames = Object.keys(riskFacts) as readonly RiskFact[]

export const isRiskFact = (name: string): name is RiskFact => Object.hasOwn(riskFacts, name)

/** One thing that happens. `id` is what its answers must name: one of another event is none (attack 170). */
export interface RiskEvent<K extends RiskEventKind = RiskEventKind> {
  readonly id: string
  readonly kind: K
  readonly institution: string
  /** Epoch milliseconds. */
  readonly at: number
  readonly facts: RiskFacts
  /** What this provider gave us for this device the last time, and wants back; opaque to us. */
  readonly deviceToken?: string | undefined
  /** Names of the provider's own for the sign-in or transaction that this event goes on with. */
  readonly reference?: Readonly<Record<string, string>> | undefined
}

/** The event as one provider may see it: nothing but what is listed, and frozen, so that none changes it for the next (attacks 171, 172). */
export function sharedWith<K extends RiskEventKind>(
  event: RiskEvent<K>,
  allowed: readonly RiskFact[],
): RiskEvent<K> {
  const facts = Object.fromEntries(
    allowed.flatMap((name) => (event.facts[name] === undefined ? [] : [[name, event.facts[name]]])),
  )
  const { reference } = event
  return Object.freeze({
    ...event,
    facts: Object.freeze(facts),
    ...(reference !== undefined && { reference: Object.freeze({ ...reference }) }),
  })
}
