// Store of who may sign for which account.
import type { Mandate } from '../domain/signatories.ts'

export interface Mandates {
  /** By the account's token; undefined where nobody else may sign. */
  get(institution: string, account: string): Promise<Mandate | undefined>
  /** Takes the place of what there was. */
  put(mandate: Mandate): Promise<void>
  /** False where there was none. */
  remove(institution: string, account: string): Promise<boolean>
}
