// Attack 136: whoever is pinged answers with anything but a plain yes, or has an address that leads where nobody may send us.
import type { ServerResponse } from 'node:http'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createPingWork } from '../../src/compose/pings.ts'
import type { RelyingParty } from '../../src/domain/institution.ts'
import { createGuardedFetch, type Resolve } from '../../src/plugins/net/guarded-fetch.ts'
import { createPingSender } from '../../src/plugins/relying-parties/pings.ts'
import type { DuePing } from '../../src/ports/pings.ts'
import { loopback } from '../flows/deliveries-rig.ts'
import { type Parts, startParts } from '../journeys/parts.ts'
import { type PingReceiver, startPingReceiver } from '../journeys/ping-receiver.ts'

const logged: unknown[] = []
const keep = (event: string, detail?: object) => void logged.push({ event, ...detail })
/** It stands still until it is told: how long a try took on a busy machine decides nothing. It never gets as far as the database's. */
let now = Date.now() - 24 * 3600_000
const clock = {
  now: () => now,
  advance: (seconds: number) => {
    now += seconds * 1000
  },
}
const token = 'the-token-of-the-shop'
let parts: Parts
let receiver: PingReceiver
/** Where nobody is to be led. */
let elsewhere: PingReceiver
let last = 0
let request = ''

beforeAll(async () => {
  parts = await startParts(loopback, { clock, log: { info: keep, warn: keep, error: keep } as never })
  elsewhere = await startPingReceiver()
})
afterAll(async () => {
  elsewhere.stop()
  await parts.stop()
})
beforeEach(async () => {
  receiver = await startPingReceiver()
  await pingedAt(receiver.url)
  request = `auth-req-${++last}`
  await owePing(request, 0)
})
afterEach(async () => {
  receiver.stop()
  await parts.base.database.knex('backchannel_ping').del()
})

/** Of a question that is over after so many seconds. */
async function owePing(name: string, seconds: number, institution = 'alder') {
  const dueAt = clock.now() + seconds * 1000
  const named = { request: name, token, relyingParty: 'shop', subject: 's1', approval: `a${last}` }
  const ping = { institution, reference: 'DB-TEST-0001', ...named }
  await parts.inUnit(() => parts.stores.pings.put(ping, { dueAt, expiresAt: dueAt + 600_000 }))
}

/** What may happen to a ping. */
const steps = {
  ends: (name: string) => parts.inUnit(() => parts.stores.pings.due('alder', name, clock.now())),
  'a look': () => pass(),
  'two nodes look': () => Promise.all([pass(), pass()]),
  'a node takes it and dies': () =>
    parts.stores.pings.take({ now: clock.now(), leaseUntil: clock.now() + 30_000, most: 20 }),
  'a second': async () => clock.advance(1),
  'half a minute': async () => clock.advance(31),
}

async function pingedAt(ping: string | undefined, id = 'alder') {
  const shop: RelyingParty = {
    ...{ institution: id, id: 'shop', name: 'Shop', kind: 'api', redirectUris: [], webOrigins: [] },
    ...{ postLogoutRedirectUris: [], scopes: ['openid'], connections: [], acrFloor: undefined, keys: [] },
    ...{ requirePar: true, requireDpop: false, transactionTypes: [] },
    backchannel: ping === undefined ? {} : { ping },
  }
  const institution = { ...parts.rows.institution, id }
  const set = id === 'alder' ? parts.rows : { ...parts.rows, connections: [], cores: [] }
  await parts.stores.directory.put({ ...set, institution, relyingParties: [shop] }, 'file')
}

const settings = { allowedNetworks: ['127.0.0.0/8'], timeoutMs: 5000, maxBytes: 1024 }

/** One node's pass; each try waits for as long as it is told, and a machine that is slow takes longer. Resolves with how many were tried. */
async function pass(resolve?: Resolve, ms = 5000): Promise<number> {
  let sent = 0
  const send = createPingSender(createGuardedFetch(settings, resolve), ms)
  const counted: typeof send = (...asked) => {
    sent += 1
    return send(...asked)
  }
  const work = createPingWork({ ...parts.base, ...parts.stores, send: counted })
  await work.pass()
  await work.ended()
  return sent
}

/** How it ended by the audit; nothing where it goes on. */
async function ended(): Promise<[string, string | undefined, number] | undefined> {
  const rows = await parts.base.database.knex('audit_event').where('type', 'like', 'ping.%').select('body')
  const bodies = rows.map(({ body }) => JSON.parse(body))
  const [found] = bodies.filter(({ detail }) => detail.approval === `a${last}`)
  return found && [found.type, found.code, found.detail.tries]
}

