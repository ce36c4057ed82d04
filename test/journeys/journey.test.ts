// The whole journey on the embedded database.
import { expect, test } from 'vitest'
import { runJourney } from '../../src/demo/journey.ts'
import { startBridge } from './bridge.ts'

test('an app signs in, enrols, pays, steps up, is refused where it must be, approves on the phone, is asked for more or stopped by risk engines, and signs out', async () => {
  const bridge = await startBridge(undefined, undefined, { risk: true })
  const said: string[] = []
  const report = await runJourney({
    application: bridge.application,
    world: bridge.world,
    say: (text) => said.push(text),
  })
  await bridge.stop()
  expect(report.ok, said.join('')).toBe(true)
  expect(report.steps.length).toBeGreaterThanOrEqual(37)
  // What an engine says, or fails to say, lets something pass only where the dial is low.
  const passed = report.risk.filter(({ outcome }) => outcome === 'allowed').map(({ dial }) => dial)
  expect(new Set(passed)).toEqual(new Set(['low']))
  expect(report.risk.length).toBeGreaterThanOrEqual(28)
})
