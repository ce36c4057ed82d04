// Transactions and the policy in the console, in a real browser: found, explained, compared, and only text.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createBackEnd } from '../../src/demo/back-end.ts'
import { demoRows } from '../../src/demo/institution.ts'
import { withDeviceAndPin } from '../../src/domain/acr.ts'
import type { Policy } from '../../src/domain/policy.ts'
import type { RiskSettings } from '../../src/domain/risk.ts'
import { approve, approver, waiting } from '../journeys/approver.ts'
import { startBridge, type TestBridge } from '../journeys/bridge.ts'
import { carriedOut, creditor, debtor, payment, spend, spender } from '../journeys/spending.ts'
import { applyTwo } from '../journeys/two-connections.ts'
import { launch } from './chromium.ts'
import { join } from './join.ts'
import { looked as lookedAt } from './looked.ts'

const evil = '<img src=x onerror="document.title=`hit`">'
const earlier: Policy = {
  rules: [
    { id: 'at-night', when: 'time.hour < 5 && transaction.amount > 10000', outcome: { kind: 'review' } },
    { id: 'closed-account', when: `transaction.creditorAccount == "${debtor}"`, outcome: { kind: 'deny' } },
  ],
  limits: [],
}

let bridge: TestBridge
let browser: Browser
let page: Page
let payer: Awaited<ReturnType<typeof spender>>
const complaints: string[] = []

const apply = (institution = {}) =>
  applyTwo(bridge, {
    institution,
    business: { name: 'Alder staff', audience: 'workforce', domains: [] },
    app: { connections: ['alder-idp'] },
  })

