// An enrolled key pair on a phone or browser, and the states that it goes through.

/** `suspended`: active, and frozen by the bank (domain/freeze); no row is of that state, it is what a row is read as. */
export const deviceStates = ['pending', 'active', 'suspended', 'revoked'] as const
export type DeviceState = (typeof deviceStates)[number]

export interface Device {
  readonly institution: string
  readonly id: string
  readonly subject: string
  readonly relyingParty: string
  readonly name: string
  readonly state: DeviceState
  /** RFC 7638 thumbprint of its key, which is also its DPoP key. */
  readonly jkt: string
  readonly publicJwk: Readonly<Record<string, unknown>>
  /** The nonce that the proof must sign; one use, until `nonceExpiresAt` (epoch milliseconds). */
  readonly nonce: string
  readonly nonceExpiresAt: number
  readonly createdAt: number
  readonly activatedAt: number | undefined
  readonly revokedAt?: number | undefined
  /** The key that signs approvals; undefined on a device that approves nothing. */
  readonly approvalKey?: ApprovalKey | undefined
}

/** A second key of a device, behind the customer's own unlock: what it signs, the customer has seen (ruling R-19). */
export interface ApprovalKey {
  /** RFC 7638 thumbprint; never the device's own, which signs in silence. */
  readonly jkt: string
  readonly publicJwk: Readonly<Record<string, unknown>>
  readonly registeredAt: number
  /** It approves nothing before; epoch milliseconds. */
  readonly usableFrom: number
}

/** `typ` of the JWS that proves the key at enrolment; a DPoP proof or an approval has another (ruling R-19). */
export const enrolmentProofTyp = 'drawbridge-device-proof+jwt'
/** A proof must come within five minutes of the enrolment. */
export const proofSeconds = 300
/** Enrolment needs a login this fresh, in seconds. */
export const enrolmentLoginAge = 300

/** Does this device prove presence for this customer? Only an active one of theirs does. */
export function counts(device: Device | undefined, subject: string | undefined): device is Device {
  return device !== undefined && device.state === 'active' && device.subject === subject
}

/** May this device answer for this customer now? */
export const approves = (
  device: Device | undefined,
  subject: string,
  now: number,
): device is Device & { approvalKey: ApprovalKey } =>
  counts(device, subject) && device.approvalKey !== undefined && device.approvalKey.usableFrom <= now

/**
 * When a new approval key may be used first. The first key of a customer at once; a further one after a while in which the
 * others hear of it, also where they were ended just before (attack 137).
 */
export function usableFrom(others: readonly Device[], now: number, coolDownMs: number): number {
  const rivals = others.filter(
    ({ approvalKey, state, revokedAt = 0 }) =>
      approvalKey !== undefined && (state !== 'revoked' || revokedAt + coolDownMs > now),
  )
  return rivals.length === 0 ? now : now + coolDownMs
}
