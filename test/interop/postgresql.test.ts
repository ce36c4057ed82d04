// The whole journey on a real PostgreSQL; the store contract and the races run on it beside this file.
import { expect, test } from 'vitest'
import { runJourney } from '../../src/demo/journey.ts'
import { startBridge } from '../journeys/bridge.ts'
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
