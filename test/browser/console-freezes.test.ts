// Freezes in the console, in a real browser: from a transaction to the form, in force, and lifted.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startBridge, type TestBridge } from '../journeys/bridge.ts'
import { carriedOut, creditor, spender } from '../journeys/spending.ts'
import { applyTwo } from '../journeys/two-connections.ts'
import { launch } from './chromium.ts'
import { join } from './join.ts'
import { looked as lookedAt } from './looked.ts'

let bridge: TestBridge
let browser: Browser
let page: Page
const complaints: string[] = []

beforeAll(async () => {
  bridge = await startBridge()
  await applyTwo(bridge, {
    business: { name: 'Alder staff', audience: 'workforce', domains: [] },
    app: { connections: ['alder-idp'] },
  })
  browser = await launch()
  page = await browser.newPage({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' })
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  await join(page, bridge.world.invitation)
  await carriedOut(await spender(bridge), '20.00')
})
afterAll(async () => {
  await browser?.close()
  await bridge?.stop()
})

const looked = (name: string) => lookedAt(page, `console-${name}`)
const heading = (name: string | RegExp) => page.getByRole('heading', { level: 1, name }).waitFor()

test('the payee of a transaction is frozen, seen, and lifted', async () => {
  await page.goto(`${bridge.issuer}/console/freezes`)
  await heading(/frozen|in force/)
  await looked('freezes-none')
  await page.getByRole('link', { name: 'Transactions' }).click()
  await page.locator('tbody a').first().click()
  await page.getByRole('link', { name: 'Freeze this payee' }).click()
  await heading('Freeze a payee')
  await looked('freeze-new')
  await page.getByRole('textbox', { name: 'Why' }).fill('Two customers were sent there by a caller')
  await page.getByLabel('How long').selectOption({ label: 'For a day' })
  await page.getByRole('button', { name: 'Freeze it now' }).click()
  await page.getByText('It is frozen, on every node.').waitFor()
  await looked('freeze')
  expect(await page.content()).not.toContain(creditor)
  await page.getByRole('link', { name: 'All freezes' }).click()
  await heading(/in force/)
  await page.getByRole('link', { name: 'A core' }).click()
  await page.getByLabel('Core', { exact: true }).fill('unknown')
  await page.getByRole('textbox', { name: 'Why' }).fill('It answers nothing')
  await page.getByRole('button', { name: 'Freeze it now' }).click()
  await page.getByText('No core has this id.').waitFor()
  await looked('freeze-refused')
  await page.getByLabel('Core', { exact: true }).fill('payments')
  await page.getByRole('button', { name: 'Freeze it now' }).click()
  await page.getByRole('textbox', { name: 'Why' }).fill('It answers again')
  await page.getByRole('button', { name: 'Lift the freeze' }).click()
  await page.getByText('The freeze is lifted.').waitFor()
  await looked('freeze-lifted')
  await page.getByRole('link', { name: 'All freezes' }).click()
  await looked('freezes')
  // The browser tells of the answer 404, as it should.
  expect(complaints.filter((one) => !one.includes('404'))).toEqual([])
})
