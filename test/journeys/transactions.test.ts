// An app asks for more than payments: a payee, a new phone number, a type of the bank's own. The customer reads our words.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { paymentsNamespace } from '../../src/demo/institution.ts'
import { transactionOf } from '../../src/domain/transaction.ts'
import { typesOf } from '../../src/domain/transaction-types/known.ts'
import { cardControl, cardDetail, details } from '../domain/transaction-samples.ts'
import { startBridge, type TestBridge } from './bridge.ts'
import { call, customer, enrolled, introspect, pin } from './customer.ts'
import { answered, askedAbout, atWeb, withOwnType, wordsOf } from './transactions-rig.ts'

let bridge: TestBridge
let alice: Awaited<ReturnType<typeof enrolled>>
beforeAll(async () => {
  bridge = await startBridge()
  await withOwnType(bridge)
  alice = await enrolled(bridge)
})
afterAll(() => bridge.stop())

const hashOf = (detail: unknown) => transactionOf(detail, typesOf({ transactionTypes: [cardControl] })).hash

describe('pushed (PAR), approved by PIN', () => {
  test.each([
    [
      details.add_payee,
      'en',
      [
        'Add this payee?',
        'Payee Nordhaven Energy',
        'Account DE89 3704 0044 0532 0130 00',
        'You call them Power',
        'Add payee',
      ],
    ],
    [details.add_payee, 'es', ['¿Añadir este beneficiario?', 'Lo llamas Power', 'Añadir beneficiario']],
    [
      details.change_contact,
      'en',
      ['Change how we reach you?', 'New +37255512345', 'Change Phone number', 'Change it'],
    ],
    [details.change_limit, 'es', ['¿Cambiar este límite?', 'Nuevo límite 2500,00 €', 'Pagos en un día']],
    [
      details.account_access,
      'en',
      ['Give access to your accounts?', 'EE38 2200 2210 2014 4821', 'Balances', 'Until 31 May 2027'],
    ],
    [
      details.payment_initiation,
      'en',
      ['Approve this payment?', 'Amount €1,240.00', 'Repeats Every month', 'First payment 1 December 2026'],
    ],
    [
      cardDetail,
      'en',
      ['Change this card?', 'Card ending in 4821', 'Abroad Paused', 'For 14 days', 'Only at Alder Air'],
    ],
  ])('$type in %s', async (detail, language, words) => {
    const asked = await askedAbout(alice, detail, { ui_locales: language })
    expect(asked.page.body).toContain('name="pin"')
    const text = wordsOf(asked.page.body)
    for (const word of words) expect(text).toContain(word)
    const tokens = await answered(alice, asked, { do: 'approve', pin })
    expect(tokens.claims).toMatchObject({ acr: 'urn:drawbridge:acr:device-pin' })
    // The API sees the whole detail and the hash of exactly it (ruling R-21).
    const seen = await introspect(bridge, tokens.accessToken)
    expect(seen).toMatchObject({ active: true, transaction: hashOf(detail), authorization_details: [detail] })
  })

  test('the app’s own answer has accounts masked', async () => {
    const asked = await askedAbout(alice, details.add_payee)
    const bodies: string[] = []
    const seen = globalThis.fetch
    globalThis.fetch = async (...given) => {
      const response = await seen(...given)
      bodies.push(await response.clone().text())
      return response
    }
    await answered(alice, asked, { do: 'approve', pin }).finally(() => {
      globalThis.fetch = seen
    })
    const answer = bodies.find((body) => body.includes('access_token'))
    expect(answer).toContain('"creditorAccount":{"iban":"••••3000"}')
    expect(answer).not.toContain('DE89')
  })

  test('a refresh does not carry it on', async () => {
    const asked = await askedAbout(alice, details.change_contact)
    const tokens = await answered(alice, asked, { do: 'approve', pin })
    const later = await alice.app.refresh(tokens.refreshToken as string)
    const seen = await introspect(bridge, later.accessToken)
    expect([seen.active, seen.transaction, seen.authorization_details]).toEqual([true, undefined, undefined])
  })
})

