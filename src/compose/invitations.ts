// Links into consoles: for first owners at the start, and for whomever the operator invites.
import type { Role } from '../domain/administrator.ts'
import { issuerOf } from '../domain/institution.ts'
import { Refusal } from '../domain/refusal.ts'
import { createConsoleAccess } from '../flows/console-access.ts'
import type { ConsoleInvitation } from '../ports/application.ts'
import type { Foundation, Stores } from './foundation.ts'

export function inviting(base: Foundation, stores: Stores) {
  const { unit, chance, config } = base
  const access = createConsoleAccess({ ...base, ...stores })
  const inUnit = <T>(institution: string, work: () => Promise<T>) =>
    unit.run({ institution, reference: chance.reference() }, work)
  const linkOf = async (institution: string, token: string): Promise<ConsoleInvitation> => {
    const found = await stores.directory.institution(institution)
    if (found === undefined) throw new Refusal('institution.unknown')
    return { institution, url: `${issuerOf(found, config.publicUrl)}/console/invitation/${token}` }
  }
  return {
    async invite(institution: string, roles: readonly Role[]): Promise<ConsoleInvitation> {
      if ((await stores.directory.institution(institution)) === undefined)
        throw new Refusal('institution.unknown', { institution })
      const token = await inUnit(institution, () => access.invite(institution, { roles, by: 'command' }))
      return linkOf(institution, token)
    },
    /** One for each institution without an owner. */
    async first(): Promise<ConsoleInvitation[]> {
      const links: ConsoleInvitation[] = []
      for (const { id } of await stores.directory.institutions()) {
        const token = await inUnit(id, () => access.first(id))
        if (token !== undefined) links.push(await linkOf(id, token))
      }
      return links
    },
  }
}
