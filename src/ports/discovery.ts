// What a connector can find out about an IdP by itself, so that people need not type it.
import type { IdpFacts } from '../domain/idp-facts.ts'

type Settings = Readonly<Record<string, unknown>>

/** A document as it came from a file or a form; or the address at which the IdP describes itself. */
export type DiscoverySource = { readonly document: Uint8Array } | { readonly url: string }

export interface DiscoveryWish {
  readonly source: DiscoverySource
  /** Which of several that the source describes; without it, the only one. */
  readonly identifier: string | undefined
  /** What is there already, saved or typed: choices made there stay as far as the IdP still offers them. */
  readonly settings: Settings
}

export type Discovered =
  | {
      readonly kind: 'one'
      readonly facts: IdpFacts
      /** What could be saved; `check` of the plugin may still miss what only people know. */
      readonly settings: Settings
      /** Claims that such an IdP usually has an attribute for: claim -> attribute. */
      readonly claims: Readonly<Record<string, string>>
    }
  /** There are several and none was named: ask which, and come again. */
  | { readonly kind: 'several'; readonly identifiers: readonly string[] }

export interface Discovery {
  /**
   * Asks the IdP over the network where the source is an address, so that no unit may be open (ruling R-1). Nothing is
   * kept. Refuses with `fetch.*` for what may not or cannot be fetched, `metadata.*` and `oidc.discovery` for what it says,
   * `busy`.
   */
  discover(wish: DiscoveryWish): Promise<Discovered>
  /** What a saved connection is to be read again from; undefined where there is nothing to read. */
  again(settings: Settings): DiscoveryWish | undefined
}
