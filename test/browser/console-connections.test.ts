// Connections in a real browser: the wizard from its first field to a live connection, each page looked at on the way.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { withoutWayIn } from '../journeys/administrator.ts'
import { startBridge, type TestBridge } from '../journeys/bridge.ts'
import { goodPng } from '../plugins/made-pictures.ts'
import { launch } from './chromium.ts'
import { looked as lookedAt } from './looked.ts'

let bridge: TestBridge
let browser: Browser
let context: BrowserContext
let page: Page
const complaints: string[] = []

/** An OpenID provider as far as its configuration is read. */
const provider = createServer((request, response) => {
  const { port } = provider.address() as AddressInfo
  const issuer = `http://127.0.0.1:${port}`
  const bodies: Record<string, object> = {
    '/.well-known/openid-configuration': {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/keys`,
      userinfo_endpoint: `${issuer}/userinfo`,
      end_session_endpoint: `${issuer}/logout`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256', 'ES256'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'private_key_jwt'],
      scopes_supported: ['openid', 'profile', 'email'],
    },
    '/keys': { keys: [{ kty: 'EC', crv: 'P-256', kid: 'a', x: 'AA', y: 'AA' }] },
  }
  const body = bodies[request.url ?? '']
  response.writeHead(body ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(body ?? {}))
})

beforeAll(async () => {
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve))
  bridge = await startBridge()
  await withoutWayIn(bridge)
  browser = await launch()
  context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' })
  page = await context.newPage()
  page.on('console', (message) => {
    const expected = /status of (409|422)/.test(message.text())
    if (message.type() === 'error' && !expected) complaints.push(`${page.url()}: ${message.text()}`)
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
})
afterAll(async () => {
  await browser?.close()
  await bridge?.stop()
  await new Promise((resolve) => provider.close(resolve))
})

/** What a person does, counted: presses of ours, and fields that are filled in. */
const counted = { clicks: 0, fields: 0 }
const press = async (name: string | RegExp) => {
  counted.clicks += 1
  await page
    .getByRole('button', { name, exact: typeof name === 'string' })
    .first()
    .click()
}
const follow = async (name: string | RegExp) => {
  counted.clicks += 1
  await page.getByRole('link', { name }).first().click()
}
const fill = async (label: string, value: string) => {
  counted.fields += 1
  await page.getByLabel(label, { exact: true }).fill(value)
}
const choose = async (label: string, value: string) => {
  counted.fields += 1
  await page.getByLabel(label, { exact: true }).selectOption(value)
}
const at = (path: string) => page.goto(`${bridge.issuer}/console${path}`)
const heading = async () => (await page.getByRole('heading', { level: 1 }).textContent()) ?? ''

const looked = (name: string) => lookedAt(page, `connection-${name}`)

/** The IdP's own pages, which are not counted as ours. */
async function atIdp(user = 'alice'): Promise<void> {
  if (
    await page
      .getByLabel('User name')
      .isVisible()
      .catch(() => false)
  ) {
    await page.getByLabel('User name').fill(user)
    await page.getByLabel('Password').fill(`${user}-pw`)
    await page.getByRole('button', { name: 'Sign in' }).click()
  }
  await page.waitForURL(/\/tests\/test-/)
}

describe('the wizard', () => {
  test('takes three fields and less than ten clicks from the list to a live connection', async () => {
    await page.goto(bridge.world.invitation as string)
    await press('Begin')
    await looked('list')
    Object.assign(counted, { clicks: 0, fields: 0 })
    await follow('Connect an IdP')
    await looked('new')
    await fill('Name', 'Alder Works')
    await fill('Metadata URL, or OpenID issuer', `${bridge.world.url}/idp/metadata`)
    await choose('Who signs in by it', 'workforce')
    await press('Look at it')
    await looked('preview')
    await press('Save as draft')
    await looked('draft')
    await press('Test')
    await page.getByLabel('User name').waitFor()
    await atIdp()
    expect(await heading()).toMatch(/^(\d+) of \1 checks passed$/)
    await looked('test-passed')
    await press('Activate')
    expect(await heading()).toBe('Alder Works is live')
    await page.getByText('Staff can sign in now.').waitFor()
    await looked('live')
    expect(counted).toEqual({ clicks: 5, fields: 3 })
  })
  test('says at each field what is wrong', async () => {
    await at('/connections/new')
    await page.getByLabel('Name', { exact: true }).fill('Nowhere')
    await page.getByLabel('Metadata URL, or OpenID issuer').fill('http://10.1.2.3/metadata')
    await press('Look at it')
    await page.getByText('The bridge may not go to this address').waitFor()
    await looked('new-faults')
  })
  test('says of a picture why it is not taken', async () => {
    await at('/connections/alder-works/logo')
    const buffer = Buffer.concat([goodPng, Buffer.from('<script>')])
    await page.getByLabel('Picture').setInputFiles({ name: 'logo.png', mimeType: 'image/png', buffer })
    await press('Use this picture')
    await page.getByText('Something follows the end of the picture. Code logo.trailing.').waitFor()
    await looked('logo-refused')
  })
  test('finds an OpenID provider by its issuer, and asks what only people know', async () => {
    await at('/connections/new')
    const { port } = provider.address() as AddressInfo
    await page.getByLabel('Name', { exact: true }).fill('Alder Youth')
    await page.getByLabel('Metadata URL, or OpenID issuer').fill(`http://127.0.0.1:${port}`)
    await press('Look at it')
    await page.getByLabel('How we prove ourselves').selectOption('client_secret_basic')
    await looked('preview-oidc')
    await page.getByLabel('Client ID').fill('drawbridge')
    await press('Save as draft')
    await page.getByText('client_secret_basic needs it').waitFor()
    await looked('preview-oidc-fault')
    expect(await page.getByLabel('Client ID').inputValue()).toBe('drawbridge')
    await page.getByLabel('Client secret', { exact: true }).fill('swordfish-1')
    await press('Save as draft')
    expect(await heading()).toBe('Alder Youth is not tested yet')
    expect(await page.content()).not.toContain('swordfish-1')
    await at('/connections/alder-youth/edit')
    expect(await page.content()).not.toContain('swordfish-1')
    await looked('edit-oidc')
  })
})

