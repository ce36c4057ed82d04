// Challenges of the demo's AA-compatible engine: a code that the bank delivers, a phone call of its own, questions; and their end.
import { dueTransaction, dueUser, type RsaDesk, RsaInvalid, type RsaOwn } from './risk-rsa-desk.ts'
import { allAt, firstAt, saidAt } from './risk-rsa-request.ts'
import {
  newOtp,
  newPhoneToken,
  type RsaPhoneCall,
  type RsaTransaction,
  type RsaUser,
} from './risk-rsa-state.ts'
import type { SaidFields } from './risk-rsa-wire.ts'

const success = { statusCode: 'SUCCESS' } as const
const fail = { statusCode: 'FAIL' } as const

/** Gives out whatever is asked for: code, call or questions. */
export function challenged(desk: RsaDesk): RsaOwn {
  const { request } = desk.request
  const transaction = dueTransaction(desk)
  const list = firstAt(request, 'credentialChallengeRequestList')
  if (list === undefined) throw new RsaInvalid(1103, 'no challenge is asked for')
  const wants = (name: string) => firstAt(list, name) !== undefined
  return {
    transaction,
    fields: {
      credentialChallengeList: {
        challengeQuestionChallenge: wants('challengeQuestionChallengeRequest')
          ? questions(desk, transaction)
          : undefined,
        oobPhoneChallenge: wants('oobPhoneChallengeRequest') ? placedCall(desk, transaction) : undefined,
        acspChallengeResponseData: wants('acspChallengeRequestData') ? code(desk, transaction) : undefined,
      },
    },
  }
}

function code(desk: RsaDesk, transaction: RsaTransaction): SaidFields {
  if (dueUser(desk).status === 'LOCKOUT') return { acspAccountId: transaction.user, callStatus: fail }
  transaction.otp = newOtp()
  return {
    acspAccountId: transaction.user,
    callStatus: success,
    payload: { '@type': 'OTPChallengeResponse', otp: transaction.otp },
  }
}

function placedCall({ plan }: RsaDesk, transaction: RsaTransaction): SaidFields {
  const token = newPhoneToken()
  const call: RsaPhoneCall = { plan: plan.call, polls: 0, status: 'PENDING' }
  transaction.calls.set(token, call)
  return { payload: callSaid(token, call) }
}

/**
 * The same shape for the call that is placed, its state and its end. Nobody has written down the words of `channelStatus`, nor
 * those of `authStatusCode` beyond SUCCESS and FAIL: PENDING, CALL_ANSWERED and CALL_FAILED are ours.
 */
const callSaid = (token: string, { status }: Pick<RsaPhoneCall, 'status'>): SaidFields => ({
  authenticationResult: {
    authStatusCode: status === 'CALL_ANSWERED' ? 'SUCCESS' : status === 'CALL_FAILED' ? 'FAIL' : 'PENDING',
    risk: 0,
  },
  callStatus: success,
  channelStatus: status,
  reason: status === 'CALL_FAILED' ? 'nobody keyed the token in' : undefined,
  token,
})

function questions(desk: RsaDesk, transaction: RsaTransaction): SaidFields {
  const from = ['credentialChallengeRequestList', 'challengeQuestionChallengeRequest', 'payload'] as const
  const { request } = desk.request
  const excluded = allAt(request, ...from, 'excludeQuestions', 'questionId').flatMap(
    ({ children }) => children,
  )
  const count = Number(saidAt(request, ...from, 'numberOfQuestion') ?? '2')
  const asked = dueUser(desk)
    .questions.filter(({ id }) => !excluded.includes(id))
    .slice(0, count)
  transaction.asked = asked.map(({ id }) => id)
  const challengeQuestion = asked.map(({ id, text }) => ({ questionId: id, questionText: text }))
  const enough = asked.length === count
  return { payload: { callStatus: enough ? success : fail, challengeQuestions: { challengeQuestion } } }
}

