// The cookies of the console: the session, and what a sign-in that is under way must know again.
import type { Context } from 'koa'
import { challengeSeconds } from '../domain/break-glass.ts'
import type { Tenant } from '../http/tenant.ts'
import type { Clock } from '../ports/clock.ts'
import type { FieldSeal } from '../ports/field-seal.ts'

const secure = ({ issuer }: Tenant): boolean => issuer.startsWith('https:')

/** `__Host-` on a host of its own; below a path it could not hold (ruling R-10). */
function nameOf(tenant: Tenant, name: string): string {
  if (!secure(tenant)) return `db_${name}`
  return tenant.prefix === '' ? `__Host-db_${name}` : `__Secure-db_${name}`
}

const pathOf = ({ prefix }: Tenant): string => (prefix === '' ? '/' : `${prefix}/console`)

const session = 'console'

export const sessionCookie = (ctx: Context, tenant: Tenant): string | undefined =>
  ctx.cookies.get(nameOf(tenant, session))

/** Ends with the browser; how long it holds is for the session's row to say. */
export function setSession(ctx: Context, tenant: Tenant, value: string | undefined): void {
  ctx.cookies.set(nameOf(tenant, session), value ?? null, options(tenant))
}

const options = (tenant: Tenant) =>
  ({ httpOnly: true, sameSite: 'lax', secure: secure(tenant), path: pathOf(tenant), signed: false }) as const

/** What a browser carries for us between two requests. */
export interface SealedCookie<T> {
  /** Sealed: the browser carries it, and neither reads nor changes it. */
  set(ctx: Context, tenant: Tenant, given: Sealing & { readonly given: T }): void
  /** Takes it: the cookie is gone afterwards. Undefined when there is none, or it is not ours, or late. */
  take(ctx: Context, tenant: Tenant, sealing: Sealing): T | undefined
}

export interface Sealing {
  readonly seal: FieldSeal
  readonly now: number
}

/** Seals, and says whether what was sealed is late. */
export const sealing = ({ seal, clock }: { seal: FieldSeal; clock: Clock }): Sealing => ({
  seal,
  now: clock.now(),
})

type Kept<T> = T & {
  /** One cookie's content is nothing in the place of another. */
  readonly cookie: string
  readonly expiresAt: number
}

/** A cookie of this name that is good for so many seconds. */
export function sealedCookie<T>(name: string, seconds: number): SealedCookie<T> {
  return {
    set(ctx, tenant, { seal, now, given }) {
      const kept: Kept<T> = { ...given, cookie: name, expiresAt: now + seconds * 1000 }
      ctx.cookies.set(nameOf(tenant, name), seal.seal(tenant.institution.id, JSON.stringify(kept)), {
        ...options(tenant),
        maxAge: seconds * 1000,
      })
    },
    take(ctx, tenant, { seal, now }) {
      const value = ctx.cookies.get(nameOf(tenant, name))
      if (value === undefined) return undefined
      ctx.cookies.set(nameOf(tenant, name), null, options(tenant))
      try {
        const kept = JSON.parse(seal.open(tenant.institution.id, value)) as Kept<T>
        return kept.cookie === name && kept.expiresAt > now ? kept : undefined
      } catch {
        return undefined
      }
    },
  }
}

/** A sign-in that left for the provider. */
export interface UnderWay {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
  /** Where to go afterwards, below `/console`. */
  readonly onward: string
  readonly invitation: string | undefined
  /** Epoch milliseconds: an authentication before it is not what was asked for; undefined where any will do. */
  readonly freshSince: number | undefined
}

const underWay = sealedCookie<UnderWay>('console_begin', 15 * 60)
export const setUnderWay = underWay.set
export const takeUnderWay = underWay.take

/** A question to a passkey, until its answer comes. */
export interface PasskeyAsked {
  readonly challenge: string
  /** Of what kind, and where the answer belongs: a door and a registration are not taken for one another. */
  readonly as: string
}

export const passkeyAsked = sealedCookie<PasskeyAsked>('console_passkey', challengeSeconds)
