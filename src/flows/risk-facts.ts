// The facts of an event, gathered for those that may leave: what no provider of this institution is allowed is not looked up.
import { createHmac } from 'node:crypto'
import { type Acr, levelName, levelReached } from '../domain/acr.ts'
import type { ApprovalPlace } from '../domain/approval.ts'
import { type CollectedSignals, signalFacts } from '../domain/client-signals.ts'
import type { Institution } from '../domain/institution.ts'
import type { AskedKind, RiskFact, RiskFacts } from '../domain/risk-event.ts'
import { networkFacts } from '../domain/risk-network.ts'
import { decimal, type Transaction } from '../domain/transaction.ts'
import type { Clock } from '../ports/clock.ts'
import type { KeyStore } from '../ports/key-store.ts'
import type { PlaceDatabases } from '../ports/places.ts'
import type { RiskHistory, RiskRecords } from '../ports/risk-records.ts'
import type { Devices, Subjects } from '../ports/stores.ts'
import type { History, Transactions } from '../ports/transactions.ts'
import type { Caller, UnitOfWork } from '../ports/unit-of-work.ts'
import type { AccountTokens } from './account-tokens.ts'

export interface RiskFactPorts {
  readonly devices: Pick<Devices, 'list'>
  readonly subjects: Pick<Subjects, 'claims'>
  readonly transactions: Pick<Transactions, 'history'>
  readonly riskRecords: Pick<RiskRecords, 'history'>
  readonly places: PlaceDatabases
  readonly unit: Pick<UnitOfWork, 'caller'>
  readonly keys: Pick<KeyStore, 'secret'>
  readonly clock: Clock
}

/** What happens, and to whom, as far as whoever asks knows. */
export interface RiskSubject {
  readonly kind: AskedKind
  readonly subject: string
  readonly relyingParty: string
  readonly device: string | undefined
  readonly amr: readonly string[]
  readonly granted: Acr | undefined
  readonly authenticatedAt: number | undefined
  readonly transaction?: Transaction | undefined
  /** Where a back end says that the customer is: then the caller of this request is the back end. */
  readonly place?: ApprovalPlace | undefined
  /** What the browser or app of this sign-in said of its device. */
  readonly signals?: CollectedSignals | undefined
}

export interface Gathered {
  readonly facts: RiskFacts
  /** A token of the address, by which attempts from there are counted. */
  readonly address: string | undefined
}

interface Gathering {
  readonly institution: Institution
  readonly asked: RiskSubject
  readonly address: string | undefined
  readonly now: number
  readonly wants: (prefix: string) => boolean
}

/** `allowed`: the facts that may leave for any of the providers asked. */
export function createRiskFacts(ports: RiskFactPorts, tokenOf: AccountTokens) {
  return async function gathered(
    institution: Institution,
    asked: RiskSubject,
    allowed: ReadonlySet<RiskFact>,
  ): Promise<Gathered> {
    const caller = asked.place === undefined ? ports.unit.caller() : undefined
    const address = asked.place?.address ?? caller?.address
    const wants = (prefix: string) => [...allowed].some((name) => name.startsWith(prefix))
    const found = address === undefined ? undefined : ports.places.of(address)
    const gathering = { institution, asked, address, now: ports.clock.now(), wants }
    const addressToken = address === undefined ? undefined : tokenOfAddress(ports, institution.id, address)
    const [customer, past] = await Promise.all([
      customerFacts(ports, gathering),
      pastFacts(ports, gathering, addressToken),
    ])
    const facts = {
      ...{
        'app.id': asked.relyingParty,
        ...customer,
        ...networkFacts(address, found, ports.places.covered),
        ...past,
      },
      ...clientFacts(caller, asked.place),
      ...signalFacts(asked.signals),
      ...transactionFacts(asked.transaction, (account) => tokenOf(institution.id, account)),
      ...historyFacts(await historyOf(ports, gathering, tokenOf), gathering),
    } satisfies RiskFacts
    return { facts, address: addressToken }
  }
}

const tokenOfAddress = ({ keys }: RiskFactPorts, institution: string, address: string): string =>
  createHmac('sha256', keys.secret(institution, 'addresses')).update(address).digest('base64url').slice(0, 22)

const dayMs = 24 * 3600_000

