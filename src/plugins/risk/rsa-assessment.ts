// What an AA-compatible engine says of an event, as an assessment: its action code, its score, the rule that decided.
import { type Assessment, type RiskAction, type RiskReason, worstScore } from '../../domain/risk.ts'
import type { RiskEvent } from '../../domain/risk-event.ts'
import { RiskAnswerMalformed } from '../../ports/risk.ts'
import { at, type RsaRead, textAt } from '../../xml/rsa/read.ts'
import { RsaFailed } from './rsa-call.ts'

/** A code that is not here is no answer, and NONE says nothing: what then holds is the institution's to say, never `allow` by itself. */
export const rsaActions: Readonly<Record<string, RiskAction>> = {
  ALLOW: 'allow',
  REVIEW: 'review',
  CHALLENGE: 'step-up',
  ELEVATE_SECURITY: 'step-up',
  REDIRECT_CHALLENGE: 'step-up',
  COLLECT: 'enrol',
  REDIRECT_COLLECT: 'enrol',
  DELAY_AND_REVIEW: 'hold',
  STOP_AND_REVIEW: 'deny',
  DENY: 'deny',
  BLOCK: 'deny',
  LOCKED: 'locked',
}

/** What the engine says of the customer, whatever it says of the event. */
const stopped: Readonly<Record<string, RiskAction>> = { LOCKOUT: 'locked', DELETE: 'deny' }

export const userStatusOf = (returned: RsaRead): string | undefined =>
  textAt(returned, 'identificationData', 'userStatus')

export const isStopped = (status: string | undefined): status is string =>
  status !== undefined && Object.hasOwn(stopped, status)

/** Throws RiskAnswerMalformed or RsaFailed where it is no judgement. */
export function assessmentOf(
  event: Pick<RiskEvent, 'id' | 'reference' | 'deviceToken'>,
  returned: RsaRead,
): Assessment {
  const status = userStatusOf(returned)
  const band = plain(textAt(returned, 'riskResult', 'riskScoreBand'), 40)
  return {
    event: event.id,
    action: isStopped(status) ? (stopped[status] as RiskAction) : actionOf(returned),
    score: scoreOf(returned),
    ...(band !== undefined && { band }),
    reasons: reasonsOf(returned, status),
    ...keptOf(event, returned),
  }
}

function actionOf(returned: RsaRead): RiskAction {
  const code = textAt(returned, 'riskResult', 'triggeredRule', 'actionCode')
  if (code === undefined) throw new RiskAnswerMalformed('there is no action code')
  if (code === 'NONE') throw new RsaFailed('action.NONE')
  if (!Object.hasOwn(rsaActions, code)) throw new RiskAnswerMalformed('the action code is none that we know')
  return rsaActions[code] as RiskAction
}

function scoreOf(returned: RsaRead): number | undefined {
  const said = textAt(returned, 'riskResult', 'riskScore')
  if (said === undefined) return undefined
  if (!/^\d{1,4}$/.test(said) || Number(said) > worstScore)
    throw new RiskAnswerMalformed('the score is no whole number from 0 to 1000')
  return Number(said)
}

/** The rule that decided, and a status of the customer or the device that is not as usual. */
function reasonsOf(returned: RsaRead, status: string | undefined): RiskReason[] {
  const rule = at(returned, 'riskResult', 'triggeredRule')
  const code = plain(textAt(rule, 'ruleId') ?? textAt(rule, 'ruleName') ?? textAt(rule, 'actionCode'), 64)
  const text = plain(textAt(rule, 'ruleName'), 200)
  const device = textAt(returned, 'deviceResult', 'callStatus', 'statusCode')
  const reasons: (RiskReason | undefined)[] = [
    code === undefined ? undefined : { code, ...(text !== undefined && { text }) },
    status === undefined || usualStatuses.has(status) ? undefined : reasonBy('user', status),
    device === undefined || device === 'SUCCESS' ? undefined : reasonBy('device', device),
  ]
  return reasons.filter((reason) => reason !== undefined)
}

const usualStatuses: ReadonlySet<string> = new Set(['VERIFIED', 'UNLOCKED'])
const reasonBy = (what: string, word: string): RiskReason => ({
  code: plain(`${what}.${word}`, 64) as string,
})

/** The engine's names for this session and transaction, and the token of the device: the newest that is known of each. */
export function keptOf(
  { reference, deviceToken }: Pick<RiskEvent, 'reference' | 'deviceToken'>,
  returned: RsaRead,
): Pick<Assessment, 'reference' | 'deviceToken'> {
  const kept = ['sessionId', 'transactionId'].flatMap((name) => {
    const value = textAt(returned, 'identificationData', name) ?? reference?.[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  const token = deviceTokenIn(returned) ?? deviceToken
  return {
    ...(kept.length > 0 && { reference: Object.fromEntries(kept) }),
    ...(token !== undefined && { deviceToken: token }),
  }
}

export const deviceTokenIn = (returned: RsaRead): string | undefined =>
  textAt(returned, 'deviceResult', 'deviceData', 'deviceTokenCookie')

/** As much of an engine's words as a line can show; undefined where nothing is left. */
function plain(said: string | undefined, most: number): string | undefined {
  const seen = said?.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim()
  return seen === undefined || seen === '' ? undefined : seen.slice(0, most).toWellFormed()
}
