// What AA-compatible messages are made of, as tables: the children of each type in the order of its schema, by dialect.

/** `site-to-user` (6.x-like) has picture and phrase; `7.x` does not, and knows more of the device. */
export const rsaDialects = ['site-to-user', '7.x'] as const
export type RsaDialect = (typeof rsaDialects)[number]

/** By operation: the action in the HTTP header, the word in the message. `udpateuser` is no slip of ours: services listen to it. */
export const rsaOperations = {
  analyze: { action: 'rsa:analyze:Analyze', requestType: 'ANALYZE' },
  authenticate: { action: 'rsa:authenticate:Authenticate', requestType: 'AUTHENTICATE' },
  challenge: { action: 'rsa:challenge:Challenge', requestType: 'CHALLENGE' },
  createUser: { action: 'rsa:createuser:CreateUser', requestType: 'CREATEUSER' },
  updateUser: { action: 'rsa:udpateuser:UpdateUser', requestType: 'UPDATEUSER' },
  query: { action: 'rsa:query:Query', requestType: 'QUERY' },
  queryAuthStatus: { action: 'rsa:queryauthstatus:QueryAuthStatus', requestType: 'QUERYAUTHSTATUS' },
  notify: { action: 'rsa:notify:Notify', requestType: 'NOTIFY' },
} as const

export type RsaOperation = keyof typeof rsaOperations

const titled = (operation: RsaOperation): string => `${operation[0]?.toUpperCase()}${operation.slice(1)}`
export const requestType = (operation: RsaOperation): string => `${titled(operation)}Request`
export const responseType = (operation: RsaOperation): string => `${titled(operation)}Response`

/*
 * `name` holds text, `name:Type` elements; `*` is repeated; `6/` and `7/` are of one dialect alone; `<Base` are the children of
 * the base type, which come first. `Open` is what nobody has told the content of: never written, and read by nobody.
 */
const channel = 'channelIndicator clientDefinedChannelIndicator'

const requests: Readonly<Record<string, string>> = {
  GenericRequest:
    'actionTypeList:ActionTypeList configurationHeader:ConfigurationHeader deviceRequest:DeviceRequest identificationData:IdentificationData messageHeader:MessageHeader securityHeader:SecurityHeader',
  AnalyzeRequest: `<GenericRequest channel:Open autoCreateUserFlag clientReturnData:Open collectionRequest:Open credentialDataList:CredentialDataList deviceManagementRequest:Open eventDataList:EventDataList runRiskType userData:Open ${channel}`,
  AuthenticateRequest: `<GenericRequest credentialDataList:CredentialDataList deviceManagementRequest:Open eventDataList:EventDataList userData:Open ${channel}`,
  ChallengeRequest: `<GenericRequest credentialChallengeRequestList:CredentialChallengeRequestList deviceManagementRequest:Open eventDataList:EventDataList userData:Open ${channel}`,
  CreateUserRequest: `<GenericRequest credentialManagementRequestList:Open deviceManagementRequest:Open runRiskType 6/siteToUserBrowseRequest:SiteToUserBrowseRequest userData:Open ${channel}`,
  UpdateUserRequest: `<GenericRequest credentialManagementRequestList:Open deviceManagementRequest:Open eventDataList:EventDataList runRiskType 6/siteToUserData:SiteToUserData userData:Open userPreference:Open ${channel}`,
  QueryRequest: `<GenericRequest credentialManagementRequestList:Open deviceManagementRequest:Open 6/siteToUserBrowseRequest:SiteToUserBrowseRequest ${channel}`,
  QueryAuthStatusRequest: `<GenericRequest credentialAuthStatusRequest:CredentialAuthStatusRequest ${channel}`,
  NotifyRequest: `<GenericRequest autoCreateUserFlag deviceManagementRequest:Open eventDataList:EventDataList userData:Open ${channel}`,
}

const responses: Readonly<Record<string, string>> = {
  GenericResponse:
    'deviceResult:DeviceResult identificationData:IdentificationData messageHeader:MessageHeader statusHeader:StatusHeader',
  AnalyzeResponse:
    '<GenericResponse collectableCredentialList:Open credentialAuthResultList:CredentialAuthResultList deviceManagementResponse:Open requiredCredentialList:Open riskResult:RiskResult serverRedirectData:Open 6/siteToUserData:SiteToUserData',
  AuthenticateResponse:
    '<GenericResponse credentialAuthResultList:CredentialAuthResultList deviceManagementResponse:Open requiredCredentialList:Open',
  ChallengeResponse:
    '<GenericResponse credentialChallengeList:CredentialChallengeList deviceManagementResponse:Open',
  CreateUserResponse:
    '<GenericResponse credentialManagementResponseList:Open deviceManagementResponse:Open riskResult:RiskResult 6/siteToUserBrowseResponse:SiteToUserBrowseResponse 6/siteToUserData:SiteToUserData systemCredentials:Open',
  UpdateUserResponse:
    '<GenericResponse credentialManagementResponseList:Open deviceManagementResponse:Open riskResult:RiskResult',
  QueryResponse:
    '<GenericResponse browsableGroupNames:Open* credentialManagementResponseList:Open deviceManagementResponse:Open 6/siteToUserBrowseResponse:SiteToUserBrowseResponse 6/siteToUserData:SiteToUserData systemCredentials:Open userCredentials:Open userPreference:Open',
  QueryAuthStatusResponse: '<GenericResponse credentialAuthStatusResponse:CredentialAuthStatusResponse',
  NotifyResponse: '<GenericResponse deviceManagementResponse:Open',
}

