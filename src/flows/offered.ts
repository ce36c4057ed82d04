// The connections that a sign-in may go by.
import { type ChoiceHints, plainChoice } from '../domain/choice.ts'
import type { Connection, RelyingParty } from '../domain/institution.ts'
import { Refusal } from '../domain/refusal.ts'
import type { Directory } from '../ports/stores.ts'

async function existing(
  directory: Directory,
  institution: string,
  ids: readonly string[],
): Promise<Connection[]> {
  const found = await Promise.all(ids.map((id) => directory.connection(institution, id)))
  return found.filter((connection) => connection !== undefined)
}

const active = ({ state }: Connection): boolean => state === 'active'

/** Those of these connections by which customers sign in now, in the order given. */
export const offeredOf = async (
  directory: Directory,
  institution: string,
  ids: readonly string[],
): Promise<Connection[]> => (await existing(directory, institution, ids)).filter(active)

/** Where a sign-in of this app may lead, and where it leads without asking. Refuses when there is nothing to choose from. */
export async function beginning(
  directory: Directory,
  { institution, id, connections }: Pick<RelyingParty, 'institution' | 'id' | 'connections'>,
  hints: ChoiceHints,
): Promise<{ choices: readonly string[]; connection: string | undefined }> {
  const known = await existing(directory, institution, connections)
  const offered = known.filter(active)
  if (offered.length === 0) {
    const code = known.length === 0 ? 'connection.unknown' : 'connection.disabled'
    throw new Refusal(code, { relyingParty: id, connections })
  }
  return { choices: offered.map((one) => one.id), connection: plainChoice(offered, hints)?.id }
}
