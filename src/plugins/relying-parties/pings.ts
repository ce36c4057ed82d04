// Posting pings to back ends, by the guarded fetch: one deadline, no redirects, an answer of which only the status is read.
import type { GuardedFetch } from '../../ports/guarded-fetch.ts'
import type { SendPing } from '../../ports/pings.ts'

/** CIBA 10.2: JSON with the request and nothing else; the client's token is a Bearer token (RFC 6750 2.1). */
export function createPingSender(fetch: GuardedFetch, timeoutMs: number): SendPing {
  return async (endpoint, { request, token }) => {
    const { status } = await fetch(endpoint, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ auth_req_id: request }),
      statusOnly: true,
      signal: AbortSignal.timeout(timeoutMs),
    })
    return status
  }
}
