// How gateways that take an SMS over HTTP differ: the names of their fields, what they answer, how they tell what became of it.
import { isGsmText } from './gsm-text.ts'

/** What is said to a gateway, before it has its names. */
export interface SmsFields {
  readonly username: string | undefined
  readonly password: string | undefined
  readonly from: string | undefined
  readonly to: string
  readonly text: string
}

export interface SmsGateway {
  readonly method: 'GET' | 'POST'
  readonly names: Readonly<Record<keyof SmsFields, string>>
  /** Fields beside these; `receipt` is the address for receipts, where one is wanted. */
  extra(message: { text: string; receipt: string | undefined }): Readonly<Record<string, string>>
  /** Has it taken the message? Also where the status says so, its words may not. */
  taken(status: number, body: string): boolean
  /** Its receipts: what is put behind our address, the field of it, and what its values mean. */
  readonly receipts?: {
    readonly query: string
    readonly field: string
    readonly confirmed: readonly string[]
    readonly failed: readonly string[]
  }
}

const names = { username: 'username', password: 'password', from: 'from', to: 'to', text: 'text' }

// 1 delivered, 2 not delivered, 16 refused by the network: what is final, and nothing of what lies between.
const finalReceipts = 1 + 2 + 16

/** Kannel's `sendsms`, as many gateways speak it. */
const kannel: SmsGateway = {
  method: 'GET',
  names,
  extra: ({ text, receipt }) => ({
    charset: 'UTF-8',
    coding: isGsmText(text) ? '0' : '2',
    ...(receipt !== undefined && { 'dlr-mask': String(finalReceipts), 'dlr-url': receipt }),
  }),
  // `0: Accepted for delivery`, `3: Queued for later delivery`.
  taken: (status, body) => status === 202 && /^[03]: /.test(body),
  receipts: { query: 'type=%d', field: 'type', confirmed: ['1'], failed: ['2', '16'] },
}

/** Any other: a form, and a status that says that it was taken. */
const generic: SmsGateway = {
  method: 'POST',
  names,
  extra: () => ({}),
  taken: (status) => status >= 200 && status < 300,
}

export const smsGateways = { kannel, generic } as const
