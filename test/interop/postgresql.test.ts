// The whole journey on a real PostgreSQL; the store contract and the races run on it beside this file.

import { setTimeout as rest } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { runJourney } from '../../src/demo/journey.ts'
import { startBridge } from '../journeys/bridge.ts'
import { enrolled } from '../journeys/customer.ts'
import { scratch, serverUrl } from '../storage/scratch.ts'

test('a server is there: a missing peer is a failure', () =>
  expect(serverUrl, 'DATABASE_URL must name a PostgreSQL server').toBeDefined())

test('the journey', async () => {
  const place = await scratch('server')
  const bridge = await startBridge(place.url)
  const said: string[] = []
  const report = await runJourney({
    application: bridge.application,
    world: bridge.world,
    say: (text) => said.push(text),
  })
  await bridge.stop()
  await place.remove()
  expect(report.ok, said.join('')).toBe(true)
})

test('a key that one node promotes is what the other publishes and signs by within two seconds', async () => {
  const place = await scratch('server')
  const bridge = await startBridge(place.url)
  try {
    const other = await bridge.node()
    const at = { institution: 'alder', connection: 'alder-idp', purpose: 'saml-signing' } as const
    const host = new URL(bridge.issuer).host
    const first = async () => {
      const response = await fetch(`${other}/alder/saml/alder-idp/metadata`, { headers: { host } })
      return /use="signing".*?<ds:X509Certificate>([^<]+)/.exec(await response.text())?.[1]
    }
    const before = await first()
    const actor = { by: 'command', why: '' }
    await bridge.application.ownKeys.prepare(at, actor)
    const keys = await bridge.application.ownKeys.promote(at, actor, { unpublished: true })
    const promoted = keys.find(({ state }) => state === 'active')?.certificate
    expect(promoted).not.toBe(before)
    const began = performance.now()
    while ((await first()) !== promoted) expect(performance.now() - began).toBeLessThan(2000)
  } finally {
    await bridge.stop()
    await place.remove()
  }
})

test('of what is owed to customers two nodes send each once, and a phone that waits at one of them gets it', async () => {
  const place = await scratch('server')
  const bridge = await startBridge(place.url)
  try {
    const other = await bridge.node()
    const alice = await enrolled(bridge)
    const subject = alice.tokens.claims.sub as string
    const url = `${bridge.issuer}/messages`
    const waiting = fetch(`${url.replace(new URL(url).origin, other)}?wait=20`, {
      headers: {
        host: new URL(bridge.issuer).host,
        authorization: `DPoP ${alice.tokens.accessToken}`,
        dpop: await alice.app.proof({ method: 'GET', url, accessToken: alice.tokens.accessToken }),
      },
    })
    const { base, flows } = bridge.parts
    const owe = (kind: 'push' | 'sms', text: string) =>
      base.unit.run({ institution: 'alder', reference: 'DB-TEST-0001' }, () =>
        flows.deliveries.enqueue({
          ...{ institution: 'alder', subject, kind, purpose: 'code', handle: 'h', text },
          ...{ expiresAt: Date.now() + 60_000, trace: { reference: 'DB-TEST-0001' } },
        }),
      )
    await owe('push', 'a push')
    expect(((await (await waiting).json()) as { messages: unknown[] }).messages).toHaveLength(1)
    const texts = Array.from({ length: 8 }, (_, i) => `code ${i}`)
    await Promise.all(texts.map((text) => owe('sms', text)))
    for (let i = 0; i < 400 && bridge.world.sms.messages.length < 8; i++) await rest(50)
    await rest(1500)
    expect(bridge.world.sms.messages.map(({ text }) => text).sort()).toEqual(texts)
    const { rows } = await base.database.knex.raw(
      "select count(*) from audit_event where type = 'delivery.sent'",
    )
    expect(Number(rows[0].count)).toBe(9)
  } finally {
    await bridge.stop()
    await place.remove()
  }
})
