// How the console says what became of a question to a customer.
import { type Approval, type ShownApprovalState, shownApprovalState } from '../domain/approval.ts'
import type { Strength } from '../domain/evidence.ts'
import type { Html } from '../http/page/html.ts'
import { badge } from './words.ts'

export const approvalNames: Readonly<Record<ShownApprovalState, string>> = {
  pending: 'Waiting',
  approved: 'Approved',
  denied: 'Denied',
  reported: 'Reported',
  failed: 'Wrong number',
  held: 'Held',
  withdrawn: 'Withdrawn',
  expired: 'Not answered',
}

export const approvalTones = {
  pending: 'info',
  approved: 'ok',
  denied: '',
  reported: 'bad',
  failed: 'bad',
  held: 'warn',
  withdrawn: '',
  expired: '',
} as const

export function approvalBadge(one: Pick<Approval, 'state' | 'expiresAt'>, now: number): Html {
  const state = shownApprovalState(one, now)
  return badge(approvalTones[state], approvalNames[state])
}

/** What it means, in a sentence. */
export const approvalMeans: Readonly<Record<ShownApprovalState, string>> = {
  pending: 'The customer has not answered yet.',
  approved: 'The customer said yes on their phone, signed by its approval key.',
  denied: 'The customer said no. Nothing was done.',
  reported:
    'The customer said that it wasn’t them. Whoever asked lost what they had of this customer. Call the customer.',
  failed:
    'Another number was typed than the one that was shown. Nothing was done; somebody may have misled the customer.',
  held: 'Approved far from where it was asked for. Nothing was done.',
  withdrawn: 'Whoever asked needed no answer any more.',
  expired: 'Nobody answered within the time. Nothing was done.',
}

export const originNames: Readonly<Record<Approval['origin'], string>> = {
  backchannel: 'A back end, by CIBA',
  api: 'A back end, by the transaction API',
  login: 'A page of a sign-in',
  signatory: 'Another customer’s approval, which this one signs as well',
}

export const strengthNames: Readonly<Record<Strength, string>> = {
  'device-key+uv': 'Signed by the phone’s approval key, and the PIN was verified with it',
  'device-key': 'Signed by the phone’s approval key',
  pin: 'The PIN, typed on our page',
  code: 'A code from a text message, typed on our page',
  agent: 'Somebody at the bank, for the customer',
}
