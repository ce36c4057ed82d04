// Devices that wait: one question for all of them, none for nobody, and an end for each.
import { setTimeout as rest } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createMessageWaiting } from '../../src/http/message-waiting.ts'
import { type Parts, startParts } from '../journeys/parts.ts'

let parts: Parts
beforeAll(async () => {
  parts = await startParts()
})
afterAll(() => parts.stop())

function waiting() {
  const { base, stores } = parts
  let asked = 0
  // The real outbox; only its questions are counted.
  const deviceMessages = {
    since: (...given: Parameters<typeof stores.deviceMessages.since>) => {
      asked++
      return stores.deviceMessages.since(...given)
    },
  }
  return { ...createMessageWaiting({ ...base, deviceMessages, everyMs: 50 }), asked: () => asked }
}

const place = (device: string, after = 0) => ({ institution: 'alder', device, after })
const never = new AbortController().signal
const put = (device: string, id: string) =>
  parts.stores.deviceMessages.put('alder', device, {
    ...{ id, purpose: 'approval', handle: id.slice(-4), sentAt: Date.now(), expiresAt: Date.now() + 60_000 },
  })
const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

test('thirty devices cost one question a look, and each gets its own', async () => {
  const them = waiting()
  const enough = new AbortController()
  const began = performance.now()
  const all = Array.from({ length: 30 }, (_, i) =>
    them.wait(place(`d${i}`), { ms: 20_000, signal: enough.signal }),
  )
  await put('d7', id(7))
  expect(await all[7]).toHaveLength(1)
  while (them.asked() < 4) await rest(10)
  enough.abort()
  const answers = await Promise.all(all)
  expect(answers.map((messages) => messages.length)).toEqual(all.map((_, i) => (i === 7 ? 1 : 0)))
  expect(them.asked()).toBeLessThanOrEqual((performance.now() - began) / 50 + 1)
  // Nobody waits, nothing is asked.
  const before = them.asked()
  await rest(150)
  expect(them.asked()).toBe(before)
  them.close()
})

test('a device may wait in three windows, each from its place; a client that goes, and a bridge that stops, end it at once', async () => {
  const them = waiting()
  const began = performance.now()
  const wait = (after: number, signal = never) => them.wait(place('e', after), { ms: 25_000, signal })
  await put('e', id(1))
  const [first, second, third] = [wait(1), wait(1), wait(1)]
  const gone = new AbortController()
  const fourth = wait(1, gone.signal)
  expect(await first).toEqual([])
  gone.abort()
  expect(await fourth).toEqual([])
  expect(await wait(0)).toMatchObject([{ seq: 1 }])
  await put('e', id(2))
  expect([await second, await third]).toMatchObject([[{ seq: 2 }], [{ seq: 2 }]])
  const last = wait(2)
  them.close()
  expect(await last).toEqual([])
  expect(await wait(0)).toEqual([])
  expect(performance.now() - began).toBeLessThan(20_000)
})

test('a look belongs to nobody’s unit of work', async () => {
  const them = waiting()
  await put('f', id(9))
  const found = await parts.inUnit(async () => {
    // Begins, as the record of a proof does, and ends before the wait; what follows begins another.
    await parts.stores.replays.once('alder', { kind: 'dpop', id: 'x', expiresAt: Date.now() + 60_000 })
    await parts.base.unit.checkpoint()
    return them.wait(place('f'), { ms: 20_000, signal: never })
  })
  expect(found).toMatchObject([{ id: id(9), handle: '0009', seq: 1 }])
  them.close()
})
