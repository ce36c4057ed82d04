// Fetching from addresses that people typed, or that strangers' documents name.

export interface GuardedRequest {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** The status is all that is wanted: whatever stands in the body, none of it is read. */
  readonly statusOnly?: boolean
  /** Nobody wants the answer any more: it is given up, as when its time is over. */
  readonly signal?: AbortSignal
  /** PEM: our certificate and key for mutual TLS (RFC 8705), and the only authority that the server's may be from. */
  readonly tls?: { readonly cert?: string; readonly key?: string; readonly ca?: string }
}

export interface GuardedAnswer {
  readonly status: number
  /** Names in lower case; of a repeated header the values joined. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/**
 * Fetches by https, or by http from an allowed loopback address. The name is resolved once, every address of it must be
 * public or in a network that the configuration allows, and the connection goes to such an address and no other. No
 * redirect is followed. Refuses with `fetch.refused` {check} for what may not be, `fetch.failed` {check} for what did not
 * work: no answer in time, or one that is too large.
 */
export type GuardedFetch = (url: string, request?: GuardedRequest) => Promise<GuardedAnswer>
