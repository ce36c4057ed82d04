// A telephone operator with CAMARA's SIM swap API behind real HTTP, and OAuth before it; it takes only what the definition allows.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { Ajv } from 'ajv'

// The fields as camaraproject/SimSwap documents them (sim-swap.yaml 0.4 to 2.1: CreateCheckSimSwap, CreateSimSwapDate). There a
// number is needed where the token names no line, as ours never does.
const phoneNumber = { type: 'string', pattern: '^\\+[1-9][0-9]{4,14}$' }
const requests: Readonly<Record<string, object>> = {
  '/sim-swap/v2/check': {
    type: 'object',
    properties: { phoneNumber, maxAge: { type: 'integer', minimum: 1, maximum: 2400 } },
    required: ['phoneNumber'],
    additionalProperties: false,
  },
  '/sim-swap/v2/retrieve-date': {
    type: 'object',
    properties: { phoneNumber },
    required: ['phoneNumber'],
    additionalProperties: false,
  },
}
const ajv = new Ajv()
const judges = new Map(Object.entries(requests).map(([path, schema]) => [path, ajv.compile(schema)]))

export interface OperatorQuestion {
  readonly path: string
  readonly phoneNumber: string
  readonly maxAge?: number
}

/** What it does with a question that it takes. */
type Conduct = (question: OperatorQuestion, response: ServerResponse) => void

export const says = (body: unknown, status = 200): Conduct => raw(JSON.stringify(body), { status })
export const raw =
  (
    body: string,
    { status = 200, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
  ): Conduct =>
  (_question, response) =>
    void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
export const hangs: Conduct = () => undefined

export const operatorClient = { id: 'alder', secret: 'alder-operator-secret' } as const

export async function startOperator() {
  let conduct: Conduct = says({ swapped: false })
  let [tokens, valid] = [0, '']
  const asked: OperatorQuestion[] = []
  const refused: string[] = []
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await text(request)
    const { url = '', method, headers } = request
    if (url === '/token') {
      const { id, secret } = operatorClient
      const basic = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
      if (headers.authorization !== basic || !body.includes('grant_type=client_credentials'))
        return response.writeHead(401).end()
      valid = `t${++tokens}`
      const given = { access_token: valid, token_type: 'Bearer', expires_in: 300 }
      return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(given))
    }
    const fault = (status: number, code: string) => {
      refused.push(`${code} ${body}`)
      return says({ status, code, message: code }, status)({ path: url, phoneNumber: '' }, response)
    }
    const judge = judges.get(url)
    if (method !== 'POST' || judge === undefined) return fault(404, 'NOT_FOUND')
    if (headers.authorization !== `Bearer ${valid}`) return fault(401, 'UNAUTHENTICATED')
    if (!judge(JSON.parse(body))) return fault(400, 'INVALID_ARGUMENT')
    const question = { path: url, ...JSON.parse(body) }
    asked.push(question)
    conduct(question, response)
  }
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    asked,
    /** What broke the definition, or came without a token that holds. */
    refused,
    tokens: () => tokens,
    /** Its tokens hold no longer. */
    forget: () => {
      valid = ''
    },
    will: (next: Conduct) => {
      conduct = next
    },
    /** Settings of `camara-sim-swap`. */
    settings: {
      ...{ url: `${base}/sim-swap/v2/`, authentication: 'oauth', tokenUrl: `${base}/token` },
      ...{ clientId: operatorClient.id, clientSecret: operatorClient.secret },
    },
    stop: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

export type Operator = Awaited<ReturnType<typeof startOperator>>
