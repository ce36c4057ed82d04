// What was decided day by day, and rates beside the policy, in a real browser: as pictures, in words, and as tables.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { closedAccount } from '../../src/demo/institution.ts'
import type { Policy } from '../../src/domain/policy.ts'
import { startBridge, type TestBridge } from '../journeys/bridge.ts'
import { spend, spender } from '../journeys/spending.ts'
import { applyTwo } from '../journeys/two-connections.ts'
import { launch } from './chromium.ts'
import { join } from './join.ts'
import { looked } from './looked.ts'

const day = 24 * 3600_000
const policy: Policy = {
  rules: [
    { id: 'closed', when: `transaction.creditorAccount == "${closedAccount}"`, outcome: { kind: 'deny' } },
    { id: 'large', when: 'transaction.amountIn("EUR") > 5000000', outcome: { kind: 'review' } },
  ],
  limits: [
    {
      ...{ id: 'week', types: [], from: [], to: [], outcome: { kind: 'deny' } },
      threshold: { kind: 'amount', per: 'week', over: { EUR: '5000.00' }, in: 'EUR' },
    },
  ],
}
const rates = (asOf: number) => ({
  ...{ base: 'EUR', asOf, validHours: 120 },
  perBase: { CHF: '0.9342', GBP: '0.8610', JPY: '162.35', SEK: '11.4210', USD: '1.0840' },
})

let bridge: TestBridge
let browser: Browser
let page: Page
/** Once, also where a test is run again. */
let spent: Promise<void> | undefined

const apply = (asOf: number) =>
  applyTwo(bridge, {
    institution: { policy, rates: rates(asOf) },
    business: { name: 'Alder staff', audience: 'workforce', domains: [] },
    app: { connections: ['alder-idp'] },
  })

beforeAll(async () => {
  bridge = await startBridge()
  await apply(Date.now())
  browser = await launch()
  page = await browser.newPage({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' })
  await join(page, bridge.world.invitation)
})
afterAll(async () => {
  await browser?.close()
  await bridge?.stop()
})

const at = (path: string) => page.goto(`${bridge.issuer}/console${path}`)
const card = (name: string) => page.getByRole('region', { name, exact: true })

/** A month of a bank, without what it was about: more on working days, and a bad day among them. */
async function aMonth(): Promise<void> {
  const { knex } = bridge.parts.base.database
  const today = Math.floor(Date.now() / day) * day
  const rows = Array.from({ length: 29 }, (_, n) => {
    const created = today - (n + 1) * day + 12 * 3600_000
    const busy = n % 7 < 5 ? 60 : 15
    const many = (count: number, outcome: string, state: string) =>
      Array.from({ length: count }, (_, k) => ({
        ...{
          institution: 'alder',
          id: `made-${n}-${outcome}-${state}-${k}`,
          subject: 's',
          relying_party: 'app',
        },
        ...{ type: 'payment_initiation', kind: 'payment', hash: 'h', minor: 1, outcome, state, reason: 'r' },
        ...{ policy: 'p', record: 'r', created_at: new Date(created), expires_at: new Date(created + 1) },
      }))
    return [
      ...many(busy + ((n * 7) % 11), 'allow', 'used'),
      ...many(Math.ceil(busy / 3), 'step-up', 'approved'),
      ...many(n % 5, 'step-up', 'released'),
      ...many(n % 4, 'step-up', 'open'),
      ...many(n % 3, 'review', 'held'),
      ...many(n === 9 ? 34 : 2 + (n % 3), 'deny', 'refused'),
    ]
  }).flat()
  for (let i = 0; i < rows.length; i += 500)
    await knex('customer_transaction')
      .insert(rows.slice(i, i + 500))
      .onConflict()
      .ignore()
}

test('before there is any the page says so', async () => {
  await at('/transactions')
  await page.getByRole('link', { name: 'Outcomes day by day' }).click()
  await page.getByRole('heading', { level: 1, name: 'What was decided, day by day' }).waitFor()
  expect(await page.getByText('There was none.', { exact: true }).count()).toBe(2)
  await looked(page, 'console-outcomes-none')
})

test('what was decided today, and how it ended, as a picture, in words, and as a table that leads to the day', async () => {
  spent ??= spender(bridge).then((who) => spend(who))
  await spent
  await at('/outcomes')
  await card('Decisions a day')
    .getByText('5 decisions in 30 days: passes 2; step-up 2; held 0; refused 1.', { exact: true })
    .waitFor()
  await card('How they ended')
    .getByText('4 that were not stopped in 30 days: approved 3; not approved 0; not answered 0; waiting 1.', {
      exact: true,
    })
    .waitFor()
  expect(await card('Decisions a day').locator('svg rect.c1[height]:not(pattern rect)').count()).toBe(1)
  expect(await page.locator('#decided-desc').textContent()).toMatch(
    /^5 decisions in 30 days: .* refused 1\. Full numbers/,
  )
  await card('Decisions a day').getByText('Show as a table').click()
  const rows = card('Decisions a day').locator('tbody tr')
  expect(await rows.count()).toBe(30)
  expect(await rows.first().locator('td').allTextContents()).toEqual(['2', '2', '0', '1'])
  await rows.first().getByRole('link').click()
  await page.getByRole('heading', { level: 1, name: 'Transactions' }).waitFor()
  expect(await page.locator('tbody tr').count()).toBe(5)
})

test('a month can be read at every width and in both colours', async () => {
  await aMonth()
  await at('/outcomes')
  await looked(page, 'console-outcomes')
  expect(await card('Decisions a day').locator('svg text').last().textContent()).toMatch(
    /^\d{1,2} [A-Z][a-z]+$/,
  )
})

test('rates stand beside the policy that converts by them, and those that are too old are told', async () => {
  await at('/policy')
  await page
    .getByText('brings the last 7 days over €5,000.00, other currencies converted to EUR, is refused.')
    .waitFor()
  expect(await card('Rates').locator('tbody tr').allTextContents()).toContain('USD1.0840')
  expect(await page.getByText('These rates are not used.').count()).toBe(0)
  await looked(page, 'console-policy-rates')
  await apply(Date.now() - 6 * day)
  // Other nodes and this one's cache learn of it within two seconds; the page asks the database.
  await at('/policy')
  await page.getByText('These rates are not used.').waitFor()
  await looked(page, 'console-policy-rates-old')
})
