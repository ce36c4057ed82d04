// Charts of the console in a real browser: what they say can be read at every width, and tells each connection from the others.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startBridge, type TestBridge } from '../journeys/bridge.ts'
import { atIdp, customer, signIn } from '../journeys/customer.ts'
import { applyTwo } from '../journeys/two-connections.ts'
import { launch } from './chromium.ts'
import { join } from './join.ts'
import { looked } from './looked.ts'

let bridge: TestBridge
let browser: Browser
let page: Page

beforeAll(async () => {
  bridge = await startBridge()
  await applyTwo(bridge, {
    business: { name: 'Alder staff', audience: 'workforce', domains: [] },
    app: { connections: ['alder-idp'] },
  })
  browser = await launch()
  page = await browser.newPage({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' })
  await join(page, bridge.world.invitation)
  await signIn(await customer(bridge))
  await refused()
})
afterAll(async () => {
  await browser?.close()
  await bridge?.stop()
})

/** A customer whose answer was changed on its way. */
async function refused(): Promise<void> {
  const who = await customer(bridge)
  const { answer } = await atIdp(who)
  const xml = Buffer.from(answer?.fields.SAMLResponse ?? '', 'base64').toString()
  const changed = Buffer.from(xml.replace('Alice Alder', 'Alice Adler')).toString('base64')
  await who.browser.follow(answer?.action as string, {
    until: who.app.redirectUri,
    form: { ...answer?.fields, SAMLResponse: changed },
  })
}

const at = (path: string) => page.goto(`${bridge.issuer}/console${path}`)
const heading = () => page.locator('#h-health').textContent()

describe('each connection has its own', () => {
  test('sign-ins and failures over time, as a picture, in words, and as a table', async () => {
    await expect
      .poll(async () => at('/connections/alder-idp').then(heading), { timeout: 10_000 })
      .toBe('1 sign-in, 1 failure in the last 24 hours')
    expect(await page.locator('.chart rect.c1').count()).toBe(1)
    expect(await page.locator('.chart rect[fill="url(#hatch)"]').count()).toBe(1)
    expect(await page.locator('#chart-desc').textContent()).toMatch(/^1 sign-in, most from .* 1 failed, /)
    await page.getByText('Show as a table').click()
    expect(await page.locator('.chart tbody tr').count()).toBe(24)
    expect(await page.locator('.chart tbody tr:last-child').textContent()).toMatch(/^\d\d:0011$/)
    await looked(page, 'connection-health')
    await page.getByRole('link', { name: 'See those that failed' }).click()
    await page.getByText('saml.signature_invalid').waitFor()
  })
  test('of a week, in steps of six hours', async () => {
    await at('/connections/alder-idp')
    await page.getByRole('link', { name: 'Show the last seven days' }).click()
    expect(await heading()).toBe('1 sign-in, 1 failure in the last seven days')
    expect(await page.locator('.chart tbody tr').count()).toBe(28)
    await looked(page, 'connection-health-week')
  })
  test('and nothing of what came by another', async () => {
    await at('')
    // The worst that the page shows is what its heading says.
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(
      'The last sign-in by Personal failed',
    )
    const words = await page.locator('.spark').evaluateAll((all) => all.map((one) => one.ariaLabel))
    expect(words).toHaveLength(2)
    expect(words.filter((one) => one?.includes('1 failed'))).toHaveLength(1)
    await looked(page, 'charts-overview')
  })
})

// What a card measures depends on the window in more than one way; these meet every step of the stylesheet.
const windows = [320, 390, 480, 600, 700, 860, 960, 1080, 1280, 1600] as const

test.each(['', '/connections/alder-idp', '/connections/alder-idp?over=week'])(
  'words of the chart are small enough, large enough, and apart at every width: %s',
  async (path) => {
    await at(path)
    for (const width of windows) {
      await page.setViewportSize({ width, height: 900 })
      const { sizes, over, together } = await page.locator('.chart svg').evaluate((svg) => {
        const box = svg.getBoundingClientRect()
        const texts = [...svg.querySelectorAll('text')]
        const boxes = texts.map((text) => text.getBoundingClientRect())
        const size = (Number.parseFloat(getComputedStyle(svg).fontSize) * box.width) / 640
        const overlap = (a: DOMRect, b: DOMRect) =>
          a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
        return {
          sizes: [size],
          over: texts
            .filter((_, i) => {
              const { left, right, bottom } = boxes[i] as DOMRect
              return left < box.left - 1 || right > box.right + 1 || bottom > box.bottom + 1
            })
            .map((text) => text.textContent),
          together: texts
            .filter((_, i) => boxes.some((other, n) => n > i && overlap(boxes[i] as DOMRect, other)))
            .map((text) => text.textContent),
        }
      })
      expect([width, over, together]).toEqual([width, [], []])
      expect(sizes[0], `at ${width}`).toBeGreaterThan(10.5)
      expect(sizes[0], `at ${width}`).toBeLessThan(15.5)
    }
  },
)
