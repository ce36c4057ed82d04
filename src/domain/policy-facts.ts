// What a rule of an institution may know of a transaction: typed, complete, and without floats (ruling R-30).
import { worstScore } from './risk.ts'

/** One name for each thing that a condition can ask; a member is never absent, so that no rule fails for want of it. */
export interface PolicyFacts {
  readonly transaction: {
    readonly type: string
    /** What kind of event its type is: `payment`, `payee`, `contact-change`, `limit-change`, `access`. */
    readonly kind: string
    readonly hasAmount: boolean
    /** Minor units; 0 where the type has no amount. */
    readonly amount: bigint
    readonly currency: string
    readonly debtorAccount: string
    readonly creditorAccount: string
    readonly creditorName: string
  }
  readonly subject: { readonly id: string }
  readonly app: { readonly id: string }
  readonly device: { readonly present: boolean }
  readonly session: {
    /** The step of the ladder that the customer has reached: 0 delegated, 1 device, 2 device-pin. */
    readonly level: bigint
    /** Since the customer was last asked by the IdP. */
    readonly ageSeconds: bigint
  }
  readonly history: {
    /** Did the customer step up for this account before, to pay it or to add it? */
    readonly knownPayee: boolean
    /** Of the last 24 hours, this one left out; the sum is of this transaction's currency. */
    readonly countDay: bigint
    readonly sumDay: bigint
  }
  /** What the risk providers said of it (domain/risk); `unasked` where nobody was. */
  readonly risk: {
    readonly asked: boolean
    /** 0 to 1000; the worst where nobody gave one, so that no rule takes silence for a good sign. */
    readonly score: bigint
    /** `allow`, `review`, `step-up`, `enrol`, `hold`, `deny`, `locked`; `none` where nobody was asked. */
    readonly action: string
  }
  /** UTC; Monday is day 1. */
  readonly time: { readonly hour: bigint; readonly weekday: bigint }
}

type CelType<T> = T extends boolean ? 'bool' : T extends bigint ? 'int' : 'string'

/** The same for the language: what is not here, a rule cannot name. */
export const factTypes: {
  readonly [G in keyof PolicyFacts]: { readonly [F in keyof PolicyFacts[G]]: CelType<PolicyFacts[G][F]> }
} = {
  transaction: {
    type: 'string',
    kind: 'string',
    hasAmount: 'bool',
    amount: 'int',
    currency: 'string',
    debtorAccount: 'string',
    creditorAccount: 'string',
    creditorName: 'string',
  },
  subject: { id: 'string' },
  app: { id: 'string' },
  device: { present: 'bool' },
  session: { level: 'int', ageSeconds: 'int' },
  history: { knownPayee: 'bool', countDay: 'int', sumDay: 'int' },
  risk: { asked: 'bool', score: 'int', action: 'string' },
  time: { hour: 'int', weekday: 'int' },
}

/** Of a transaction that no risk provider was asked about. */
export const unasked: PolicyFacts['risk'] = { asked: false, score: BigInt(worstScore), action: 'none' }
