// #237 Operations that need the approval of something else than a payment, and approvals that are of something else.
import { expect, test } from 'vitest'
import { withDevice } from '../../src/domain/acr.ts'
import { type BodyFacts, type CallerToken, decideCall } from '../../src/domain/gateway.ts'
import type { Core, CoreOperation } from '../../src/domain/institution.ts'
import { Refusal } from '../../src/domain/refusal.ts'
import { transactionOf } from '../../src/domain/transaction.ts'
import { builtInTypes } from '../../src/domain/transaction-types/known.ts'
import { details } from './transaction-samples.ts'

const of = (detail: unknown) => transactionOf(detail, builtInTypes)
const payee = of(details.add_payee)
const { schedule: _, ...atOnce } = details.payment_initiation
const payment = of(atOnce)
const standing = of(details.payment_initiation)
const contact = of(details.change_contact)
const types = builtInTypes
const limit = of(details.change_limit)

const operation = (transaction: CoreOperation['transaction']): CoreOperation => ({
  namespace: 'urn:p',
  name: 'Do',
  soapAction: undefined,
  acr: withDevice,
  transaction,
})
const addPayee = operation({ type: 'add_payee', creditorAccount: ['e'], creditorName: ['n'] })
const changeLimit = operation({
  type: 'change_limit',
  amount: ['a'],
  currency: ['c'],
  also: { '/limit': ['l'] },
})
const changeContact = operation({ type: 'change_contact', also: { '/kind': ['k'], '/newValue': ['v'] } })
const pay = operation({
  type: 'payment_initiation',
  amount: ['a'],
  currency: ['c'],
  debtorAccount: ['d'],
  creditorAccount: ['e'],
  creditorName: ['n'],
})

const core = { id: 'payments' } as Core
const caller = { scope: ['core:payments'], acr: withDevice } as unknown as CallerToken

const toPayee = { creditorAccount: 'DE89370400440532013000', creditorName: 'Nordhaven Energy' }
const paying = { ...toPayee, amount: '5.00', currency: 'EUR', debtorAccount: 'ES9121000418450200051332' }
const raised = { amount: '2500.00', currency: 'EUR', also: { '/limit': 'daily' } }
const whole = { ...paying, amount: '1240.00' }
const phone = { '/kind': 'phone', '/newValue': '+37255512345' }
const schedule = {
  '/schedule/frequency': 'monthly',
  '/schedule/firstDate': '2026-12-01',
  '/schedule/lastDate': '2027-12-01',
}

// A type of a bank's own with the very same facts.
const removal = { ...payee, type: 'remove_payee' }

test.each<[string, CoreOperation, CallerToken['transaction'], BodyFacts | undefined, string]>([
  ['the payee that was approved', addPayee, payee, toPayee, payee.hash],
  [
    'nothing approved: what has no amount is never small',
    addPayee,
    undefined,
    toPayee,
    'transaction.missing',
  ],
  ['another account', addPayee, payee, { ...toPayee, creditorAccount: 'DE00' }, 'transaction.mismatch'],
  ['another name', addPayee, payee, { ...toPayee, creditorName: 'Mallory' }, 'transaction.mismatch'],
  ['a payment to the same payee approved', addPayee, payment, toPayee, 'transaction.mismatch'],
  ['the same payee, approved to be removed', addPayee, removal, toPayee, 'transaction.mismatch'],
  ['a Body without the facts', addPayee, payee, undefined, 'transaction.malformed'],
  ['the limit that was approved', changeLimit, limit, raised, limit.hash],
  ['the same limit in other digits', changeLimit, limit, { ...raised, amount: '2500' }, limit.hash],
  ['another limit', changeLimit, limit, { ...raised, amount: '2500.01' }, 'transaction.mismatch'],
  [
    'a small limit, not approved',
    changeLimit,
    undefined,
    { ...raised, amount: '5.00' },
    'transaction.missing',
  ],
  [
    'another limit of the customer',
    changeLimit,
    limit,
    { ...raised, also: { '/limit': 'cash' } },
    'transaction.mismatch',
  ],
  [
    'a limit that the Body does not name',
    changeLimit,
    limit,
    { ...raised, also: {} },
    'transaction.mismatch',
  ],
  ['the number that was approved', changeContact, contact, { also: phone }, contact.hash],
  [
    'another number',
    changeContact,
    contact,
    { also: { ...phone, '/newValue': '+37255500000' } },
    'transaction.mismatch',
  ],
  ['the payment that was approved', pay, payment, whole, payment.hash],
  ['a standing order, sent as a payment of now', pay, standing, whole, 'transaction.mismatch'],
  ['a standing order, sent as one', pay, standing, { ...whole, also: schedule }, standing.hash],
  [
    'a payment of now, sent as a standing order',
    pay,
    payment,
    { ...whole, also: schedule },
    'transaction.mismatch',
  ],
  [
    'another last day',
    pay,
    standing,
    { ...whole, also: { ...schedule, '/schedule/lastDate': '2099-12-01' } },
    'transaction.mismatch',
  ],
  [
    'a message that the Body is asked for, and has another',
    pay,
    payment,
    { ...whole, also: { '/remittanceInformation': 'x' } },
    'transaction.mismatch',
  ],
  ['a small payment with the approval of a payee', pay, payee, paying, 'transaction.mismatch'],
  ['a small payment without any', pay, undefined, paying, 'none'],
])('%s', (_, operation, transaction, facts, result) => {
  const decided = () => {
    try {
      const token = { ...caller, transaction }
      return (
        decideCall({
          core,
          operation,
          token,
          facts,
          alwaysAsks: ({ minor, currency }) => currency !== 'EUR' || minor > 50_000n,
          types,
        }).consumes?.hash ?? 'none'
      )
    } catch (error) {
      if (error instanceof Refusal) return error.code
      throw error
    }
  }
  expect(decided()).toBe(result)
})
