// Reaching a customer out of band: what is owed to them, and what became of each.

/** Ways to reach a customer that there are channels for. */
export const channelKinds = ['push', 'sms'] as const
export type ChannelKind = (typeof channelKinds)[number]

export type DeliveryPurpose = 'approval' | 'code' | 'notice'

/** By what the audit tells of a delivery. */
export interface DeliveryTrace {
  readonly reference: string
  readonly relyingParty?: string | undefined
  readonly transaction?: string | undefined
}

/** What is to reach a customer. */
export interface Delivery {
  readonly institution: string
  readonly subject: string
  readonly kind: ChannelKind
  readonly purpose: DeliveryPurpose
  /** What the message is about: an approval's id. Opens nothing by itself. */
  readonly handle?: string | undefined
  /** Our words, in the customer's language; a push carries none of it, only the handle (attack 140). */
  readonly text: string
  /** Nothing is sent after it; epoch milliseconds. */
  readonly expiresAt: number
  readonly trace: DeliveryTrace
}

export interface Deliveries {
  /** Inside a unit: the delivery is owed if and only if that unit commits, whatever dies then. */
  enqueue(delivery: Delivery): Promise<void>
}

/** What became of a delivery, without its words and its address. */
export interface DeliveryRecord extends Pick<Delivery, 'kind' | 'purpose' | 'subject' | 'trace'> {
  /** The channel that took it; undefined before. */
  readonly channel?: string | undefined
}

export interface DeliveryRecords {
  put(id: string, delivery: Delivery): Promise<void>
  /** owed -> sent or failed; undefined when it was not owed any more. */
  ended(
    institution: string,
    id: string,
    end: { readonly state: 'sent' | 'failed'; readonly channel: string | undefined },
  ): Promise<DeliveryRecord | undefined>
  /** What the gateway says of it in the end, once; undefined when it is unknown or was said before. */
  heard(institution: string, id: string, receipt: 'confirmed' | 'failed'): Promise<DeliveryRecord | undefined>
}
