// An enrolled key pair on a phone or browser, and the states that it goes through.

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
