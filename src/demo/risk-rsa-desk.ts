// What every operation of the demo's AA-compatible engine is given, and how it says that a request makes no sense.
import type { RsaRequest } from './risk-rsa-request.ts'
import type { RsaPlan } from './risk-rsa-script.ts'
import type { RsaState, RsaTransaction, RsaUser } from './risk-rsa-state.ts'
import type { RsaDialect, SaidFields } from './risk-rsa-wire.ts'

export interface RsaDesk {
  readonly state: RsaState
  readonly request: RsaRequest
  readonly dialect: RsaDialect
  readonly plan: RsaPlan
  /** Undefined for a name that nobody has. */
  readonly user: RsaUser | undefined
  /** The device token that the answer brings. */
  readonly device: string
  /** Wrong answers after which a customer is locked out. */
  readonly tries: number
  /** Told of what was notified. */
  readonly notified: (outcome: RsaOutcome) => void
}

/** What the engine was told afterwards, to learn from. */
export interface RsaOutcome {
  readonly user: string
  readonly event: string
  readonly defined: string | undefined
  readonly eventId: string | undefined
  readonly referenceId: string | undefined
  readonly sessionId: string | undefined
  readonly transactionId: string | undefined
  readonly successful: boolean | undefined
  readonly attempts: number | undefined
  readonly facts: Readonly<Record<string, string>>
}

/** What an operation adds to what all answers have. */
export interface RsaOwn {
  readonly fields: SaidFields
  readonly transaction?: RsaTransaction | undefined
}

/** The request is understood and cannot be done: statusHeader 300. */
export class RsaInvalid extends Error {
  readonly reason: number
  constructor(reason: number, description: string) {
    super(description)
    this.name = 'RsaInvalid'
    this.reason = reason
  }
}

/** The transaction that the request goes on with. */
export function dueTransaction({ state, request }: RsaDesk): RsaTransaction {
  const found = state.transaction(request.user, request.sessionId, request.transactionId)
  if (found === undefined) throw new RsaInvalid(1101, 'no such transaction of this user')
  return found
}

export function dueUser({ user, request }: RsaDesk): RsaUser {
  if (user === undefined) throw new RsaInvalid(1102, `no user ${request.user}`)
  return user
}

/** What the engine thinks, as the answer says it; nothing where it was not to think. */
export function riskSaid({ plan, dialect, request }: RsaDesk, runs: string | undefined): SaidFields {
  if (runs === 'NONE' || runs === 'DEVICE_ONLY') return {}
  const { action, score, band, rule, assurance } = plan.verdict
  return {
    riskResult: {
      riskScore: score,
      riskScoreBand: band,
      triggeredRule: {
        actionCode: action,
        actionName: action.toLowerCase(),
        actionType: request.operation === 'analyze' ? 'STRICT' : 'LOG',
        clientFactList: {},
        ruleId: rule.id,
        ruleName: rule.name,
      },
      deviceAssuranceLevel: dialect === '7.x' ? assurance : undefined,
    },
  }
}
