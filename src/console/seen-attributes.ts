// Which attributes an IdP really sends: from the last test login that passed, so that a mapping need not be guessed.
import { usualClaim } from '../domain/claim-names.ts'
import type { ConnectionContent } from '../domain/institution.ts'
import type { ConnectionPagePorts } from './connection-ports.ts'
import type { ClaimRow } from './content-form.ts'
import type { Visit } from './desk.ts'

export interface Wanting {
  readonly connection: string
  readonly content: ConnectionContent
  /** Say what each is usually meant for? Not where somebody has said what becomes of attributes: that is what holds. */
  readonly suggest: boolean
}

/** Names only: whose values they were is nobody's business here. */
export async function seenAttributes(
  { testLogin }: ConnectionPagePorts,
  { institution }: Visit,
  { connection, content, suggest }: Wanting,
): Promise<ClaimRow[]> {
  const tests = await testLogin.list(institution.id, connection)
  const passed = tests.find(({ outcome }) => outcome === 'passed')
  const taken = new Set(Object.keys(content.claims))
  return Object.keys(passed?.result?.attributes ?? {}).map((attribute) => {
    const claim = suggest ? usualClaim(attribute) : undefined
    if (claim === undefined || taken.has(claim)) return ['', attribute]
    taken.add(claim)
    return [claim, attribute]
  })
}
