// A risk engine of the institution's own, by the contract of the type `service`: it says what the test has it say.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

/** What it answers, but for the event that it is about. */
export type OwnAnswer = Readonly<Record<string, unknown>>

export interface OwnEngine {
  readonly url: string
  /** The events that it was asked about. */
  readonly asked: readonly Record<string, unknown>[]
  say(answer: OwnAnswer): void
  /** Answers with this status and nothing else. */
  fail(status: number): void
  stop(): void
}

export async function startOwnEngine(): Promise<OwnEngine> {
  const asked: Record<string, unknown>[] = []
  let answer: OwnAnswer = { action: 'allow' }
  let status = 200
  const server = createServer(async (request, response) => {
    const { event } = (await json(request)) as { event: Record<string, unknown> }
    if (request.url !== '/assess') return response.writeHead(204).end()
    asked.push(event)
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(status === 200 ? JSON.stringify({ event: event.id, ...answer }) : '')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    say: (next) => {
      answer = next
      status = 200
    },
    fail: (next) => {
      status = next
    },
    stop: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
