// Checking SAML answers away from the main loop (duty D20).
import type { ExpectedAnswer } from '../domain/saml-answer.ts'
import type { ExpectedLogout, LogoutFacts, LogoutMessage } from '../domain/saml-logout.ts'
import type { UpstreamSubject } from '../domain/subject.ts'
import type { Decrypter } from './key-store.ts'

export interface SamlChecker {
  /**
   * `decrypter` opens encrypted answers; without it they are refused. Resolves when every check held; else throws a Refusal, `saml.deadline`
   * when it took too long.
   */
  check(samlResponse: string, expected: ExpectedAnswer, decrypter?: Decrypter): Promise<UpstreamSubject>
  /** One logout message of an IdP; unsigned ones refuse (attack 80). Resolves and throws like `check`. */
  checkLogout(message: LogoutMessage, expected: ExpectedLogout): Promise<LogoutFacts>
  close(): Promise<void>
}