const parts: Readonly<Record<string, string>> = {
  ActionTypeList: 'genericActionTypes*',
  ConfigurationHeader: 'application instanceId ruleSet',
  MessageHeader: 'apiType requestId requestType timeStamp version',
  SecurityHeader: 'callerCredential callerId method',
  StatusHeader: 'reasonCode reasonDescription statusCode',
  SoapFault: 'code description',
  CallStatus: 'statusCode statusDescription',
  IdentificationData:
    'clientSessionId clientTransactionId delegated 7/tenantId groupName newUserName orgName sessionId transactionId userCountry userLanguage userLoginName userName 7/userEmailAddress userStatus userType 7/adminID',
  DeviceRequest:
    'beaconId devicePrint deviceTokenCookie deviceTokenFSO httpAccept httpAcceptChars httpAcceptEncoding httpAcceptLanguage httpReferrer ipAddress userAgent geoLocation:GeoLocation domElements jsEvents pageId deviceIdentifier:DeviceIdentifier*',
  DeviceIdentifier: '',
  MobileDevice:
    'simId otherId hardwareId geoLocation:GeoLocation deviceModel deviceMultiTaskingSupported deviceName deviceSystemName deviceSystemVersion languages wiFiMacAddress wiFiNetworksData:Open cellTowerID locationAreaCode screenSize numberOfAddressBookEntries rsaApplicationkey wapClientID vendorClientID mcc mnc osId mobileSdkData 7/compromised 7/emulator',
  GeoLocation:
    'longitude latitude horizontalAccuracy altitude altitudeAccuracy heading speed timestamp statusCode',
  DeviceResult: 'authenticationResult:AuthenticationResult callStatus:CallStatus deviceData:DeviceData',
  AuthenticationResult: 'authStatusCode risk',
  DeviceData: 'bindingType deviceTokenCookie deviceTokenFSO lookupLabel newLabel',
  EventDataList: 'eventData:EventData*',
  EventData:
    'authenticationLevel:AuthenticationLevel clientDefinedAttributeList:FactList clientDefinedEventType eventDescription eventId eventReferenceId eventType newUserData:Open stockTradeData:Open timeOfOccurrence transactionData:TransactionData',
  AuthenticationLevel: 'attemptsTryCount level successful',
  FactList: 'fact:Fact*',
  Fact: 'name value dataType',
  TransactionData:
    'amount:Amount dueDate estimatedDeliveryDate executionSpeed myAccountData:AccountData otherAccountBankType otherAccountData:AccountData otherAccountOwnershipType otherAccountType previousAmount:Amount recurringFrequency schedule transferMediumType',
  Amount: 'amount amountInUSD currency',
  // Those of the table that we have something to say in.
  AccountData: 'accountName accountNickName accountNumber',
  RiskResult:
    'riskScore riskScoreBand triggeredRule:TriggeredRule triggeredTestRule:TriggeredRule 7/deviceAssuranceLevel',
  TriggeredRule: 'actionCode actionName actionType clientFactList:FactList ruleId ruleName',
}

