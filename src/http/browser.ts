// The cookie that binds a sign-in to the browser that began it (ruling R-13), and the token that binds a form to it.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Context } from 'koa'
import { Refusal } from '../domain/refusal.ts'
import type { Browser } from '../flows/login.ts'
import type { Chance } from '../ports/clock.ts'
import { type Tenant, tenantPath } from './tenant.ts'

const hashOf = (value: string): string => createHash('sha256').update(value).digest('base64url')

const nameFor = ({ issuer }: Tenant): string =>
  issuer.startsWith('https:') ? '__Secure-db_browser' : 'db_browser'

/** The browser of this request; its hash is undefined when it carries no cookie of ours. */
export function browserOf(ctx: Context, tenant: Tenant): Browser {
  const value = ctx.cookies.get(nameFor(tenant))
  return { hash: value === undefined ? undefined : hashOf(value) }
}

/** The browser's hash, made and set now if it had none. */
export function bindBrowser(ctx: Context, tenant: Tenant, chance: Chance): string {
  const { hash } = browserOf(ctx, tenant)
  if (hash !== undefined) return hash
  const value = chance.token(32)
  const secure = tenant.issuer.startsWith('https:')
  ctx.cookies.set(nameFor(tenant), value, {
    httpOnly: true,
    sameSite: 'lax',
    secure,
    path: tenantPath(tenant),
    signed: false,
  })
  return hashOf(value)
}

/** A token that only our own page for this interaction can hold. */
export const formToken = (secret: Uint8Array, uid: string): string =>
  createHmac('sha256', secret).update(uid).digest('base64url')

/**
 * Refuses with `form.forged` a form that another site posted (attack 118): by the token, and by what the browser says
 * of where the request comes from. Pages send no referrer, so `Origin` may be `null` on our own forms.
 */
export function checkForm(
  ctx: Context,
  tenant: Tenant,
  { given, expected }: { given: string | undefined; expected: string },
): void {
  const site = ctx.get('sec-fetch-site')
  const origin = ctx.get('origin')
  if (site !== '' && site !== 'same-origin') throw new Refusal('form.forged', { site })
  if (site === '' && origin !== '' && origin !== new URL(tenant.issuer).origin)
    throw new Refusal('form.forged', { origin })
  const [a, b] = [Buffer.from(given ?? ''), Buffer.from(expected)]
  if (a.length !== b.length || !timingSafeEqual(a, b)) throw new Refusal('form.forged', { token: false })
}
