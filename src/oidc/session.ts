// What a session of the browser knows beside the library's own fields: when its upstream session ends, and where it began.
import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import { levelOf } from './levels.ts'

interface OwnFields {
  /** The upstream session ends then, and ours with it (duty D14); epoch seconds. */
  notAfter?: number
  /** The connection by which the customer signed in. */
  connection?: string
  /** The IdP did not say when it asked the customer: the time of the login is when it answered. */
  undated?: boolean
}

/** Adds our fields to what the library stores of a session. */
export function keepOwnFields(provider: Provider): void {
  const fields = (provider.Session as unknown as { IN_PAYLOAD: string[] }).IN_PAYLOAD
  Object.defineProperty(provider.Session, 'IN_PAYLOAD', {
    get: () => [...fields, 'notAfter', 'connection', 'undated'],
  })
}

/** The connection by which this session's customer signed in: apps that do not offer it must not use the session. */
export const sessionConnection = (session: object | undefined): string | undefined =>
  (session as OwnFields | undefined)?.connection

/** Does this session know when its customer was asked? An answer without that time proves nothing of now. */
export const isDated = (session: object | undefined): boolean =>
  session !== undefined && (session as OwnFields).undated !== true

/** The session's lifetime; asked for each time that it is saved, which is when a login's own fields enter it. */
export function sessionSeconds(ctx: KoaContextWithOIDC, session: object, seconds: number): number {
  const own = session as OwnFields
  const level = levelOf(ctx)
  if (level?.sessionUntil !== undefined) own.notAfter = level.sessionUntil
  if (level?.connection !== undefined) {
    own.connection = level.connection
    own.undated = level.undated === true
  }
  if (own.notAfter === undefined) return seconds
  return Math.max(1, Math.min(seconds, own.notAfter - Math.floor(Date.now() / 1000)))
}
