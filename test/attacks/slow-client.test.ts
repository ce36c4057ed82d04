// Whoever takes their time holds up nobody else: no unit is open while a body is awaited or an answer is checked.
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Tokens } from '../../src/demo/app-client.ts'
import { transferBody } from '../../src/demo/journey-walk.ts'
import { Refusal } from '../../src/domain/refusal.ts'
import { createDecide } from '../../src/flows/decide.ts'
import { createKeepEvidence } from '../../src/flows/evidence.ts'
import { createAnswer } from '../../src/flows/login-answer.ts'
import type { Connector } from '../../src/ports/connector.ts'
import { nobodyAsked, nobodyTold } from '../flows/no-risk.ts'
import { startBridge, type TestBridge } from '../journeys/bridge.ts'
import { call, customer, enrolled, signIn } from '../journeys/customer.ts'
import { alder, startIdp, startParts } from '../journeys/parts.ts'
import { login } from '../storage/rig.ts'

// A request that waits for the only connection is refused after ten seconds; one that does not takes some milliseconds.
const soonMs = 8000

describe('half a body', () => {
  let bridge: TestBridge
  let who: Awaited<ReturnType<typeof enrolled>>
  let tokens: Tokens
  beforeAll(async () => {
    bridge = await startBridge()
    who = await enrolled(bridge)
    tokens = await signIn(who)
  })
  afterAll(() => bridge.stop())

  /** Sends the head and the beginning of a body with a good token and proof, and then nothing. */
  async function halfSent(path: string, type: string): Promise<{ socket: Socket; proof: string }> {
    const url = `${who.app.issuer}${path}`
    const { hostname, port, pathname, host } = new URL(url)
    const proof = await who.app.proof({ method: 'POST', url, accessToken: tokens.accessToken })
    const socket = connect(Number(port), hostname)
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    const lines = [
      `POST ${pathname} HTTP/1.1`,
      `Host: ${host}`,
      `Authorization: DPoP ${tokens.accessToken}`,
      `DPoP: ${proof}`,
      `Content-Type: ${type}`,
      'Content-Length: 400',
    ]
    socket.write(`${lines.join('\r\n')}\r\n\r\n<half`)
    // Until the request waits for the rest of its body, whatever it does before that.
    await new Promise((resolve) => setTimeout(resolve, 300))
    return { socket, proof }
  }

  test.each([
    ['/soap/payments', 'text/xml'],
    ['/devices', 'application/json'],
    ['/devices/any/proof', 'application/json'],
  ])('to %s: another customer signs in meanwhile', async (path, type) => {
    const { socket } = await halfSent(path, type)
    const other = await customer(bridge, 'bob')
    const began = performance.now()
    await other.app.begin()
    expect(performance.now() - began).toBeLessThan(soonMs)
    expect((await fetch(`${bridge.managementUrl}/readyz`)).status).toBe(200)
    socket.destroy()
  })
  test('its proof is used up all the same once the body has come', async () => {
    const url = `${who.app.issuer}/soap/payments`
    const proof = await who.app.proof({ method: 'POST', url, accessToken: tokens.accessToken })
    const asked = { method: 'POST', path: '/soap/payments', tokens, proof, body: transferBody('12.50') }
    expect((await call(who, asked)).status).toBe(200)
    const again = await call(who, asked)
    expect([again.status, again.challenge]).toEqual([401, expect.stringContaining('invalid_dpop_proof')])
  })
})

test('while an answer of an IdP is checked, the database is free', async () => {
  const parts = await startParts()
  const { content } = await startIdp()
  const connection = { ...content, institution: 'alder', id: 'main', state: 'active', version: 1 } as const
  await parts.stores.directory.put({ ...parts.rows, connections: [connection] }, 'file')
  const waited: number[] = []
  const complete = async () => {
    const began = performance.now()
    await parts.base.database.knex.raw('select 1')
    waited.push(performance.now() - began)
    throw new Refusal('saml.deadline')
  }
  const connector = { asksUpstream: false, complete } as unknown as Connector
  const answer = createAnswer({
    tokenOfAccount: (_, account) => account,
    ...parts.base,
    ...parts.stores,
    connectors: { of: () => connector, plugins: [] } as never,
    exchangeKeeper: { failed: async () => undefined, answered: async () => undefined },
    answerSettings: { namedMs: 60_000 },
    assess: nobodyAsked,
    riskOutcomes: nobodyTold,
    riskProviders: { of: () => [] },
    decide: createDecide({ ...parts.base, ...parts.stores, assess: nobodyAsked }),
    keepEvidence: createKeepEvidence(parts.stores),
    canText: async () => false,
    metadataRefresh: { forUnknownKey: async () => undefined },
  })
  const browser = { hash: 'the-browser' }
  const open = {
    ...login('slow-check'),
    connection: 'main',
    browserHash: browser.hash,
    upstreamRequest: '_r',
  }
  await parts.stores.logins.create({ ...open, expiresAt: Date.now() + 60_000 })
  const { handle } = await answer.receive('alder', { connection: 'main', relayState: open.uid, payload: 'x' })
  const completed = () => parts.inUnit(() => answer.complete(alder, handle, browser))
  await expect(completed()).rejects.toMatchObject({ code: 'saml.deadline' })
  expect(waited).toEqual([expect.any(Number)])
  expect(waited[0]).toBeLessThan(soonMs)
  // The handle is spent, whatever became of the answer.
  await expect(completed()).rejects.toMatchObject({ code: 'upstream.handle_unknown' })
  await parts.stop()
})

test('that a visitor of the console was seen leaves no unit open for the form that follows', async () => {
  const parts = await startParts()
  const { consoleSessions } = parts.stores
  const now = Date.now()
  const times = { authenticatedAt: now, seenAt: now - 120_000, expiresAt: now + 600_000 }
  const session = {
    institution: 'alder',
    idHash: 'h',
    kind: 'administrator',
    administrator: 'ann',
    ...times,
  } as const
  await consoleSessions.create(session as never)
  await parts.inUnit(async () => {
    await consoleSessions.seen(session as never, now)
    const began = performance.now()
    await parts.base.database.knex.raw('select 1')
    expect(performance.now() - began).toBeLessThan(soonMs)
  })
  expect((await consoleSessions.get('alder', 'h'))?.seenAt).toBe(now)
  await parts.stop()
})
