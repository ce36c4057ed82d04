// A back end that wants to be pinged: what it was sent, and what it says to that.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'vitest'

export interface Pinged {
  readonly method: string | undefined
  readonly authorization: string | undefined
  readonly type: string | undefined
  readonly body: string
}

/** `says` may be anything that a server does; 204 until told. */
export async function startPingReceiver() {
  const pings: Pinged[] = []
  const receiver = {
    pings,
    says: (response: ServerResponse): unknown => response.writeHead(204).end(),
    url: '',
    /** Those of one request. */
    of: (request: string) => pings.filter(({ body }) => body === JSON.stringify({ auth_req_id: request })),
    /** Waits until this request was pinged. */
    async heard(request: string): Promise<Pinged> {
      await expect.poll(() => receiver.of(request).length, { timeout: 20_000 }).toBeGreaterThan(0)
      return receiver.of(request)[0] as Pinged
    },
    stop: () => {
      server.closeAllConnections()
      server.close()
    },
  }
  const server = createServer(async (request: IncomingMessage, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const { method, headers } = request
    const body = Buffer.concat(chunks).toString()
    pings.push({ method, authorization: headers.authorization, type: headers['content-type'], body })
    receiver.says(response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/pings`
  return receiver
}

export type PingReceiver = Awaited<ReturnType<typeof startPingReceiver>>