beforeAll(async () => {
  bridge = await startBridge()
  await apply({ policy: earlier })
  await apply()
  browser = await launch()
  page = await browser.newPage({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' })
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  await join(page, bridge.world.invitation)
  payer = await spender(bridge)
  await spend(payer, { creditorName: evil })
})
afterAll(async () => {
  await browser?.close()
  await bridge?.stop()
})

const at = (path: string) => page.goto(`${bridge.issuer}/console${path}`)
const looked = (name: string) => lookedAt(page, `console-${name}`)
const rows = () => page.locator('tbody tr').allTextContents()

describe('transactions', () => {
  test('stand in a list, newest first, with amounts and without account numbers', async () => {
    await at('/transactions')
    await looked('transactions')
    const shown = await rows()
    expect(shown.map((row) => /€[\d,.]+/.exec(row)?.[0])).toEqual([
      '€40.00',
      '€30.00',
      '€20.00',
      '€80.00',
      '€1,200.00',
    ])
    expect(await page.content()).not.toMatch(new RegExp(`${debtor}|${creditor}`))
  })
  test('are found by what was decided, and explained', async () => {
    await page.getByLabel('Decision').selectOption({ label: 'Refused' })
    await page.getByRole('button', { name: 'Find' }).click()
    expect(await rows()).toEqual([expect.stringContaining('€30.00')])
    await at('/transactions?reason=own.amount')
    await page.locator('tbody a').first().click()
    await page.getByText('Decided again, it comes out the same.').waitFor()
    await page.getByText('The customer’s own limit: A payment over €60.00').first().waitFor()
    await looked('transaction')
    await page.getByRole('link', { name: 'The customer’s own limits today' }).click()
    await page.getByRole('heading', { level: 1, name: '1 limit of the customer’s own' }).waitFor()
    await looked('customer-limits')
    await at('/transactions?outcome=deny')
    await page.locator('tbody a').first().click()
    await looked('transaction-refused')
    await page.getByRole('link', { name: /^[\w-]{16}$/ }).click()
    await page.getByText('It is in force.').waitFor()
    await looked('policy-version')
  })
  test('that are not there are told so', async () => {
    await at('/transactions?reference=DB-AAAA-AAAA')
    await page.getByText('Nothing was found').waitFor()
    await looked('transactions-none')
  })
  test('#201 names that hold markup are only names', async () => {
    for (const path of ['/transactions', '/transactions?outcome=allow']) {
      await at(path)
      if (path.includes('?')) await page.locator('tr', { hasText: '€20.00' }).locator('a').first().click()
      await page.waitForLoadState('networkidle')
      expect(await page.title()).not.toBe('hit')
      expect(await page.locator('img, main script').count()).toBe(0)
      expect(await page.getByText(evil).count()).toBeGreaterThan(0)
    }
  })
})

test('approvals stand in a list, and one says how it was answered', async () => {
  const bob = await approver(bridge, 'bob')
  const backEnd = await createBackEnd({ issuer: bridge.issuer, apiKey: bridge.world.apiKey })
  const ask = async (amount: string) => {
    const { authorization_details: details } = payment(amount)
    const body = { sub: bob.tokens.claims.sub, authorization_details: JSON.parse(details) }
    return (await backEnd.api('POST', '/transactions', body)).body
  }
  const { approval } = await ask('2500.00')
  const [question] = await waiting(bob)
  await approve(bob, question as never, approval.number)
  await ask('700.00')
  await at('/approvals')
  await looked('approvals')
  expect((await rows()).map((row) => /€[\d,.]+/.exec(row)?.[0])).toEqual(['€700.00', '€2,500.00'])
  await page.getByLabel('State').selectOption({ label: 'Approved' })
  await page.getByRole('button', { name: 'Find' }).click()
  await page.locator('tbody a').first().click()
  await page.getByText('and the PIN was verified with it').waitFor()
  await looked('approval')
  await page.getByRole('link', { name: 'What was decided, and why' }).click()
  await page.getByText('Asked on the phone').waitFor()
  await looked('transaction-asked')
})

describe('the policy', () => {
  test('is read as people read it, and says what is built in', async () => {
    await at('/policy')
    await looked('policy')
    const { policy } = demoRows({ world: '', idpCertificate: '', apiKey: {} }).institution
    expect(await page.locator('tbody').first().locator('tr').count()).toBe(policy?.rules.length)
    await page.getByText('A payment over €500.00, or in any other currency, is approved').waitFor()
    expect(await page.getByText('Default rule').count()).toBe(1)
    expect(await page.getByText('Built in').count()).toBe(1)
  })
  test('shows what was changed, rule by rule', async () => {
    await page.getByRole('button', { name: 'Compare' }).click()
    await page.getByText('Rule at-night, taken out').waitFor()
    await page.getByText('Limit day, new').waitFor()
    await looked('policy-difference')
  })
})

describe('the editor of the policy', () => {
  test('is there where no file says one; a text that does not hold is told at the field', async () => {
    await apply({ policy: undefined })
    await at('/policy')
    await page.getByRole('link', { name: 'Edit the policy' }).click()
    const text = page.getByLabel('Rules and limits (YAML)')
    expect(await text.inputValue()).toMatch(/^rules:\n {2}# In their order/)
    await text.fill('rules:\n  - id: a\n    when: transaction.sum > 1\n')
    await page.getByRole('button', { name: 'Show what would change' }).click()
    await page.getByText('Line 3: rules[0].when: No such key: sum').waitFor()
    expect(await text.getAttribute('aria-invalid')).toBe('true')
    await looked('policy-edit')
    // Chromium says so of every 422.
    expect(complaints.splice(0)).toEqual([expect.stringContaining('422')])
  })
  test('shows what would change and what it loosens, and asks why', async () => {
    const text = page.getByLabel('Rules and limits (YAML)')
    await text.fill(`rules:
  - id: closed-account
    when: transaction.creditorAccount == "${creditor}"
    outcome: deny
limits:
  - { id: day, over: { EUR: "1000.00" }, per: day }
`)
    await page.getByRole('button', { name: 'Show what would change' }).click()
    await page.getByRole('heading', { name: 'This change loosens the policy' }).waitFor()
    await page.getByText('Rule no-payment is gone').waitFor()
    expect(await page.getByText(/^Of \d+ transactions, \d would be asked less and \d more\.$/).count()).toBe(
      1,
    )
    await looked('policy-preview')
    await page.getByLabel('Why').fill('Alder wants it so')
    await page.getByRole('button', { name: 'Loosen the policy' }).click()
    await page.getByText('The policy is in force.').waitFor()
    await page.getByText('It was set here by').waitFor()
  })
})

describe('risk engines', () => {
  test('say what they said of a payment, and stand with the events that they are asked about', async () => {
    const asked = {
      ask: [{ provider: 'signals', weight: 1, optional: false }],
      combine: 'strictest' as const,
    }
    const risk: RiskSettings = {
      providers: [{ id: 'signals', type: 'signals', settings: {} }],
      events: { payment: { ...asked, onFailure: 'deny', bands: {} } },
      ...{ budgetMs: 5000, stepUp: withDeviceAndPin },
    }
    await apply({ risk })
    await carriedOut(payer, '80.00')
    await at('/risk?kind=payment')
    await looked('risk')
    await page.locator('tbody a').first().click()
    await page.getByText('Combined again, it comes out the same.').waitFor()
    await looked('risk-assessment')
    await at('/risk/providers')
    await page.getByRole('heading', { name: '1 risk engine is asked' }).waitFor()
    await looked('risk-engines')
    await at('/risk/providers/signals')
    await page.getByRole('button', { name: 'Make the test call' }).click()
    await page.getByText('It answered in').waitFor()
    await looked('risk-engine')
  })
  test('are added by the form of their type, where the file has none', async () => {
    await apply({ risk: undefined })
    await at('/risk/add?type=service')
    await page.getByLabel('Name of the engine').fill('Own engine')
    await page.getByRole('button', { name: 'Add the engine' }).click()
    await page.getByText('Nothing was changed.').waitFor()
    await looked('risk-form')
    expect(complaints.splice(0)).toEqual([expect.stringContaining('422')])
  })
})

test('no page complained', () => expect(complaints).toEqual([]))