async function customerFacts(
  { devices, subjects }: RiskFactPorts,
  { institution: { id }, asked, now, wants }: Gathering,
): Promise<RiskFacts> {
  const { subject, device, amr, granted, authenticatedAt } = asked
  const mine = wants('device.') ? await devices.list(id, subject) : []
  const active = mine.filter(({ state }) => state === 'active')
  const since = active.find((one) => one.id === device)?.activatedAt
  const claims = wants('subject.username') ? await subjects.claims(id, subject) : undefined
  const username = claims?.preferred_username
  return {
    ...{ 'subject.id': subject, 'device.id': device, 'device.present': device !== undefined },
    'subject.username': typeof username === 'string' ? username : undefined,
    'device.ageDays': since === undefined ? undefined : Math.floor((now - since) / dayMs),
    'device.count': active.length,
    'session.level': levelName(levelReached(amr, granted)),
    'session.ageSeconds':
      authenticatedAt === undefined ? undefined : Math.max(0, Math.floor((now - authenticatedAt) / 1000)),
  }
}

/** Anybody can say this: it is passed on as what it is (attack 173). */
const clientFacts = (caller: Caller | undefined, place: ApprovalPlace | undefined): RiskFacts => ({
  'client.userAgent': caller?.userAgent,
  'client.language': caller?.language,
  'client.accept': caller?.accept,
  'client.device': place?.device,
  'client.latitude': place?.at?.latitude,
  'client.longitude': place?.at?.longitude,
})

function transactionFacts(
  transaction: Transaction | undefined,
  token: (account: string) => string,
): RiskFacts {
  if (transaction === undefined) return {}
  const { type, hash, amount, debtorAccount, creditorAccount, creditorName } = transaction
  return {
    ...{ 'transaction.type': type, 'transaction.hash': hash, 'transaction.creditorName': creditorName },
    'transaction.amount': amount && decimal(amount),
    'transaction.minor': amount?.minor.toString(),
    'transaction.currency': amount?.currency,
    'transaction.debtorAccount': debtorAccount === undefined ? undefined : token(debtorAccount),
    'transaction.creditorAccount': creditorAccount === undefined ? undefined : token(creditorAccount),
  }
}

async function pastFacts(
  { riskRecords }: RiskFactPorts,
  { institution, asked, now, wants }: Gathering,
  address: string | undefined,
): Promise<RiskFacts> {
  if (!wants('history.')) return {}
  const customer = { institution: institution.id, subject: asked.subject }
  const past: RiskHistory = await riskRecords.history(customer, { address, now })
  return {
    'history.attemptsHour': past.attemptsHour,
    'history.addressAttemptsHour': past.addressAttemptsHour,
    'history.signIns': past.signIns,
    'history.lastAt': past.last?.at,
    'history.lastCountry': past.last?.facts['network.country'],
    'history.lastLatitude': past.last?.facts['network.latitude'],
    'history.lastLongitude': past.last?.facts['network.longitude'],
  }
}

const monthMs = 31 * dayMs

async function historyOf(
  { transactions }: RiskFactPorts,
  { institution, asked, now, wants }: Gathering,
  tokenOf: AccountTokens,
): Promise<History | undefined> {
  const { transaction, subject } = asked
  if (transaction === undefined || !wants('history.')) return undefined
  const { creditorAccount } = transaction
  const to = creditorAccount === undefined ? undefined : tokenOf(institution.id, creditorAccount)
  return transactions.history({ institution: institution.id, subject }, { since: now - monthMs, now, to })
}

function historyFacts(history: History | undefined, { asked, now }: Gathering): RiskFacts {
  if (history === undefined) return {}
  const currency = asked.transaction?.amount?.currency
  const payments = history.past.filter(({ kind }) => kind === 'payment')
  const today = payments.filter(({ at }) => at > now - dayMs)
  const same = payments.filter((one) => one.currency === currency)
  const sum = same.filter(({ at }) => at > now - dayMs).reduce((total, { minor }) => total + minor, 0n)
  // biome-ignore lint/complexity/useMathMinMax: bigints have none.
  const largest = same.reduce((most, { minor }) => (minor > most ? minor : most), 0n)
  return {
    'history.knownPayee': history.knownPayee,
    'history.countDay': today.length,
    'history.sumDay': sum.toString(),
    'history.largest': largest.toString(),
  }
}
