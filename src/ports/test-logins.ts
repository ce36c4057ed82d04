// Test logins: sign-ins without an app, kept apart from real ones so that nothing of them can ever become one.
import type { Acr } from '../domain/acr.ts'
import type { Check } from '../domain/exchange.ts'
import type { ConnectionContent } from '../domain/institution.ts'
import type { UpstreamSent } from '../domain/login.ts'

export interface TestResult {
  /** The refusal's code; empty when it passed. */
  readonly code: string
  readonly checks: readonly Check[]
  readonly clockOffsetMs: number | undefined
  /** Decoded and masked, as an exchange is kept. */
  readonly request: string
  readonly answer: string
  /** The tester's own: shown so that the mapping can be judged. Empty when it failed. */
  readonly nameId: string
  readonly attributes: Readonly<Record<string, readonly string[]>>
  readonly claims: Readonly<Record<string, string | readonly string[]>>
  /** The class that the verified answer names, and the level that it counts as; absent when it failed. */
  readonly authnContext?: string | undefined
  readonly level?: Acr | undefined
  /** The content that was tested is still what the connection, or its proposal, says; so it counts. */
  readonly counts: boolean
  readonly at: number
}

export interface TestLogin {
  readonly institution: string
  /** Begins with `test-`; stays the address of the result. */
  readonly id: string
  readonly connection: string
  readonly version: number
  readonly content: ConnectionContent
  /** Whose content it was; absent in records from before it was kept. */
  readonly what?: 'present' | 'proposal'
  readonly by: string
  readonly reference: string
  /** Only this browser may bring the answer. */
  readonly browserHash: string
  readonly upstreamRequest: string | undefined
  readonly upstreamMemory: Readonly<Record<string, string>> | undefined
  readonly upstreamSent: UpstreamSent
  /** The level that was asked for, where one was. */
  readonly askedAcr?: Acr | undefined
  readonly outcome: 'open' | 'passed' | 'failed'
  readonly result: TestResult | undefined
  readonly startedAt: number
  /** An open one can be answered until its `answerBy`; the record is kept until here. */
  readonly answerBy: number
  readonly expiresAt: number
}

export interface TestLogins {
  create(test: TestLogin): Promise<void>
  get(institution: string, id: string): Promise<TestLogin | undefined>
  /** Closes the record: true for exactly one caller while it is open and waits for this request. */
  answered(test: TestLogin, requestId: string): Promise<boolean>
  /** Newest first, of one connection. */
  list(institution: string, connection: string, limit: number): Promise<readonly TestLogin[]>
}
