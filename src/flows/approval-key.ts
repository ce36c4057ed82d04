// The second key of a device: registered with the PIN, soon after a sign-in, and not usable at once where others are there.
import { satisfies, withDevice } from '../domain/acr.ts'
import { type ApprovalKey, counts, type Device, enrolmentLoginAge, usableFrom } from '../domain/device.ts'
import type { CallerToken } from '../domain/gateway.ts'
import { approvalSettings, type Institution } from '../domain/institution.ts'
import { languageOfInstitution } from '../domain/language.ts'
import { noticeText } from '../domain/notice-text.ts'
import { Refusal } from '../domain/refusal.ts'
import type { Clock } from '../ports/clock.ts'
import type { Devices, Replays } from '../ports/stores.ts'
import type { Audit, UnitOfWork } from '../ports/unit-of-work.ts'
import type { Reach } from './reach.ts'
import type { createPinCheck } from './step-up.ts'

export interface ApprovalKeyPorts {
  readonly devices: Devices
  readonly replays: Replays
  readonly checkPin: ReturnType<typeof createPinCheck>
  readonly reach: Reach
  readonly unit: UnitOfWork
  readonly audit: Audit
  readonly clock: Clock
}

/** A key whose possession the caller has verified. */
export interface ProvenKey {
  readonly device: string
  readonly jkt: string
  readonly publicJwk: Readonly<Record<string, unknown>>
  /** Of its proof, which is good once. */
  readonly jti: string
  readonly pin: string
}

export type ApprovalKeys = ReturnType<typeof createApprovalKeys>

const day = 24 * 3600_000

export function createApprovalKeys(ports: ApprovalKeyPorts) {
  return {
    /**
     * Registers or replaces the key, inside a unit. Refuses with `device.unknown` (not the caller's, or not the one whose key
     * the token is bound to), `acr.insufficient`, `login.too_old`, `pin.*`, `approval.proof` (a proof that came before) and
     * `approval.key` (the device's own key, or another device's).
     */
    async register(institution: Institution, token: CallerToken, key: ProvenKey): Promise<ApprovalKey> {
      const device = await mine(ports, token, key)
      mayRegister(token, ports.clock.now())
      if (key.jkt === device.jkt) throw new Refusal('approval.key', { check: 'own key' })
      const place = { institution: institution.id, subject: token.subject, device: device.id }
      await ports.checkPin(institution, place, key.pin)
      return store(ports, institution, { token, device, key })
    },
  }
}

async function mine({ devices }: ApprovalKeyPorts, token: CallerToken, key: ProvenKey): Promise<Device> {
  const device = key.device === token.device ? await devices.get(token.institution, key.device) : undefined
  if (!counts(device, token.subject)) throw new Refusal('device.unknown')
  return device
}

/** Whoever holds an unlocked phone must not make it say yes in its owner's name. */
function mayRegister(token: CallerToken, now: number): void {
  if (!satisfies(token.acr, withDevice)) throw new Refusal('acr.insufficient', { needed: withDevice })
  if (now - token.authenticatedAt > enrolmentLoginAge * 1000)
    throw new Refusal('login.too_old', { maxAge: enrolmentLoginAge })
}

interface Storing {
  readonly token: CallerToken
  readonly device: Device
  readonly key: ProvenKey
}

async function store(
  ports: ApprovalKeyPorts,
  institution: Institution,
  { token, device, key }: Storing,
): Promise<ApprovalKey> {
  const now = ports.clock.now()
  const seen = { kind: 'device-proof', id: `${key.jkt}|${key.jti}`, expiresAt: now + day } as const
  if (!(await ports.replays.once(institution.id, seen))) throw new Refusal('approval.proof', { check: 'jti' })
  const all = await ports.devices.list(institution.id, token.subject)
  const others = all.filter(({ id }) => id !== device.id)
  const coolDownMs = approvalSettings(institution).newDeviceHours * 3600_000
  const { jkt, publicJwk } = key
  const made = { jkt, publicJwk, registeredAt: now, usableFrom: usableFrom(others, now, coolDownMs) }
  if (!(await ports.devices.setApprovalKey(device, made)))
    throw new Refusal('approval.key', { device: device.id })
  const trace = { relyingParty: token.relyingParty, subject: token.subject, device: device.id }
  const detail = { usable_from: new Date(made.usableFrom).toISOString() }
  ports.audit.record({ type: 'approval_key.registered', outcome: 'ok', ...trace, detail })
  await ports.reach(institution, {
    ...{ subject: token.subject, purpose: 'notice', expiresAt: now + day },
    text: noticeText('approval-key', institution.name, languageOfInstitution(institution)),
    trace: { reference: ports.unit.reference() ?? '', relyingParty: token.relyingParty },
  })
  return made
}
