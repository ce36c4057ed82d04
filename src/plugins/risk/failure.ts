// Why an engine gave no answer, in a few words that hold neither secrets nor people.

import { Refusal, refusalCodes } from '../../domain/refusal.ts'
import type { RiskFailure } from '../../domain/risk.ts'
import { SettingsRefused } from '../../ports/connector-settings.ts'
import { RiskAnswerMalformed } from '../../ports/risk.ts'

export interface Failed {
  readonly failure: RiskFailure
  readonly reason: string
}

/** A failure of ours whose code may be shown: whoever makes one lets no customer into it. */
export class CodedFailure extends Error {
  readonly code: string

  constructor(code: string, message = code) {
    super(message)
    this.name = 'CodedFailure'
    this.code = code
  }
}

/** The engine answers, and what it says is of this customer alone: it fails nobody else, and is not left alone for it. */
export class CustomerFailure extends CodedFailure {
  constructor(code: string) {
    super(code.replaceAll(/[^\w.-]/g, '.').slice(0, 60))
    this.name = 'CustomerFailure'
  }
}

// Node's are of this form. A plugin may put anything into its `code`, also whom it was asked about.
const code = /^[A-Z][A-Z0-9_]{0,39}$/
const className = /^([A-Z][A-Za-z]{0,39})?Error$/
const ours: ReadonlySet<string> = new Set(refusalCodes)
const word = /^[A-Za-z][\w.-]{0,59}$/

/** A member of whatever was thrown; it may be anything, also an object that throws when it is looked at. */
function memberOf(thrown: unknown, name: string): unknown {
  try {
    return typeof thrown === 'object' && thrown !== null ? Reflect.get(thrown, name) : undefined
  } catch {
    return undefined
  }
}

const wordOf = (thrown: unknown, name: string): string | undefined => {
  const value = memberOf(thrown, name)
  return typeof value === 'string' && word.test(value) ? value : undefined
}

const textOf = (thrown: unknown, name: string): string => {
  const value = memberOf(thrown, name)
  return typeof value === 'string' ? value : ''
}

function codeOf(thrown: unknown): string | undefined {
  if (thrown instanceof CodedFailure) return thrown.code
  const said = textOf(thrown, 'code')
  return code.test(said) || ours.has(said) ? said : undefined
}

/** What an error of anybody's is called in logs: its code, that of its cause, or its class; undefined where none may be shown. */
export function shownName(thrown: unknown): string | undefined {
  const name = textOf(thrown, 'name')
  return codeOf(thrown) ?? codeOf(memberOf(thrown, 'cause')) ?? (className.test(name) ? name : undefined)
}

/**
 * Codes and names alone: an engine's own words may repeat what it was sent, the customer or our key among it. A plugin says
 * more by an error with a `code` in capitals.
 */
export function reasonOf(thrown: unknown): string {
  if (thrown instanceof RiskAnswerMalformed) return thrown.message
  if (thrown instanceof SettingsRefused) return thrown.faults[0]?.path ?? 'settings'
  const detail = thrown instanceof Refusal ? thrown.detail : {}
  const parts = [
    shownName(thrown) ?? 'unknown',
    wordOf(detail, 'check'),
    wordOf(detail, 'reason'),
    /^[1-5]\d\d$/.test(String(detail.actual)) ? String(detail.actual) : undefined,
  ]
  return [...new Set(parts)].filter((part) => part !== undefined).join(': ')
}

const connectionCodes = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN'],
  ...['UND_ERR_SOCKET'],
])

/** There was no connection, or it broke: asking again at once may help, where a wrong answer would only come again. */
export function isConnectionFault(thrown: unknown): boolean {
  if (thrown instanceof Refusal)
    return thrown.code === 'fetch.failed' && /^(refused|connection)$/.test(String(thrown.detail.reason))
  const codes = [memberOf(thrown, 'code'), memberOf(memberOf(thrown, 'cause'), 'code')]
  return codes.some((code) => typeof code === 'string' && connectionCodes.has(code))
}
