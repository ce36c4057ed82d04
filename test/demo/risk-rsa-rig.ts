// The AA-compatible engine of the demo behind real HTTP, and node-soap's clients of it, made from the WSDL.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import Router from '@koa/router'
import Koa from 'koa'
import { type Client, createClientAsync, WSSecurity } from 'soap'
import { createRsaSimulator, type RsaSimulator, type RsaSimulatorOptions } from '../../src/demo/risk-rsa.ts'
import { type RsaOperation, rsaOperations } from '../../src/demo/risk-rsa-wire.ts'
import { canonical, validate, withDocument } from '../../src/xml/document.ts'
import { children, one } from '../../src/xml/element.ts'
import { NS } from '../../src/xml/names.ts'
import { operationIn, readEnvelope } from '../../src/xml/soap.ts'

export const rsaCaller = { id: 'bridge', credential: 'engine-secret' } as const

export interface RsaRig {
  readonly simulator: RsaSimulator
  readonly url: string
  stop(): Promise<void>
}

export async function startRsa(options: Partial<RsaSimulatorOptions> = {}): Promise<RsaRig> {
  const simulator = createRsaSimulator({ caller: rsaCaller, ...options })
  const router = new Router()
  simulator.routes(router)
  const app = new Koa()
  app.silent = true
  app.use(router.routes())
  const server = createServer(app.callback())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    simulator,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/AdaptiveAuthentication/services/AdaptiveAuthentication`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const wsdls = {
  'site-to-user': 'rsa-aa-6.wsdl',
  '7.x': 'rsa-aa-7.wsdl',
} as const

export type Dialect = keyof typeof wsdls

/** A client that knows nothing of our code: whatever it sends and reads, it takes from the WSDL. */
export async function soapClient(dialect: Dialect, url: string): Promise<Client> {
  const wsdl = join(import.meta.dirname, '../plugins/rsa', wsdls[dialect])
  return await createClientAsync(wsdl, { endpoint: url })
}

/** A UsernameToken as node-soap writes it, but for its ids: they hold colons, which no xsd:ID may, and nothing refers to them. */
export function usernameToken(credential: string = rsaCaller.credential): WSSecurity {
  const options = { passwordType: 'PasswordText', hasNonce: true, hasTokenCreated: true }
  const security = new WSSecurity(rsaCaller.id, credential, options)
  const written = security.toXML.bind(security)
  security.toXML = () => written().replace(/ wsu:Id="[^"]*"/g, '')
  return security
}

export type Fields = Readonly<Record<string, unknown>>

let made = 0

/** The headers that all requests begin with, in the order of the schema. */
export function requestHeaders(dialect: Dialect, requestType: string, given: Fields = {}): Fields {
  const { actions, device, user = 'alice', credential = rsaCaller.credential, ids = {}, status } = given
  made += 1
  return {
    ...(actions === undefined ? {} : { actionTypeList: { genericActionTypes: actions } }),
    deviceRequest: {
      ...(device === undefined ? {} : { deviceTokenCookie: device }),
      ipAddress: '198.51.100.7',
    },
    identificationData: {
      delegated: true,
      orgName: 'alder',
      ...(ids as Fields),
      userName: user,
      ...(status === undefined ? {} : { userStatus: status }),
    },
    messageHeader: {
      apiType: 'DIRECT_SOAP_API',
      requestId: `request-${made}`,
      requestType,
      timeStamp: '2026-11-23T22:00:00.000Z',
      version: dialect === '7.x' ? '7.0' : '6.0',
    },
    ...(credential === null
      ? {}
      : { securityHeader: { callerCredential: credential, callerId: rsaCaller.id, method: 'PASSWORD' } }),
  }
}

/** Throws where an answer is not one envelope of plain XML, or what stands in its Body does not keep the schema of the dialect. */
export function checkAnswer(dialect: Dialect, xml: string): void {
  operationIn(readEnvelope(xml))
  const body = withDocument(xml, (root) =>
    canonical(children(one(root, NS.soap11, 'Body'))[0]!, ['ws', 'xsi']),
  )
  withDocument(body, (_root, document) => validate(document, dialect === '7.x' ? 'rsa-7' : 'rsa-6'))
}

/** What an answer says at a path of names; undefined where it says nothing. */
export const at = (answer: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((held, name) => (held as Fields | null | undefined)?.[name], answer)

export interface Said {
  (path: string): unknown
  /** What the next request of the same sign-in or transaction brings. */
  readonly ids: Fields
  readonly device: string
}

export interface RsaPeer {
  /** Calls by node-soap; the answer was checked against the schema. `own` comes behind the headers, in the order of the schema. */
  call(operation: RsaOperation, given?: Fields, own?: Fields): Promise<Said>
  readonly client: Client
}

export async function rsaPeer(dialect: Dialect, url: string): Promise<RsaPeer> {
  const client = await soapClient(dialect, url)
  return {
    client,
    async call(operation, given, own) {
      const request = { ...requestHeaders(dialect, rsaOperations[operation].requestType, given), ...own }
      const [result, raw] = await client[`${operation}Async`]({ request })
      checkAnswer(dialect, raw)
      const answer = result[`${operation}Return`]
      const said = (path: string) => at(answer, path)
      return Object.assign(said, {
        ids: {
          sessionId: said('identificationData.sessionId'),
          transactionId: said('identificationData.transactionId'),
        },
        device: String(said('deviceResult.deviceData.deviceTokenCookie')),
      })
    },
  }
}

/** What `analyze` asks about. */
export const event = (eventType: string, more: Fields = {}): Fields => ({
  eventDataList: { eventData: [{ eventType, ...more }] },
  runRiskType: 'ALL',
})

export const otpChallenge: Fields = {
  credentialChallengeRequestList: {
    acspChallengeRequestData: { payload: { attributes: { 'xsi:type': 'ws:OTPChallengeRequest' } } },
  },
}

export const otpAnswer = (otp: unknown): Fields => ({
  credentialDataList: {
    acspAuthenticationRequestData: {
      payload: { attributes: { 'xsi:type': 'ws:OTPAuthenticationRequest' }, otp },
    },
  },
})

export const otpIn = (challenge: Said): unknown =>
  challenge('credentialChallengeList.acspChallengeResponseData.0.payload.otp')
