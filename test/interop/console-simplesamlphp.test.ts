// An administrator connects a real SimpleSAMLphp by clicks alone, in a real browser, and finds out why its sign-ins fail.
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApp } from '../../src/demo/app-client.ts'
import { launch } from '../browser/chromium.ts'
import { looked } from '../browser/looked.ts'
import { withoutWayIn } from '../journeys/administrator.ts'
import { startBridge, type TestBridge } from '../journeys/bridge.ts'
import { type Simplesamlphp, startSimplesamlphp } from './simplesamlphp-peer.ts'

/** Where the app would take the browser back; here it is enough that it comes there. */
const app = createServer((_, response) => response.end('the app'))
let redirectUri: string
let bridge: TestBridge
let idp: Simplesamlphp
let browser: Browser
let page: Page
const complaints: string[] = []

beforeAll(async () => {
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve))
  redirectUri = `http://127.0.0.1:${(app.address() as AddressInfo).port}/callback`
  bridge = await startBridge()
  await withoutWayIn(bridge)
  idp = await startSimplesamlphp(18_704, { SP_REQUIRE_SIGNED: '1' })
  browser = await launch()
  page = await someone()
})
afterAll(async () => {
  await browser?.close()
  await idp?.stop()
  await bridge?.stop()
  app.closeAllConnections()
  await new Promise((resolve) => app.close(resolve))
})

/** Somebody's own browser. */
async function someone(): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    reducedMotion: 'reduce',
  })
  const own = await context.newPage()
  own.on('console', (message) => {
    // A refusal's status is what is tested; of SimpleSAMLphp's own pages nothing is asked.
    const expected = /status of 400/.test(message.text()) || !own.url().startsWith(bridge.issuer)
    if (message.type() === 'error' && !expected) complaints.push(`${own.url()}: ${message.text()}`)
  })
  own.on('pageerror', (error) => complaints.push(String(error)))
  return own
}

/** What the administrator does on our pages, counted. */
const counted = { clicks: 0, fields: 0 }
const press = async (name: string) => {
  counted.clicks += 1
  await page.getByRole('button', { name, exact: true }).first().click()
}
const follow = async (name: string | RegExp) => {
  counted.clicks += 1
  await page.getByRole('link', { name }).first().click()
}
const fill = async (label: string, value: string) => {
  counted.fields += 1
  await page.getByLabel(label, { exact: true }).fill(value)
}
const heading = async (of = page) => (await of.getByRole('heading', { level: 1 }).textContent()) ?? ''
const at = (path: string) => page.goto(`${bridge.issuer}/console${path}`)
const shown = (name: string, of = page) => looked(of, `ssp-${name}`)

const atResult = (url: string) => /\/tests\/test-/.test(url)

/** Alice at SimpleSAMLphp's own page, where it asks, until the browser is at an address that fits. */
async function atIdp(of: Page, until: (url: string) => boolean): Promise<void> {
  await of.waitForURL((url) => until(url.href) || url.pathname.includes('loginuserpass.php'))
  if (until(of.url())) return
  await of.locator('#username').fill('alice')
  await of.locator('#password').fill('alice-pw')
  await of.locator('#password').press('Enter')
  await of.waitForURL((url) => until(url.href))
}

/** Of the certificate by which it signs now, as its administrator would tell it by another way. */
const fingerprint = () => new X509Certificate(readFileSync(idp.up.idp_cert as string)).fingerprint256

const loaded: string[] = []
/** The IdP's administrator: takes the address of our metadata from the page, and loads it. */
async function loadedByIdp(): Promise<void> {
  const values = await page.locator('#ours code').allTextContents()
  loaded.push(values.find((value) => value.endsWith('/metadata')) as string)
  await idp.set({ SP_METADATA_URL: loaded.join(' ') })
}

/** As docs/connections.md tells it, from the list of connections to a live one. */
async function connect(name: string, workforce: boolean): Promise<void> {
  await follow('Connect an IdP')
  await fill('Name', name)
  await fill('Metadata URL, or OpenID issuer', idp.up.idp_metadata as string)
  if (workforce) {
    counted.fields += 1
    await page.getByLabel('Who signs in by it', { exact: true }).selectOption('workforce')
  }
  await press('Look at it')
  await page.getByText(fingerprint()).first().waitFor()
  await shown(`preview-${workforce ? 'staff' : 'customers'}`)
  await press('Save as draft')
  await loadedByIdp()
  await press('Test')
  await atIdp(page, atResult)
  expect(await heading()).toMatch(/^(\d+) of \1 checks passed$/)
  await shown(`test-${workforce ? 'staff' : 'customers'}`)
  await press('Activate')
  expect(await heading()).toBe(`${name} is live`)
}

