// Freezes on two bridge processes over one PostgreSQL: what is frozen at one node is stopped at the other within five seconds.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startBridge, type TestBridge } from '../journeys/bridge.ts'
import { apiToken, call, enrolled, introspect } from '../journeys/customer.ts'
import { freezing } from '../journeys/freezing.ts'
import { creditor } from '../journeys/spending.ts'
import { approve, consume, introspectToUse, pay, withUses } from '../journeys/uses-rig.ts'
import { type Scratch, scratch } from '../storage/scratch.ts'

let place: Scratch
let bridge: TestBridge
let other: string
let payer: Awaited<ReturnType<typeof enrolled>>
let bearer: string

beforeAll(async () => {
  place = await scratch('server')
  bridge = await startBridge(place.url)
  await withUses(bridge)
  other = await bridge.node()
  payer = await enrolled(bridge)
  bearer = await apiToken(bridge)
}, 120_000)
afterAll(async () => {
  await bridge?.stop()
  await place?.remove()
})

type Tokens = Awaited<ReturnType<typeof approve>>
type Frozen = Parameters<ReturnType<typeof freezing>['freeze']>[0]

const atOther = (tokens: Tokens) => pay(payer, tokens, { at: other })
const payee: Frozen = { kind: 'payee', name: creditor }

/** The other node has just let it pass, so that whatever it remembers says that it may. */
const warm = async () => expect((await atOther(await approve(payer))).status).toBe(200)

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return (performance.now() - began) / 1000
}

describe('the first request at the other node after the freeze', () => {
  test.each<[string, Frozen, string]>([
    ['payee', payee, 'payee.frozen'],
    ['core', { kind: 'core', name: 'payments' }, 'core.frozen'],
  ])('a %s: the gateway refuses', async (_, named, code) => {
    const { freeze, lift } = freezing(bridge)
    await warm()
    const tokens = await approve(payer)
    let id = ''
    const took = await seconds(async () => {
      id = await freeze(named)
      expect((await atOther(tokens)).text).toContain(code)
    })
    expect(took).toBeLessThan(5)
    await lift(id)
    expect((await atOther(tokens)).status).toBe(200)
  })
  test('a payee: the API that asks, and the one that reads, are refused', async () => {
    const { freeze, lift } = freezing(bridge)
    const [asking, reading] = [await approve(payer), await approve(payer)]
    const id = await freeze(payee)
    const used = await consume(bridge, { bearer, token: asking.accessToken, at: other })
    expect(used.json.code).toBe('payee.frozen')
    expect(await introspectToUse(bridge, reading.accessToken, other)).toEqual({ active: false })
    await lift(id)
  })
  test.each(['device', 'customer'] as const)('a %s: no token is alive', async (kind) => {
    const { freeze, lift } = freezing(bridge)
    const who = await enrolled(bridge, 'bob')
    const listed = () => call(who, { method: 'GET', path: '/devices', tokens: who.tokens, at: other })
    expect((await listed()).status).toBe(200)
    const name = kind === 'device' ? who.device.id : (who.tokens.claims.sub as string)
    let id = ''
    const took = await seconds(async () => {
      id = await freeze({ kind, name })
      expect((await listed()).status).toBe(401)
    })
    expect(took).toBeLessThan(5)
    const endpoint = `${other}/alder/introspect`
    expect(await introspect(bridge, who.tokens.accessToken, endpoint)).toEqual({ active: false })
    await lift(id)
  })
})

describe('payments in flight at both nodes while somebody freezes', () => {
  test.each<[string, Frozen]>([
    ['payee', payee],
    ['core', { kind: 'core', name: 'payments' }],
  ])('a %s: none that begins after the freeze is carried out', async (_, named) => {
    const { freeze, lift } = freezing(bridge)
    const all: Tokens[] = []
    for (let i = 0; i < 8; i += 1) all.push(await approve(payer))
    const node = (i: number) => (i % 2 === 0 ? undefined : { at: other })
    const early = all.slice(0, 4).map((tokens, i) => pay(payer, tokens, node(i)))
    const id = await freeze(named)
    const late = await Promise.all(all.slice(4).map((tokens, i) => pay(payer, tokens, node(i))))
    expect(late.map(({ status }) => status)).toEqual([403, 403, 403, 403])
    expect((await Promise.all(early)).filter(({ status }) => status !== 200 && status !== 403)).toEqual([])
    await lift(id)
    const again = await Promise.all(all.slice(4).map((tokens, i) => pay(payer, tokens, node(i))))
    expect(again.map(({ status }) => status)).toEqual([200, 200, 200, 200])
  })
})
