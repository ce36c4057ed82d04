// Customers of the demo bank who pay: approved, passed, limited by themselves, and stopped.
import { closedAccount } from '../../src/demo/institution.ts'
import { transferBody } from '../../src/demo/journey-walk.ts'
import type { TestBridge } from './bridge.ts'
import { agreed, arrived, type Customer, call, customer, enrol, signIn } from './customer.ts'

export const debtor = 'ES9121000418450200051332'
export const creditor = 'DE89370400440532013000'

export const payment = (amount: string, change: Readonly<Record<string, unknown>> = {}) => ({
  authorization_details: JSON.stringify([
    {
      type: 'payment_initiation',
      instructedAmount: { currency: 'EUR', amount },
      debtorAccount: { iban: debtor },
      creditorName: 'Nordhaven Energy',
      creditorAccount: { iban: creditor },
      ...change,
    },
  ]),
})

/** With an active device, a PIN, and a limit of 60 euros of their own. */
export async function spender(bridge: TestBridge, user = 'alice'): Promise<Customer> {
  const who = await customer(bridge, user)
  await enrol(who, await signIn(who))
  const tokens = await signIn(who, { scope: 'openid device limits core:payments' })
  const threshold = { kind: 'amount', per: 'payment', over: { EUR: '60.00' } }
  const body = { version: 0, limits: [{ id: 'mine', threshold }] }
  const answer = await call(who, { method: 'PUT', path: '/limits', tokens, body })
  if (answer.status !== 200) throw new Error(`no limit was set: ${answer.text}`)
  return who
}

/** Approves it by whatever is asked. */
export const pay = async (who: Customer, amount: string, change = {}): Promise<string> =>
  agreed(who, (await arrived(who, payment(amount, change))).page)

/** Approves it, and has the core carry it out. */
export async function carriedOut(who: Customer, amount: string): Promise<void> {
  const tokens = await signIn(who, payment(amount))
  const body = transferBody(amount)
  const answer = await call(who, { method: 'POST', path: '/soap/payments', tokens, body })
  if (answer.status !== 200) throw new Error(`not carried out: ${answer.text}`)
}

/** 1,200 is over the bank's limit, 80 over the customer's own, 20 passes; one is stopped, one waits. */
export async function spend(who: Customer, names: { readonly creditorName?: string } = {}): Promise<void> {
  await pay(who, '1200.00', { remittanceInformation: `back from ${debtor}` })
  await pay(who, '80.00')
  await pay(who, '20.00', names)
  await arrived(who, payment('30.00', { creditorAccount: { iban: closedAccount } }))
  await arrived(who, payment('40.00'))
}
