// Enrolling a device: a fresh login, a key, a PIN, and a proof that the key is held. And ending it.
import { satisfies, withDeviceAndPin } from '../domain/acr.ts'
import { counts, type Device, enrolmentLoginAge, proofSeconds } from '../domain/device.ts'
import type { CallerToken } from '../domain/gateway.ts'
import type { Institution } from '../domain/institution.ts'
import { riskStop } from '../domain/login.ts'
import { checkNewPin } from '../domain/pin.ts'
import { Refusal, type RefusalCode } from '../domain/refusal.ts'
import { voiceOfVerdict } from '../domain/risk.ts'
import type { Chance, Clock } from '../ports/clock.ts'
import type { Freezes } from '../ports/freezes.ts'
import type { PinHash } from '../ports/pin-hash.ts'
import type { Devices, Pins } from '../ports/stores.ts'
import type { TokenStore } from '../ports/tokens.ts'
import type { Audit, UnitOfWork } from '../ports/unit-of-work.ts'
import type { Assess, Assessed } from './assess.ts'
import type { RiskOutcomes } from './risk-outcomes.ts'
import { createPinCheck } from './step-up.ts'

export interface EnrolmentPorts {
  readonly devices: Devices
  readonly freezes: Pick<Freezes, 'has'>
  readonly pins: Pins
  readonly pinHash: PinHash
  readonly tokens: TokenStore
  readonly unit: UnitOfWork
  readonly audit: Audit
  readonly clock: Clock
  readonly chance: Chance
  readonly assess: Assess
  readonly riskOutcomes: Pick<RiskOutcomes, 'aboutEnded'>
}

export interface EnrolmentRequest {
  readonly name: string
  readonly jkt: string
  readonly publicJwk: Readonly<Record<string, unknown>>
  readonly pin: string
}

export type Enrolment = ReturnType<typeof createEnrolment>

export function createEnrolment(ports: EnrolmentPorts) {
  return {
    /**
     * Opens a `pending` device for the token's own key. The first device sets the customer's PIN; a further one must
     * know it. Refuses with `login.too_old`, `device.limit`, `device.key`, `device.frozen`, `pin.*`,
     * and where the risk providers stop it `risk.denied`, `risk.held`, `acr.insufficient`.
     */
    enrol: (institution: Institution, token: CallerToken, request: EnrolmentRequest) =>
      enrol(ports, { institution, token, request }).catch((error: unknown) => {
        if (error instanceof Refusal)
          ports.audit.record({
            type: 'device.refused',
            outcome: 'refused',
            code: error.code,
            ...traceOf(token),
          })
        throw error
      }),
    /**
     * pending -> active, once, when the proof over this device's nonce has been verified by the caller. Refuses with
     * `device.limit`: others may have become active since the enrolment; and with `device.frozen`.
     */
    activate: (institution: Institution, token: CallerToken, proven: ProvenDevice) =>
      activate(ports, { institution, token, ...proven }),
    /** Notes a proof that did not hold, so that the audit tells of it. */
    refused: (token: CallerToken, id: string, refusal: Refusal) =>
      ports.audit.record({
        type: 'device.refused',
        outcome: 'refused',
        code: refusal.code,
        ...traceOf(token),
        device: id,
      }),
    /** The caller's own device; refuses with `device.unknown`, whoever else has one of that id. */
    async of(token: CallerToken, id: string): Promise<Device> {
      return own(await ports.devices.get(token.institution, id), token)
    },
    list: (token: CallerToken): Promise<readonly Device[]> =>
      ports.devices.list(token.institution, token.subject),
    /** Ends the device and every token that is bound to its key. */
    revoke: (token: CallerToken, id: string) => revoke(ports, token, id),
  }
}

const traceOf = (token: CallerToken) => ({ relyingParty: token.relyingParty, subject: token.subject })

function own(device: Device | undefined, token: CallerToken): Device {
  if (device === undefined || device.subject !== token.subject) throw new Refusal('device.unknown')
  return device
}

