// Somebody of the bank's staff comes into the console: by invitation the first time, by their own IdP every time.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createBrowser, formIn } from '../../src/demo/app-client.ts'
import { startBridge, type TestBridge } from './bridge.ts'
import { applyTwo } from './two-connections.ts'

let bridge: TestBridge
const stop = 'https://nowhere.example/'

beforeAll(async () => {
  bridge = await startBridge()
  await applyTwo(bridge, { business: { name: 'Staff', audience: 'workforce', domains: [] } })
})
afterAll(() => bridge.stop())

type Browser = ReturnType<typeof createBrowser>

/** Presses the button of an invitation and signs in at the IdP where it asks. */
async function join(browser: Browser, url: string, user: string) {
  const invited = formIn(await browser.follow(url, { until: stop }))
  const asked = await browser.follow(invited.action, { until: stop, form: invited.fields })
  return through(browser, asked, user)
}

async function through(browser: Browser, asked: { url: string; body: string }, user: string) {
  let page = asked
  for (let i = 0; i < 3 && page.body.includes('<form') && !page.url.includes('/console'); i += 1) {
    const form = formIn(page)
    const typed: Record<string, string> = page.body.includes('name="password"')
      ? { username: user, password: `${user}-pw`, do: 'sign-in' }
      : {}
    page = await browser.follow(form.action, { until: stop, form: { ...form.fields, ...typed } })
  }
  return page
}

describe('the console', () => {
  test('opens to the first owner by the printed link, and then by the staff’s sign-in', async () => {
    const browser = createBrowser()
    const page = await join(browser, bridge.world.invitation as string, 'alice')
    expect(page.url).toBe(`${bridge.issuer}/console`)
    expect(page.body).toContain('Alice Alder')
    expect(page.body).toContain('Owner')
  })
})
