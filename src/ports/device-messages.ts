// The outbox from which devices fetch: that there is something to ask for, and nothing of what it says (attack 140).
import type { DeliveryPurpose } from './deliveries.ts'

export interface DeviceMessage {
  readonly id: string
  readonly purpose: DeliveryPurpose
  readonly handle?: string | undefined
  /** Epoch milliseconds, as is the other. */
  readonly sentAt: number
  readonly expiresAt: number
}

/** A device, and up to where it has seen what was sent to it. */
export interface DevicePlace {
  readonly institution: string
  readonly device: string
  readonly after: number
}

export interface PlacedMessage extends DeviceMessage {
  readonly institution: string
  readonly device: string
  /** Grows with each message of the device, in the order in which they can be seen. */
  readonly seq: number
}

export interface DeviceMessages {
  /** The same message twice is one. */
  put(institution: string, device: string, message: DeviceMessage): Promise<void>
  /** What has come since to any of these devices and has not expired, oldest first; one question for all of them. */
  since(places: readonly DevicePlace[], now: number): Promise<readonly PlacedMessage[]>
}