/** A customer's sign-in up to where it ends: at the app with tokens, or at a page that says why not. */
async function signIn(): Promise<{ own: Page; reference: string; accessToken: string }> {
  const own = await someone()
  const installed = await createApp({ issuer: bridge.issuer, redirectUri, clientId: 'alder-savings' })
  const started = await installed.begin({ scope: 'openid' })
  await own.goto(started.url)
  const ours = (url: string) => url.startsWith(bridge.issuer) || url.startsWith(redirectUri)
  await atIdp(own, ours)
  const reference = own.locator('dd .ref')
  const allow = own.locator('button[value="allow"]')
  await reference
    .or(allow)
    .or(own.getByText('the app', { exact: true }))
    .first()
    .waitFor()
  if (await reference.isVisible())
    return { own, reference: (await reference.textContent()) ?? '', accessToken: '' }
  // Asked at the first time only.
  if (await allow.isVisible()) await allow.click()
  await own.waitForURL((url) => url.href.startsWith(redirectUri))
  const { accessToken } = await installed.redeem(own.url(), started)
  return { own, reference: '', accessToken }
}

async function signsIn(): Promise<boolean> {
  const { own, accessToken } = await signIn()
  await own.context().close()
  return accessToken !== ''
}

describe('from the first link', () => {
  let begun: number
  const since = () => `${((performance.now() - begun) / 1000).toFixed(1)} s`
  test('to a live connection of staff: three fields and five clicks', async () => {
    begun = performance.now()
    await page.goto(bridge.world.invitation as string)
    await press('Begin')
    Object.assign(counted, { clicks: 0, fields: 0 })
    await connect('Alder Works', true)
    expect(counted).toEqual({ clicks: 5, fields: 3 })
    console.info(`staff’s connection live after ${since()}: ${JSON.stringify(counted)}`)
  })
  test('opened again, it makes its holder the owner, who comes in by SimpleSAMLphp', async () => {
    await page.goto(bridge.world.invitation as string)
    await press('Sign in and join')
    await atIdp(page, (url) => url.endsWith('/console'))
    await page.getByText('Owner').first().waitFor()
    await shown('owner')
  })
  test('to one of customers, an app of theirs, and its first sign-in', async () => {
    await at('/connections')
    Object.assign(counted, { clicks: 0, fields: 0 })
    await connect('Alder Customers', false)
    expect(counted).toEqual({ clicks: 5, fields: 2 })
    await at('/relying-parties/new?platform=ios')
    await fill('Name', 'Alder Savings')
    await fill('Client id', 'alder-savings')
    await fill('Redirect addresses', redirectUri)
    await page.getByLabel('Alder Customers').check()
    await press('Register')
    expect(await signsIn()).toBe(true)
    console.info(`a customer’s first sign-in after ${since()}`)
  })
})

/** In the console, by what the customer reads out: the check that failed, and the report. */
async function explained(reference: string): Promise<{ failed: string; report: string }> {
  await at('')
  await follow('Failed sign-ins')
  await page.getByLabel('Reference').fill(reference)
  await press('Find')
  await follow(reference)
  const failed = await page.locator('.rules .bad strong').textContent()
  await shown(`failed-${failed?.replace(' ', '-')}`)
  await follow(/Report for/)
  return { failed: failed ?? '', report: await page.getByLabel('The report').inputValue() }
}

describe('when SimpleSAMLphp answers otherwise than agreed', () => {
  test('by SHA-1: the reference on the customer’s page leads to the check that failed, and to a report', async () => {
    await idp.set({ SP_SIGALG: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1' })
    const { own, reference } = await signIn()
    await shown('customer-refused', own)
    expect(await own.content()).not.toContain('rsa-sha1')
    const { failed, report } = await explained(reference)
    expect(failed).toBe('signature')
    expect(report).toContain('The answer was refused: saml.algorithm')
    expect(report).toMatch(/FAILED {2}signature\n +expected: rsa-sha256.*\n +actual: +\S+#rsa-sha1/)
    expect(report).not.toMatch(/alice@bank\.test|Alice/)
    await idp.set({ SP_SIGALG: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256' })
    expect(await signsIn()).toBe(true)
  })
  test('by a key that nobody told us of: what waits is tried, and mends it', async () => {
    const before = fingerprint()
    await idp.set({ SSP_KEY: 'another' })
    const { reference } = await signIn()
    const { failed, report } = await explained(reference)
    expect(failed).toBe('signing key')
    expect(report).toContain('The answer was refused: saml.signature_invalid')
    expect(report).toContain(`expected: ${before}\n`)
    expect(report).toContain(`the answer names ${fingerprint()}\n`)
    await at('/connections/alder-customers')
    expect(await heading()).toBe('Alder Customers is live, and a change is waiting')
    await shown('waiting')
    await press('Test the change')
    await atIdp(page, atResult)
    await press('Activate')
    expect(await heading()).toBe('Alder Customers is live')
    expect(await signsIn()).toBe(true)
  })
})

test('no page of ours complained', () => expect(complaints).toEqual([]))
