// The level of a sign-in and the bank's IdP: what it can be asked for, whether it is, and what its answer counts as.
import { type Acr, delegated, satisfies, withDevice, withDeviceAndPin } from '../domain/acr.ts'
import type { Connection } from '../domain/institution.ts'
import type { LoginTransaction } from '../domain/login.ts'
import type { UpstreamSubject } from '../domain/subject.ts'
import { askedOf, grantAt, levelOfClass, strongestOf } from '../domain/upstream-level.ts'
import type { Devices, Pins } from '../ports/stores.ts'

interface Factors {
  readonly devices: Devices
  readonly pins: Pins
}

/** What a sign-in must know of its connection to say what is next. */
export const abilitiesOf = ({ levels, raisedBy = 'bridge' }: Connection) => ({
  upstreamGives: strongestOf(levels),
  raisedBy,
})

/**
 * The level that our own factors could reach, as far as that is known before the customer is: the device that PAR proved
 * says whose it is. Only a guess of whom to ask; what counts is judged when the customer is known.
 */
async function oursOf({ devices, pins }: Factors, login: LoginTransaction): Promise<Acr | undefined> {
  const { institution, dpopJkt } = login
  const device = dpopJkt === undefined ? undefined : await devices.byKey(institution, dpopJkt)
  if (device?.state !== 'active') return undefined
  return (await pins.verifier(institution, device.subject)) === undefined ? withDevice : withDeviceAndPin
}

/** The level that the first request upstream asks for. */
export async function askedUpstream(
  ports: Factors,
  login: LoginTransaction,
  connection: Connection,
): Promise<Acr | undefined> {
  const { upstreamGives: gives, raisedBy } = abilitiesOf(connection)
  const { neededAcr: needed, approvalAcr: approval, upstreamSpent: spent = false } = login
  return askedOf({ needed, approval, gives, raisedBy, spent, ours: await oursOf(ports, login) })
}

/** What a verified answer counts as now. An answer that does not say when the customer was asked counts as no level. */
export function grantOf({ levels }: Pick<Connection, 'levels'>, upstream: UpstreamSubject, now: number): Acr {
  if (upstream.undated === true) return delegated
  const { authenticatedAt } = upstream
  return grantAt({ acr: levelOfClass(levels, upstream.authnContext), authenticatedAt }, now)
}

/**
 * May the IdP still be asked? Not after it was asked anew, nor after it named a weaker class although it was asked for the
 * level. A class that would do, of too long ago, leaves the one further visit at which it is asked anew.
 */
export function spentBy(
  { subject, askedAcr, upstreamSpent = false }: LoginTransaction,
  { levels }: Connection,
  { authnContext }: UpstreamSubject,
) {
  const inVain = askedAcr !== undefined && !satisfies(levelOfClass(levels, authnContext), askedAcr)
  return { askedAcr: undefined, upstreamSpent: upstreamSpent || subject !== undefined || inVain }
}

/** The record once the IdP has said that it cannot give the level: refused where nothing of ours could give it either. */
export async function withoutIdp(ports: Factors, login: LoginTransaction): Promise<LoginTransaction> {
  const left = login.subject !== undefined || satisfies(await oursOf(ports, login), login.neededAcr)
  const spent = { upstreamSpent: true, askedAcr: undefined, upstreamRequest: undefined }
  const next = { ...login, ...spent, upstreamMemory: undefined }
  return left ? next : { ...next, outcome: 'refused', refusal: 'upstream.too_weak' }
}
