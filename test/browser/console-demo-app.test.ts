// From a new connection to somebody signed in by it: an app of the console, tried with the demo's phone.
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startBridge, type TestBridge } from '../journeys/bridge.ts'
import { launch } from './chromium.ts'
import { join } from './join.ts'
import { accessible, looked, pictures } from './looked.ts'

let bridge: TestBridge
let browser: Browser
let context: BrowserContext
let page: Page
const complaints: string[] = []

beforeAll(async () => {
  bridge = await startBridge()
  browser = await launch()
  context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' })
  page = await context.newPage()
  page.on('console', (message) => {
    const expected = /status of (404|409|422|400)/.test(message.text())
    if (message.type() === 'error' && !expected) complaints.push(`${page.url()}: ${message.text()}`)
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
})
afterAll(async () => {
  await browser?.close()
  await bridge?.stop()
})

const press = (name: string | RegExp) =>
  page
    .getByRole('button', { name, exact: typeof name === 'string' })
    .first()
    .click()
const fill = (label: string, text: string) => page.getByLabel(label, { exact: true }).fill(text)
const at = (path: string) => page.goto(`${bridge.issuer}/console${path}`)
const heading = async () => (await page.getByRole('heading', { level: 1 }).textContent()) ?? ''
const phone = (app: string) => page.goto(`${bridge.world.url}/phone/?app=${encodeURIComponent(app)}`)

async function signInAs(user: string): Promise<void> {
  await page.getByLabel('User name').fill(user)
  await page.getByLabel('Password').fill(`${user}-pw`)
  await press('Sign in')
}

test('a new connection goes live, and says how an app comes to offer it', async () => {
  await join(page, bridge.world.invitation, 'marta')
  await at('/connections/new')
  await fill('Name', 'Alder Second')
  await fill('Metadata URL, or OpenID issuer', `${bridge.world.url}/idp/metadata`)
  await press('Look at it')
  await press('Save as draft')
  await press('Test')
  await signInAs('alice')
  await page.waitForURL(/\/tests\/test-/)
  await press('Activate')
  expect(await heading()).toBe('Alder Second is live')
  const card = page.getByRole('region', { name: 'No app offers it yet' })
  expect(await card.textContent()).toMatch(/adds the id alder-second to connections .* drawbridge apply/)
  await looked(page, 'connection-apps')
})

test('an app that a file rules says who changes it, and where', async () => {
  await at('/relying-parties/alder-phone')
  const main = page.getByRole('main')
  expect(await main.textContent()).toMatch(/connections of alder-phone, under relying_parties/)
  await looked(page, 'app-of-a-file')
  await at('/relying-parties/alder-phone/edit')
  expect(await heading()).toBe('This app comes from a file')
  expect(await main.textContent()).toMatch(/drawbridge apply/)
  await page.getByText('Code connection.managed.').waitFor()
  await looked(page, 'app-of-a-file-edit')
})

test('an app of the console is the phone of this tab, and signs in by the new connection', async () => {
  await at('/relying-parties/new?platform=web')
  await fill('Name', 'Alder Trial')
  await fill('Client id', 'alder-trial')
  await fill('Redirect addresses', `${bridge.world.url}/phone/callback`)
  await fill('Web origins', bridge.world.url)
  await page.getByLabel('Alder Second').check()
  await press('Register')
  expect(await heading()).toBe('Alder Trial')
  await looked(page, 'app-of-the-console')
  await phone('alder-trial')
  await page.getByText('This tab tries the app alder-trial').waitFor()
  await accessible(page)
  await pictures(page, 'demo-phone-tried')
  await press('Sign in')
  // Alice is signed in at the IdP since the test login: it asks her nothing.
  await page.waitForURL(/\/interaction\//)
  await press(/^Allow/)
  await page.waitForURL(/\/phone\//)
  await page.locator('#said').getByText('Signed in with your password').waitFor()
  await page.getByText('This tab tries the app alder-trial').waitFor()
  // It may not enrol: it never asked for the scope.
  expect(await page.getByLabel('Name of this phone').isVisible()).toBe(false)
  await at('/connections/alder-second')
  await page.getByRole('link', { name: 'Alder Trial' }).waitFor()
})

test('what is no client id is not taken, and Alder Pay is a click away', async () => {
  await phone('Alder"><b>')
  await page.getByText('This tab tries the app alder-trial').waitFor()
  await page.getByRole('link', { name: 'Be Alder Pay again' }).click()
  await page.waitForURL(/app=alder-phone$/)
  await page.locator('body[data-ready]').waitFor()
  expect(await page.locator('#tried').isVisible()).toBe(false)
})

test('a connection that is switched off is told in words, with the code small', async () => {
  await at('/connections/alder-second/disable')
  await press(/^Disable/)
  await page.getByText('It is switched off.').waitFor()
  await at('/connections/alder-second/disable')
  await page.getByText('It is switched off already. By Marta Oja').waitFor()
  await looked(page, 'connection-off-already')
  await at('/relying-parties/alder-trial')
  await page.getByText('off, not offered').waitFor()
  await phone('alder-trial')
  await press('Sign in')
  await page.locator('#said').getByText('Your bank’s sign-in is closed at the moment.').waitFor()
  expect(await page.locator('#said small').textContent()).toBe('(connection.disabled)')
  await accessible(page)
  await pictures(page, 'demo-phone-closed')
})

test('no page complained', () => expect(complaints).toEqual([]))
