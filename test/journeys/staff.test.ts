// The demo bank's staff directory: whoever works there signs in by an OpenID provider that is not ours.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createBrowser, formIn } from '../../src/demo/app-client.ts'
import { startBridge, type TestBridge } from './bridge.ts'
import { atWork, withDesk } from './staff.ts'

let bridge: TestBridge
beforeAll(async () => {
  bridge = await startBridge()
  await withDesk(bridge)
})
afterAll(() => bridge.stop())

test('Marta signs in at the directory, and the app knows her by its words', async () => {
  const { app, tokens } = await atWork(bridge, 'marta', 'openid profile email')
  const url = `${bridge.issuer}/userinfo`
  const proof = await app.proof({ method: 'GET', url, accessToken: tokens.accessToken })
  const me = await fetch(url, { headers: { authorization: `DPoP ${tokens.accessToken}`, dpop: proof } })
  expect(await me.json()).toMatchObject({ name: 'Marta Oja', email: 'marta.oja@alder.example' })
})

test('a wrong password asks again, and a no reaches the app', async () => {
  const { app } = await atWork(bridge, 'jaan')
  const browser = createBrowser()
  const until = app.redirectUri
  const started = await app.begin({ scope: 'openid' })
  const asked = formIn(await browser.follow(started.url, { until }))
  const form = { username: 'marta', password: 'jaan-pw', do: 'sign-in' }
  const wrong = await browser.follow(asked.action, { until, form })
  expect([wrong.status, wrong.body]).toEqual([401, expect.stringContaining('don’t match')])
  const no = await browser.follow(asked.action, { until, form: { ...form, do: 'cancel' } })
  expect(new URL(no.returned ?? '').searchParams.get('error')).toBe('access_denied')
})