interface Enrolling {
  readonly institution: Institution
  readonly token: CallerToken
  readonly request: EnrolmentRequest
}

async function enrol(ports: EnrolmentPorts, enrolling: Enrolling): Promise<Device> {
  const { institution, token, request } = enrolling
  const now = ports.clock.now()
  if (now - token.authenticatedAt > enrolmentLoginAge * 1000) {
    throw new Refusal('login.too_old', { maxAge: enrolmentLoginAge })
  }
  await mayBeDevice(ports, institution.id, request.jkt)
  const taken = await ports.devices.byKey(institution.id, request.jkt)
  if (taken !== undefined && taken.state !== 'pending') throw new Refusal('device.key')
  if (taken !== undefined && taken.subject !== token.subject) throw new Refusal('device.key')
  const mine = await ports.devices.list(institution.id, token.subject)
  // Said early to whom it concerns; what holds is the count at the activation.
  const live = mine.filter((device) => device.state === 'active' || device.state === 'suspended')
  if (live.length >= institution.devicesPerSubject) throw new Refusal('device.limit')
  const assessed = await riskOf(ports, enrolling, live.length)
  await provePin(ports, enrolling).catch(async (error: unknown) => {
    // The engines were asked: that is told, though nothing came of it.
    const failed = { settleBy: ports.clock.now(), outcome: 'failed' } as const
    if (assessed !== undefined && error instanceof Refusal)
      await ports.assess.keep(institution, assessed, failed)
    throw error
  })
  if (taken !== undefined) await ports.devices.revoke(institution.id, taken.id, now)
  const device = pending(ports, enrolling, now)
  // Two enrolments of one key at once: the other was first.
  if (!(await ports.devices.create(device))) throw new Refusal('device.key')
  if (assessed !== undefined)
    await ports.assess.keep(institution, assessed, { about: device.id, settleBy: device.nonceExpiresAt })
  ports.audit.record({ type: 'device.enrolled', outcome: 'ok', ...traceOf(token), device: device.id })
  return device
}

/**
 * What the risk providers say of it, where it may go on. A first device has no factor of ours to step up by: what would have to is
 * refused unless the IdP was asked for as much. A further one is proven by the PIN in this very call.
 */
async function riskOf(
  ports: EnrolmentPorts,
  { institution, token }: Enrolling,
  others: number,
): Promise<Assessed | undefined> {
  const { subject, relyingParty, device, amr, acr: granted, authenticatedAt } = token
  const who = {
    subject,
    relyingParty,
    device,
    amr,
    granted,
    authenticatedAt,
    reference: ports.unit.reference() ?? '',
  }
  const assessed = await ports.assess.ask(institution, {
    ...who,
    kind: others > 0 ? 'device-change' : 'enrolment',
  })
  if (assessed === undefined) return undefined
  const stepUp = institution.risk?.stepUp ?? withDeviceAndPin
  const stopped = riskStop(assessed.verdict.action)
  const asksMore = voiceOfVerdict(assessed.verdict, stepUp)?.outcome.kind === 'step-up'
  const short = asksMore && others === 0 && !satisfies(granted, stepUp)
  if (stopped === undefined && !short) return assessed
  await ports.assess.keep(institution, assessed, { settleBy: ports.clock.now(), outcome: 'refused' })
  throw new Refusal(stopped ?? 'acr.insufficient', { needed: stepUp, assessment: assessed.verdict.id })
}

function pending(
  { chance }: EnrolmentPorts,
  { institution, token, request }: Enrolling,
  now: number,
): Device {
  return {
    institution: institution.id,
    id: chance.token(12),
    subject: token.subject,
    relyingParty: token.relyingParty,
    name: request.name,
    state: 'pending',
    jkt: request.jkt,
    publicJwk: request.publicJwk,
    nonce: chance.token(24),
    nonceExpiresAt: now + proofSeconds * 1000,
    createdAt: now,
    activatedAt: undefined,
  }
}

