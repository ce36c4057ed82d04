// Attack 118 in a real browser: a page of ours inside a frame of somebody else's shows nothing that could be clicked.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startBridge, type TestBridge } from '../journeys/bridge.ts'
import { launch } from './chromium.ts'

let bridge: TestBridge
let browser: Browser
let site: Server
let framed = ''

beforeAll(async () => {
  bridge = await startBridge()
  browser = await launch()
  // On the bridge's own host name, so that its cookies come along: only the policy stands between.
  site = createServer((_, reply) => {
    reply.setHeader('content-type', 'text/html')
    reply.end(
      `<!doctype html><title>Win a prize</title><iframe src="${framed}" width="600" height="600"></iframe>`,
    )
  })
  await new Promise<void>((resolve) => site.listen(0, 'localhost', resolve))
}, 180_000)
afterAll(async () => {
  await browser.close()
  site.close()
  await bridge.stop()
})

test('#118 the consent page in a frame: blocked, with the customer’s cookies and all', async () => {
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(`${bridge.world.url}/phone/`)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByLabel('User name').fill('alice')
  await page.getByLabel('Password').fill('alice-pw')
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.waitForURL(/\/interaction\//)
  framed = page.url()
  const complaints: string[] = []
  const thief = await context.newPage()
  thief.on('console', (message) => complaints.push(message.text()))
  await thief.goto(`http://localhost:${(site.address() as AddressInfo).port}/`)
  await expect.poll(() => complaints.join('\n')).toMatch(/frame-ancestors|X-Frame-Options/)
  const frame = thief.frames().find((one) => one !== thief.mainFrame())
  expect(await frame?.locator('button').count()).toBe(0)
  // Control: the same address at the top is the page with its buttons.
  await thief.goto(framed)
  expect(await thief.getByRole('button', { name: 'Allow', exact: true }).count()).toBe(1)
  await context.close()
})
