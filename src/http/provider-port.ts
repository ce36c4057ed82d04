// The little that http needs of the OIDC provider; `oidc/` implements it.
import type { Context } from 'koa'
import type { LoginTransaction } from '../domain/login.ts'
import type { Tenant } from './tenant.ts'

/** How a sign-in ends for the app. */
export type InteractionEnd =
  | { readonly kind: 'finished'; readonly login: LoginTransaction }
  | { readonly kind: 'refused'; readonly error: string; readonly description: string }

export interface OidcGate {
  /** Serves the request by the institution's provider. */
  handle(ctx: Context, tenant: Tenant): Promise<void>
  /** Did this browser begin the interaction? By the provider's own signed cookie. */
  holds(ctx: Context, tenant: Tenant, uid: string): Promise<boolean>
  /** Stores the end and resolves with where the browser goes next; the caller redirects after its commit. */
  end(ctx: Context, tenant: Tenant, end: InteractionEnd): Promise<string>
}
