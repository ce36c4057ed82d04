// #131 #132 What a customer approves is what was sent: no text that shows as another, no member unseen, nothing swapped.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hashOf } from '../../src/domain/transaction.ts'
import { details } from '../domain/transaction-samples.ts'
import { startBridge, type TestBridge } from '../journeys/bridge.ts'
import { enrolled, introspect, pin } from '../journeys/customer.ts'
import { answered, askedAbout, withOwnType, wordsOf } from '../journeys/transactions-rig.ts'

let bridge: TestBridge
let alice: Awaited<ReturnType<typeof enrolled>>
beforeAll(async () => {
  bridge = await startBridge()
  await withOwnType(bridge)
  alice = await enrolled(bridge)
})
afterAll(() => bridge.stop())

const { add_payee: payee, payment_initiation: payment, change_contact: contact } = details

/** What the app is told; undefined when the request is taken. */
async function refusal(authorization_details: string): Promise<string | undefined> {
  try {
    await alice.app.begin({ authorization_details })
    return undefined
  } catch (error) {
    return `${(error as { error?: string }).error}: ${(error as { error_description?: string }).error_description}`
  }
}

describe('#131 text that would show as another is refused when it comes in', () => {
  const named = (creditorName: string) => ({ ...payee, creditorName })
  const malformed = (field: string) =>
    `invalid_authorization_details: authorization_details cannot be accepted: ${field}`
  test.each<[string, unknown, string]>([
    ['right-to-left override', named('Nord\u202egreenE'), 'creditorName'],
    ['right-to-left mark', named('Nordhaven\u200f'), 'creditorName'],
    ['isolate', named('\u2067Nordhaven\u2069'), 'creditorName'],
    ['zero width', named('Nord\u200bhaven'), 'creditorName'],
    ['soft hyphen', named('Nord\u00adhaven'), 'creditorName'],
    ['an invisible filler', named('Nord\u3164haven'), 'creditorName'],
    ['a variation selector', named('Nord\ufe0fhaven'), 'creditorName'],
    [
      'a line of its own',
      { ...payment, remittanceInformation: 'Rent\nAmount: €1.00' },
      'remittanceInformation',
    ],
    [
      'a line separator',
      { ...payment, remittanceInformation: 'Rent\u2028Amount: €1.00' },
      'remittanceInformation',
    ],
    ['Cyrillic letters in a Latin word', named('Nоrdhaven'), 'creditorName'],
    ['Greek letters in a Latin word', named('Νordhaven'), 'creditorName'],
    ['full width letters', named('Ｎordhaven'), 'creditorName'],
    ['mathematical letters', named('𝐍ordhaven'), 'creditorName'],
    ['decomposed letters', named('Cafe\u0301'), 'creditorName'],
    ['two spaces', named('Nord  haven'), 'creditorName'],
    ['a space that does not break', named('Nord\u00a0haven'), 'creditorName'],
    ['half a character', named('Nord\ud800haven'), 'creditorName'],
    [
      'a look-alike amount',
      { ...payment, instructedAmount: { amount: '1240\u066b00', currency: 'EUR' } },
      'instructedAmount.amount',
    ],
    [
      'an amount in other digits',
      { ...payment, instructedAmount: { amount: '١٢', currency: 'EUR' } },
      'instructedAmount.amount',
    ],
    [
      'a digit of another value in a text',
      { ...payment, remittanceInformation: 'Invoice ৪' },
      'remittanceInformation',
    ],
    [
      'a currency that looks like another',
      { ...payment, instructedAmount: { amount: '1.00', currency: 'ЕUR' } },
      'instructedAmount.currency',
    ],
    ['5 KB', named('x'.repeat(5000)), 'creditorName'],
    [
      'an account with a letter in disguise',
      { ...payee, creditorAccount: { iban: 'DЕ89370400440532013000' } },
      'creditorAccount.iban',
    ],
  ])('%s', async (_, detail, field) => {
    expect(await refusal(JSON.stringify([detail]))).toBe(malformed(field))
  })

  test.each<[string, string]>([
    ['a member that no page shows', JSON.stringify([{ ...payee, fee: '5.00' }])],
    ['a text for the page', JSON.stringify([{ ...payee, displayText: 'Nothing happens' }])],
    ['a title of its own', JSON.stringify([{ ...payee, title: 'Log in' }])],
    ['a member of every object', `[${JSON.stringify(payee).replace('{', '{"__proto__":{"amount":"1"},')}]`],
    ['a second detail', JSON.stringify([payee, contact])],
    ['another type', JSON.stringify([{ ...payee, type: 'addpayee' }])],
    ['a type that every object has', JSON.stringify([{ ...payee, type: 'constructor' }])],
  ])('%s', async (_, details) => {
    expect(await refusal(details)).toMatch(/^invalid_authorization_details: /)
  })
})

describe('what is taken is printed as it is', () => {
  test.each([
    '<b onclick=alert(1)>Nordhaven</b>',
    '{/creditorAccount/iban}',
    '{amount} $& $1',
    '&amp; &lt;script&gt;',
    '- Balances',
    'https://evil.example/?a=b#c',
  ])('%s', async (creditorName) => {
    const { page } = await askedAbout(alice, { ...payee, creditorName })
    const escaped = creditorName.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
    expect(page.body).toContain(`<bdi>${escaped}</bdi>`)
    expect(page.body).not.toMatch(/<b onclick|<script/)
  })

  test('a word all of another alphabet says so beside it', async () => {
    const { page } = await askedAbout(alice, { ...payee, creditorName: 'сосо' })
    expect(wordsOf(page.body)).toContain('сосо Cyrillic letters')
  })
})

describe('#132 what was approved is what was shown', () => {
  test('a member that comes twice: the one that counts is the one that is shown', async () => {
    const twice = JSON.stringify(payee).replace('"alias":"Power"', '"alias":"Power","alias":"Other"')
    const { started, page } = await askedAbout(alice, payee, { authorization_details: `[${twice}]` })
    expect(wordsOf(page.body)).toContain('You call them Other')
    expect(wordsOf(page.body)).not.toContain('Power')
    const tokens = await answered(alice, { started, page }, { do: 'approve', pin })
    const seen = await introspect(bridge, tokens.accessToken)
    expect(seen.transaction).toBe(hashOf({ ...payee, alias: 'Other' }))
    expect(seen.authorization_details).toEqual([{ ...payee, alias: 'Other' }])
  })

  test('the form cannot bring another transaction', async () => {
    const asked = await askedAbout(alice, payee)
    const other = JSON.stringify([{ ...payee, creditorName: 'Mallory' }])
    const fields = { do: 'approve', pin, authorization_details: other, transaction: hashOf({ x: 1 }) }
    const tokens = await answered(alice, asked, fields)
    expect((await introspect(bridge, tokens.accessToken)).transaction).toBe(hashOf(payee))
  })

  test('nor the address, once the request is pushed', async () => {
    const started = await alice.app.begin({ authorization_details: JSON.stringify([payee]) })
    const url = new URL(started.url)
    url.searchParams.set('authorization_details', JSON.stringify([{ ...payee, creditorName: 'Mallory' }]))
    const page = await alice.browser.follow(url.href, { until: alice.app.redirectUri })
    expect(page.body).not.toContain('Mallory')
  })
})
