// A way to reach a customer out of band: one interface for every channel, whatever stands behind it.
import type { Institution } from '../domain/institution.ts'
import type { ChannelKind, DeliveryPurpose } from './deliveries.ts'

/**
 * Where a message goes. Which of them a channel is given is `addressed` of its plugin:
 * - `device`: an enrolled device of the customer. Our own outbox names it; APNs and FCM keep the token that the app gave for
 *   it beside the device, and send the handle alone.
 * - `number`: the telephone number of the bank's own record, as it was written there. SMS, IVR calls and WAP push (a link in
 *   a service indication) go to it; the channel brings it into E.164 and refuses what is no number of a phone.
 * - `queue`: people who call the customer. Their desk takes the message as a task, and finds the number itself.
 */
export type ChannelAddress =
  | { readonly kind: 'device'; readonly device: string }
  | { readonly kind: 'number'; readonly number: string }
  | { readonly kind: 'queue'; readonly subject: string }

export interface ChannelMessage {
  readonly institution: string
  /** The delivery; the same at each attempt, so that whoever gets it twice can tell. */
  readonly id: string
  readonly purpose: DeliveryPurpose
  readonly handle?: string | undefined
  /** What is said: shown by an SMS, spoken by a call, never in a push. */
  readonly text: string
  readonly address: ChannelAddress
  /** Epoch milliseconds. */
  readonly sentAt: number
  readonly expiresAt: number
}

/** `sent`: the other side has taken it. `refused`: it never will, and a further attempt would be in vain. */
export type ChannelReceipt =
  | { readonly outcome: 'sent' }
  | { readonly outcome: 'refused'; readonly code: string }

/** What came from outside to an address of the channel. */
export interface ChannelRequest {
  readonly institution: string
  readonly channel: string
  /** Behind `/channels/{id}/receipts/`, segment by segment. */
  readonly path: readonly string[]
  /** Of the query, and of a form where one was posted; a name that came twice was refused. */
  readonly fields: ReadonlyMap<string, string>
}

/**
 * What it says, proven to be from the other side: how the sending of a delivery ended. `undefined` where it says nothing that
 * changes anything (a message that is still on its way). Later channels add members for what customers answer by them:
 * digits keyed in a call, a text sent back, an agent's note.
 */
export interface ChannelNews {
  readonly delivery: string
  readonly receipt: 'confirmed' | 'failed' | undefined
}

/** A channel, opened for one entry of an institution. */
export interface Channel {
  /** Once, within a deadline of its own. A rejection is an attempt that may be repeated. */
  send(message: ChannelMessage): Promise<ChannelReceipt>
  /** Refuses with `channel.forged` what is not proven to be from the other side. Undefined where nothing ever comes. */
  heard?(request: ChannelRequest): ChannelNews
}

export interface ChannelPlace {
  readonly institution: Institution
  readonly channel: string
  readonly settings: Readonly<Record<string, unknown>>
  /** `https://…/channels/{id}/receipts`, where what comes from outside arrives. */
  readonly receipts: string
}

/** A kind of channel as a constant in the list of channels. */
export interface ChannelPlugin {
  readonly type: string
  readonly kind: ChannelKind
  readonly addressed: ChannelAddress['kind']
  /** Whoever makes us send costs the bank money: what is sent has a budget for each customer (attack 139). */
  readonly costs: boolean
  /** Throws SettingsRefused when the settings do not fit. */
  check(settings: Readonly<Record<string, unknown>>): void
  open(place: ChannelPlace): Channel
}

/** An institution's way to reach customers by this kind. */
export interface OpenChannel {
  readonly id: string
  readonly plugin: ChannelPlugin
  readonly channel: Channel
}

/** Finds channels, opened and cached. */
export interface Channels {
  /** The first of the institution's channels that is of this kind; undefined where it has none. */
  of(institution: Institution, kind: ChannelKind): OpenChannel | undefined
  named(institution: Institution, id: string): OpenChannel | undefined
  plugins(): readonly ChannelPlugin[]
}