const credentials: Readonly<Record<string, string>> = {
  CredentialChallengeRequestList:
    'challengeQuestionChallengeRequest:ChallengeQuestionChallengeRequest* oobEmailChallengeRequest:Open* oobPhoneChallengeRequest:OOBPhoneChallengeRequest* acspChallengeRequestData:AcspChallengeRequestData*',
  ChallengeQuestionChallengeRequest: 'payload:ChallengeQuestionChallengeRequestPayload',
  ChallengeQuestionChallengeRequestPayload: 'excludeQuestions:Open numberOfQuestion',
  OOBPhoneChallengeRequest: 'payload:OOBPhoneChallengeRequestPayload',
  OOBPhoneChallengeRequestPayload: 'noOp phoneInfo:PhoneInfo tokenCollectionFlow',
  PhoneInfo: 'defaultFlag label lastModified reference areaCode countryCode extension phoneNumber',
  AcspChallengeRequestData: 'payload:AcspChallengeRequest',
  AcspChallengeRequest: '',
  OTPChallengeRequest: '',
  CredentialChallengeList:
    'challengeQuestionChallenge:ChallengeQuestionChallenge* oobEmailChallenge:Open* oobPhoneChallenge:OOBPhoneOutcome* acspChallengeResponseData:AcspChallengeResponseData*',
  ChallengeQuestionChallenge: 'payload:ChallengeQuestionChallengePayload',
  ChallengeQuestionChallengePayload: 'callStatus:CallStatus challengeQuestions:ChallengeQuestionList',
  ChallengeQuestionList: 'challengeQuestion:ChallengeQuestion*',
  ChallengeQuestion: 'actualAnswer actualAnswerOnFile questionId questionText userAnswer',
  OOBPhoneOutcome: 'payload:OOBPhonePayload',
  OOBPhonePayload:
    'authenticationResult:AuthenticationResult callStatus:CallStatus channelStatus reason token',
  AcspChallengeResponseData: 'acspAccountId callStatus:CallStatus payload:AcspChallengeResponse',
  AcspChallengeResponse: '',
  OTPChallengeResponse: 'otp',
  CredentialDataList:
    'challengeQuestionData:ChallengeQuestionData* oobEmailData:Open* oobPhoneData:OOBPhoneToken* acspAuthenticationRequestData:AcspAuthenticationRequestData*',
  ChallengeQuestionData: 'payload:ChallengeQuestionList',
  OOBPhoneToken: 'payload:OOBPhoneTokenPayload',
  OOBPhoneTokenPayload: 'token',
  AcspAuthenticationRequestData: 'payload:AcspAuthenticationRequest',
  AcspAuthenticationRequest: '',
  OTPAuthenticationRequest: 'otp',
  CredentialAuthResultList:
    'challengeQuestionAuthResult:ChallengeQuestionAuthResult* oobEmailAuthResult:Open* oobPhoneAuthResult:OOBPhoneOutcome* acspAuthenticationResponseData:AcspAuthenticationResponseData*',
  ChallengeQuestionAuthResult: 'payload:ChallengeQuestionAuthResultPayload',
  ChallengeQuestionAuthResultPayload:
    'authenticationResult:AuthenticationResult callStatus:CallStatus challengeQuestionMatchResult:ChallengeQuestionMatchResult',
  ChallengeQuestionMatchResult: 'failCount matchCount authFailCount shouldBlock',
  AcspAuthenticationResponseData: 'acspAccountId callStatus:CallStatus payload:Open',
  CredentialAuthStatusRequest: 'oobPhoneAuthStatusRequest:OOBPhoneToken',
  CredentialAuthStatusResponse: 'oobPhoneAuthStatusResponse:OOBPhoneOutcome',
  SiteToUserData: 'phrase userImage:UserImage',
  UserImage: 'altText data height imageId path width',
  SiteToUserBrowseRequest: 'browseImageCategory:ImageCategory',
  ImageCategory: 'categoryDisplayName categoryKey',
  // Both spellings are real.
  SiteToUserBrowseResponse:
    'browsableImages:ImageList browseableImageCategories:ImageCategory* favoriteImages:ImageList',
  ImageList: 'image:UserImage*',
}

/** The types that may stand in a slot, where the element has to say by `xsi:type` which it is. */
const slots: Readonly<Record<string, readonly string[]>> = {
  DeviceIdentifier: ['MobileDevice'],
  AcspChallengeRequest: ['OTPChallengeRequest'],
  AcspChallengeResponse: ['OTPChallengeResponse'],
  AcspAuthenticationRequest: ['OTPAuthenticationRequest'],
}

export interface RsaChild {
  readonly name: string
  /** The type of what it holds; undefined for text. */
  readonly type: string | undefined
  readonly many: boolean
}

const tables = { ...requests, ...responses, ...parts, ...credentials }

const childOf = (word: string, dialect: RsaDialect): RsaChild[] => {
  const [, only, name = '', type, many] = /^(?:([67])\/)?(\w+)(?::(\w+))?(\*)?$/.exec(word) ?? []
  if (name === '') throw new Error(`no child: ${word}`)
  const spoken = only === undefined || (only === '6') === (dialect === 'site-to-user')
  return spoken ? [{ name, type, many: many !== undefined }] : []
}

function childrenOf(type: string, dialect: RsaDialect): readonly RsaChild[] {
  const words = (tables[type] ?? '').split(' ').filter((word) => word !== '')
  return words.flatMap((word) =>
    word.startsWith('<') ? childrenOf(word.slice(1), dialect) : childOf(word, dialect),
  )
}

const shapesOf = (dialect: RsaDialect): ReadonlyMap<string, readonly RsaChild[]> =>
  new Map(Object.keys(tables).map((type) => [type, childrenOf(type, dialect)]))

const shapes: Readonly<Record<RsaDialect, ReadonlyMap<string, readonly RsaChild[]>>> = {
  'site-to-user': shapesOf('site-to-user'),
  '7.x': shapesOf('7.x'),
}

/** The children of a type in their order; undefined where nobody has told what it holds. */
export const shapeOf = (type: string, dialect: RsaDialect): readonly RsaChild[] | undefined =>
  shapes[dialect].get(type)

/** What may stand in that slot; undefined where the type is no slot. */
export const typesIn = (slot: string): readonly string[] | undefined => slots[slot]
