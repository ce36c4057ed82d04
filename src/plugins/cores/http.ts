// The wire to SOAP cores over HTTP(S): reused connections, one deadline, a bounded answer, no redirects.
import http from 'node:http'
import https from 'node:https'
import { Refusal } from '../../domain/refusal.ts'
import type { CoreClient, CoreRequest, CoreResponse } from '../../ports/core-client.ts'

export interface CoreClientSettings {
  readonly answerBytes: number
}

const pooled = { keepAlive: true, maxSockets: 64, maxFreeSockets: 16, scheduling: 'lifo' } as const

function headersOf({ soap, action, message }: CoreRequest): Record<string, string> {
  const length = {
    'content-length': String(Buffer.byteLength(message)),
    accept: 'text/xml, application/soap+xml',
  }
  if (soap === '1.1')
    return { ...length, 'content-type': 'text/xml; charset=utf-8', soapaction: `"${action ?? ''}"` }
  const parameter = action === undefined ? '' : `; action="${action}"`
  return { ...length, 'content-type': `application/soap+xml; charset=utf-8${parameter}` }
}

export function createCoreClient({ answerBytes }: CoreClientSettings): CoreClient & { close(): void } {
  const agents = { 'http:': new http.Agent(pooled), 'https:': new https.Agent(pooled) }
  return {
    send: (request) => send(request, agents, answerBytes),
    close() {
      agents['http:'].destroy()
      agents['https:'].destroy()
    },
  }
}

function send(
  request: CoreRequest,
  agents: Record<'http:' | 'https:', http.Agent>,
  limit: number,
): Promise<CoreResponse> {
  const url = new URL(request.endpoint)
  const secure = url.protocol === 'https:'
  const agent = agents[secure ? 'https:' : 'http:']
  return new Promise((resolve, reject) => {
    const deadline = AbortSignal.timeout(request.timeoutMs)
    const fail = (error: unknown) => {
      const code = deadline.aborted ? 'core.timeout' : 'core.unreachable'
      reject(
        error instanceof Refusal ? error : new Refusal(code, { endpoint: url.host, error: String(error) }),
      )
    }
    const options = { method: 'POST', agent, headers: headersOf(request), signal: deadline }
    const outgoing = (secure ? https : http).request(url, options, (incoming) => {
      collect(incoming, limit).then((body) => resolve({ status: incoming.statusCode ?? 0, body }), fail)
    })
    outgoing.on('error', fail)
    outgoing.end(request.message)
  })
}

async function collect(incoming: http.IncomingMessage, limit: number): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limit) {
      incoming.destroy()
      throw new Refusal('core.answer', { reason: 'too large' })
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
