// The cookies of the console: the session, and what a sign-in that is under way must know again.
import type { Context } from 'koa'
import type { Tenant } from '../http/tenant.ts'
import type { FieldSeal } from '../ports/field-seal.ts'

const secure = ({ issuer }: Tenant): boolean => issuer.startsWith('https:')

/** `__Host-` on a host of its own; below a path it could not hold (ruling R-10). */
function nameOf(tenant: Tenant, name: string): string {
  if (!secure(tenant)) return `db_${name}`
  return tenant.prefix === '' ? `__Host-db_${name}` : `__Secure-db_${name}`
}

const pathOf = ({ prefix }: Tenant): string => (prefix === '' ? '/' : `${prefix}/console`)

const session = 'console'
const underWay = 'console_begin'
const underWaySeconds = 15 * 60

export const sessionCookie = (ctx: Context, tenant: Tenant): string | undefined =>
  ctx.cookies.get(nameOf(tenant, session))

/** Ends with the browser; how long it holds is for the session's row to say. */
export function setSession(ctx: Context, tenant: Tenant, value: string | undefined): void {
  ctx.cookies.set(nameOf(tenant, session), value ?? null, options(tenant))
}

const options = (tenant: Tenant) =>
  ({ httpOnly: true, sameSite: 'lax', secure: secure(tenant), path: pathOf(tenant), signed: false }) as const

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
  readonly expiresAt: number
}

/** Sealed: the browser carries it, and neither reads nor changes it. */
export function setUnderWay(
  ctx: Context,
  tenant: Tenant,
  { seal, now, given }: { seal: FieldSeal; now: number; given: Omit<UnderWay, 'expiresAt'> },
): void {
  const text = JSON.stringify({ ...given, expiresAt: now + underWaySeconds * 1000 })
  ctx.cookies.set(nameOf(tenant, underWay), seal.seal(tenant.institution.id, text), {
    ...options(tenant),
    maxAge: underWaySeconds * 1000,
  })
}

/** Takes it: the cookie is gone afterwards. Undefined when there is none, or it is not ours, or late. */
export function takeUnderWay(
  ctx: Context,
  tenant: Tenant,
  { seal, now }: { seal: FieldSeal; now: number },
): UnderWay | undefined {
  const value = ctx.cookies.get(nameOf(tenant, underWay))
  if (value === undefined) return undefined
  ctx.cookies.set(nameOf(tenant, underWay), null, options(tenant))
  try {
    const found = JSON.parse(seal.open(tenant.institution.id, value)) as UnderWay
    return found.expiresAt > now ? found : undefined
  } catch {
    return undefined
  }
}
