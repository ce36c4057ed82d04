// A sign-in that is over, or somebody else's: the page says so, in words that tell how to begin again.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createBrowser, formIn } from '../../src/demo/app-client.ts'
import type { LoginTransaction } from '../../src/domain/login.ts'
import { refusalsInEnglish } from '../../src/http/words/refusals-en.ts'
import { type HostileWorld, startHostileWorld } from './hostile-world.ts'
import { payment } from './spending.ts'

let world: HostileWorld
beforeAll(async () => {
  world = await startHostileWorld()
})
afterAll(() => world.stop())

const codeOn = (body: string): string | undefined => /<code>([a-z_]+\.[a-z_]+)<\/code>/.exec(body)?.[1]
const reference = /DB-[2-9A-Z]{4}-[2-9A-Z]{4}/
/** The page's own words: what happened, and what to do. */
function expectWords(
  page: { status: number; body: string },
  code: string,
  group: 'not-open' | 'other-browser',
) {
  expect([page.status, codeOn(page.body)]).toEqual([group === 'not-open' ? 410 : 400, code])
  const { title, next } = refusalsInEnglish[group]
  expect(page.body).toContain(title)
  expect(page.body).toContain(next)
  expect(page.body).toMatch(reference)
  expect(page.body).not.toMatch(/form_token|at .*\.ts:|node_modules/)
}

async function asked() {
  const at = await world.begin()
  const page = await at.deliver(at.answer())
  const uid = page.url.split('/').at(-1) as string
  const login = (await world.parts.stores.logins.get('alder', uid)) as LoginTransaction
  return { ...at, page, form: formIn(page), login }
}
const expire = (login: LoginTransaction) =>
  world.parts.inUnit(() => world.parts.stores.logins.update({ ...login, expiresAt: Date.now() - 1 }))

test('expired while the page was open: reading it again and answering it say the same, and nothing is given', async () => {
  const { browser, page, form, login } = await asked()
  expect((await browser.go(page.url)).body).toContain('form_token')
  await expire(login)
  expectWords(await browser.go(page.url), 'interaction.expired', 'not-open')
  const answered = await browser.go(form.action, { ...form.fields, do: 'allow' })
  expectWords(answered, 'interaction.expired', 'not-open')
  expect(answered.location).toBeUndefined()
})
test('the payment expired while the sign-in had not: it is not approved, and the app gets nothing', async () => {
  const at = await world.begin(world.main, payment('25.00'))
  const page = await at.deliver(at.answer())
  const form = formIn(page)
  const type = () => world.events.map((event) => event.type)
  expect(type()).toContain('transaction.decided')
  const { knex } = world.parts.base.database
  await knex('customer_transaction').update({ expires_at: new Date(Date.now() - 1) })
  const answered = await at.browser.go(form.action, { ...form.fields, do: 'allow' })
  expectWords(answered, 'interaction.expired', 'not-open')
  expect(answered.location).toBeUndefined()
  expect(type()).not.toContain('transaction.approved')
  const rows: { state: string }[] = await knex('customer_transaction').select('state')
  expect(rows.map(({ state }) => state)).toEqual(['open'])
  // The same button again leads to the beginning, where the IdP asks anew.
  const again = await at.browser.follow(form.action, {
    until: 'https://idp.example/',
    form: { ...form.fields, do: 'allow' },
  })
  expect(again.returned).toContain('SAMLRequest=')
})
test('expired while the customer was at the IdP', async () => {
  const at = await world.begin()
  await expire((await world.parts.stores.logins.get('alder', at.RelayState)) as LoginTransaction)
  expectWords(await at.deliver(at.answer()), 'interaction.expired', 'not-open')
})
test('somebody else’s, or nobody’s', async () => {
  const { page } = await asked()
  expectWords(await createBrowser().go(page.url), 'interaction.foreign', 'other-browser')
  const nobody = await createBrowser().go(`${world.parts.issuer}/interaction/${'A'.repeat(21)}`)
  expectWords(nobody, 'interaction.foreign', 'other-browser')
})
