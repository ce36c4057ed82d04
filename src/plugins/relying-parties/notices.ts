// Posting logout tokens to apps: one deadline, no redirects, an answer of which only the status is read.
import type { SendNotice } from '../../ports/sign-out.ts'

/** Resolves with the status; rejects when there is none within `timeoutMs`. */
export function createNoticeSender(timeoutMs: number): SendNotice {
  return async (address, token) => {
    const response = await fetch(address, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({ logout_token: token }),
      signal: AbortSignal.timeout(timeoutMs),
    })
    await response.body?.cancel()
    return response.status
  }
}
