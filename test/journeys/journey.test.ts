// The whole journey on the embedded database.
import { expect, test } from 'vitest'
import { runJourney } from '../../src/demo/journey.ts'
import { startBridge } from './bridge.ts'

test('an app signs in, enrols, pays, steps up, is refused where it must be, approves on the phone, and signs out', async () => {
  const bridge = await startBridge()
  const said: string[] = []
  const report = await runJourney({
    application: bridge.application,
    world: bridge.world,
    say: (text) => said.push(text),
  })
  await bridge.stop()
  expect(report.ok, said.join('')).toBe(true)
  expect(report.steps.length).toBeGreaterThanOrEqual(28)
})
