// A policy as text that people edit, in the words of an institution's file.
import type { Institution } from '../domain/institution.ts'
import type { Policy } from '../domain/policy.ts'

export interface TextFault {
  /** Undefined for what is wrong with all of it. */
  readonly line: number | undefined
  readonly message: string
}

export interface PolicyText {
  /**
   * All checks of an institution's file; its limits must name the currencies of `stepUpOver`, and what it converts to must have a rate. Bounded
   * in time whatever the text is, and never throws.
   */
  read(
    text: string,
    institution: Pick<Institution, 'stepUpOver' | 'rates'>,
  ): { readonly policy: Policy } | { readonly faults: readonly TextFault[] }
  /** A text that reads as this very policy. */
  write(policy: Policy): string
}
