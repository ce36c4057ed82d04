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
