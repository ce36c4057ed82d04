// An AA-compatible engine by node-soap: a SOAP stack that is not ours reads what we send, and writes what we read.
import { readFileSync } from 'node:fs'
import http from 'node:http'
import { join } from 'node:path'
import { listen } from 'soap'
import { NS } from '../../../src/xml/names.ts'
import { type RsaDialect, type RsaOperation, rsaOperations } from '../../../src/xml/rsa/shapes.ts'
import { portOf } from './rig.ts'

// biome-ignore lint/suspicious/noExplicitAny: node-soap gives and takes plain objects of any shape
export type Plain = any

/** What an operation returns beside what every answer has; or a fault, thrown as node-soap wants it. It may take its time. */
export type Handler = (request: Plain) => Plain | Promise<Plain>

export interface NodeSoapEngine {
  readonly url: string
  /** The envelopes as they came in. */
  readonly received: string[]
  /** The requests as node-soap read them. */
  readonly asked: { operation: RsaOperation; request: Plain }[]
  /** By operation; what has none is answered with the usual. */
  readonly handlers: Partial<Record<RsaOperation, Handler>>
  /** Who may call; checked in the style that the caller chose. */
  readonly tokens: Plain[]
  close(): Promise<void>
}

export const caller = { id: 'bridge', credential: 'c4ller-"<&>-credential' }

/** What node-soap answers a caller with that it does not know. */
const notAuthenticated = {
  Fault: {
    statusCode: 500,
    faultcode: 'soap:Client',
    faultstring: `${caller.credential} is wrong`,
    detail: {
      SoapFault: { attributes: { xmlns: NS.rsa }, code: 'AUTHENTICATION_FAILED', description: 'who?' },
    },
  },
}

export async function startNodeSoapEngine(dialect: RsaDialect): Promise<NodeSoapEngine> {
  const wsdl = join(import.meta.dirname, dialect === '7.x' ? 'rsa-aa-7.wsdl' : 'rsa-aa-6.wsdl')
  const server = http.createServer((_, response) => response.writeHead(404).end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const engine = {
    url: `http://127.0.0.1:${portOf(server)}/AdaptiveAuthentication/services/AdaptiveAuthentication`,
    received: [] as string[],
    asked: [] as { operation: RsaOperation; request: Plain }[],
    handlers: {} as Partial<Record<RsaOperation, Handler>>,
    tokens: [] as Plain[],
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  const port = Object.fromEntries(
    (Object.keys(rsaOperations) as RsaOperation[]).map((operation) => [
      operation,
      ({ request }: Plain) => answered(engine, { operation, request }),
    ]),
  )
  const soap = await listening(server, { wsdl, port })
  soap.log = (type: string, data: Plain) => {
    if (type === 'received') engine.received.push(String(data))
  }
  soap.authenticate = (security: Plain) => {
    if (security !== null && security !== undefined) engine.tokens.push(security)
    const token = security?.UsernameToken
    if (token === undefined) return true
    return token.Username === caller.id && (token.Password.$value ?? token.Password) === caller.credential
  }
  return engine
}

function listening(server: http.Server, { wsdl, port }: { wsdl: string; port: Plain }): Promise<Plain> {
  return new Promise((resolve, reject) => {
    const soap = listen(server, {
      path: '/AdaptiveAuthentication/services/AdaptiveAuthentication',
      services: { AdaptiveAuthentication: { AdaptiveAuthentication: port } },
      xml: readFileSync(wsdl, 'utf8'),
      uri: wsdl,
      callback: (error: Error | null) => (error ? reject(error) : resolve(soap)),
    })
  })
}

async function answered(
  engine: NodeSoapEngine,
  asked: { operation: RsaOperation; request: Plain },
): Promise<Plain> {
  const { operation, request } = asked
  const { securityHeader } = request
  engine.asked.push(asked)
  if (securityHeader?.callerCredential !== undefined && securityHeader.callerCredential !== caller.credential)
    throw notAuthenticated
  const { deviceResult, identificationData, messageHeader, statusHeader, ...own } =
    (await engine.handlers[operation]?.(request)) ?? {}
  const returned = {
    ...(deviceResult && { deviceResult }),
    identificationData: {
      sessionId: request.identificationData.sessionId ?? 'aa-session-1',
      transactionId: request.identificationData.transactionId ?? 'aa-tx-1',
      ...{ userName: request.identificationData.userName, userStatus: 'VERIFIED', userType: 'PERSISTENT' },
      ...identificationData,
    },
    messageHeader: { ...request.messageHeader, ...messageHeader },
    statusHeader: statusHeader ?? { reasonCode: 0, reasonDescription: 'ok', statusCode: 200 },
    ...own,
  }
  return { [`${operation}Return`]: returned }
}

/** A judgement of the engine. */
export const risk = (actionCode: string, riskScore: number | string = 742): Plain => ({
  riskResult: {
    riskScore,
    riskScoreBand: '700-800',
    triggeredRule: {
      ...{ actionCode, actionName: 'name', actionType: 'STRICT', clientFactList: {} },
      ...{ ruleId: 'rule-17', ruleName: 'High value wire' },
    },
  },
})
