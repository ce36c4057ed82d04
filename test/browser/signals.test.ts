// What a real browser tells of its device by our page, within the page's own policy; and that the page goes on without scripts.
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Stores } from '../../src/compose/foundation.ts'
import { collectedFacts } from '../../src/domain/client-signals.ts'
import type { RiskFacts } from '../../src/domain/risk-event.ts'
import { startBridge, type TestBridge } from '../journeys/bridge.ts'
import { customer } from '../journeys/customer.ts'
import { type OwnEngine, startOwnEngine } from '../journeys/own-engine.ts'
import { launch } from './chromium.ts'
import { accessible, picture } from './looked.ts'
import { samples } from './page-samples.ts'
import { servePages } from './page-server.ts'

const accent = '#0f6b52'
let bridge: TestBridge
let engine: OwnEngine
let browser: Browser

beforeAll(async () => {
  bridge = await startBridge()
  engine = await startOwnEngine()
  browser = await launch()
  const { stores } = bridge.parts as unknown as { stores: Stores }
  const set = await stores.directory.everything('alder', 'file')
  if (set === undefined) throw new Error('the bank is gone')
  const provider = { id: 'own', type: 'service', settings: { url: engine.url }, facts: [...collectedFacts] }
  const institution = {
    ...set.institution,
    browserSignals: true,
    risk: {
      ...{ budgetMs: 3000, stepUp: 'urn:drawbridge:acr:device-pin', providers: [provider] },
      events: {
        'sign-in': {
          ask: [{ provider: 'own', weight: 1, optional: false }],
          ...{ combine: 'strictest', onFailure: 'step-up', bands: {} },
        },
      },
    },
  } as typeof set.institution
  await bridge.application.apply([{ ...set, institution }], { dryRun: false })
}, 180_000)
afterAll(async () => {
  await browser?.close()
  engine.stop()
  await bridge.stop()
})

/** Up to the page that a customer meets after the bank's IdP; every policy that was broken on the way. */
async function signedIn(options: BrowserContextOptions, onOurs: (page: Page) => Promise<void>) {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  const complaints: string[] = []
  // Chromium tells of its own fading between pages, which a page that passes by cuts short.
  const note = (text: string) => text.includes('ViewTransition') || complaints.push(text)
  page.on('console', (message) => note(message.text()))
  page.on('pageerror', (error) => note(error.message))
  // The app is none of the demo's pages: those need scripts.
  const { app } = await customer(bridge)
  await page.goto((await app.begin()).url)
  await page.getByLabel('User name').fill('alice')
  await page.getByLabel('Password').fill('alice-pw')
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await onOurs(page)
  await page.getByRole('button', { name: 'Allow', exact: true }).waitFor()
  await context.close()
  return { complaints, facts: engine.asked.at(-1)?.facts as RiskFacts }
}

test('a browser tells what it is, and the policy of the page lets nothing else run', async () => {
  const { complaints, facts } = await signedIn(
    {
      ...{ timezoneId: 'America/Lima', locale: 'en-GB', deviceScaleFactor: 2 },
      ...{ screen: { width: 390, height: 844 }, viewport: { width: 390, height: 700 }, hasTouch: true },
    },
    async () => undefined,
  )
  expect(complaints).toEqual([])
  expect(facts).toMatchObject({
    ...{ 'client.collected': 'page', 'client.screenWidth': 390, 'client.screenHeight': 844 },
    ...{ 'client.pixelPercent': 200, 'client.timeZone': 'America/Lima' },
    ...{ 'client.utcOffset': -300, 'client.languages': 'en-GB', 'client.storage': true },
    // Which is what the browser of these tests is.
    'client.webdriver': true,
  })
  expect(facts['client.colorDepth']).toBeGreaterThan(0)
  expect(facts['client.touchPoints']).toBeGreaterThan(0)
}, 60_000)

test('without scripts a button does the same, and the engine hears that nothing was said', async () => {
  const { facts } = await signedIn({ javaScriptEnabled: false }, async (page) => {
    const go = page.getByRole('button', { name: 'Go on', exact: true })
    // The IdP's own way back has a button too where nothing sends its form.
    const back = page.getByRole('button').first()
    while (!page.url().endsWith('/signals')) await back.click()
    await picture(page, 'collect-without-scripts')
    await go.click()
  })
  expect(facts).toEqual({ 'client.collected': 'none' })
}, 60_000)

test('the page is accessible, light and dark, in both languages', async () => {
  const page = await (await browser.newContext({ viewport: { width: 390, height: 844 } })).newPage()
  for (const language of ['en', 'es'] as const) {
    // Without the nonce its script does not run, so that it stays.
    const body = samples({ accent, language }).collect as string
    const server = await servePages(new Map([['/collect', { body }]]), accent)
    await page.goto(`${server.origin}/collect`)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await accessible(page, colorScheme === 'light' ? 'first' : 'again')
      await picture(page, `collect-${language}-${colorScheme}`)
    }
    await server.close()
  }
})
