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
import type { RelyingParty } from '../../src/domain/institution.ts'
import { delivery, loopback, startGateway, withChannels } from '../flows/deliveries-rig.ts'
import { seeded } from '../storage/seed.ts'
import { startPingReceiver } from './ping-receiver.ts'
import { sharedChecker } from './shared-checker.ts'

const shop: RelyingParty = {
  ...{ institution: 'alder', id: 'shop', name: 'Shop', kind: 'api', redirectUris: [], webOrigins: [] },
  ...{ postLogoutRedirectUris: [], scopes: ['openid'], connections: [], acrFloor: undefined, keys: [] },
  ...{ requirePar: true, requireDpop: false, transactionTypes: [] },
}

// Two databases are opened, one of them after a crash: a busy machine takes its time.
const timeout = 90_000

test('after kill -9 what was committed is sent', { timeout }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-killed-'))
  const gateway = await startGateway()
  const receiver = await startPingReceiver()
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
  const ping = {
    ...{ institution: 'alder', request: 'auth-req-1', token: 'of-the-shop', relyingParty: 'shop' },
    ...{ subject: 'alice', approval: 'a1', reference: 'DB-TEST-0001' },
  }
  const relyingParty = { ...shop, backchannel: { ping: receiver.url } }
  owing.send({ settings, institution, delivery: delivery(), phone: '+12025550123', relyingParty, ping })
  expect(await once(owing, 'message')).toContain('owed')
  const ended = once(owing, 'exit')
  owing.kill('SIGKILL')
  expect((await ended)[1]).toBe('SIGKILL')
  expect([...gateway.sent, ...receiver.pings]).toEqual([])

  const config = loadSettings(settings, {}, { demo: true })
  const bridge = await compose(config, { checker: await sharedChecker() })
  await bridge.start()
  await receiver.heard('auth-req-1')
  for (let i = 0; i < 100 && gateway.sent.length === 0; i++) await rest(50)
  // A pass more, which finds nothing.
  await rest(1100)
  await bridge.stop()
  gateway.stop()
  receiver.stop()
  rmSync(directory, { recursive: true, force: true })
  expect(gateway.sent.map((fields) => fields.get('text'))).toEqual([delivery().text])
  expect(receiver.pings).toEqual([
    expect.objectContaining({ authorization: 'Bearer of-the-shop', body: '{"auth_req_id":"auth-req-1"}' }),
  ])
})
