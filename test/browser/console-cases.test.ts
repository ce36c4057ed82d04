// Cases in a real browser: what is held is found, proposed, agreed to by somebody else, sent back, and stopped.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Policy } from '../../src/domain/policy.ts'
import { startBridge, type TestBridge } from '../journeys/bridge.ts'
import { type CasePerson, caseDesk } from '../journeys/case-desk.ts'
import { arrived, type Customer } from '../journeys/customer.ts'
import type { Parts } from '../journeys/parts.ts'
import { creditor, debtor, pay, payment, spender } from '../journeys/spending.ts'
import { applyTwo } from '../journeys/two-connections.ts'
import { launch } from './chromium.ts'
import { join } from './join.ts'
import { looked as lookedAt } from './looked.ts'

const policy: Policy = {
  rules: [{ id: 'huge', when: 'transaction.amount > 1000000', outcome: { kind: 'review' } }],
  limits: [],
}

let bridge: TestBridge
let browser: Browser
let page: Page
let payer: Customer
let colleague: CasePerson

beforeAll(async () => {
  bridge = await startBridge()
  await applyTwo(bridge, {
    institution: { policy },
    business: { name: 'Alder staff', audience: 'workforce', domains: [] },
    app: { connections: ['alder-idp'] },
  })
  browser = await launch()
  page = await browser.newPage({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' })
  await join(page, bridge.world.invitation)
  const parts = { ...bridge.parts, issuer: bridge.issuer } as unknown as Parts
  colleague = await caseDesk(parts).person()
  payer = await spender(bridge)
})
afterAll(async () => {
  await browser?.close()
  await bridge?.stop()
})

const at = (path: string) => page.goto(`${bridge.issuer}/console${path}`)
const looked = (name: string) => lookedAt(page, `console-${name}`)
const rows = () => page.locator('tbody tr').allTextContents()
const heading = () => page.getByRole('heading', { level: 1 }).textContent()
const held = async (amount: string) => void (await arrived(payer, payment(amount)))
/** Of the case whose page is open. */
const opened = (): string => new URL(page.url()).pathname.split('/').at(-1) ?? ''

describe('what is held', () => {
  test('where there is nothing, that is said', async () => {
    await at('/cases')
    await page.getByRole('heading', { name: 'Nothing is held' }).waitFor()
    await looked('cases-none')
  })
  test('stands in a list, and on the overview', async () => {
    for (const amount of ['12000.00', '25000.00', '14999.99']) await held(amount)
    await at('/cases')
    expect(await heading()).toBe('3 cases wait')
    expect((await rows()).map((row) => /€[\d,.]+/.exec(row)?.[0])).toEqual([
      '€12,000.00',
      '€25,000.00',
      '€14,999.99',
    ])
    expect(await page.content()).not.toMatch(new RegExp(`${debtor}|${creditor}`))
    await looked('cases')
    await at('')
    await page.getByText('3 cases wait').waitFor()
    await page.getByRole('link', { name: 'Look at them' }).click()
    expect(await heading()).toBe('3 cases wait')
  })
  test('is proposed here, and agreed to by somebody else alone', async () => {
    await at('/cases')
    await page.locator('tbody a').first().click()
    expect(await heading()).toBe('€12,000.00, payment_initiation: somebody has to look')
    await looked('case-open')
    await page.getByLabel('Why').first().fill('Called the customer, who knows of it')
    await page.getByRole('button', { name: 'Propose to release it' }).click()
    await page.getByText('You proposed it. Somebody else has to agree.').waitFor()
    expect(await page.getByRole('button', { name: 'Agree, and release it' }).count()).toBe(0)
    await looked('case-proposed-own')
    expect((await colleague.take(opened(), 'confirm', {})).status).toBe(303)
    await page.reload()
    expect(await heading()).toBe('€12,000.00, payment_initiation: it can be sent again')
    await pay(payer, '12000.00')
    await page.reload()
    await page.getByRole('link', { name: 'What was decided then' }).waitFor()
    await looked('case-released')
    await page.getByRole('link', { name: 'What was decided then' }).click()
    await page.getByText('Released by').waitFor()
    await looked('case-sent-again')
  })
  test('what a colleague proposes can be agreed to, sent back or stopped', async () => {
    await at('/cases')
    await page.locator('tbody a').first().click()
    await colleague.take(opened(), 'propose', { why: 'An invoice that they pay every year' })
    await page.reload()
    await page.getByText('An invoice that they pay every year').waitFor()
    await looked('case-proposed')
    await page.locator('#why-send-back').fill('Which invoice?')
    await page.getByRole('button', { name: 'Send the proposal back' }).click()
    expect(await heading()).toContain('somebody has to look')
    await page.locator('#why-stop').fill('The customer knows nothing of it')
    await page.getByLabel('This was fraud').check()
    await page.getByRole('button', { name: 'Stop it for good' }).click()
    expect(await heading()).toContain('it is stopped')
    await looked('case-stopped')
    await at('/cases?state=stopped')
    expect(await rows()).toEqual([expect.stringContaining('Fraud')])
  })
  test('who comes too late sees what happened meanwhile', async () => {
    await at('/cases')
    await page.locator('tbody a').first().click()
    await colleague.take(opened(), 'propose')
    await page.getByLabel('Why').first().fill('Me too')
    await page.getByRole('button', { name: 'Propose to release it' }).click()
    await page.getByText('somebody did something with this case').waitFor()
    await page.getByRole('button', { name: 'Agree, and release it' }).waitFor()
    await looked('case-late')
  })
})
