// The console on screens of every width: the way around is in sight, and nothing that is said is cut off at the edge.
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
    personal: { name: 'Alder Bank for its private customers and their families' },
    business: { name: 'Alder staff', audience: 'workforce', domains: [] },
    app: { connections: ['alder-idp'] },
  })
  browser = await launch()
  page = await browser.newPage({ reducedMotion: 'reduce' })
  await join(page, bridge.world.invitation)
  await signIn(await customer(bridge))
  const who = await customer(bridge)
  const { answer } = await atIdp(who)
  const xml = Buffer.from(answer?.fields.SAMLResponse ?? '', 'base64').toString()
  const changed = Buffer.from(xml.replace('Alice Alder', 'Alice Adler')).toString('base64')
  await who.browser.follow(answer?.action as string, {
    until: who.app.redirectUri,
    form: { ...answer?.fields, SAMLResponse: changed },
  })
})
afterAll(async () => {
  await browser?.close()
  await bridge?.stop()
})

const at = (path: string) => page.goto(`${bridge.issuer}/console${path}`)

describe.each([320, 390, 560, 700, 768, 1000])('%s pixels wide', (width) => {
  test.each([
    ['overview', ''],
    ['connections', '/connections'],
    ['exchanges', '/exchanges'],
    ['policy', '/policy'],
    ['apps', '/relying-parties'],
    ['app', '/relying-parties/alder-phone'],
  ])('%s shows every place, and all of its tables and code', async (name, path) => {
    await at(path)
    await page.setViewportSize({ width, height: 844 })
    const links = await page
      .getByRole('navigation', { name: 'Console' })
      .getByRole('link')
      .evaluateAll((all) =>
        all.map((one) => {
          const { left, right } = one.getBoundingClientRect()
          return [one.textContent, left >= 0 && right <= window.innerWidth]
        }),
      )
    expect(links).toHaveLength(11)
    expect(links.filter(([, inSight]) => !inSight)).toEqual([])
    const cut = await page
      .locator('.scroll, .wraps pre')
      .evaluateAll((all) =>
        all.filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.getAttribute('aria-label')),
      )
    expect(cut).toEqual([])
    if (width === 390) await looked(page, `phone-${name}`)
  })
})

test('what a column says on a desktop is said with its name on a phone', async () => {
  await at('/exchanges')
  await page.setViewportSize({ width: 390, height: 844 })
  const cell = page.locator('tbody tr td[data-label="When"]').first()
  expect(await cell.isVisible()).toBe(true)
  const label = await cell.evaluate((one) => getComputedStyle(one, '::before').content)
  expect(label).toBe('"When"')
  await page.setViewportSize({ width: 1280, height: 844 })
  expect(await cell.evaluate((one) => getComputedStyle(one, '::before').content)).toBe('none')
})
