// Answers of the demo's AA-compatible engine: what all eight operations have in common, around what each of them does.
import { authenticated, callStatus, challenged } from './risk-rsa-credentials.ts'
import { type RsaDesk, RsaInvalid, type RsaOwn, riskSaid } from './risk-rsa-desk.ts'
import { saidAt } from './risk-rsa-request.ts'
import { queried, siteToUserSaid, userCreated, userUpdated } from './risk-rsa-users.ts'
import { type RsaOperation, rsaEnvelope, rsaOperations, type SaidFields, written } from './risk-rsa-wire.ts'

const steppingUp: ReadonlySet<string> = new Set(['CHALLENGE', 'ELEVATE_SECURITY', 'REDIRECT_CHALLENGE'])

/** An unknown customer is made where the caller wants that; the verdict is given all the same. */
function analyzed(desk: RsaDesk): RsaOwn {
  const { state, request, user, plan } = desk
  const creates = saidAt(request.request, 'autoCreateUserFlag') === 'true'
  if (user === undefined && creates && request.user !== '')
    state.add({ name: request.user, status: 'UNVERIFIED' })
  const questions = (user?.questions.length ?? 0) > 0
  return {
    transaction: state.begin(request.user, request.sessionId),
    fields: {
      ...(steppingUp.has(plan.verdict.action) ? credentials(questions) : {}),
      ...riskSaid(desk, saidAt(request.request, 'runRiskType')),
      ...siteToUserSaid(desk),
    },
  }
}

function credentials(questions: boolean): SaidFields {
  const otp = { credentialType: 'USER_DEFINED', genericCredentialType: 'OTP', preference: 1, required: true }
  const phone = { credentialType: 'OOBPHONE', preference: 2, required: false }
  const asked = questions ? [{ credentialType: 'QUESTION', preference: 3, required: false }] : []
  return { requiredCredentialList: { requiredCredential: [otp, phone, ...asked] } }
}

function notified({ request, notified: tell }: RsaDesk): RsaOwn {
  const { user, sessionId, transactionId } = request
  for (const { type, id, defined, referenceId, successful, attempts, facts } of request.events)
    tell({
      user,
      event: type,
      defined,
      eventId: id,
      referenceId,
      sessionId,
      transactionId,
      successful,
      attempts,
      facts,
    })
  return { fields: {} }
}

const operations: Readonly<Record<RsaOperation, (desk: RsaDesk) => RsaOwn>> = {
  analyze: analyzed,
  authenticate: authenticated,
  challenge: challenged,
  createUser: userCreated,
  updateUser: userUpdated,
  query: queried,
  queryAuthStatus: callStatus,
  notify: notified,
}

interface Status {
  readonly code: number
  readonly reason: number
  readonly description: string
}

/** Does what is asked for; where it cannot be done, the answer says why and nothing else. */
function done(desk: RsaDesk): RsaOwn & { readonly status: Status } {
  try {
    const status = desk.plan.status ?? { code: 200, reason: 0, description: 'ok' }
    return status.code === 200
      ? { ...operations[desk.request.operation](desk), status }
      : { fields: {}, status }
  } catch (error) {
    if (!(error instanceof RsaInvalid)) throw error
    return { fields: {}, status: { code: 300, reason: error.reason, description: error.message } }
  }
}

export interface RsaAnswered {
  readonly xml: string
  readonly status: Status
  readonly sessionId: string | undefined
  readonly transactionId: string | undefined
}

/** The answer, in the order of the schema. */
export function rsaAnswer(desk: RsaDesk, { now, bound }: { now: number; bound: boolean }): RsaAnswered {
  const { request, plan, state } = desk
  const { fields, transaction, status } = done(desk)
  const [sessionId, transactionId] = [
    transaction?.session ?? request.sessionId,
    transaction?.id ?? request.transactionId,
  ]
  const strange = plan.mix === 'transaction'
  const said = (name: string) => saidAt(request.request, 'identificationData', name)
  const user = state.find(request.user) ?? desk.user
  const all: SaidFields = {
    deviceResult: deviceResult(desk, { bound, ok: status.code === 200, description: status.description }),
    identificationData: {
      delegated: said('delegated') === 'true',
      groupName: user?.group ?? said('groupName'),
      orgName: said('orgName'),
      sessionId: strange ? 'aa-session-of-another' : sessionId,
      transactionId: strange ? 'aa-tx-of-another' : transactionId,
      userName: plan.mix === 'user' ? 'another-customer' : (user?.name ?? request.user),
      userStatus: user?.status ?? 'NOTENROLLED',
      userType: said('userType') ?? 'PERSISTENT',
    },
    messageHeader: messageHeader(desk, now),
    statusHeader: {
      reasonCode: status.reason,
      reasonDescription: status.description,
      statusCode: status.code,
    },
    ...fields,
  }
  const { operation } = request
  const body = written(`${operation}Response`, { [`${operation}Return`]: all })
  return { xml: rsaEnvelope(body), status, sessionId, transactionId }
}

const messageHeader = ({ request, plan }: RsaDesk, now: number): SaidFields => ({
  apiType: saidAt(request.request, 'messageHeader', 'apiType'),
  requestId: plan.mix === 'request-id' ? `not-${request.requestId}` : request.requestId,
  requestType: rsaOperations[request.operation].requestType,
  timeStamp: new Date(now).toISOString(),
  version: request.version,
})

interface Device {
  readonly bound: boolean
  readonly ok: boolean
  readonly description: string
}

const deviceResult = ({ device }: RsaDesk, { bound, ok, description }: Device): SaidFields => ({
  authenticationResult: { authStatusCode: ok ? 'SUCCESS' : 'FAIL', risk: 0 },
  callStatus: ok ? { statusCode: 'SUCCESS' } : { statusCode: 'FAIL', statusDescription: description },
  deviceData: {
    bindingType: bound ? 'HARD_BIND' : 'NONE',
    deviceTokenCookie: device,
    deviceTokenFSO: `fso-${device}`,
  },
})
