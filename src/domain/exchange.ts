// One exchange with an IdP as its administrator may see it afterwards: what was asked, answered, checked, and what failed.

/** One thing that was checked in an answer, in the order of checking. */
export interface Check {
  readonly name: string
  readonly ok: boolean
  readonly expected: string
  readonly actual: string
  /**
   * Where the message says it: local names from the root, `Response/Assertion/Issuer`, an attribute as `Response@Destination`.
   * Left out where it stands at no one place.
   */
  readonly place?: string
}

/** Both messages decoded, with what names the customer, and what is secret, masked. */
export interface ReadableExchange {
  readonly request: string
  readonly answer: string
  /** When the IdP says that it wrote the answer (epoch milliseconds); unproven, for measuring its clock only. */
  readonly answeredAt: number | undefined
}

export interface Exchange {
  readonly institution: string
  readonly id: string
  readonly connection: string
  readonly at: number
  readonly outcome: 'failed' | 'answered'
  /** The refusal's code; empty for an answer that was taken. */
  readonly code: string
  /** On the page that the customer saw. */
  readonly reference: string
  /** The test login that it was; absent for a sign-in of somebody. */
  readonly test?: string | undefined
  /** Of the whole sign-in, as its audit events carry it. */
  readonly loginReference: string
  readonly checks: readonly Check[]
  /** The IdP's clock minus ours, in milliseconds; undefined where its answer names no time. */
  readonly clockOffsetMs: number | undefined
  readonly request: string
  readonly answer: string
}

/** The checks that a refusal's detail carries: all that were made, or the one that failed. */
export function checksIn(detail: Readonly<Record<string, unknown>>): readonly Check[] {
  if (Array.isArray(detail.checks)) return detail.checks as Check[]
  if (typeof detail.check !== 'string') return []
  const text = (value: unknown) => (value === undefined ? '' : String(value))
  const place = typeof detail.place === 'string' ? { place: detail.place } : {}
  const { expected, actual } = detail
  return [{ name: detail.check, ok: false, expected: text(expected), actual: text(actual), ...place }]
}

/** The detail of a refusal of an answer that was good, and came before: all of its checks, and that one. */
export function replayOf({ answerId: answer, checks }: { answerId: string; checks: readonly Check[] }) {
  const once = { check: 'used once', expected: 'an answer that never came before', actual: 'it came before' }
  const { check: name, expected, actual } = once
  return { answer, ...once, checks: [...checks, { name, ok: false, expected, actual }] } as const
}

/** What of an exchange may say when the IdP wrote its answer. */
export interface Answered {
  readonly readable: number | undefined
  readonly subject: { readonly issuedAt?: number | undefined } | undefined
  readonly refused: Readonly<Record<string, unknown>> | undefined
}

/** The IdP's clock minus ours at `at`, in milliseconds; undefined where nothing names a time. */
export function clockOffset({ readable, subject, refused }: Answered, at: number): number | undefined {
  const said = readable ?? subject?.issuedAt ?? refused?.issuedAt
  return typeof said === 'number' && Number.isFinite(said) ? said - at : undefined
}

const line = ({ name, ok, expected, actual }: Check): string =>
  `${ok ? 'ok    ' : 'FAILED'}  ${name}\n          expected: ${expected}\n          actual:   ${actual}`

/** `+1.5 s`, as people read a difference of clocks. */
export const offsetText = (ms: number): string => `${ms < 0 ? '-' : '+'}${(Math.abs(ms) / 1000).toFixed(1)} s`

/** The text that goes to the IdP's administrator. Nothing in it is secret: both messages were masked when they were kept. */
export function reportOf(exchange: Exchange): string {
  const { outcome, code, checks, clockOffsetMs } = exchange
  return [
    `${exchange.test === undefined ? 'Sign-in' : 'Test login'} ${exchange.reference} by the connection ${exchange.connection}, ${new Date(exchange.at).toISOString()}`,
    outcome === 'answered' ? 'The answer was taken.' : `The answer was refused: ${code}`,
    clockOffsetMs === undefined
      ? 'The answer names no time.'
      : `The clock of the IdP differs by ${offsetText(clockOffsetMs)}.`,
    '',
    'What was checked:',
    ...(checks.length === 0 ? ['(nothing yet)'] : checks.map(line)),
    '',
    'What we asked:',
    exchange.request,
    '',
    'What was answered (personal values are masked):',
    exchange.answer,
    '',
  ].join('\n')
}
