// The worker in which SAML answers are checked: what hangs or grows in here ends with it.
import { Refusal } from '../../domain/refusal.ts'
import type { ExpectedAnswer, WrappedKey } from '../../domain/saml-answer.ts'
import type { ExpectedLogout, LogoutFacts, LogoutMessage } from '../../domain/saml-logout.ts'
import type { UpstreamSubject } from '../../domain/subject.ts'
import type { Unwrap } from './encryption.ts'
import { checkLogout } from './read-logout.ts'
import { judgeResponse, KeyNeeded } from './response.ts'
import { selfTest } from './self-test.ts'

/** One logout message of an IdP. */
export interface LogoutTask {
  readonly message: LogoutMessage
  readonly expected: ExpectedLogout
}

export interface AnswerTask {
  readonly samlResponse: string
  readonly expected: ExpectedAnswer
  /** The content key of an encrypted answer, once it is known; private keys never come into this thread. */
  readonly contentKey?: Uint8Array
}

export type Task = AnswerTask | LogoutTask

/** Refusals lose their class on the way between threads; code and detail do not. */
export type Verdict =
  | { readonly subject: UpstreamSubject }
  | { readonly logout: LogoutFacts }
  | { readonly code: Refusal['code']; readonly detail: Refusal['detail'] }
  | { readonly wrapped: WrappedKey }

// Schemas are compiled and code is warm when the thread is ready, so that no customer's deadline pays for it; a thread
// that judges wrongly never becomes ready.
await selfTest()

/** Resolves once the thread is ready; called by the pool under this name. */
export const ready = (): boolean => true

/** Called by the pool; the name is what it looks for. */
export function verdictOn(task: Task): Verdict {
  return 'message' in task ? logoutVerdict(task) : answerVerdict(task)
}

function logoutVerdict({ message, expected }: LogoutTask): Verdict {
  try {
    return { logout: checkLogout(message, expected) }
  } catch (error) {
    if (error instanceof Refusal) return { code: error.code, detail: error.detail }
    throw error
  }
}

function answerVerdict({ samlResponse, expected, contentKey }: AnswerTask): Verdict {
  const unwrap: Unwrap = (wrapped) => {
    if (contentKey === undefined) throw new KeyNeeded(wrapped)
    return contentKey
  }
  try {
    const { outcome } = judgeResponse(samlResponse, expected, unwrap)
    if ('subject' in outcome) return outcome
    return { code: outcome.refusal.code, detail: outcome.refusal.detail }
  } catch (error) {
    if (error instanceof KeyNeeded) return { wrapped: error.wrapped }
    throw error
  }
}
