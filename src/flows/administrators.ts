// Who may come into the console: listing them, giving and taking roles, inviting and removing.
import { actorOf, type Role } from '../domain/administrator.ts'
import { Refusal } from '../domain/refusal.ts'
import type {
  AdministratorRecord,
  Administrators,
  ConsoleSessions,
  Invitation,
  Invitations,
} from '../ports/administrators.ts'
import type { Clock } from '../ports/clock.ts'
import type { Subjects } from '../ports/stores.ts'
import type { Audit } from '../ports/unit-of-work.ts'
import { nameOf } from './console-access.ts'

export interface AdministratorPorts {
  readonly administrators: Administrators
  readonly consoleSessions: Pick<ConsoleSessions, 'endAll'>
  readonly invitations: Invitations
  readonly subjects: Pick<Subjects, 'claims'>
  readonly audit: Audit
  readonly clock: Clock
}

export interface AdministratorView extends AdministratorRecord {
  readonly name: string
}

/** Whom a change concerns, and who makes it. */
export interface RoleChange {
  readonly institution: string
  readonly subject: string
  readonly roles: readonly Role[]
  readonly by: string
}

export type AdministratorFlows = ReturnType<typeof createAdministratorFlows>

/** Every function runs inside a unit of work. */
export function createAdministratorFlows(ports: AdministratorPorts) {
  const { administrators, invitations, clock } = ports
  return {
    async list(institution: string): Promise<readonly AdministratorView[]> {
      const records = await administrators.list(institution)
      return Promise.all(
        records.map(async (record) => ({
          ...record,
          name: await nameOf(ports, institution, record.subject),
        })),
      )
    },
    invitations: (institution: string): Promise<readonly Invitation[]> =>
      invitations.list(institution, clock.now()),
    /** Gives exactly these roles. Refuses with `subject.unknown` and `console.last_owner`. */
    change: (change: RoleChange) => changed(ports, change),
    /** Their sessions end with it. Refuses like `change`. */
    remove: (removal: Omit<RoleChange, 'roles'>) => removed(ports, removal),
    /** Takes an open invitation back; by the hash of its token, for the token itself is not kept. */
    async withdraw(institution: string, tokenHash: string, by: string): Promise<void> {
      if (!(await invitations.withdraw(institution, tokenHash))) throw new Refusal('console.invitation')
      ports.audit.record({
        type: 'administrator.invitation_withdrawn',
        outcome: 'ok',
        detail: { by },
      })
    },
  }
}

async function present({ administrators }: AdministratorPorts, institution: string, subject: string) {
  const record = await administrators.get(institution, subject)
  if (record === undefined) throw new Refusal('subject.unknown')
  return record
}

/** As they are, under a lock: of two owners who remove each other one stays, and what was read is what is changed. */
async function locked(
  ports: AdministratorPorts,
  { institution, subject }: Pick<RoleChange, 'institution' | 'subject'>,
) {
  const owners = await ports.administrators.owners(institution)
  return { record: await present(ports, institution, subject), owners }
}

function keepOneOwner({ roles }: AdministratorRecord, owners: number): void {
  if (roles.includes('owner') && owners <= 1) throw new Refusal('console.last_owner')
}

/** Whoever is an owner no longer comes back by a link that they made while they were one. */
async function dropInvitationsOf(
  { invitations, audit }: AdministratorPorts,
  { institution, subject, by }: Omit<RoleChange, 'roles'>,
): Promise<void> {
  const invitedBy = actorOf({ kind: 'workforce', id: subject })
  const count = await invitations.withdrawBy(institution, invitedBy)
  const detail = { by, invited_by: invitedBy, count }
  if (count > 0) audit.record({ type: 'administrator.invitation_withdrawn', outcome: 'ok', detail })
}

async function changed(
  ports: AdministratorPorts,
  { institution, subject, roles, by }: RoleChange,
): Promise<void> {
  const { record, owners } = await locked(ports, { institution, subject })
  if (roles.length === 0) throw new Refusal('request.malformed', { field: 'roles' })
  if (!roles.includes('owner')) keepOneOwner(record, owners)
  if (!(await ports.administrators.change({ institution, subject, roles })))
    throw new Refusal('subject.unknown')
  if (!roles.includes('owner')) await dropInvitationsOf(ports, { institution, subject, by })
  const detail = { by, before: record.roles, after: roles }
  ports.audit.record({ type: 'administrator.changed', outcome: 'ok', subject, detail })
}

async function removed(
  ports: AdministratorPorts,
  { institution, subject, by }: Omit<RoleChange, 'roles'>,
): Promise<void> {
  const { record, owners } = await locked(ports, { institution, subject })
  keepOneOwner(record, owners)
  if (!(await ports.administrators.remove(institution, subject))) throw new Refusal('subject.unknown')
  await dropInvitationsOf(ports, { institution, subject, by })
  await ports.consoleSessions.endAll(institution, subject)
  ports.audit.record({ type: 'administrator.removed', outcome: 'ok', subject, detail: { by } })
}
