// Challenges of an AA-compatible engine: a code that we deliver, a call that it makes and we wait for, questions that it asks.
import type { RiskChallengeKind } from '../../domain/risk.ts'
import type { RiskEvent } from '../../domain/risk-event.ts'
import {
  RiskAnswerMalformed,
  type RiskChallenge,
  type RiskChallenged,
  type RiskChallengeResult,
  RiskChallengeUnable,
  type RiskDeadline,
} from '../../ports/risk.ts'
import { at, listAt, type RsaRead, textAt } from '../../xml/rsa/read.ts'
import type { RsaFields } from '../../xml/rsa/write.ts'
import { CustomerFailure } from './failure.ts'
import { deviceTokenIn, isStopped, keptOf, userStatusOf } from './rsa-assessment.ts'
import { type RsaCall, RsaFailed } from './rsa-call.ts'
import { eventDataList } from './rsa-event.ts'
import type { RsaSettings } from './rsa-settings.ts'

export interface RsaChallengePorts {
  readonly call: RsaCall
  readonly settings: RsaSettings
}

const requests: Readonly<Record<RiskChallengeKind, (settings: RsaSettings) => RsaFields>> = {
  code: () => ({ acspChallengeRequestData: { payload: { 'xsi:type': 'OTPChallengeRequest' } } }),
  // The number is the one that the engine has: nobody who calls us may say where it is to call.
  'out-of-band': () => ({ oobPhoneChallengeRequest: { payload: { phoneInfo: { defaultFlag: true } } } }),
  questions: ({ questions }) => ({
    challengeQuestionChallengeRequest: { payload: { numberOfQuestion: questions } },
  }),
}

/** Begins one. Rejects where the engine does not. */
export async function challenge(
  { call, settings }: RsaChallengePorts,
  { event, kind, deadline }: { event: RiskEvent; kind: RiskChallengeKind; deadline: RiskDeadline },
): Promise<RiskChallenge> {
  const fields = {
    credentialChallengeRequestList: requests[kind](settings),
    eventDataList: eventDataList(event, settings),
  }
  const returned = await call({ operation: 'challenge', event, deadline, fields })
  const status = userStatusOf(returned)
  if (isStopped(status)) throw new CustomerFailure(`user.${status}`)
  return begun[kind](returned, { ...keptOf(event, returned).reference, kind })
}

type Begun = (returned: RsaRead, reference: Readonly<Record<string, string>>) => RiskChallenge

const begun: Readonly<Record<RiskChallengeKind, Begun>> = {
  code(returned, reference) {
    const data = only(at(returned, 'credentialChallengeList'), 'acspChallengeResponseData')
    checkCall(data)
    return { kind: 'code', code: due(textAt(data, 'payload', 'otp'), 'code'), reference }
  },
  'out-of-band'(returned, reference) {
    const payload = at(only(at(returned, 'credentialChallengeList'), 'oobPhoneChallenge'), 'payload')
    checkCall(payload)
    const token = due(textAt(payload, 'token'), 'token')
    return { kind: 'out-of-band', token, reference: { ...reference, token } }
  },
  // The engine may send the answers that it has on file along: they are not even looked at.
  questions(returned, reference) {
    const payload = at(only(at(returned, 'credentialChallengeList'), 'challengeQuestionChallenge'), 'payload')
    // The engine answers, and has too few answers of this customer: that is no failure of its.
    if (textAt(payload, 'callStatus', 'statusCode') === 'FAIL')
      throw new RiskChallengeUnable('the engine has not enough questions for this customer')
    checkCall(payload)
    const asked = listAt(at(payload, 'challengeQuestions'), 'challengeQuestion')
    const questions = asked.map((question) => ({
      id: due(textAt(question, 'questionId'), 'question'),
      text: due(textAt(question, 'questionText'), 'question'),
    }))
    if (questions.length === 0) throw new RiskAnswerMalformed('there is no question')
    return { kind: 'questions', questions, reference }
  },
}

/** Two results of one kind would leave open which of them holds. */
function only(list: RsaRead | undefined, name: string): RsaRead {
  const [found, second] = listAt(list, name)
  if (found === undefined || second !== undefined) throw new RiskAnswerMalformed(`one ${name} is due`)
  return found
}

function due(said: string | undefined, what: string): string {
  if (said === undefined) throw new RiskAnswerMalformed(`there is no ${what}`)
  return said
}

function checkCall(result: RsaRead | undefined): void {
  const status = textAt(result, 'callStatus', 'statusCode')
  // A telephone that is not there is the customer's; what else there is to say is the engine's.
  if (status === 'FAIL') throw new CustomerFailure('call.FAIL')
  if (status !== undefined && status !== 'SUCCESS') throw new RsaFailed(`call.${status}`)
}

interface Answering {
  readonly event: RiskEvent
  readonly challenged: RiskChallenged
  readonly deadline: RiskDeadline
}