const owed = async () => (await parts.base.database.knex('backchannel_ping')).length

describe('#136 pings', () => {
  test('control: one that is heard is sent once, as JSON with the token of the client', async () => {
    expect(await pass()).toBe(1)
    expect(receiver.pings).toEqual([
      {
        ...{ method: 'POST', type: 'application/json', authorization: `Bearer ${token}` },
        body: `{"auth_req_id":"${request}"}`,
      },
    ])
    expect(await ended()).toEqual(['ping.sent', undefined, 1])
    clock.advance(3600)
    expect(await pass()).toBe(0)
    expect(await owed()).toBe(0)
  })

  const html = { 'content-type': 'text/html', 'set-cookie': 'a=b' }
  test.each<[string, (response: ServerResponse) => unknown]>([
    ['200 with a body', (response) => response.writeHead(200, html).end('<p>thank you</p>')],
    ['202', (response) => response.writeHead(202).end()],
    ['200 with a body that never ends', (response) => endless(response.writeHead(200))],
    [
      '200 in an encoding that was not asked for',
      (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('no gzip'),
    ],
  ])('heard, and nothing of it is read: %s', async (_what, says) => {
    receiver.says = says
    await pass()
    expect(await ended()).toEqual(['ping.sent', undefined, 1])
    expect([receiver.pings.length, await owed()]).toEqual([1, 0])
  })

  test.each<[string, (response: ServerResponse) => unknown, string]>([
    ...[301, 302, 303, 307, 308].map((status): [string, (response: ServerResponse) => unknown, string] => [
      `a redirect by ${status}`,
      (response) => response.writeHead(status, { location: elsewhere.url }).end(),
      'fetch.refused',
    ]),
    ['304', (response) => response.writeHead(304).end(), 'fetch.refused'],
    ['400', (response) => response.writeHead(400).end('{"error":"no"}'), 'HTTP 400'],
    ['401', (response) => response.writeHead(401, { 'www-authenticate': 'Basic realm=x' }).end(), 'HTTP 401'],
    ['403', (response) => response.writeHead(403).end(), 'HTTP 403'],
    ['404', (response) => response.writeHead(404).end(), 'HTTP 404'],
    ['429', (response) => response.writeHead(429, { 'retry-after': '1' }).end(), 'HTTP 429'],
  ])('refused, and not sent again: %s', async (_what, says, code) => {
    receiver.says = says
    await pass()
    expect(await ended()).toEqual(['ping.failed', code, 1])
    clock.advance(3600)
    expect(await pass()).toBe(0)
    expect([receiver.pings.length, elsewhere.pings.length, await owed()]).toEqual([1, 0, 0])
  })

  test.each<[string, (response: ServerResponse) => unknown, number?]>([
    ['500', (response) => response.writeHead(500).end()],
    ['503 with a wish', (response) => response.writeHead(503, { 'retry-after': '0' }).end()],
    ['a connection that breaks', (response) => response.destroy()],
    ['no answer at all', () => undefined, 200],
    ['headers without an end', (response) => response.socket?.write('HTTP/1.1 200 OK\r\nx: '), 200],
    ['headers that are too long', (response) => response.writeHead(200, { x: 'y'.repeat(20_000) }).end()],
  ])('sent again, later and later: %s', async (_what, says, ms) => {
    receiver.says = says
    await pass(undefined, ms)
    expect([await ended(), receiver.pings.length, await owed()]).toEqual([undefined, 1, 1])
    expect(await pass(undefined, ms)).toBe(0)
    receiver.says = (response) => response.writeHead(204).end()
    clock.advance(2)
    expect(await pass()).toBe(1)
    expect(await ended()).toEqual(['ping.sent', undefined, 2])
  })

  test('given up when nobody would understand it any more, and told then', async () => {
    receiver.says = (response) => response.writeHead(502).end()
    for (let i = 0; i < 20; i++) {
      await pass()
      clock.advance(60)
    }
    const [type, code, tries] = (await ended()) ?? []
    expect([type, code, await owed()]).toEqual(['ping.failed', 'HTTP 502', 0])
    expect(receiver.pings).toHaveLength(tries as number)
    expect(tries).toBeGreaterThan(3)
  })

  test.each<[string, string, string[]?]>([
    ['the cloud’s metadata service', 'https://169.254.169.254/latest'],
    ['a private network', 'https://10.1.2.3/pings'],
    ['IPv6 loopback, which is not allowed here', 'https://[::1]/pings'],
    ['IPv4 in IPv6', 'https://[::ffff:10.0.0.1]/pings'],
    ['a name that leads into a private network', 'https://shop.example/pings', ['10.0.0.1']],
    ['a name of which one address does', 'https://shop.example/pings', ['1.1.1.1', '192.168.0.1']],
    ['http to a public address', 'http://shop.example/pings', ['1.1.1.1']],
    ['a scheme that is none of ours', 'ftp://shop.example/pings'],
  ])('nothing is sent to %s', async (_what, endpoint, addresses = []) => {
    await pingedAt(endpoint)
    await pass(async () => addresses)
    expect(await ended()).toEqual(['ping.failed', 'fetch.refused', 1])
    expect(await owed()).toBe(0)
  })

  test('who is not to be pinged any more is owed nothing', async () => {
    await pingedAt(undefined)
    await pass()
    expect([await ended(), receiver.pings.length, await owed()]).toEqual([undefined, 0, 0])
  })

  test('one that hangs keeps no other waiting', async () => {
    receiver.says = () => undefined
    const send = createPingSender(createGuardedFetch(settings), 60_000)
    const work = createPingWork({ ...parts.base, ...parts.stores, send })
    await work.pass()
    await receiver.heard(request)
    receiver.says = (response) => response.writeHead(204).end()
    await owePing(`auth-req-${++last}`, 0)
    await work.pass()
    await receiver.heard(`auth-req-${last}`)
    await expect.poll(ended).toEqual(['ping.sent', undefined, 1])
    // The first is still under way, as long as its back end holds it.
    expect(await owed()).toBe(1)
    receiver.stop()
    await work.ended()
  })

  test('a bank whose back end hangs, however much it is owed, keeps no other bank waiting', async () => {
    receiver.says = () => undefined
    for (let i = 0; i < 60; i++) await owePing(`auth-req-${++last}`, 0)
    clock.advance(1)
    const other = await startPingReceiver()
    await pingedAt(other.url, 'birch')
    await owePing('of-birch', 0, 'birch')
    const send = createPingSender(createGuardedFetch(settings), 60_000)
    const work = createPingWork({ ...parts.base, ...parts.stores, send })
    // As many looks as there are seconds until the first of them is given up.
    for (let i = 0; i < 5; i++) await work.pass()
    await other.heard('of-birch')
    receiver.stop()
    other.stop()
    await work.ended()
  })

  test('who comes back when another node has taken it ends nothing', async () => {
    const at = clock.now()
    const [slow] = await parts.stores.pings.take({ now: at, leaseUntil: at + 1000, most: 1 })
    clock.advance(2)
    const [quick] = await parts.stores.pings.take({ now: clock.now(), leaseUntil: at + 60_000, most: 1 })
    const { settle, postpone } = parts.stores.pings
    const [was, is] = [slow, quick] as DuePing[] as [DuePing, DuePing]
    expect([await settle(was), await postpone(was, 0), await owed()]).toEqual([false, false, 1])
    expect([await postpone(is, clock.now()), await settle(is), await owed()]).toEqual([true, true, 0])
  })

  test('twenty who send at once send one', async () => {
    await Promise.all(Array.from({ length: 20 }, () => pass()))
    expect([receiver.pings.length, await owed()]).toEqual([1, 0])
  })

  test('in whatever order it ends, lapses, is looked for and is lost by a node that dies: one ping', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...Object.keys(steps)) as fc.Arbitrary<keyof typeof steps>, {
          maxLength: 12,
        }),
        async (order) => {
          const name = `auth-req-${++last}`
          await owePing(name, 60)
          for (const step of order) await steps[step](name)
          // Whatever happened: the question is over, and so is every lease.
          clock.advance(120)
          await pass()
          await pass()
          expect(receiver.of(name)).toHaveLength(1)
        },
      ),
      { numRuns: 60 },
    ))

  test('neither log nor audit knows the token, nor the name of the request', async () => {
    await pass()
    const audit = await parts.base.database.knex('audit_event').select('body', 'personal')
    expect(audit.length).toBeGreaterThan(20)
    expect(logged.length).toBeGreaterThan(5)
    for (const text of [JSON.stringify(audit), JSON.stringify(logged)]) {
      expect(text).not.toContain(token)
      expect(text).not.toContain('auth-req-')
    }
  })
})

/** As much as the other side takes, until it leaves. */
function endless(response: ServerResponse): void {
  const more = () => {
    while (!response.destroyed && response.write('x'.repeat(65_536)));
  }
  response.on('drain', more)
  more()
}
