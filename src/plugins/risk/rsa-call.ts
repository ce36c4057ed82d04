// One call of an AA-compatible engine: our proof, its answer, and whether it is the answer to this very call.
import { randomBytes, randomUUID } from 'node:crypto'
import type { RiskEvent } from '../../domain/risk-event.ts'
import type { GuardedAnswer, GuardedFetch, GuardedRequest } from '../../ports/guarded-fetch.ts'
import { RiskAnswerMalformed, type RiskDeadline } from '../../ports/risk.ts'
import { XmlRefused } from '../../xml/gate.ts'
import { type RsaFault, type RsaRead, readAnswer, textAt } from '../../xml/rsa/read.ts'
import { type RsaOperation, rsaOperations } from '../../xml/rsa/shapes.ts'
import { type RsaFields, type UsernameToken, writeRequest } from '../../xml/rsa/write.ts'
import { CodedFailure } from './failure.ts'
import { deviceRequest, identificationData } from './rsa-event.ts'
import type { RsaSettings } from './rsa-settings.ts'

/** The engine did not do what it was asked. `code` is of its own words, in letters that may be logged; no more of them is kept. */
export class RsaFailed extends CodedFailure {
  constructor(code: string) {
    const safe = code.replaceAll(/[^\w.-]/g, '.').slice(0, 60)
    super(safe)
    this.name = 'RsaFailed'
  }
}

export interface RsaAsked {
  readonly operation: RsaOperation
  readonly event: RiskEvent
  readonly deadline: RiskDeadline
  /** What the operation has beside what every one has. */
  readonly fields?: RsaFields
  readonly actions?: readonly string[]
  /** What the call says of the customer's status. */
  readonly userStatus?: string
}

/** Resolves with what the engine returned; rejects with RsaFailed, RiskAnswerMalformed, or what the fetch refuses with. */
export type RsaCall = (asked: RsaAsked) => Promise<RsaRead>

export interface RsaCallPorts {
  readonly fetch: GuardedFetch
  readonly settings: RsaSettings
  readonly now: () => number
}

export function createRsaCall({ fetch, settings, now }: RsaCallPorts): RsaCall {
  const { dialect } = settings
  return async (asked) => {
    const requestId = randomUUID()
    const fields = fieldsOf(asked, { settings, requestId, at: now() })
    const token = settings.callerStyle === 'body' ? undefined : tokenOf(settings, now())
    const body = writeRequest({ operation: asked.operation, dialect, fields, token })
    const answer = await fetch(settings.url, requestOf(asked, { settings, body }))
    const returned = returnedIn(answer, asked, settings)
    checkAnswered(returned, { asked, requestId, userName: textOrNone(fields).trim() })
    return returned
  }
}

const textOrNone = ({ identificationData }: RsaFields): string =>
  typeof identificationData === 'object' && 'userName' in identificationData
    ? String(identificationData.userName)
    : ''

interface Header {
  readonly settings: RsaSettings
  readonly requestId: string
  readonly at: number
}

function fieldsOf(asked: RsaAsked, { settings, requestId, at }: Header): RsaFields {
  const { operation, event, fields, actions, userStatus } = asked
  const { application, instanceId, ruleSet, apiType, dialect } = settings
  const configured = application !== undefined || instanceId !== undefined || ruleSet !== undefined
  return {
    actionTypeList: actions && { genericActionTypes: actions },
    configurationHeader: configured ? { application, instanceId, ruleSet } : undefined,
    deviceRequest: deviceRequest(event),
    identificationData: { ...identificationData(event, settings), userStatus },
    messageHeader: {
      ...{ apiType, requestId, requestType: rsaOperations[operation].requestType },
      timeStamp: new Date(at).toISOString(),
      version: settings.version ?? (dialect === '7.x' ? '7.0' : '6.0'),
    },
    securityHeader: securityHeader(settings),
    channelIndicator: settings.channelIndicator,
    ...fields,
  }
}

/** The site-to-user dialect wants the header always; where WS-Security carries the credential, it is not said twice. */
function securityHeader({ callerStyle, dialect, callerId, callerCredential }: RsaSettings) {
  if (callerStyle === 'body') return { callerCredential, callerId, method: 'PASSWORD' }
  return dialect === '7.x' ? undefined : { callerId, method: 'PASSWORD' }
}

