// The log: one JSON record a line, whatever the values hold; secrets that stray in are blanked.
import { type DestinationStream, destination, pino } from 'pino'
import type { Log } from '../ports/log.ts'

export interface LogSettings {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly destination: 'stdout' | 'stderr'
}

// What opens something once stands in some addresses: invitations, answers of IdPs that wait to be taken up, receipts of gateways.
// And accounts, in those of mandates. The router takes them in letters of any size.
const opening = /(\/(?:invitation|upstream|test-login|slo|mandates|receipts\/[^/]+)\/)[^/]+/gi

/** A path as the log may have it. */
export const loggedPath = (path: string): string => path.replace(opening, '$1…')

// Nobody passes these on purpose; the list is for the day when somebody logs a whole form or header set.
const secretNames =
  /^(authorization|cookie|set-?cookie|dpop|pin|new_?pin|password|secret|client_?secret|client_?assertion|code_?verifier|(access|refresh|id)_?token|token|saml_?response|assertion|private_?key|master)$/i

// `code` is what refusals are called by; an authorization code is longer than any of those.
const longestCode = 40
const isSecret = (name: string, value: unknown): boolean =>
  secretNames.test(name) || (name === 'code' && typeof value === 'string' && value.length > longestCode)

const longest = 2000
const deepest = 6
const widest = 100

// JSON leaves these as they are, and some viewers begin a new line at them or act on them (attack 212, CWE-117):
// DEL and the C1 controls (0x9b is an ANSI escape of one byte), line separators, and marks that turn text around.
const unsafe = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g
const escaped = (letter: string): string => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`

/** A value as the log may hold it: bounded in length, depth and width, with secrets blanked. */
export function loggable(value: unknown, depth = 0): unknown {
  if (typeof value === 'string')
    return value.length > longest ? `${value.slice(0, longest).toWellFormed()}… (${value.length})` : value
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Error) return loggable(plainError(value), depth)
  if (typeof value !== 'object' || value === null) return typeof value === 'symbol' ? String(value) : value
  if (depth >= deepest) return '[deep]'
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (Array.isArray(value)) return value.slice(0, widest).map((item) => loggable(item, depth + 1))
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, widest)
      .map(([name, inner]) => [name, isSecret(name, inner) ? '[secret]' : loggable(inner, depth + 1)]),
  )
}

// Names of the record itself: a field of that name would be there twice, and readers keep the last.
const own: ReadonlySet<string> = new Set(['level', 'time', 'event'])

const withoutOwn = (fields: object): object =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [own.has(name) ? `${name}_` : name, value]),
  )

const plainError = (error: Error) => ({
  name: error.name,
  message: error.message,
  stack: error.stack,
  ...('code' in error && { errorCode: error.code }),
  ...(error.cause !== undefined && { cause: error.cause }),
})

/** Lines go to standard output or error, or to `stream`. */
export function createLog({ level, destination: where }: LogSettings, stream?: DestinationStream): Log {
  const target = stream ?? destination({ fd: where === 'stdout' ? 1 : 2, sync: true })
  const logger = pino(
    {
      level,
      base: undefined,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      messageKey: 'event',
    },
    { write: (line: string) => void target.write(line.replace(unsafe, escaped)) },
  )
  const write = (level: 'info' | 'warn' | 'error') => (event: string, fields?: object) =>
    logger[level](withoutOwn(loggable(fields ?? {}) as object), event)
  return { info: write('info'), warn: write('warn'), error: write('error') }
}
