// What exchanges with IdPs looked like, kept for days: sealed, capped in size, with nothing personal in the clear.
import type { Exchange } from '../domain/exchange.ts'

export type ExchangeSummary = Pick<
  Exchange,
  'id' | 'connection' | 'at' | 'outcome' | 'code' | 'reference' | 'loginReference' | 'test'
>

export interface ExchangeFilter {
  readonly connection?: string | undefined
  readonly code?: string | undefined
  /** What the customer reads out: of the page or of the sign-in. */
  readonly reference?: string | undefined
  readonly outcome?: Exchange['outcome'] | undefined
  /** Test logins alone, or sign-ins of people alone. */
  readonly of?: 'tests' | 'people' | undefined
  /** Epoch milliseconds; `before` pages on, newest first. */
  readonly after?: number | undefined
  readonly before?: number | undefined
  readonly limit: number
}

export interface ConnectionHealth {
  readonly connection: string
  /** To the minute; undefined when none was kept within the time that exchanges are. */
  readonly lastSuccessAt: number | undefined
  readonly lastFailureAt: number | undefined
  /** Since the time asked for. */
  readonly failures: number
}

export interface Exchanges {
  /** Writes in the unit around the caller, with the audit event that tells of the same; not waited for. */
  keep(exchange: Exchange, expiresAt: number): Promise<void>
  /** Newest first. */
  list(institution: string, filter: ExchangeFilter): Promise<readonly ExchangeSummary[]>
  get(institution: string, id: string): Promise<Exchange | undefined>
  /** Of every connection that has an exchange; test logins are no health of it. */
  health(institution: string, since: number): Promise<readonly ConnectionHealth[]>
}
