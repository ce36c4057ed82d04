// What goes over the wire of the demo's AA-compatible engine: its operations, and answers written in the order of the schema.
import { text } from '../xml/emit.ts'
import { NS } from '../xml/names.ts'

/** The operations with their SOAPActions. `udpateuser` is no slip of ours: the service is spelled so. */
export const rsaOperations = {
  analyze: { soapAction: 'rsa:analyze:Analyze', requestType: 'ANALYZE' },
  authenticate: { soapAction: 'rsa:authenticate:Authenticate', requestType: 'AUTHENTICATE' },
  challenge: { soapAction: 'rsa:challenge:Challenge', requestType: 'CHALLENGE' },
  createUser: { soapAction: 'rsa:createuser:CreateUser', requestType: 'CREATEUSER' },
  updateUser: { soapAction: 'rsa:udpateuser:UpdateUser', requestType: 'UPDATEUSER' },
  query: { soapAction: 'rsa:query:Query', requestType: 'QUERY' },
  queryAuthStatus: { soapAction: 'rsa:queryauthstatus:QueryAuthStatus', requestType: 'QUERYAUTHSTATUS' },
  notify: { soapAction: 'rsa:notify:Notify', requestType: 'NOTIFY' },
} as const

export type RsaOperation = keyof typeof rsaOperations

export const isRsaOperation = (name: string): name is RsaOperation => Object.hasOwn(rsaOperations, name)

/** `site-to-user` knows pictures and phrases (6.x-like); `7.x` does not, and says how sure it is of the device. */
export type RsaDialect = 'site-to-user' | '7.x'

/** What an element holds: text, elements by name, or nothing. `@type` is its xsi:type. */
export type Said = string | number | boolean | undefined | SaidFields | readonly (string | SaidFields)[]
export interface SaidFields {
  readonly [name: string]: Said
}

const words = (list: string): readonly string[] => list.split(' ')
const common = 'deviceResult identificationData messageHeader statusHeader'

/** The order of children, by the element that holds them; one that is not here is written as it is given. */
const orders: Readonly<Record<string, readonly string[]>> = {
  analyzeReturn: words(
    `${common} collectableCredentialList credentialAuthResultList deviceManagementResponse requiredCredentialList riskResult serverRedirectData siteToUserData`,
  ),
  authenticateReturn: words(
    `${common} credentialAuthResultList deviceManagementResponse requiredCredentialList`,
  ),
  challengeReturn: words(`${common} credentialChallengeList deviceManagementResponse`),
  createUserReturn: words(
    `${common} credentialManagementResponseList deviceManagementResponse riskResult siteToUserBrowseResponse siteToUserData systemCredentials`,
  ),
  updateUserReturn: words(`${common} credentialManagementResponseList deviceManagementResponse riskResult`),
  queryReturn: words(
    `${common} browsableGroupNames credentialManagementResponseList deviceManagementResponse siteToUserBrowseResponse siteToUserData systemCredentials userCredentials userPreference`,
  ),
  queryAuthStatusReturn: words(`${common} credentialAuthStatusResponse`),
  notifyReturn: words(`${common} deviceManagementResponse`),
  deviceResult: words('authenticationResult callStatus deviceData'),
  authenticationResult: words('authStatusCode risk'),
  callStatus: words('statusCode statusDescription'),
  deviceData: words('bindingType deviceTokenCookie deviceTokenFSO lookupLabel newLabel'),
  identificationData: words(
    'clientSessionId clientTransactionId delegated groupName newUserName orgName sessionId transactionId userCountry userLanguage userLoginName userName userStatus userType',
  ),
  messageHeader: words('apiType requestId requestType timeStamp version'),
  statusHeader: words('reasonCode reasonDescription statusCode'),
  requiredCredential: words('credentialType genericCredentialType groupName preference required'),
  riskResult: words('riskScore riskScoreBand triggeredRule triggeredTestRule deviceAssuranceLevel'),
  triggeredRule: words('actionCode actionName actionType clientFactList ruleId ruleName'),
  siteToUserData: words('phrase userImage'),
  siteToUserBrowseResponse: words('browsableImages browseableImageCategories favoriteImages'),
  userImage: words('altText data height imageId path width'),
  image: words('altText data height imageId path width'),
  challengeQuestion: words('actualAnswer actualAnswerOnFile questionId questionText userAnswer'),
  challengeQuestionMatchResult: words('failCount matchCount authFailCount shouldBlock'),
}

/** One element, or several of the same name where `said` is a list; none where it is undefined. */
export function written(name: string, said: Said): string {
  if (said === undefined) return ''
  if (isList(said)) return said.map((one) => written(name, one)).join('')
  if (typeof said !== 'object') return `<ws:${name}>${text(String(said))}</ws:${name}>`
  const { '@type': type, ...fields } = said
  const typed = type === undefined ? '' : ` xsi:type="ws:${type}"`
  return `<ws:${name}${typed}>${inOrder(name, fields)}</ws:${name}>`
}

const isList = (said: Said): said is readonly (string | SaidFields)[] => Array.isArray(said)

function inOrder(name: string, fields: SaidFields): string {
  const order = orders[name] ?? Object.keys(fields)
  const strange = Object.keys(fields).find((field) => !order.includes(field))
  if (strange !== undefined) throw new Error(`${name} has no ${strange}`)
  return order.map((field) => written(field, fields[field])).join('')
}

/** An envelope with one element in its Body, all prefixes declared at its top as Axis writes them. */
export const rsaEnvelope = (body: string, header = ''): string =>
  `<soapenv:Envelope xmlns:soapenv="${NS.soap11}" xmlns:ws="${NS.rsa}" xmlns:xsi="${NS.xsi}">${header}<soapenv:Body>${body}</soapenv:Body></soapenv:Envelope>`

export interface RsaFaultWords {
  /** Local part of the faultcode; `wsse:FailedAuthentication` is told as such. */
  readonly side: 'Client' | 'Server' | 'wsse'
  readonly code: string
  readonly description: string
}

/** The fault that the service declares: SoapFault with code and description. */
export function rsaFault({ side, code, description }: RsaFaultWords): string {
  const faultcode =
    side === 'wsse'
      ? `<faultcode xmlns:wsse="${NS.wsse}">wsse:FailedAuthentication</faultcode>`
      : `<faultcode>soapenv:${side}</faultcode>`
  const detail = written('SoapFault', { code, description })
  return rsaEnvelope(
    `<soapenv:Fault>${faultcode}<faultstring>${text(description)}</faultstring><detail>${detail}</detail></soapenv:Fault>`,
  )
}

/** Refused: said as a SOAP fault with HTTP 500, as SOAP 1.1 wants it. */
export class RsaRefused extends Error {
  readonly words: RsaFaultWords
  constructor(side: RsaFaultWords['side'], code: string, description: string) {
    super(description)
    this.name = 'RsaRefused'
    this.words = { side, code, description }
  }
}
