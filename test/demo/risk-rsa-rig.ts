// The AA-compatible engine of the demo behind real HTTP, and node-soap's clients of it, made from the WSDL.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import Router from '@koa/router'
import Koa from 'koa'
import { type Client, createClientAsync, WSSecurity } from 'soap'
import { createRsaSimulator, type RsaSimulator, type RsaSimulatorOptions } from '../../src/demo/risk-rsa.ts'

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

export const usernameToken = (credential: string = rsaCaller.credential): WSSecurity =>
  new WSSecurity(rsaCaller.id, credential, {
    passwordType: 'PasswordText',
    hasNonce: true,
    hasTokenCreated: true,
  })

type Fields = Readonly<Record<string, unknown>>

let made = 0

/** The headers that all requests begin with, in the order of the schema. */
export function requestHeaders(dialect: Dialect, requestType: string, given: Fields = {}): Fields {
  const { actions, device, user = 'alice', credential = rsaCaller.credential, ids = {} } = given
  made += 1
  return {
    ...(actions === undefined ? {} : { actionTypeList: { genericActionTypes: actions } }),
    deviceRequest: {
      ...(device === undefined ? {} : { deviceTokenCookie: device }),
      ipAddress: '198.51.100.7',
    },
    identificationData: { delegated: true, orgName: 'alder', ...(ids as Fields), userName: user },
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