/** What came of one; `pending` where the customer has not answered the phone yet. */
export function authenticate(ports: RsaChallengePorts, answering: Answering): Promise<RiskChallengeResult> {
  const { kind } = answering.challenged.reference
  if (kind === 'out-of-band') return phoned(ports, answering)
  if (kind === 'code') return judged(ports, answering, codeData(answering.challenged))
  if (kind === 'questions') return judged(ports, answering, questionData(answering.challenged))
  throw new Error('the reference is of no challenge of this engine')
}

function codeData({ answers }: RiskChallenged): RsaFields {
  const [otp] = Object.values(answers ?? {})
  if (otp === undefined) throw new Error('a code is needed')
  return { acspAuthenticationRequestData: { payload: { 'xsi:type': 'OTPAuthenticationRequest', otp } } }
}

function questionData({ answers }: RiskChallenged): RsaFields {
  const given = Object.entries(answers ?? {})
  if (given.length === 0) throw new Error('answers are needed')
  const challengeQuestion = given.map(([questionId, userAnswer]) => ({ questionId, userAnswer }))
  return { challengeQuestionData: { payload: { challengeQuestion } } }
}

/**
 * Asks how the call goes, and settles it once it has gone well. Of the words for that only SUCCESS and FAIL are known, and
 * CALL_FAILED is ours: every other leaves it pending, so that none of them lets anybody in.
 */
async function phoned(ports: RsaChallengePorts, answering: Answering): Promise<RiskChallengeResult> {
  const { event, challenged, deadline } = answering
  const { token } = challenged.reference
  if (token === undefined) throw new Error('the reference has no token')
  const at = goingOn(event, challenged)
  const fields = { credentialAuthStatusRequest: { oobPhoneAuthStatusRequest: { payload: { token } } } }
  const returned = await ports.call({ operation: 'queryAuthStatus', event: at, deadline, fields })
  const said = callState(returned)
  if (said === 'SUCCESS') return judged(ports, answering, { oobPhoneData: { payload: { token } } })
  return resultOf(said === 'FAIL' ? 'failed' : 'pending', returned)
}

function callState(returned: RsaRead): string | undefined {
  const list = at(returned, 'credentialAuthStatusResponse')
  const payload = at(only(list, 'oobPhoneAuthStatusResponse'), 'payload')
  const failed =
    textAt(payload, 'channelStatus') === 'CALL_FAILED' ||
    textAt(payload, 'callStatus', 'statusCode') === 'FAIL'
  return failed ? 'FAIL' : textAt(payload, 'authenticationResult', 'authStatusCode')
}

/** The event, by the engine's names for the challenge. */
const goingOn = (
  event: RiskEvent,
  { reference: { sessionId, transactionId } }: RiskChallenged,
): RiskEvent => ({
  ...event,
  reference: { ...(sessionId && { sessionId }), ...(transactionId && { transactionId }) },
})

async function judged(
  { call, settings }: RsaChallengePorts,
  { event, challenged, deadline }: Answering,
  data: RsaFields,
): Promise<RiskChallengeResult> {
  const fields = { credentialDataList: data, eventDataList: eventDataList(event, settings) }
  const at = goingOn(event, challenged)
  const returned = await call({ operation: 'authenticate', event: at, deadline, fields })
  return resultOf(passes(returned, challenged) ? 'passed' : 'failed', returned)
}

const results: Readonly<Record<string, string>> = {
  code: 'acspAuthenticationResponseData',
  'out-of-band': 'oobPhoneAuthResult',
  questions: 'challengeQuestionAuthResult',
}

/** Every status that is said must be SUCCESS, and one must be said. */
function passes(returned: RsaRead, { reference: { kind = '' } }: RiskChallenged): boolean {
  const result = only(at(returned, 'credentialAuthResultList'), results[kind] ?? '')
  const payload = kind === 'code' ? result : at(result, 'payload')
  const statuses = [
    textAt(payload, 'callStatus', 'statusCode'),
    textAt(payload, 'authenticationResult', 'authStatusCode'),
  ].filter((status) => status !== undefined)
  return statuses.length > 0 && statuses.every((status) => status === 'SUCCESS') && !blocks(returned)
}

function blocks(returned: RsaRead): boolean {
  const result = at(returned, 'credentialAuthResultList', 'challengeQuestionAuthResult', 'payload')
  return /^(true|1)$/.test(textAt(result, 'challengeQuestionMatchResult', 'shouldBlock') ?? '')
}

function resultOf(state: RiskChallengeResult['state'], returned: RsaRead): RiskChallengeResult {
  const deviceToken = deviceTokenIn(returned)
  const locked = isStopped(userStatusOf(returned)) || blocks(returned)
  return { state: locked ? 'locked' : state, ...(deviceToken !== undefined && { deviceToken }) }
}