describe('in the address (RAR without PAR)', () => {
  const { schedule: _, ...payment } = details.payment_initiation
  const small = {
    ...payment,
    instructedAmount: { amount: '25.00', currency: 'EUR' },
    schedule: { requestedExecutionDate: '2026-12-24' },
  }

  test('a small payment is approved on the consent page, and the token names its hash', async () => {
    const who = await atWeb(bridge, 'bob')
    const asked = await askedAbout(who, small)
    const text = wordsOf(asked.page.body)
    for (const words of ['€25.00', 'When 24 December 2026', 'To account DE89 3704 0044 0532 0130 00'])
      expect(text).toContain(words)
    const tokens = await answered(who, asked, { do: 'approve' })
    expect(await introspect(bridge, tokens.accessToken)).toMatchObject({ transaction: hashOf(small) })
  })

  test.each([details.add_payee, details.change_contact, cardDetail])(
    '$type needs a phone that PAR has proven, and is refused',
    async (detail) => {
      const { page } = await askedAbout(await atWeb(bridge, 'bob'), detail)
      expect(page).toMatchObject({
        returned: expect.stringContaining('error=unmet_authentication_requirements'),
      })
    },
  )
})

describe('at a core whose message says the schedule too', () => {
  const { lastDate: _, ...schedule } = details.payment_initiation.schedule
  const { remittanceInformation: _message, ...payment } = details.payment_initiation
  const { schedule: _schedule, ...atOnce } = payment
  const body = (more: string) =>
    `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><p:Transfer xmlns:p="${paymentsNamespace}"><p:amount>1240.00</p:amount><p:currency>EUR</p:currency><p:debtorAccount>${payment.debtorAccount.iban}</p:debtorAccount><p:creditorAccount>${payment.creditorAccount.iban}</p:creditorAccount><p:creditorName>${payment.creditorName}</p:creditorName>${more}</p:Transfer></s:Body></s:Envelope>`
  const monthly = '<p:frequency>monthly</p:frequency><p:firstDate>2026-12-01</p:firstDate>'
  const sent = async (detail: unknown, more: string) => {
    const tokens = await answered(alice, await askedAbout(alice, detail), { do: 'approve', pin })
    const { text } = await call(alice, { method: 'POST', path: '/soap/payments', tokens, body: body(more) })
    return /<db:code>([a-z._]+)</.exec(text)?.[1]
  }
  test.each([
    ['a payment of now', atOnce, '', undefined],
    // The demo core knows no standing orders: it gets this one, and refuses it itself.
    ['the standing order', { ...payment, schedule }, monthly, 'core.refused'],
    ['a standing order as a payment of now', { ...payment, schedule }, '', 'transaction.mismatch'],
    ['another rhythm', { ...payment, schedule }, monthly.replace('monthly', 'daily'), 'transaction.mismatch'],
    ['a payment of now as a standing order', atOnce, monthly, 'transaction.mismatch'],
    ['two rhythms', atOnce, `${monthly}<p:frequency>daily</p:frequency>`, 'transaction.malformed'],
    [
      'two rhythms, to say none',
      atOnce,
      '<p:frequency>daily</p:frequency><p:frequency>daily</p:frequency>',
      'transaction.malformed',
    ],
    [
      'a rhythm of another namespace',
      atOnce,
      '<x:frequency xmlns:x="urn:x">daily</x:frequency>',
      'transaction.malformed',
    ],
  ])('%s', async (_, detail, more, code) => expect(await sent(detail, more)).toBe(code))
})

test('no without a PIN: the app is told', async () => {
  const asked = await askedAbout(alice, details.add_payee)
  await expect(answered(alice, asked, { do: 'deny' })).rejects.toMatchObject({ error: 'access_denied' })
})

test('both metadata say which types there are; an app sends those that it is registered for, though one of them is gone', async () => {
  const at = async (url: string) => (await (await fetch(url)).json()).authorization_details_types_supported
  const all = [...Object.keys(details), 'card_control']
  expect(await at(`${bridge.issuer}/.well-known/openid-configuration`)).toEqual(all)
  expect(await at(`${new URL(bridge.issuer).origin}/.well-known/oauth-protected-resource/alder/api`)).toEqual(
    all,
  )
  const only = await customer(bridge, 'alice', 'payments-only')
  await expect(
    only.app.begin({ authorization_details: JSON.stringify([details.add_payee]) }),
  ).rejects.toMatchObject({
    error: 'invalid_authorization_details',
  })
  expect(
    await only.app.begin({ authorization_details: JSON.stringify([details.payment_initiation]) }),
  ).toBeTruthy()
})
