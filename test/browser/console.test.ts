// The console in a real browser: the first owner comes in, and every page is accessible, quiet and whole.
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startBridge, type TestBridge } from '../journeys/bridge.ts'
import { atIdp, customer, signIn } from '../journeys/customer.ts'
import { applyTwo } from '../journeys/two-connections.ts'
import { launch } from './chromium.ts'
import { comeIn } from './join.ts'
import { looked as lookedAt } from './looked.ts'

let bridge: TestBridge
let browser: Browser
let context: BrowserContext
let page: Page
const complaints: string[] = []

beforeAll(async () => {
  bridge = await startBridge()
  await applyTwo(bridge, {
    business: { name: 'Alder staff', audience: 'workforce', domains: [] },
    app: { connections: ['alder-idp'] },
  })
  browser = await launch()
  context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' })
  page = await context.newPage()
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
})
afterAll(async () => {
  await browser?.close()
  await bridge?.stop()
})

const press = (name: string | RegExp) => page.getByRole('button', { name }).click()
const at = (path: string) => page.goto(`${bridge.issuer}/console${path}`)

const looked = (name: string) => lookedAt(page, `console-${name}`)

describe('the console', () => {
  test('lets the first owner in by the printed link and the staff’s own sign-in', async () => {
    await page.goto(bridge.world.invitation as string)
    await looked('invitation')
    await comeIn(page)
    expect(new URL(page.url()).pathname).toBe('/alder/console')
  })
  test('its overview tells of sign-ins', async () => {
    await signIn(await customer(bridge))
    await expect
      .poll(async () => (await at('').then(() => page.content())).includes('Sign-ins are working'))
      .toBe(true)
    await looked('overview')
  })
  test('explains a failed sign-in by the reference of the customer’s page', async () => {
    const who = await customer(bridge)
    const { answer } = await atIdp(who)
    const xml = Buffer.from(answer?.fields.SAMLResponse ?? '', 'base64').toString()
    const changed = Buffer.from(xml.replace('Alice Alder', 'Alice Adler')).toString('base64')
    const told = await who.browser.follow(answer?.action as string, {
      until: who.app.redirectUri,
      form: { ...answer?.fields, SAMLResponse: changed },
    })
    const reference = /DB-[A-Z0-9]{4}-[A-Z0-9]{4}/.exec(told.body)?.[0] as string
    await at('/exchanges')
    await page.getByLabel('Reference').fill(reference)
    await press('Find')
    await page.getByRole('link', { name: reference }).click()
    await page.getByText('saml.signature_invalid').waitFor()
    expect(await page.locator('.code pre .fault').allTextContents()).toEqual([
      expect.stringMatching(/at fault:\s+<ds:DigestValue>/),
    ])
    await page.getByRole('link', { name: 'this is what failed' }).click()
    expect(await page.locator('#at-fault').boundingBox()).toMatchObject({ y: expect.any(Number) })
    await looked('exchange')
    await page.getByRole('link', { name: /Report for/ }).click()
    expect(await page.getByLabel('The report').inputValue()).toContain('FAILED')
    await looked('report')
  })
  test.each([
    ['exchanges', '/exchanges'],
    ['transactions-empty', '/transactions'],
    ['policy-first', '/policy'],
    ['keys', '/connections/alder-idp/keys'],
    ['logo', '/connections/alder-idp/logo'],
    ['apps', '/relying-parties'],
    ['app', '/relying-parties/alder-phone'],
    ['api', '/relying-parties/alder-api'],
    ['new-api', '/relying-parties/new?platform=server'],
    ['platforms', '/relying-parties/new'],
    ['new-app', '/relying-parties/new?platform=ios'],
    ['administrators', '/administrators'],
  ])('%s is accessible and whole', async (name, path) => {
    await at(path)
    await looked(name)
  })
  test('a certificate by an authority is asked for and refused in words', async () => {
    await at('/connections/alder-idp/keys')
    await press('Prepare')
    await looked('keys-next')
    await page.getByRole('link', { name: 'A certificate by an authority' }).first().click()
    expect(await page.getByLabel('Certificate request (CSR)').inputValue()).toContain(
      'BEGIN CERTIFICATE REQUEST',
    )
    await looked('certificate')
    await page.getByLabel('Or pasted').fill('hello')
    await press('Publish this certificate')
    await page.getByText('This is no certificate in PEM. Code key.certificate.').waitFor()
    await looked('certificate-refused')
  })
  test('#201 names that hold markup are only names, on every page', async () => {
    const evil = '<img src=x onerror="document.title=`hit`"><script>document.title="hit"</script>'
    await applyTwo(bridge, {
      personal: { name: evil },
      business: { name: 'Alder staff', audience: 'workforce', domains: [] },
      app: { name: evil, connections: ['alder-idp'] },
    })
    for (const path of [
      '',
      '/exchanges',
      '/relying-parties',
      '/relying-parties/alder-phone',
      '/administrators',
    ]) {
      await at(path)
      await page.waitForLoadState('networkidle')
      expect(await page.title(), path).not.toBe('hit')
      expect(await page.locator('img, main script').count(), path).toBe(0)
    }
    // The control: the names were on the pages, as text.
    await at('/relying-parties')
    expect(await page.getByText(evil).count()).toBe(1)
  })
  test('no page complained', () => {
    // A picture that is refused is answered by 422, which the browser logs as well.
    const noise = /^Failed to load resource.* status of 422/
    expect(complaints.filter((text) => !noise.test(text)).join('\n')).toBe('')
  })
})
