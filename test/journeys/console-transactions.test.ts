// Somebody at the bank is asked why a payment had to be approved: found by the reference, explained, also after the policy changed.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createBackEnd } from '../../src/demo/back-end.ts'
import { withDeviceAndPin } from '../../src/domain/acr.ts'
import type { Policy } from '../../src/domain/policy.ts'
import { type Administrator, createAdministrator } from './administrator.ts'
import { approve, approver, waiting } from './approver.ts'
import { startBridge, type TestBridge } from './bridge.ts'
import { type Customer, call, signIn } from './customer.ts'
import { carriedOut, creditor, debtor, pay, payment, spender } from './spending.ts'
import { wordsOf } from './transactions-rig.ts'
import { applyTwo } from './two-connections.ts'

let bridge: TestBridge
let admin: Administrator
const references: string[] = []

const apply = async (institution: { policy?: Policy } = {}) => {
  await applyTwo(bridge, {
    institution,
    business: { name: 'Staff', audience: 'workforce', domains: [] },
    app: { connections: ['alder-idp'] },
  })
}

beforeAll(async () => {
  bridge = await startBridge()
  await apply()
  bridge.application.observe((_institution, event) => {
    const { type, reference } = JSON.parse(event)
    if (type === 'transaction.decided') references.push(reference)
  })
  admin = createAdministrator(bridge)
  await admin.join(bridge.world.invitation as string, 'alice')
})
afterAll(() => bridge.stop())

const linkIn = (body: string, path: string): string =>
  new RegExp(`href="[^"]*/console(${path}/[\\w-]+)"`).exec(body)?.[1] ?? ''

describe('a payment', () => {
  let alice: Customer
  let page = ''
  let version = ''
  test('is found by what the customer reads out, and says why it asked, in the words of the policy', async () => {
    alice = await spender(bridge)
    await carriedOut(alice, '80.00')
    const [reference = ''] = references
    const heard = reference.toLowerCase().replaceAll('-', ' ')
    const list = await admin.get(`/transactions?reference=${encodeURIComponent(heard)}`)
    page = linkIn(list.body, '/transactions')
    const { body } = await admin.get(page)
    const words = wordsOf(body)
    expect(words).toContain('€80.00, payment_initiation: used')
    // Decided, then approved by the customer, then carried out: each with its time.
    expect(words).toMatch(/Decided: .*\d\d:\d\d.* Approved .*\d\d:\d\d.* Used .*\d\d:\d\d/)
    expect(words).toContain('The customer’s own limit: A payment over €60.00')
    expect(words).toContain('Decided again, it comes out the same.')
    expect(words).toMatch(/Not exceeded[\s\S]*Customer’s own[\s\S]*€80.00 Exceeded/)
    expect(words).toContain('history.knownPayee false')
    version = linkIn(body, '/policy/versions')
    expect(wordsOf((await admin.get(version)).body)).toContain('It is in force.')
  })
  test('leads to the limits that the customer set, and to those that still hold after they were loosened', async () => {
    const tokens = await signIn(alice, {
      scope: 'openid device limits core:payments',
      acr_values: withDeviceAndPin,
    })
    const looser = { id: 'away', from: [debtor], threshold: { kind: 'always' } }
    await call(alice, { method: 'PUT', path: '/limits', tokens, body: { version: 1, limits: [looser] } })
    await pay(alice, '61.00')
    const list = await admin.get(`/transactions?sub=${tokens.claims.sub}`)
    const { body } = await admin.get(linkIn(list.body, '/transactions'))
    const limits = await admin.get(/href="[^"]*\/console(\/limits\?sub=[\w-]+)"/.exec(body)?.[1] as string)
    const words = wordsOf(limits.body)
    expect(words).toContain('1 limit of the customer’s own, 1 earlier one until the cool-down ends')
    expect(words).toMatch(
      /away Every payment from .* Holds mine A payment over €60.00 .* Holds, was loosened until/,
    )
    expect(limits.body.replaceAll(' ', '')).not.toContain(debtor)
  })
  test.each([
    ['', 'Name a customer'],
    ['?sub=never-here', 'None was ever set'],
    ['?sub=a&sub=b', 'Name a customer'],
  ])('limits%s: %s', async (asked, said) => {
    const words = wordsOf((await admin.get(`/limits${asked}`)).body)
    expect(words).toContain(said)
    expect(words).not.toContain('0 limits')
  })
  test('is still explained by the policy that decided, once another is in force', async () => {
    await apply({ policy: { rules: [], limits: [] } })
    const { body } = await admin.get(page)
    expect(wordsOf(body)).toContain('Decided again, it comes out the same.')
    expect(linkIn(body, '/policy/versions')).toBe(version)
    const old = wordsOf((await admin.get(version)).body)
    expect(old).toContain('It is not in force any more.')
    expect(old).toContain('closed-account')
    const present = wordsOf((await admin.get('/policy')).body)
    expect(present).toContain('0 rules and 1 limit decide on transactions')
    const changed = wordsOf((await admin.get('/policy/difference')).body)
    for (const what of [
      'Rule no-payment, taken out',
      'Rule closed-account, taken out',
      'Limit day, taken out',
    ])
      expect(changed).toContain(what)
    expect(changed).not.toContain('step_up_over')
  })
})

describe('a question to the phone', () => {
  test('is found by its customer, says how it was answered, and leads to its transaction and back', async () => {
    const bob = await approver(bridge, 'bob')
    const sub = bob.tokens.claims.sub as string
    const backEnd = await createBackEnd({ issuer: bridge.issuer, apiKey: bridge.world.apiKey })
    const detail = JSON.parse(payment('2500.00').authorization_details)[0]
    const body = { sub, authorization_details: [detail], binding_message: `Order of ${debtor}` }
    const { body: asked } = await backEnd.api('POST', '/transactions', body)
    const [question] = await waiting(bob)
    const open = await admin.get(`/approvals?state=pending&sub=${sub}`)
    expect(wordsOf(open.body)).toContain('A back end, by the transaction API')
    await approve(bob, question as never, asked.approval.number)
    expect(wordsOf((await admin.get(`/approvals?state=pending&sub=${sub}`)).body)).toContain(
      'Nothing was found',
    )
    const list = await admin.get(`/approvals?state=approved&app=alder-api&sub=${sub}`)
    const found = linkIn(list.body, '/approvals')
    const { body: page } = await admin.get(found)
    const words = wordsOf(page)
    for (const text of [
      '€2,500.00, payment_initiation: approved',
      'Nordhaven Energy',
      'Alder Accounts API',
      'and the PIN was verified with it',
      'pop pin',
      'Typed as it was shown where it began',
      bob.device,
    ])
      expect(words).toContain(text)
    const whole = [debtor, creditor, question?.to_sign.claims.nonce as string]
    expect(whole.filter((text) => page.replaceAll(' ', '').includes(text))).toEqual([])
    const transaction = linkIn(page, '/transactions')
    expect(linkIn((await admin.get(transaction)).body, '/approvals')).toBe(found)
  })
})