const tokenOf = ({ callerId, callerCredential }: RsaSettings, created: number): UsernameToken => ({
  ...{ username: callerId, password: callerCredential, created },
  nonce: randomBytes(16).toString('base64'),
})

function requestOf(
  { operation, deadline }: RsaAsked,
  { settings, body }: { settings: RsaSettings; body: string },
): GuardedRequest {
  const { httpUsername, httpPassword, tlsCertificate: cert, tlsKey: key, tlsAuthority: ca } = settings
  const basic = Buffer.from(`${httpUsername}:${httpPassword}`).toString('base64')
  return {
    method: 'POST',
    headers: {
      'content-type': 'text/xml; charset=utf-8',
      accept: 'text/xml',
      soapaction: `"${rsaOperations[operation].action}"`,
      ...(httpUsername !== undefined && { authorization: `Basic ${basic}` }),
    },
    body,
    signal: deadline.signal,
    tls: { ...(cert && { cert }), ...(key && { key }), ...(ca && { ca }) },
  }
}

/** SOAP 1.1 over HTTP: 200 with an answer, or 500 with a fault; nothing else is one, whatever it holds. */
function returnedIn(
  { status, headers, body }: GuardedAnswer,
  { operation }: RsaAsked,
  { dialect }: RsaSettings,
) {
  const isXml = /^text\/xml\s*(;\s*charset=("?)utf-8\2\s*)?$/i.test(headers['content-type'] ?? '')
  if (status !== 200 && !(status === 500 && isXml)) throw new RsaFailed(`http.${status}`)
  if (!isXml) throw new RiskAnswerMalformed('the content type is not text/xml in UTF-8')
  const { returned, fault } = read(body, { operation, dialect })
  if (fault !== undefined) throw new RsaFailed(`soap.${faultCode(fault)}`)
  if (status !== 200) throw new RiskAnswerMalformed('an answer with status 500')
  return returned
}

const faultCode = ({ code, faultCode: soapCode }: RsaFault): string => code ?? soapCode

function read(...[body, reading]: Parameters<typeof readAnswer>) {
  try {
    return readAnswer(body, reading)
  } catch (error) {
    if (error instanceof XmlRefused) throw new RiskAnswerMalformed(error.reason)
    throw error
  }
}

interface Due {
  readonly asked: RsaAsked
  readonly requestId: string
  readonly userName: string
}

/** Ours, of this operation, about this customer (attack 170); then whether the engine did it. */
function checkAnswered(returned: RsaRead, { asked: { operation, event }, requestId, userName }: Due): void {
  if (textAt(returned, 'messageHeader', 'requestId') !== requestId)
    throw new RiskAnswerMalformed('the answer is to another request')
  if (textAt(returned, 'messageHeader', 'requestType') !== rsaOperations[operation].requestType)
    throw new RiskAnswerMalformed('the answer is of another operation')
  const user = textAt(returned, 'identificationData', 'userName')
  if (user !== undefined && user.toLowerCase() !== userName.toLowerCase())
    throw new RiskAnswerMalformed('the answer is about another customer')
  if (goesOn.has(operation) && ids.some((name) => isOther(event.reference?.[name], returned, name)))
    throw new RiskAnswerMalformed('the answer is of another transaction')
  const status = textAt(returned, 'statusHeader', 'statusCode')
  if (status === undefined) throw new RiskAnswerMalformed('the answer has no status')
  if (status !== '200')
    throw new RsaFailed(`status.${status}.${textAt(returned, 'statusHeader', 'reasonCode') ?? 'unknown'}`)
}

/** What goes on with a transaction is answered for that one; every other operation may begin its own. */
const goesOn: ReadonlySet<RsaOperation> = new Set(['challenge', 'authenticate', 'queryAuthStatus'])
const ids = ['sessionId', 'transactionId'] as const

function isOther(due: string | undefined, returned: RsaRead, name: string): boolean {
  const said = textAt(returned, 'identificationData', name)
  return due !== undefined && said !== undefined && said !== due
}
