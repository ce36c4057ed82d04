// The little that http needs of the OIDC provider; `oidc/` implements it.
import type { Context } from 'koa'
import type { LoginTransaction } from '../domain/login.ts'
import type { Tenant } from './tenant.ts'

/** How a sign-in ends for the app. */
export type InteractionEnd =
  | { readonly kind: 'finished'; readonly login: LoginTransaction }
  | { readonly kind: 'refused'; readonly error: string; readonly description: string }

/** A code that came back to an app of this very process. */
export interface ReturnedCode {
  readonly code: string
  readonly relyingParty: string
  readonly redirectUri: string
  /** The PKCE verifier (RFC 7636 4.5). */
  readonly verifier: string
  readonly nonce: string
}

export interface OidcGate {
  /** Serves the request by the institution's provider. */
  handle(ctx: Context, tenant: Tenant): Promise<void>
  /** Did this browser begin the interaction? By the provider's own signed cookie. */
  holds(ctx: Context, tenant: Tenant, uid: string): Promise<boolean>
  /** Stores the end and resolves with where the browser goes next; the caller redirects after its commit. */
  end(ctx: Context, tenant: Tenant, end: InteractionEnd): Promise<string>
  /** Where an interaction that has ended leads, or has just led; undefined when nobody knows any more. */
  again(ctx: Context, tenant: Tenant, uid: string): Promise<string | undefined>
  /**
   * Redeems a code here instead of over the network, once; nothing of it is good for anything else afterwards. Refuses
   * with `token.invalid` one that is unknown, spent, late, another app's, or that another browser began.
   */
  redeem(tenant: Tenant, returned: ReturnedCode): Promise<RedeemedCode>
}

export interface RedeemedCode {
  readonly subject: string
  /** The session of the browser that the code came of. */
  readonly browserSession: string | undefined
  /** Epoch milliseconds; 0 where the IdP did not say when it asked, so that it is never of just now. */
  readonly authenticatedAt: number
}
