// The worker in which SAML answers are checked: what hangs or grows in here ends with it.
import { Refusal } from '../../domain/refusal.ts'
import type { ExpectedAnswer } from '../../domain/saml-answer.ts'
import type { UpstreamSubject } from '../../domain/subject.ts'
import { checkResponse } from './response.ts'
import { selfTest } from './self-test.ts'

export interface Task {
  readonly samlResponse: string
  readonly expected: ExpectedAnswer
}

/** Refusals lose their class on the way between threads; code and detail do not. */
export type Verdict =
  | { readonly subject: UpstreamSubject }
  | { readonly code: Refusal['code']; readonly detail: Refusal['detail'] }

// Schemas are compiled and code is warm when the thread is ready, so that no customer's deadline pays for it; a thread
// that judges wrongly never becomes ready.
await selfTest()

/** Resolves once the thread is ready; called by the pool under this name. */
export const ready = (): boolean => true

/** Called by the pool; the name is what it looks for. */
export function verdictOn({ samlResponse, expected }: Task): Verdict {
  try {
    return { subject: checkResponse(samlResponse, expected) }
  } catch (error) {
    if (error instanceof Refusal) return { code: error.code, detail: error.detail }
    throw error
  }
}
