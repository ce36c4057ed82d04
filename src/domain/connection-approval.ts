// What a change of a connection asks of the person who makes customers, or staff, sign in by it.
import { isProven, mayWorkOn, type Permission, permits, type Visitor } from './administrator.ts'
import type { FieldChange } from './connection.ts'
import { loosened } from './connection.ts'
import { isWorkforce } from './console-party.ts'
import type { ConnectionContent } from './institution.ts'

export interface Approval {
  /** Paths that are not proven to ask more than before (ruling R-34). */
  readonly loosened: readonly string[]
  /** The person must have proven themselves just now. */
  readonly recent: boolean
  /** Beside the permission to change connections at all. */
  readonly needs: Extract<Permission, 'weaken' | 'way-in'> | undefined
}

export const nothingAsked: Approval = { loosened: [], recent: false, needs: undefined }

/**
 * What loosens and is the daily work of those who make connections: how it is called and offered, where the IdP is reached, the
 * keys that it signs by and ours with it, what apps learn. All else that is not proven to ask more needs `weaken`: a setting
 * that is new tomorrow, too.
 */
const ordinary: ReadonlySet<string> = new Set([
  'domains',
  'claims',
  'settings.certificates',
  'settings.ssoUrl',
  'settings.binding',
  'settings.sloUrl',
  'settings.sloBinding',
  'settings.clientSecret',
  'settings.clientSecretExpires',
  'settings.tlsCertificate',
  'settings.tlsKey',
  'settings.scopes',
  'settings.userinfo',
])

const isOrdinary = (path: string): boolean => {
  const [first = '', second = ''] = path.replace(/\[.*$/, '').split('.')
  return ordinary.has(first) || ordinary.has(`${first}.${second}`)
}

type Audience = Pick<ConnectionContent, 'audience'>

/** Whom it lets in: before, where it was live before, and after. */
export type Audiences = readonly Audience[]

/**
 * What it takes to let these changes reach people. Where staff sign in by it, before or after, whoever loosens it may be let in
 * as any of them, the owners too (attack 200): `way-in`.
 */
export function approvalOf(changes: readonly FieldChange[], audiences: Audiences): Approval {
  const paths = loosened(changes)
  if (paths.length === 0) return nothingAsked
  const weaker = paths.every(isOrdinary) ? undefined : 'weaken'
  return { loosened: paths, recent: true, needs: audiences.some(isWorkforce) ? 'way-in' : weaker }
}

/** Customers: there is nothing to be weaker than, so whoever may make connections may say what this one is. */
export const firstActivation = (content: Audience): Approval => ({
  loosened: [],
  recent: true,
  needs: isWorkforce(content) ? 'way-in' : undefined,
})

/** What was off comes back: to staff it is a way in that an owner may have closed. */
export function activationAgain(changes: readonly FieldChange[], audiences: Audiences): Approval {
  const { loosened: paths, recent, needs } = approvalOf(changes, audiences)
  return audiences.some(isWorkforce)
    ? { loosened: paths, recent: true, needs: 'way-in' }
    : { loosened: paths, recent, needs }
}

/** What keeps this person from the step: the permission, or that they must prove themselves first; undefined: nothing. */
export function hindrance(
  visitor: Pick<Visitor, 'kind' | 'roles' | 'authenticatedAt'>,
  { needs, recent }: Approval,
  now: number,
): 'console.forbidden' | 'console.recent' | undefined {
  if (needs !== undefined && !permits(visitor, needs)) return 'console.forbidden'
  return recent && !isProven(visitor, now) ? 'console.recent' : undefined
}

/** May they change this connection into this? Both are asked: nobody makes theirs what they may not touch. */
export const mayChange = (
  visitor: Pick<Visitor, 'kind' | 'roles'>,
  all: readonly Parameters<typeof mayWorkOn>[1][],
): boolean => permits(visitor, 'connections') && all.every((one) => mayWorkOn(visitor, one))
