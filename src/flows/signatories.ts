// Who can sign a transaction beside the customer who began it, as things stand at this moment.
import { approves, type Device } from '../domain/device.ts'
import {
  lacking,
  type Mandate,
  type NeededSignatories,
  rolesOf,
  type Signatory,
} from '../domain/signatories.ts'
import type { Approvals } from '../ports/approvals.ts'
import type { Clock } from '../ports/clock.ts'
import type { Mandates } from '../ports/mandates.ts'
import type { Devices } from '../ports/stores.ts'
import type { SubjectStates } from '../ports/subjects.ts'

export interface SignatoryPorts {
  readonly mandates: Pick<Mandates, 'get'>
  readonly devices: Pick<Devices, 'list'>
  readonly subjectStates: Pick<SubjectStates, 'isDisabled'>
  readonly approvals: Pick<Approvals, 'pending'>
  readonly clock: Clock
}

/** What is to be signed: the account that it leaves, and who began it. */
export interface ToSign {
  readonly institution: string
  /** Token of the account; what leaves none, nobody can sign for. */
  readonly from: string | undefined
  readonly subject: string
}

/** One person is asked to sign so many things at once at most; whoever has begun a payment cannot flood another (attack 129). */
const mostAtOnce = 20

/**
 * Those of these roles in the account's mandate who can be asked now: not who began it, not disabled, with a phone that may
 * approve and is none that who began it has or had, and not asked too much already.
 */
export async function eligibleSignatories(
  ports: SignatoryPorts,
  asked: ToSign,
  needed: NeededSignatories,
): Promise<readonly Signatory[]> {
  const wanted = (await mandated(ports, asked)).filter(({ role }) => Object.hasOwn(needed, role))
  const theirs = wanted.length === 0 ? [] : await ports.devices.list(asked.institution, asked.subject)
  const able = await Promise.all(
    wanted.map(({ subject }) => canBeAsked(ports, { institution: asked.institution, subject }, theirs)),
  )
  return wanted.filter((_, n) => able[n]).map(({ subject, role }) => ({ subject, role }))
}

/** The roles of which too few people could sign; none where nobody else must. */
export async function lackingRoles(
  ports: SignatoryPorts,
  asked: ToSign,
  needed: NeededSignatories | undefined,
): Promise<readonly string[]> {
  if (rolesOf(needed).length === 0 || needed === undefined) return []
  return lacking(needed, await eligibleSignatories(ports, asked, needed))
}

/** Does the mandate still name this person in this role, and did somebody else begin it, with other keys? */
export async function maySign(
  ports: SignatoryPorts,
  asked: ToSign,
  { subject, role, device }: Signatory & { readonly device: Device },
): Promise<boolean> {
  const named = (await mandated(ports, asked)).some((one) => one.subject === subject && one.role === role)
  return named && !isOneOf(device, await ports.devices.list(asked.institution, asked.subject))
}

async function mandated(
  { mandates }: SignatoryPorts,
  { institution, from, subject }: ToSign,
): Promise<Mandate['signatories']> {
  const mandate = from === undefined ? undefined : await mandates.get(institution, from)
  return (mandate?.signatories ?? []).filter((one) => one.subject !== subject)
}

/** `theirs`: the devices of who began it. */
async function canBeAsked(
  ports: SignatoryPorts,
  { institution, subject }: Pick<ToSign, 'institution' | 'subject'>,
  theirs: readonly Device[],
): Promise<boolean> {
  const now = ports.clock.now()
  if (await ports.subjectStates.isDisabled(institution, subject)) return false
  const own = await ports.devices.list(institution, subject)
  if (!own.some((device) => approves(device, subject, now) && !isOneOf(device, theirs))) return false
  const open = await ports.approvals.pending({ institution, subject }, now)
  return open.filter(({ origin }) => origin === 'signatory').length < mostAtOnce
}

/** Has one of `others` a key of this device, be it ended by now or not? */
function isOneOf(device: Device, others: readonly Device[]): boolean {
  const keys = keysOf(device)
  return others.some((other) => keysOf(other).some((key) => keys.includes(key)))
}

const keysOf = ({ jkt, approvalKey }: Device): string[] =>
  approvalKey === undefined ? [jkt] : [jkt, approvalKey.jkt]
