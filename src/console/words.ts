// How the console says what the house knows by codes: states, kinds of expiry, times, and what a refusal means to an administrator.
import { type Html, html } from '../http/page/html.ts'
import { dateTimeText } from '../http/words/format.ts'
import type { ConnectionRecord } from '../ports/connections.ts'

type Tone = 'ok' | 'warn' | 'bad' | 'info' | ''

export const badge = (tone: Tone, word: string): Html =>
  html`<span class="badge${tone !== '' && ` ${tone}`}">${word}</span>`

const states: Readonly<Record<ConnectionRecord['state'], readonly [Tone, string]>> = {
  draft: ['', 'Draft'],
  tested: ['info', 'Tested'],
  active: ['ok', 'Live'],
  disabled: ['bad', 'Off'],
}

/** The state in a word; what waits beside a live one comes first. */
export function stateBadge({ state, proposal }: Pick<ConnectionRecord, 'state' | 'proposal'>): Html {
  if (proposal !== undefined) return badge('warn', 'Change waiting')
  return badge(...states[state])
}

const protocols: Readonly<Record<string, string>> = { saml: 'SAML 2.0', oidc: 'OpenID Connect' }

export const protocolName = (type: string): string => protocols[type] ?? type

const ending: Readonly<Record<string, string>> = {
  'idp-certificate': 'a signing certificate of the IdP',
  'own-certificate': 'a certificate of ours',
  metadata: 'the IdP’s metadata',
  'client-secret': 'our client secret',
  'client-certificate': 'our TLS certificate',
  compat: 'what the IdP is forgiven',
}

/** `a signing certificate of the IdP ends in 6 days`. */
export function endsText({ kind, daysLeft }: { kind: string; daysLeft: number }): string {
  const what = ending[kind] ?? kind
  if (daysLeft < 0) return `${what} has ended`
  if (daysLeft === 0) return `${what} ends within a day`
  return `${what} ends in ${daysLeft} ${daysLeft === 1 ? 'day' : 'days'}`
}

/** Words of a refusal with its code, for whoever asks for help or reads the list of codes; as `supportDetails` on customers' pages. */
export const withCode = (words: string, code: string): string => `${words} Code ${code}.`

/** A moment as the console prints it: UTC, always said. */
export const momentText = (at: number): string => dateTimeText({ at, timeZone: undefined }, 'en')

export const moment = (at: number): Html =>
  html`<time class="num" datetime="${new Date(at).toISOString()}">${momentText(at)}</time>`

export const count = (n: number, one: string, other: string): string =>
  `${new Intl.NumberFormat('en').format(n)} ${n === 1 ? one : other}`
