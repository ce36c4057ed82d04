// What is to reach a customer on another channel.

export const channelKinds = ['push', 'sms'] as const
export type ChannelKind = (typeof channelKinds)[number]

/** What is to reach a customer. */
export interface Delivery {
  readonly institution: string
  readonly subject: string
  readonly kind: ChannelKind
  readonly purpose: 'approval' | 'code' | 'notice'
  /** What the message is about: an approval's id. Opens nothing by itself. */
  readonly handle?: string | undefined
  /** Our words, in the customer's language; a push carries none of it (attack 140). */
  readonly text: string
  /** Nothing is sent after it; epoch milliseconds. */
  readonly expiresAt: number
  readonly trace: {
    readonly reference: string
    readonly relyingParty?: string
    readonly transaction?: string
  }
}

export interface Deliveries {
  /** Inside a unit: the delivery is owed if and only if that unit commits, whatever dies then. */
  enqueue(delivery: Delivery): Promise<void>
}