describe('a change', () => {
  test('is looked at as a difference before it is saved, and waits beside what is live', async () => {
    await at('/connections/alder-works/edit')
    await looked('edit')
    await page.getByText('Everything else is as usual').click()
    await looked('edit-open')
    await page.getByLabel('Authentication classes').fill('urn:example:a-class-that-nobody-has')
    await page.getByLabel('Clock difference, seconds').fill('120')
    await press('Check the change')
    await looked('check')
    await page.getByLabel('Why (optional)').fill('The new policy of June')
    await press('Save as a proposal')
    expect(await heading()).toBe('Alder Works is live, and a change is waiting')
    await looked('waiting')
  })
  test('that fails its test says which check, what was expected, and what was there', async () => {
    await press('Test the change')
    await atIdp()
    expect(await heading()).toMatch(/^The test failed at: /)
    await page.getByText('saml.authn_context').first().waitFor()
    await looked('test-failed')
  })
  test('of two people: the second sees both differences', async () => {
    await at('/connections/alder-youth/edit')
    const other = await context.newPage()
    await other.goto(`${bridge.issuer}/console/connections/alder-youth/edit`)
    await other.getByLabel('Name', { exact: true }).fill('Alder Young')
    await other.getByRole('button', { name: 'Check the change' }).click()
    await other.getByRole('button', { name: 'Save', exact: true }).click()
    await other.close()
    await page.getByLabel('Name', { exact: true }).fill('Alder Teens')
    await press('Check the change')
    expect(await heading()).toBe('Somebody changed it meanwhile')
    await page.getByText('Code connection.stale.').waitFor()
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('Alder Teens')
    await looked('stale')
  })
  test('stands in the history', async () => {
    await at('/connections/alder-works/history')
    await page.locator('summary').first().click()
    await looked('history')
    await at('/connections/alder-works/import')
    await looked('import')
    await at('/connections')
    await looked('list-more')
    await at('/connections/alder-works/disable')
    await looked('disable')
    await at('/connections/alder-youth/remove')
    await looked('remove')
  })
})

// Attack 201: every value that comes from outside tries to become markup or script, in each way at once.
const attack = [
  `"><img src=x onerror="window.owned=1">`,
  `' autofocus onfocus='window.owned=1`,
  '<script>window.owned=1</script>',
  '</title></textarea></select><svg onload=window.owned=1>',
].join('')

test('#201 a hostile name runs on no page, even without the policy', async () => {
  const bare = await browser.newContext({ bypassCSP: true, storageState: await context.storageState() })
  const victim = await bare.newPage()
  const clean = async (where: string) => {
    expect(await victim.evaluate(() => 'owned' in window), where).toBe(false)
    expect(await victim.locator('img, script, [onerror], [onload], [onfocus]').count(), where).toBe(0)
    expect(await victim.content(), where).toContain('onerror=')
  }
  await victim.goto(`${bridge.issuer}/console/connections/new`)
  await victim.getByLabel('Name', { exact: true }).fill(attack.slice(0, 100))
  await victim.getByLabel('Metadata URL, or OpenID issuer').fill(`${bridge.world.url}/idp/metadata`)
  await victim.getByRole('button', { name: 'Look at it' }).click()
  await clean('preview')
  await victim.getByRole('button', { name: 'Save as draft' }).click()
  const { pathname } = new URL(victim.url())
  await clean('connection')
  await victim.goto(`${bridge.issuer.replace('/alder', '')}${pathname}/edit`)
  await victim.getByLabel('Authentication classes').evaluate((field, text) => {
    ;(field as HTMLTextAreaElement).value = text
  }, attack)
  await clean('edit')
  await victim.getByRole('button', { name: 'Check the change' }).click()
  await clean('difference')
  await victim.getByLabel('Why (optional)').fill(attack)
  await victim.getByRole('button', { name: 'Save', exact: true }).click()
  await clean('saved')
  for (const path of [`${pathname}/history`, '/alder/console/connections', '/alder/console']) {
    await victim.goto(`${new URL(bridge.issuer).origin}${path}`)
    await clean(path)
  }
  // The control: the same text, not escaped, runs here.
  await victim.setContent(attack)
  await victim.waitForFunction(() => 'owned' in window)
  await bare.close()
})

test('no page complained', () => expect(complaints).toEqual([]))
