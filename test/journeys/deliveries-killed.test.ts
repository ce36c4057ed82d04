// A node that is killed between its commit and the sending: whoever comes next sends what it owed, once.
import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as rest } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { compose } from '../../src/compose/compose.ts'
import { loadSettings } from '../../src/config/load.ts'
import type { SettingsInput } from '../../src/config/schema.ts'
import { delivery, loopback, startGateway, withChannels } from '../flows/deliveries-rig.ts'
import { seeded } from '../storage/seed.ts'
import { sharedChecker } from './shared-checker.ts'

// Two databases are opened, one of them after a crash: a busy machine takes its time.
const timeout = 90_000

test('after kill -9 what was committed is sent', { timeout }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-killed-'))
  const gateway = await startGateway()
  await seeded(directory)
  writeFileSync(join(directory, 'key'), randomBytes(32).toString('base64'))
  const settings: SettingsInput = {
    ...{ mode: 'development', public_url: 'http://127.0.0.1:9', ...loopback },
    listen: { host: '127.0.0.1', port: 0 },
    management: { host: '127.0.0.1', port: 0 },
    timeouts: { drain_ms: 0 },
    database: { data_directory: directory },
    keys: { master: `file:${join(directory, 'key')}` },
    log: { level: 'error', destination: 'stderr' },
  }
  const owing = fork(join(import.meta.dirname, 'owing-process.ts'), { stdio: 'inherit', execArgv: [] })
  const institution = withChannels(gateway.url)
  owing.send({ settings, institution, delivery: delivery(), phone: '+12025550123' })
  expect(await once(owing, 'message')).toContain('owed')
  const ended = once(owing, 'exit')
  owing.kill('SIGKILL')
  expect((await ended)[1]).toBe('SIGKILL')
  expect(gateway.sent).toEqual([])

  const config = loadSettings(settings, {}, { demo: true })
  const bridge = await compose(config, { checker: await sharedChecker() })
  await bridge.start()
  for (let i = 0; i < 100 && gateway.sent.length === 0; i++) await rest(50)
  // A pass more, which finds nothing.
  await rest(1100)
  await bridge.stop()
  gateway.stop()
  rmSync(directory, { recursive: true, force: true })
  expect(gateway.sent.map((fields) => fields.get('text'))).toEqual([delivery().text])
})
