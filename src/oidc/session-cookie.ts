// The cookie of the browser's session: how it is set, and when it is given again to a browser that dropped it.
import type { Context } from 'koa'
import type { Provider } from 'oidc-provider'
import type { Tenant } from '../http/tenant.ts'

/** How all cookies of the provider are set. */
export const cookieOptions = ({ issuer }: Pick<Tenant, 'issuer'>) =>
  ({
    signed: true,
    httpOnly: true,
    sameSite: 'lax',
    secure: issuer.startsWith('https:'),
    overwrite: true,
  }) as const

export const sessionCookieOptions = (tenant: Pick<Tenant, 'issuer' | 'prefix'>) =>
  ({ ...cookieOptions(tenant), path: tenant.prefix === '' ? '/' : tenant.prefix }) as const

/**
 * The library answers an identifier that is gone with a session anew, empty, and its cookie. Where the identifier is gone
 * because another tab has just signed in, that cookie would take the place of the good one. An empty session is nothing
 * to give: it is stored, with its cookie, once there is something in it.
 */
export function giveNoEmptySessions(provider: Provider): void {
  const library = provider.Session as unknown as { get(ctx: object): Promise<{ exp?: number; new?: true }> }
  const get = library.get.bind(library)
  library.get = async (ctx) => {
    const session = await get(ctx)
    if (session.exp === undefined && !session.new) Object.defineProperty(session, 'new', { value: true })
    return session
  }
}

interface Rejoining {
  readonly ctx: Pick<Context, 'req' | 'res'>
  readonly tenant: Tenant
  /** The session's uid, which is no bearer value. */
  readonly session: string | undefined
}

/**
 * The identifier of a session is new when a sign-in ends, and travels with the redirect to the app. A browser that dropped
 * that redirect still shows the old one, which is worth nothing: it gets the session's identifier of now. One that is
 * signed in keeps what it has, and a session that ended meanwhile is not given to anybody.
 */
export async function rejoin(provider: Provider, { ctx, tenant, session }: Rejoining): Promise<void> {
  if (session === undefined) return
  const { cookies } = provider.createContext(ctx.req, ctx.res)
  const name = provider.cookieName('session')
  const shown = cookies.get(name, { signed: true })
  const held = shown === undefined ? undefined : await provider.Session.find(shown)
  if (held?.accountId !== undefined) return
  const lost = await provider.Session.findByUid(session)
  if (lost?.accountId === undefined) return
  cookies.set(name, lost.jti, { ...sessionCookieOptions(tenant), expires: new Date(lost.exp * 1000) })
}
