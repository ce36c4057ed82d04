// The name by which an app knows a customer, where it asks for one of its own (OIDC Core 8.1).
import { pairwiseSub, sectorOf } from '../domain/pairwise.ts'
import type { KeyStore } from '../ports/key-store.ts'
import type { Directory } from '../ports/stores.ts'
import type { SubjectNames } from '../ports/subjects.ts'

export interface PairwisePorts {
  readonly keys: KeyStore
  readonly directory: Directory
  readonly subjectNames: SubjectNames
}

/** Resolves with the app's name of the customer; remembers at the token endpoint whom it means. */
export function pairwiseOf({ keys, directory, subjectNames }: PairwisePorts, institution: string) {
  return async (ctx: unknown, subject: string, client: string): Promise<string> => {
    const relyingParty = await directory.relyingParty(institution, client)
    if (relyingParty?.subjectType !== 'pairwise') return subject
    const salt = keys.secret(institution, 'pairwise')
    const name = pairwiseSub(salt, sectorOf(relyingParty), subject)
    // Every name is first given out there, in an ID token.
    const route = (ctx as { oidc?: { route?: string } } | undefined)?.oidc?.route
    if (route === 'token') await subjectNames.remember(institution, name, subject)
    return name
  }
}
