// `drawbridge console invite`: a link by which somebody becomes an administrator of an institution's console.
import { isRole, type Role, roles } from '../domain/administrator.ts'
import { Refusal } from '../domain/refusal.ts'
import { type Command, exit, type Invocation, UsageFault } from './command.ts'
import { configFor, configOption, withApplication } from './config-option.ts'

export const consoleInvite: Command = {
  name: 'console invite',
  summary: 'Print a link into the console of an institution.',
  description: [
    'Whoever opens the link and signs in by the staff’s own IdP becomes an administrator with these roles. It works once,',
    'for 72 hours. Where no workforce connection is live yet, an owner’s link opens the console for an hour to connect it.',
    `Roles: ${roles.join(', ')}.`,
  ].join('\n'),
  options: {
    ...configOption,
    institution: { value: 'ID', meaning: 'Whose console.' },
    roles: { value: 'ROLES', meaning: 'With commas between them.', default: 'owner' },
  },
  async run(invocation) {
    const institution = invocation.text('institution')
    if (institution === undefined) throw new UsageFault('console invite needs --institution ID')
    const given = rolesOf(invocation)
    return withApplication(configFor(invocation), async (application) => {
      await application.migrate()
      try {
        const { url } = await application.inviteAdministrator(institution, given)
        invocation.terminal.out(`${url}\n`)
        return exit.ok
      } catch (error) {
        if (!(error instanceof Refusal) || error.code !== 'institution.unknown') throw error
        invocation.terminal.error(`drawbridge console invite: there is no institution ${institution}\n`)
        return exit.failed
      }
    })
  },
}

function rolesOf(invocation: Invocation): Role[] {
  const names = (invocation.text('roles') ?? '').split(',').map((name) => name.trim())
  const stranger = names.find((name) => !isRole(name))
  if (stranger !== undefined) throw new UsageFault(`${stranger} is no role; roles are ${roles.join(', ')}`)
  return names.filter(isRole)
}
