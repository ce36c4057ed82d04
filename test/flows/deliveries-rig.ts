// A bank with both channels and a customer, a gateway that the test plays, and the work of a node called by the test.
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createDeliveryWork } from '../../src/compose/deliveries.ts'
import type { Institution } from '../../src/domain/institution.ts'
import type { Delivery } from '../../src/ports/deliveries.ts'
import { alder, type Parts, startParts } from '../journeys/parts.ts'
import { device } from '../storage/rig.ts'

export const loopback = { outbound: { allowed_networks: ['127.0.0.0/8'] } }

/** What the gateway was sent, and what it says to that. */
export async function startGateway() {
  const sent: URLSearchParams[] = []
  const says = { status: 202, body: '0: Accepted for delivery' }
  const server = createServer(async (request: IncomingMessage, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const { searchParams } = new URL(request.url as string, 'http://gateway')
    sent.push(
      new URLSearchParams([...searchParams, ...new URLSearchParams(Buffer.concat(chunks).toString())]),
    )
    response.writeHead(says.status).end(says.body)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/cgi-bin/sendsms`, sent, says, stop: () => server.close() }
}

export type Gateway = Awaited<ReturnType<typeof startGateway>>

export const withChannels = (url: string): Institution => ({
  ...alder,
  channels: [
    { id: 'phones', type: 'push', settings: {} },
    {
      id: 'sms',
      type: 'http-sms',
      settings: { url, username: 'bank', password: 'bank-pw', from: 'Alder', countries: ['US', 'EE'] },
    },
  ],
})

/** A customer as their first sign-in makes them. */
export function customer(
  { stores, inUnit }: Parts,
  phone: string | readonly string[] | undefined,
  sub: string,
) {
  const key = {
    ...{ institution: 'alder', connection: 'idp', issuer: 'https://idp.example', format: '', qualifiers: '' },
    value: sub,
  }
  return inUnit(() => stores.subjects.resolve(key, phone === undefined ? {} : { phone_number: phone }, sub))
}

export const active = (id: string, subject: string) =>
  device(id, { subject, state: 'active', activatedAt: Date.now() })

export const delivery = (change: Partial<Delivery> = {}): Delivery => ({
  ...{ institution: 'alder', subject: 'alice', kind: 'sms', purpose: 'code', handle: 'approval-1' },
  ...{ text: 'Alder Bank: your code is 483920', expiresAt: Date.now() + 300_000 },
  trace: { reference: 'DB-AAAA-0001', relyingParty: 'app', transaction: 'hash-1' },
  ...change,
})

export async function startDeliveriesRig() {
  const gateway = await startGateway()
  const parts = await startParts(loopback)
  const institution = withChannels(gateway.url)
  await parts.stores.directory.put({ ...parts.rows, institution }, 'file')
  const work = createDeliveryWork(parts.base, parts.stores, parts.services)
  return {
    ...parts,
    parts,
    gateway,
    institution,
    enqueue: (change: Partial<Delivery> = {}) =>
      parts.inUnit(() => parts.flows.deliveries.enqueue(delivery(change))),
    /** One pass of a node, to the end of what it took. */
    async pass() {
      await work.pass()
      await work.ended()
    },
    events: async (type: string) => {
      const { rows } = await parts.base.database.knex.raw(
        `select body from audit_event where type = ? order by node, counter`,
        [type],
      )
      return rows.map(({ body }: { body: string }) => JSON.parse(body))
    },
    stop: async () => {
      await parts.stop()
      gateway.stop()
    },
  }
}
