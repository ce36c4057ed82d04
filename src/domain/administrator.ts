// Who may do what in the console: roles, and the permissions that each gives.

/** Characters of a reason that somebody gives. */
export const mostReason = 300

/** An administrator may have several; what one gives another does not take away. */
export const roles = ['viewer', 'fraud-analyst', 'federation-admin', 'security-admin', 'owner'] as const
export type Role = (typeof roles)[number]

/**
 * `read-connections` is the overview and the pages of connections, `read` every other page but for `transactions`: what customers
 * did with their money, for those who answer for what is stopped; `cases` is deciding on what is held. `connections` is making, testing,
 * activating and disabling them, `keys` our own of theirs; `weaken` is what lets an IdP prove, or a policy ask, less than before; `way-in` is what decides by which IdP
 * staff come in here: whoever rules that can be any of them. `policy` is what decides on transactions; what loosens it needs
 * `weaken` too. `freeze` is stopping a customer, a device, a payee or a core at once, and lifting that. `relying-parties` are the apps; `administrators` who may come in.
 */
export const permissions = [
  'read-connections',
  'read',
  'transactions',
  'freeze',
  'cases',
  'connections',
  'keys',
  'relying-parties',
  'policy',
  'weaken',
  'way-in',
  'administrators',
] as const
export type Permission = (typeof permissions)[number]

const given: Readonly<Record<Role, readonly Permission[]>> = {
  viewer: ['read-connections', 'read'],
  'fraud-analyst': ['read-connections', 'read', 'transactions', 'freeze', 'cases'],
  'federation-admin': ['read-connections', 'read', 'connections', 'keys', 'relying-parties'],
  'security-admin': [
    'read-connections',
    'read',
    'transactions',
    'freeze',
    'cases',
    'connections',
    'keys',
    'relying-parties',
    'policy',
    'weaken',
  ],
  owner: permissions,
}

export const isRole = (value: string): value is Role => (roles as readonly string[]).includes(value)

/** Does any of these roles give the permission? */
export const may = (held: readonly Role[], permission: Permission): boolean =>
  held.some((role) => given[role].includes(permission))

/** Until the first owner has come in, a set-up token builds the way in, and does nothing else (see `mayWorkOn`). */
const setUpPermissions: ReadonlySet<Permission> = new Set<Permission>([
  'read-connections',
  'connections',
  'way-in',
])

/** How somebody came in: through the staff's own IdP, by the first token, or by a passkey from the safe. */
export const sessionKinds = ['workforce', 'set-up', 'break-glass'] as const
export type SessionKind = (typeof sessionKinds)[number]

/** How long a console session lives, by how it began; in seconds. */
export const consoleSeconds = {
  idle: 15 * 60,
  workforce: 8 * 3600,
  'set-up': 3600,
  'break-glass': 3600,
} as const

/** What needs proof that the person is still there: an authentication of at most this age, in seconds. */
export const recentSeconds = 5 * 60

/** Somebody in the console, as a request has them. */
export interface Visitor {
  readonly institution: string
  /** The subject of an administrator; of a set-up or break-glass session the name of its key. */
  readonly id: string
  readonly name: string
  readonly kind: SessionKind
  readonly roles: readonly Role[]
  /** Epoch milliseconds. */
  readonly authenticatedAt: number
  readonly expiresAt: number
}

export const permits = (
  { kind, roles: held }: Pick<Visitor, 'kind' | 'roles'>,
  permission: Permission,
): boolean => (kind === 'set-up' ? setUpPermissions.has(permission) : may(held, permission))

/** May they work on this connection, their permissions given? A set-up session on the way in alone, and on no file's. */
export const mayWorkOn = (
  { kind }: Pick<Visitor, 'kind'>,
  { audience, managedBy }: { readonly audience?: string | undefined; readonly managedBy: string },
): boolean => kind !== 'set-up' || (audience === 'workforce' && managedBy === 'console')

/** Have they proven themselves just now? Sessions of the first link and of a passkey have nothing to sign in by again. */
export const isProven = ({ kind, authenticatedAt }: Pick<Visitor, 'kind' | 'authenticatedAt'>, now: number) =>
  kind !== 'workforce' || now - authenticatedAt <= recentSeconds * 1000

/** How the history and the audit name who did it. */
export const actorOf = ({ kind, id }: Pick<Visitor, 'kind' | 'id'>): string =>
  kind === 'workforce' ? `administrator:${id}` : `${kind}:${id}`
