// Staff who sign out at their own IdP are out of the console too, wherever it stood open; and so are those who sign out here.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Op, startOp } from '../plugins/hostile-op.ts'
import { type Administrator, createAdministrator } from './administrator.ts'
import { startBridge, type TestBridge } from './bridge.ts'
import { logoutClaims, signedBy, tell, withProvider } from './hostile-provider.ts'

let bridge: TestBridge
let op: Op
let owner: Administrator

beforeAll(async () => {
  ;[bridge, op] = await Promise.all([startBridge(), startOp()])
  await withProvider(bridge, op)
  owner = createAdministrator(bridge)
  await named('session-1', () => owner.join(bridge.world.invitation as string, 'marta'))
})
afterAll(async () => {
  op.stop()
  await bridge.stop()
})

/** Whoever comes to the provider meanwhile is Marta, in this session. */
async function named<T>(sid: string, work: () => Promise<T>): Promise<T> {
  op.behaviour.claims = (claims) => ({ ...claims, sub: 'marta', sid })
  const done = await work()
  op.good()
  return done
}
const isIn = async ({ browser }: Administrator) =>
  (await browser.go(`${bridge.issuer}/console`)).status === 200
/** Marta in another browser. */
async function again(sid: string): Promise<Administrator> {
  const other = createAdministrator(bridge)
  await named(sid, () => other.get('/sign-in'))
  return other
}

test('a logout token of one session ends what that one opened, and one of the person all of theirs', async () => {
  const [second, third] = [await again('session-2'), await again('session-3')]
  expect([await isIn(owner), await isIn(second), await isIn(third)]).toEqual([true, true, true])
  const one = await signedBy(op, logoutClaims(op, { sub: 'marta', sid: 'session-2' }))
  expect((await tell(bridge, one)).status).toBe(200)
  expect([await isIn(owner), await isIn(second), await isIn(third)]).toEqual([true, false, true])
  const all = await signedBy(op, logoutClaims(op, { sub: 'marta' }))
  expect((await tell(bridge, all)).status).toBe(200)
  expect([await isIn(owner), await isIn(third)]).toEqual([false, false])
})
