// Turning a decided call into the signed message that a core verifies.
import type { AssertionContent } from '../domain/assertion.ts'

export interface CallToSign {
  readonly institution: string
  readonly soap: '1.1' | '1.2'
  /** Exclusive-canonical children of the Body. */
  readonly bodyXml: string
  readonly assertion: AssertionContent
  readonly now: number
  readonly addressing:
    | { readonly to: string; readonly action: string; readonly messageId: string }
    | undefined
  /** The core that gets it: a core without WS-Addressing has a message key of its own (ruling R-28). */
  readonly core: string
}

/** What a SOAP request says, read strictly; nothing of its Header is kept (ruling R-28). */
export interface SoapRequest {
  readonly version: '1.1' | '1.2'
  readonly operation: { readonly namespace: string; readonly localName: string }
  readonly bodyXml: string
  /**
   * The text of the element at this path of local names below the operation, each in the operation's namespace or in
   * none; undefined unless exactly one of each name is there.
   */
  valueAt(path: readonly string[]): string | undefined
  /** Nothing of that name is there, in whatever namespace. */
  isAbsent(path: readonly string[]): boolean
}

export interface SoapMessages {
  /** Refuses with `soap.malformed` or `soap.version`. */
  read(xml: Uint8Array): SoapRequest
  /** The answer of a core through the same gate; refuses with `core.answer`. */
  readAnswer(xml: Uint8Array): { readonly fault: string | undefined; readonly xml: string }
  sign(call: CallToSign): Promise<string>
}