/** How a phone call stands; every look brings it nearer to its end. */
export function callStatus(desk: RsaDesk): RsaOwn {
  const transaction = dueTransaction(desk)
  const path = ['credentialAuthStatusRequest', 'oobPhoneAuthStatusRequest', 'payload', 'token'] as const
  const token = saidAt(desk.request.request, ...path) ?? ''
  const call = transaction.calls.get(token)
  if (call === undefined) throw new RsaInvalid(1104, 'no such call')
  call.polls += 1
  if (call.polls > call.plan.pending) call.status = call.plan.ends
  const payload = callSaid(token, call)
  return {
    transaction,
    fields: { credentialAuthStatusResponse: { oobPhoneAuthStatusResponse: { payload } } },
  }
}

interface Judged {
  readonly passed: boolean
  readonly said: SaidFields
}

/** Judges what the customer answered. A locked customer is never right. */
export function authenticated(desk: RsaDesk): RsaOwn {
  const transaction = dueTransaction(desk)
  const user = dueUser(desk)
  const judged = judgedBy(desk, transaction, user)
  if (judged.passed) {
    user.failures = 0
    desk.state.bind(desk.device, user.name)
  }
  return { transaction, fields: { credentialAuthResultList: judged.said } }
}

function judgedBy(desk: RsaDesk, transaction: RsaTransaction, user: RsaUser): Judged {
  const data = firstAt(desk.request.request, 'credentialDataList')
  const otp = data && saidAt(data, 'acspAuthenticationRequestData', 'payload', 'otp')
  if (otp !== undefined) return judgedCode(desk, transaction, otp)
  const token = data && saidAt(data, 'oobPhoneData', 'payload', 'token')
  if (token !== undefined) return judgedCall(transaction, user, token)
  if (data && firstAt(data, 'challengeQuestionData') !== undefined)
    return judgedQuestions(desk, transaction, user)
  throw new RsaInvalid(1105, 'nothing to judge')
}

/** One try less; true where it was the last. */
function failed(user: RsaUser, tries: number): boolean {
  user.failures += 1
  if (user.failures >= tries) user.status = 'LOCKOUT'
  return user.status === 'LOCKOUT'
}

function judgedCode(desk: RsaDesk, transaction: RsaTransaction, given: string): Judged {
  const user = dueUser(desk)
  const passed = user.status !== 'LOCKOUT' && transaction.otp !== undefined && transaction.otp === given
  if (passed) transaction.otp = undefined
  else failed(user, desk.tries)
  const said = { acspAccountId: user.name, callStatus: passed ? success : fail }
  return { passed, said: { acspAuthenticationResponseData: said } }
}

function judgedCall(transaction: RsaTransaction, user: RsaUser, token: string): Judged {
  const call = transaction.calls.get(token)
  const passed = user.status !== 'LOCKOUT' && call?.status === 'CALL_ANSWERED'
  if (passed) transaction.calls.delete(token)
  const status = passed ? 'CALL_ANSWERED' : call?.status === 'PENDING' ? 'PENDING' : 'CALL_FAILED'
  const payload = { ...callSaid(token, { status }), callStatus: passed ? success : fail }
  return { passed, said: { oobPhoneAuthResult: { payload } } }
}

const folded = (answer: string): string => answer.normalize('NFKC').trim().toLowerCase()

function judgedQuestions(desk: RsaDesk, transaction: RsaTransaction, user: RsaUser): Judged {
  const path = ['credentialDataList', 'challengeQuestionData', 'payload', 'challengeQuestion'] as const
  const given = new Map(
    allAt(desk.request.request, ...path).map((one) => [
      saidAt(one, 'questionId'),
      saidAt(one, 'userAnswer') ?? '',
    ]),
  )
  const asked = user.questions.filter(({ id }) => transaction.asked.includes(id))
  const right = asked.filter(({ id, answer }) => folded(given.get(id) ?? '') === folded(answer)).length
  const passed = user.status !== 'LOCKOUT' && asked.length > 0 && right === asked.length
  const blocked = !passed && failed(user, desk.tries)
  // Asked once, answered once.
  transaction.asked = []
  const payload = {
    authenticationResult: { authStatusCode: passed ? 'SUCCESS' : 'FAIL', risk: 0 },
    callStatus: passed ? success : fail,
    challengeQuestionMatchResult: {
      failCount: asked.length - right,
      matchCount: right,
      authFailCount: user.failures,
      shouldBlock: blocked,
    },
  }
  return { passed, said: { challengeQuestionAuthResult: { payload } } }
}
