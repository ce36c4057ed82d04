// A real Kannel: text messages by its sendsms, in letters that GSM has and has not, and its delivery receipts.
import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as rest } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { customer, startDeliveriesRig, withChannels } from '../flows/deliveries-rig.ts'

const script = join(import.meta.dirname, '../peers/kannel.sh')
const run = promisify(execFile)
const home = mkdtempSync(join(tmpdir(), 'drawbridge-kannel-'))
const base = 18_230
const env = { ...process.env, PEER_HOME: home, KANNEL_BASE: String(base) }
const act = async (action: string) => (await run(script, [action], { env, timeout: 60_000 })).stdout

/** What the network was given, as phones show it. */
const arrived = async (): Promise<readonly Record<string, string>[]> =>
  (await act('mt'))
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let i = 0; i < 200; i++) {
    const found = await look()
    if (found !== undefined) return found
    await rest(100)
  }
  throw new Error('it did not come')
}

let rig: Awaited<ReturnType<typeof startDeliveriesRig>>
beforeAll(async () => {
  // Kannel runs as another user where the tests run as root.
  chmodSync(home, 0o755)
  await act('up')
  rig = await startDeliveriesRig()
  await customer(rig.parts, '+1 202-555-0123', 'alice')
  await connect('bank-pw')
})
afterAll(async () => {
  await rig.stop()
  await act('down')
  rmSync(home, { recursive: true, force: true })
})
beforeEach(() => rig.base.database.knex('audit_event').del())

async function connect(password: string) {
  const institution = withChannels(`http://127.0.0.1:${base + 3}/cgi-bin/sendsms`)
  const channels = institution.channels?.map((one) => ({
    ...one,
    settings: one.type === 'push' ? {} : { ...one.settings, password, from: '1000' },
  }))
  await rig.stores.directory.put({ ...rig.rows, institution: { ...institution, channels } }, 'file')
}

test.each([
  ['text', 'Alder Bank: code 483920 [1] for €25 ~ ñ'],
  ['ucs-2', 'Alder Bank: код 483920 – «Нордхавен», 北欧'],
])('%s: %s', async (kind, text) => {
  await rig.enqueue({ text })
  await rig.pass()
  expect(await rig.events('delivery.failed')).toEqual([])
  expect(await rig.events('delivery.sent')).toHaveLength(1)
  const message = await until(async () => (await arrived()).find((one) => one.text === text))
  expect(message).toMatchObject({ from: '1000', to: '+12025550123', kind })
  const [receipt] = await until(async () => {
    const events = await rig.events('delivery.confirmed')
    return events.length > 0 ? events : undefined
  })
  expect(receipt).toMatchObject({ subject: 'alice', detail: { channel: 'sms', kind: 'sms' } })
})

test('a password that it does not know is an attempt that may be made again', async () => {
  await connect('wrong')
  await rig.enqueue({ text: 'not sent' })
  await rig.pass()
  expect(await rig.events('delivery.failed')).toEqual([])
  await connect('bank-pw')
  await rig.base.database.knex.raw("update jobs.job set start_after = now() - interval '1 second'")
  await rig.pass()
  expect(await rig.events('delivery.sent')).toMatchObject([{ detail: { tries: 2 } }])
})
