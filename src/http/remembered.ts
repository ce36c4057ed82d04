// The choice of last time, in a cookie of the institution's path: the id of a connection and nothing of a person.
import type { Context } from 'koa'
import { isId } from '../domain/institution.ts'
import { type Tenant, tenantPath } from './tenant.ts'

const days = 180

const nameFor = ({ issuer }: Tenant): string =>
  issuer.startsWith('https:') ? '__Secure-db_choice' : 'db_choice'

/** What the cookie says, if it could be an id; it orders a page and decides nothing. */
export function rememberedChoice(ctx: Context, tenant: Tenant): string | undefined {
  const value = ctx.cookies.get(nameFor(tenant))
  return value !== undefined && isId(value) ? value : undefined
}

export function rememberChoice(ctx: Context, tenant: Tenant, connection: string): void {
  ctx.cookies.set(nameFor(tenant), connection, {
    httpOnly: true,
    sameSite: 'lax',
    secure: tenant.issuer.startsWith('https:'),
    path: tenantPath(tenant),
    maxAge: days * 24 * 3600_000,
    signed: false,
  })
}
