// What the policy of a page lets happen in a real browser: the way back to the app, and no script of a stranger.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { html } from '../../src/http/page/html.ts'
import { page as shell } from '../../src/http/page/shell.ts'
import { formActionOf } from '../../src/http/security-headers.ts'
import { launch } from './chromium.ts'
import { nonce, type Outside, passing, plain, samples, scripted } from './page-samples.ts'
import { type PageServer, type Served, servePages } from './page-server.ts'

const accent = '#0f6b52'
let browser: Browser

beforeAll(async () => {
  browser = await launch()
})
afterAll(async () => {
  await browser?.close()
})

const form = (action: string): string =>
  shell({
    language: 'en',
    base: '',
    title: 'Answer',
    bodyClass: 'ask',
    skipTo: 'question',
    main: html`<form method="post" action="${action}"><button id="go">Go</button></form>`,
  })

interface Answered {
  readonly violations: string[]
  readonly asked: string[]
  readonly url: string
}

/** Presses the button of a form whose answer is a redirect to `redirect`, under a policy that lists `formActions`. */
async function pressed(redirect: string, formActions: readonly string[]): Promise<Answered> {
  const routes = new Map<string, Served | { redirect: string }>([
    ['/ask', { body: form('/answer'), formActions }],
    ['/answer', { redirect }],
  ])
  const server = await servePages(routes, accent)
  const page = await browser.newPage()
  const violations: string[] = []
  page.on('console', (message) => violations.push(message.text()))
  const asked: string[] = []
  page.context().on('request', (request) => asked.push(request.url()))
  await page.goto(`${server.origin}/ask`)
  await page.click('#go', { noWaitAfter: true })
  await page.waitForTimeout(300)
  const answered = { violations: violations.filter((v) => v.includes('form-action')), asked, url: page.url() }
  await page.close()
  await server.close()
  return answered
}

test('a form leads back to an app on another origin when that is listed, and only then', async () => {
  const app: PageServer = await servePages(new Map([['/cb', { body: form('/') }]]), accent)
  const redirect = `${app.origin}/cb?code=1`
  const listed = await pressed(redirect, [formActionOf(redirect)])
  expect(listed.violations).toEqual([])
  expect(app.asked).toContain('GET /cb?code=1')
  app.asked.length = 0
  const unlisted = await pressed(redirect, [])
  expect(unlisted.violations).toHaveLength(1)
  expect(app.asked).toEqual([])
  await app.close()
})

test('a form leads back to a private scheme when that is listed, and only then', async () => {
  const redirect = 'com.alder.pay:/cb?code=1'
  expect((await pressed(redirect, [formActionOf(redirect)])).violations).toEqual([])
  expect((await pressed(redirect, [])).violations).toHaveLength(1)
})

test('a form leads back to the IPv6 loopback by its scheme', async () => {
  const redirect = 'http://[::1]:9/cb'
  expect((await pressed(redirect, [formActionOf(redirect)])).violations).toEqual([])
})

// Attacks 83 and 201: every value that comes from outside tries to become markup or script, in each way at once.
const attack = [
  'javascript:window.owned=1//',
  `"><img src=x onerror="window.owned=1">`,
  `' autofocus onfocus='window.owned=1`,
  '<script>window.owned=1</script>',
  '</title></textarea></noscript><svg onload=window.owned=1>',
  '\u202e<b onmouseover=window.owned=1>\u2028&lt;script&gt;',
].join('')

const everywhere = (value: string): Outside => {
  const outside = Object.fromEntries(Object.keys(plain).map((key) => [key, value]))
  return outside as unknown as Outside
}

const foreign = (page: Page): Promise<number> =>
  page.evaluate(
    () =>
      document.querySelectorAll('img, script:not([nonce]), b, [onerror], [onload], [onfocus], [onmouseover]')
        .length,
  )

test('hostile text is only text, even without the policy', async () => {
  const pages = samples({ outside: everywhere(attack), accent })
  const routes = new Map<string, Served>(
    Object.entries(pages).map(([name, body]) => [
      `/${name}`,
      { body, ...(scripted.includes(name) && { nonce }) },
    ]),
  )
  // Without the policy's help: `owned` would be set if escaping alone failed.
  const context = await browser.newContext({ bypassCSP: true })
  await context.route('https://idp.alder.example/**', (route) => route.abort())
  const server = await servePages(routes, accent)
  for (const name of Object.keys(pages)) {
    const page = await context.newPage()
    await page.goto(`${server.origin}/${name}`, { waitUntil: 'domcontentloaded' }).catch(() => undefined)
    if (!passing.includes(name)) {
      expect(await foreign(page), name).toBe(0)
      expect(await page.evaluate(() => 'owned' in window), name).toBe(false)
    }
    await page.close()
  }
  await context.close()
  await server.close()
})

test('the same text in a page that does not escape it would run, and the policy stops it', async () => {
  const body = samples()['notice-finished']!.replaceAll('Alder Pay', '<img src=x onerror="window.owned=1">')
  const server = await servePages(new Map([['/hole', { body }]]), accent)
  for (const bypassCSP of [true, false]) {
    const context = await browser.newContext({ bypassCSP })
    const page = await context.newPage()
    await page.goto(`${server.origin}/hole`, { waitUntil: 'networkidle' })
    expect(await page.evaluate(() => 'owned' in window)).toBe(bypassCSP)
    await context.close()
  }
  await server.close()
})

test('a form sends itself on by the script with the nonce, and by a button where scripts are off', async () => {
  const idp = await servePages(new Map([['/sso', { body: form('/') }]]), accent)
  const body = samples()['post-form']!.replaceAll('https://idp.alder.example', idp.origin)
  const server = await servePages(new Map([['/go', { body, nonce, formActions: [idp.origin] }]]), accent)
  const page = await browser.newPage()
  await page.goto(`${server.origin}/go`, { waitUntil: 'commit' })
  await page.waitForURL(`${idp.origin}/sso`)
  expect(idp.asked[0]).toBe('POST /sso')
  await page.close()
  const context = await browser.newContext({ javaScriptEnabled: false })
  const still = await context.newPage()
  await still.goto(`${server.origin}/go`)
  idp.asked.length = 0
  await still.click('button')
  await still.waitForURL(`${idp.origin}/sso`)
  expect(idp.asked[0]).toBe('POST /sso')
  await context.close()
  await server.close()
  await idp.close()
})
