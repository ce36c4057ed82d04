// Break-glass in a real browser with virtual security keys: two are registered, one opens the console, everybody is told.
import type { Browser, CDPSession, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startBridge, type TestBridge } from '../journeys/bridge.ts'
import { applyTwo } from '../journeys/two-connections.ts'
import { launch } from './chromium.ts'
import { join } from './join.ts'
import { looked } from './looked.ts'

let bridge: TestBridge
let browser: Browser
/** The first owner, somebody who may only read, and a bare browser on the day when nothing works. */
let owner: Page
let viewer: Page
let stranger: Page
const inSafe: { tartu?: Kept[]; narva?: Kept[] } = {}
const complaints: string[] = []

beforeAll(async () => {
  bridge = await startBridge()
  await applyTwo(bridge, {
    business: { name: 'Alder staff', audience: 'workforce', domains: [] },
    app: { connections: ['alder-idp'] },
  })
  browser = await launch()
  owner = await newPage()
  viewer = await newPage()
  stranger = await newPage()
})
afterAll(async () => {
  await browser?.close()
  await bridge?.stop()
})

async function newPage(): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    reducedMotion: 'reduce',
  })
  const page = await context.newPage()
  page.setDefaultTimeout(30_000)
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of 40[34]/.test(message.text()))
      complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  return page
}

/** What a key holds, as the browser's own tools give it. */
interface Kept {
  readonly credentialId: string
  readonly isResidentCredential: boolean
  readonly privateKey: string
  readonly signCount: number
  readonly rpId?: string
}

interface Plugged {
  /** Takes it out; what it holds goes into the safe with it. */
  unplug(): Promise<Kept[]>
  hold(credential: Kept): Promise<void>
}

/** A security key in the slot: it asks for a PIN, and somebody touches it. */
async function plugIn(page: Page): Promise<Plugged> {
  const cdp: CDPSession = await page.context().newCDPSession(page)
  await cdp.send('WebAuthn.enable')
  const options = {
    ...({ protocol: 'ctap2', transport: 'usb', hasResidentKey: false } as const),
    ...{ hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  }
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', { options })
  return {
    unplug: async () => {
      const { credentials } = await cdp.send('WebAuthn.getCredentials', { authenticatorId })
      await cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId })
      return credentials
    },
    hold: async (credential) => {
      await cdp.send('WebAuthn.addCredential', { authenticatorId, credential })
    },
  }
}

const press = (page: Page, name: string | RegExp) => page.getByRole('button', { name }).click()
const at = (page: Page, path: string) => page.goto(`${bridge.issuer}/console${path}`)
const pathOf = (page: Page) => new URL(page.url()).pathname

describe('break-glass', () => {
  test('without a key there is no such way in', async () => {
    const answer = await at(stranger, '/break-glass')
    expect(answer?.status()).toBe(404)
    await looked(stranger, 'break-glass-none')
  })
  test('an owner puts two keys into two safes', async () => {
    await join(owner, bridge.world.invitation as string, 'alice')
    await at(owner, '/administrators')
    await owner.getByText('There is no break-glass key.').waitFor()
    const first = await plugIn(owner)
    await owner.getByRole('link', { name: 'Register a key' }).click()
    await looked(owner, 'break-glass-new')
    await owner.getByLabel('What stands on its envelope').fill('Safe in Tartu')
    await press(owner, 'Register this key')
    await owner.getByText('One of two keys is missing.').waitFor()
    // The same key for the second safe would be no second key: the browser says so by itself.
    await owner.getByRole('link', { name: 'Register a key' }).click()
    await owner.getByLabel('What stands on its envelope').fill('Safe in Narva')
    await press(owner, 'Register this key')
    await owner.getByText('This key is registered already.').waitFor()
    inSafe.tartu = await first.unplug()
    const second = await plugIn(owner)
    await press(owner, 'Register this key')
    await owner.getByText('Safe in Narva').first().waitFor()
    expect(await owner.getByText(/is missing|There is no break-glass key/).count()).toBe(0)
    inSafe.narva = await second.unplug()
    await looked(owner, 'break-glass-keys')
  })
  test('another administrator comes in', async () => {
    await at(owner, '/administrators')
    await press(owner, 'Make a link')
    const link = (await owner.locator('code.ref').textContent()) as string
    await join(viewer, link, 'bob')
    expect(pathOf(viewer)).toBe('/alder/console')
  })
  test('the key opens the console, in whichever browser it is put', async () => {
    await at(stranger, '/signed-out')
    await stranger.getByRole('link', { name: 'Open the console with a key from the safe' }).click()
    const key = await plugIn(stranger)
    await press(stranger, 'Use the key')
    // A key that is not registered: the browser finds none that fits, and says so.
    await stranger.getByText('The browser got no answer from a key.').waitFor()
    await looked(stranger, 'break-glass-door')
    await key.hold(inSafe.narva?.[0] as Kept)
    await press(stranger, 'Use the key')
    await stranger.getByText('By passkey, for an hour; everybody is told').waitFor()
    expect(pathOf(stranger)).toBe('/alder/console')
    await at(stranger, '/administrators')
    await stranger.getByText('Whoever came in by such a key changes none of them.').waitFor()
    expect(await stranger.getByRole('button', { name: 'Make a link' }).count()).toBe(1)
    await looked(stranger, 'break-glass-inside')
  })
  test('everybody is told until they say that they know', async () => {
    const said = 'Break-glass was used by key Safe in Narva'
    for (const [page, path] of [
      [owner, '/administrators'],
      [viewer, '/exchanges'],
    ] as const) {
      await at(page, path)
      await page.getByText(said).waitFor()
    }
    await looked(viewer, 'break-glass-told')
    await press(viewer, 'I know of this')
    await viewer.waitForURL('**/console/exchanges')
    expect(await viewer.getByText(said).count()).toBe(0)
    // The others are not spoken for, and nobody is by the key itself.
    await at(owner, '/relying-parties')
    await owner.getByText(said).waitFor()
    await at(stranger, '')
    await stranger.getByText(said).waitFor()
    expect(await stranger.getByRole('button', { name: 'I know of this' }).count()).toBe(0)
    const metrics = await (await fetch(`${bridge.managementUrl}/metrics`)).text()
    expect(metrics).toMatch(/drawbridge_alerts_total\{code="break_glass.used"\} 1\b/)
  })
  test('a key that is removed opens nothing, and ends what it opened', async () => {
    await at(owner, '/administrators')
    await press(owner, 'Remove Safe in Narva')
    await owner.getByText('One of two keys is missing.').waitFor()
    await at(stranger, '')
    expect(pathOf(stranger)).not.toBe('/alder/console')
  })
  test('no page complained', () => expect(complaints).toEqual([]))
})
