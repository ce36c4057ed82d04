// Every customer page in a real browser: accessible, within its own policy, whole on a phone, at 200 % and right to left.
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { html } from '../../src/http/page/html.ts'
import { page as shell } from '../../src/http/page/shell.ts'
import { launch } from './chromium.ts'
import { accessible, picture } from './looked.ts'
import { nonce, type Outside, passing, plain, samples, scripted } from './page-samples.ts'
import { type PageServer, type Served, servePages } from './page-server.ts'

const phone = { width: 390, height: 844 }
const desktop = { width: 1280, height: 900 }
const accent = '#0f6b52'

const long: Outside = {
  ...plain,
  bank: 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbank AG',
  app: 'The Alder Mutual Savings and Loans Association Mobile Companion',
  payee: 'Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch Energy',
}
const hebrew: Outside = {
  ...plain,
  bank: 'בנק האלון',
  app: 'אלון פיי',
  payee: 'חברת החשמל (2026)',
  person: 'יעל כהן',
}

const english = samples({ accent })

let browser: Browser
let context: BrowserContext
let server: PageServer

function routes(): Map<string, Served> {
  // What the script of a waiting page asks.
  const all = new Map<string, Served>([['/state', { body: '{"state":"waiting"}' }]])
  const add = (folder: string, pages: Record<string, string>, change = (body: string) => body) => {
    for (const [name, body] of Object.entries(pages)) {
      all.set(`/${folder}/${name}`, { body: change(body), ...(scripted.includes(name) && { nonce }) })
    }
  }
  add('en', english)
  add('es', samples({ accent, language: 'es' }))
  add('long', samples({ accent, outside: long }))
  add('rtl', samples({ accent, outside: hebrew }), (body) => body.replace('dir="ltr"', 'dir="rtl"'))
  return all
}

beforeAll(async () => {
  browser = await launch()
  context = await browser.newContext({ viewport: phone })
  server = await servePages(routes(), accent)
})

afterAll(async () => {
  await browser?.close()
  await server?.close()
})

/** Opens a page and gathers whatever the browser complains about, a broken policy among it. */
async function open(path: string): Promise<{ page: Page; complaints: string[] }> {
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`))
  page.on('requestfailed', (request) => complaints.push(`failed: ${request.url()}`))
  await page.goto(server.origin + path)
  return { page, complaints }
}

/** Is anything wider than the window, or any text cut off? */
const overflow = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const wide = document.documentElement.scrollWidth > window.innerWidth ? ['the page scrolls sideways'] : []
    const cut = [...document.querySelectorAll('h1, p, dd, dt, button, a.btn, label, span, bdi')]
      .filter((e) => !e.closest('.vh') && !e.matches('.vh'))
      .filter(
        (e) => e.getBoundingClientRect().right > window.innerWidth + 1 || e.getBoundingClientRect().left < -1,
      )
    return [...wide, ...cut.map((e) => `${e.tagName}: ${e.textContent?.slice(0, 60)}`)]
  })

describe.each(Object.keys(english).filter((name) => !passing.includes(name)))('%s', (name) => {
  test('is accessible and quiet, light and dark', async () => {
    const { page, complaints } = await open(`/en/${name}`)
    expect(await page.evaluate(() => document.styleSheets.length)).toBe(name === 'error-no-bank' ? 2 : 3)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize(phone)
      await accessible(page, colorScheme === 'light' ? 'first' : 'again')
      await picture(page, `${name}-phone-${colorScheme}`)
      await page.setViewportSize(desktop)
      await picture(page, `${name}-desktop-${colorScheme}`)
    }
    expect(complaints).toEqual([])
    await page.close()
  })

  test('stays whole in Spanish, with long names, right to left', async () => {
    const page = await context.newPage()
    for (const folder of ['es', 'long', 'rtl']) {
      await page.goto(`${server.origin}/${folder}/${name}`)
      expect(await overflow(page), folder).toEqual([])
      await picture(page, `${name}-phone-${folder}`)
    }
    await page.close()
  })

  test('stays whole with text at 200 %', async () => {
    // WCAG 1.4.4 asks for twice the text on a window as wide as before; a phone is the narrowest that has to do it.
    const page = await context.newPage()
    const cdp = await context.newCDPSession(page)
    await cdp.send('Page.setFontSizes', { fontSizes: { standard: 32, fixed: 26 } })
    await page.goto(`${server.origin}/en/${name}`)
    expect(await page.evaluate(() => getComputedStyle(document.documentElement).fontSize)).toBe('32px')
    expect(await overflow(page)).toEqual([])
    // A picture of the full page would put the font size back, so the window grows instead.
    const height = await page.evaluate(() => document.documentElement.scrollHeight)
    await page.setViewportSize({ ...phone, height })
    await picture(page, `${name}-phone-200`, { fullPage: false })
    await page.close()
  })
})

test('the check for cut text sees a page that is too wide', async () => {
  const body = shell({
    language: 'en',
    base: '',
    title: 'Wide',
    bodyClass: 'room',
    skipTo: 'content',
    main: html`<pre><span>${'x'.repeat(400)}</span></pre>`,
  })
  const wide = await servePages(new Map([['/wide', { body }]]), accent)
  const page = await context.newPage()
  await page.goto(`${wide.origin}/wide`)
  expect((await overflow(page)).length).toBeGreaterThan(0)
  await page.close()
  await wide.close()
})

test('the two answers have the same size', async () => {
  const { page } = await open('/en/pin-payment')
  const [approve, refuse] = await page.locator('.actions .btn').evaluateAll((all) =>
    all.map((e) => {
      const { width, height } = e.getBoundingClientRect()
      return { width, height }
    }),
  )
  expect(refuse).toEqual(approve)
  expect(approve?.height).toBeGreaterThanOrEqual(52)
  await page.close()
})

test('a wrong PIN puts the cursor back into an empty field', async () => {
  const { page } = await open('/en/pin-wrong')
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('pin')
  expect(await page.inputValue('#pin')).toBe('')
  await page.close()
})