/** A stolen password alone must neither set a second PIN nor try the first without limit (attacks 144, 156). */
async function provePin(ports: EnrolmentPorts, { institution, token, request }: Enrolling): Promise<void> {
  const checkPin = createPinCheck(ports)
  const place = { institution: institution.id, subject: token.subject, device: 'enrolment' }
  if ((await ports.pins.verifier(institution.id, token.subject)) !== undefined) {
    return checkPin(institution, place, request.pin)
  }
  checkNewPin(request.pin, institution.pin)
  await ports.unit.checkpoint()
  const verifier = await ports.pinHash.make(institution.id, request.pin)
  if (!(await ports.pins.setFirst(institution.id, token.subject, verifier))) {
    return checkPin(institution, place, request.pin)
  }
  ports.audit.record({ type: 'pin.set', outcome: 'ok', ...traceOf(token) })
}

export interface ProvenDevice {
  readonly id: string
  readonly nonce: string
}

interface Activation extends ProvenDevice {
  readonly institution: Institution
  readonly token: CallerToken
}

async function activate(ports: EnrolmentPorts, activation: Activation): Promise<Device> {
  const { institution, token, id, nonce } = activation
  const device = own(await ports.devices.get(token.institution, id), token)
  await mayBeDevice(ports, institution.id, device.jkt)
  const now = ports.clock.now()
  const limit = institution.devicesPerSubject
  if (!(await ports.devices.activate(device, { nonce, now, limit }))) {
    const after = await ports.devices.get(token.institution, id)
    throw new Refusal(notActivated({ before: device, after, now }), { device: id })
  }
  await ports.riskOutcomes.aboutEnded(institution.id, id, 'approved')
  ports.audit.record({ type: 'device.activated', outcome: 'ok', ...traceOf(token), device: id })
  return { ...device, state: 'active', activatedAt: now }
}

/** A key that the bank has frozen is no device's, under whatever name it comes back (domain/freeze). */
async function mayBeDevice(
  { freezes }: Pick<EnrolmentPorts, 'freezes'>,
  institution: string,
  jkt: string,
): Promise<void> {
  if (await freezes.has(institution, { kind: 'device', key: jkt })) throw new Refusal('device.frozen')
}

interface Unchanged {
  readonly before: Device
  readonly after: Device | undefined
  readonly now: number
}

/** Why a proof that held activates nothing. */
function notActivated({ before, after, now }: Unchanged): RefusalCode {
  if (before.state !== 'pending' || before.nonceExpiresAt <= now) return 'device.state'
  if (after?.state === 'pending') return 'device.limit'
  return after?.state === 'active' ? 'device.proof_replayed' : 'device.state'
}

async function revoke(ports: EnrolmentPorts, token: CallerToken, id: string): Promise<void> {
  const device = own(await ports.devices.get(token.institution, id), token)
  if (!(await ports.devices.revoke(token.institution, id, ports.clock.now()))) {
    throw new Refusal('device.state', { device: id })
  }
  const ended = await ports.tokens.revoke(token.institution, { jkt: device.jkt })
  ports.audit.record({
    type: 'device.revoked',
    outcome: 'ok',
    ...traceOf(token),
    device: id,
    detail: { tokens_ended: ended },
  })
}

/** Is this device present for this customer now? The same question at PAR, at the code and at every refresh. */
export function createPresence({ devices }: Pick<EnrolmentPorts, 'devices'>) {
  return async function present(
    institution: string,
    subject: string,
    jkt: string | undefined,
  ): Promise<string | undefined> {
    if (jkt === undefined) return undefined
    const device = await devices.byKey(institution, jkt)
    return counts(device, subject) ? device.id : undefined
  }
}

/**
 * Before tokens are issued that are bound to this key: ending the device waits until they are stored, and so ends them
 * too; and a device that was ended first is no longer present.
 */
export function createHold({ devices }: Pick<EnrolmentPorts, 'devices'>) {
  return (institution: string, jkt: string): Promise<void> => devices.hold(institution, jkt)
}
