// One thread that reads XML for all bridges of a test process: starting one is the dearest part of starting a bridge.
import type { SamlChecker } from '../../src/ports/saml-checker.ts'
import { createSamlChecker } from '../../src/xml/saml/checker.ts'

let started: Promise<SamlChecker> | undefined

/** For bridges whose tests are not about the thread itself. It ends with the process, not with the bridge. */
export async function sharedChecker(): Promise<SamlChecker> {
  started ??= createSamlChecker({ workers: 1, deadlineMs: 20_000 })
  return { ...(await started), close: async () => undefined }
}
