// Keeping what exchanges with IdPs looked like, so that a failure can be explained to whoever has to mend it.
import { checksIn, clockOffset, type Exchange, reportOf } from '../domain/exchange.ts'
import type { LoginTransaction } from '../domain/login.ts'
import { Refusal } from '../domain/refusal.ts'
import type { UpstreamSubject } from '../domain/subject.ts'
import type { Chance, Clock } from '../ports/clock.ts'
import type { Connector } from '../ports/connector.ts'
import type { ExchangeFilter, Exchanges } from '../ports/exchanges.ts'
import type { UnitOfWork } from '../ports/unit-of-work.ts'

export interface ExchangeSettings {
  readonly keepMs: number
  /** Longest kept text of one message; the rest is cut off. */
  readonly messageCharacters: number
  /** Of the answers that are taken, each of this number is kept, and of each connection one a minute. */
  readonly sampleEvery: number
}

export interface ExchangesPorts {
  readonly exchanges: Exchanges
  readonly exchangeSettings: ExchangeSettings
  readonly unit: Pick<UnitOfWork, 'reference'>
  readonly clock: Clock
  readonly chance: Chance
}

/** One answer, with the sign-in that it belongs to. */
export interface Met {
  readonly login: LoginTransaction
  readonly connector: Pick<Connector, 'readable'>
  readonly payload: string
}

export type ExchangeKeeper = ReturnType<typeof createExchangeKeeper>

/**
 * Only answers that a browser brought to its own open sign-in come here: what strangers post must not fill the store.
 * Both functions write in the unit around the caller, so that exchange and audit event commit together.
 */
export function createExchangeKeeper(ports: ExchangesPorts) {
  const sample = createSampling(ports)
  return {
    failed: (met: Met, refusal: Refusal): Promise<void> =>
      keep(ports, met, {
        ...{ outcome: 'failed', code: refusal.code, checks: checksIn(refusal.detail) },
        refused: refusal.detail,
      }),
    /** Keeps a sample; most answers that are taken leave nothing here. */
    answered: async (met: Met, subject: UpstreamSubject): Promise<void> => {
      if (sample(met.login))
        await keep(ports, met, { outcome: 'answered', code: '', checks: subject.checks, subject })
    },
  }
}

const minute = 60_000

// Counted by each node for itself: which of many good answers is kept matters to nobody.
function createSampling({ clock, exchangeSettings }: ExchangesPorts) {
  const kept = new Map<string, number>()
  let count = 0
  return ({ institution, connection }: LoginTransaction): boolean => {
    const key = `${institution}|${connection}`
    const now = clock.now()
    count += 1
    const due = now - (kept.get(key) ?? 0) >= minute || count % exchangeSettings.sampleEvery === 0
    if (due) kept.set(key, now)
    return due
  }
}

type Outcome = Pick<Exchange, 'outcome' | 'code' | 'checks'> & {
  readonly subject?: UpstreamSubject
  readonly refused?: Refusal['detail']
}

async function keep(
  ports: ExchangesPorts,
  met: Met,
  { subject, refused, ...outcome }: Outcome,
): Promise<void> {
  const { login, connector, payload } = met
  const { keepMs, messageCharacters } = ports.exchangeSettings
  const at = ports.clock.now()
  const { request, answer, answeredAt } = connector.readable(login.upstreamSent, payload)
  const exchange: Exchange = {
    institution: login.institution,
    connection: login.connection ?? '',
    id: ports.chance.token(16),
    at,
    ...outcome,
    reference: ports.unit.reference() ?? login.reference,
    loginReference: login.reference,
    clockOffsetMs: clockOffset({ readable: answeredAt, subject, refused }, at),
    request: cut(request, messageCharacters),
    answer: cut(answer, messageCharacters),
  }
  await ports.exchanges.keep(exchange, at + keepMs)
}

/** At most this many characters, and it says so when more was there. */
export const cut = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most)}\n(cut off: ${text.length} characters)`

const day = 24 * 3600_000

export type ExchangeFlows = ReturnType<typeof createExchangeFlows>

/** For the administrator who looks for what went wrong. Unknown ids refuse with `request.not_found`. */
export function createExchangeFlows({ exchanges, clock }: Pick<ExchangesPorts, 'exchanges' | 'clock'>) {
  const get = async (institution: string, id: string): Promise<Exchange> => {
    const exchange = await exchanges.get(institution, id)
    if (exchange === undefined) throw new Refusal('request.not_found', { exchange: id })
    return exchange
  }
  return {
    list: (institution: string, filter: ExchangeFilter) => exchanges.list(institution, filter),
    get,
    /** The text for the IdP's administrator; nothing in it is secret. */
    report: async (institution: string, id: string): Promise<string> => reportOf(await get(institution, id)),
    /** Last success and failure of each connection, and its failures of the last 24 hours. */
    health: (institution: string) => exchanges.health(institution, clock.now() - day),
  }
}
