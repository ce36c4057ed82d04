// Attack on the fresh sign-in of the console: an IdP that does not say when it asked proves nothing of now.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createAdministrator, type Page } from '../journeys/administrator.ts'
import { startBridge, type TestBridge } from '../journeys/bridge.ts'
import { withProvider } from '../journeys/hostile-provider.ts'
import { type Op, startOp } from '../plugins/hostile-op.ts'

let bridge: TestBridge
let op: Op

beforeAll(async () => {
  ;[bridge, op] = await Promise.all([startBridge(), startOp()])
  await withProvider(bridge, op)
})
afterAll(async () => {
  op.stop()
  await bridge.stop()
})

/** A browser of its own signs in to the console; the provider says when it asked, or does not. */
async function signedIn(dated: boolean) {
  const somebody = createAdministrator(bridge)
  op.behaviour.claims = (claims) => (dated ? claims : { ...claims, auth_time: undefined })
  const page = await somebody.get('/administrators')
  op.good()
  return { ...somebody, page }
}

const invite = ({ press, page }: { press: Awaited<ReturnType<typeof signedIn>>['press']; page: Page }) => {
  op.behaviour.instead = (_, res) => {
    res.writeHead(418).end('asked at the IdP')
    return true
  }
  return press(page, { action: /\/invite$/, fields: { 'role.viewer': 'on' } }).finally(() => op.good())
}

test('#202 an answer without a time is no fresh sign-in: roles are changed after another one', async () => {
  await createAdministrator(bridge).join(bridge.world.invitation as string, 'anybody')
  const undated = await signedIn(false)
  expect(undated.page.body).toContain('For a change you will be asked to sign in once more.')
  const sent = await invite(undated)
  expect([sent.status, sent.url.startsWith(op.issuer)]).toEqual([418, true])
  // The provider is asked anew, and has to say when it did.
  op.behaviour.claims = (claims) => ({ ...claims, auth_time: undefined })
  const refused = await undated.get('/sign-in?fresh=yes&then=%2Fconsole')
  op.good()
  expect(refused.status).toBeGreaterThanOrEqual(400)
  // The control: the same with a time.
  const dated = await signedIn(true)
  expect(dated.page.body).toContain('Changes here are recorded with your name.')
  const made = await invite(dated)
  expect([made.status, made.body.includes('/console/invitation/')]).toEqual([200, true])
})

test('#202 the session of the browser remembers that its sign-in had no time', async () => {
  const somebody = createAdministrator(bridge)
  op.behaviour.claims = (claims) => ({ ...claims, auth_time: undefined })
  const first = await somebody.get('')
  op.good()
  await somebody.press(first, { action: /\/sign-out$/ })
  // Nobody is asked: the provider would have said a time now.
  const again = await somebody.get('/administrators')
  expect(again.body).toContain('For a change you will be asked to sign in once more.')
})
