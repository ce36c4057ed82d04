// Checking SAML answers away from the main loop (duty D20).
import type { ExpectedAnswer } from '../domain/saml-answer.ts'
import type { UpstreamSubject } from '../domain/subject.ts'

export interface SamlChecker {
  /** Resolves when every check held; else throws a Refusal, `saml.deadline` when it took too long. */
  check(samlResponse: string, expected: ExpectedAnswer): Promise<UpstreamSubject>
  close(): Promise<void>
}
