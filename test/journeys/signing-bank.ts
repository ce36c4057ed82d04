// A bank whose larger payments others sign as well: accounts with mandates, and customers whose phones approve.
import { withDeviceAndPin } from '../../src/domain/acr.ts'
import type { Outcome } from '../../src/domain/outcome.ts'
import type { Policy } from '../../src/domain/policy.ts'
import type { NeededSignatories } from '../../src/domain/signatories.ts'
import { type Somebody, startApprovalBank } from './approval-bank.ts'
import { type Approver, approve, type Question, waiting } from './approver.ts'
import { payment, transactions } from './back-end.ts'
import { apiToken } from './customer.ts'

const textOf = (body: unknown): string =>
  typeof body === 'object' && body !== null && 'text' in body ? String(body.text) : JSON.stringify(body)

const signedBy = (signatories: NeededSignatories): Outcome => ({
  ...{ kind: 'step-up', acr: withDeviceAndPin, signatories },
})

const rules: Policy['rules'] = [
  { id: 'joint', when: 'transaction.amount > 100000', outcome: signedBy({ 'joint-holder': 1 }) },
  { id: 'board', when: 'transaction.amount > 900000', outcome: signedBy({ director: 2 }) },
  { id: 'huge', when: 'transaction.amount > 9000000', outcome: { kind: 'review' } },
]

/** Over each of these the payment is signed by a joint holder, and by two directors besides. */
export const [joint, board] = ['2500.00', '9500.00']

/** Of this the bank's people decide first. */
export const huge = '95000.00'

export type SigningBank = Awaited<ReturnType<typeof startSigningBank>>

export async function startSigningBank(databaseUrl?: string, ping?: string) {
  const bank = await startApprovalBank({
    ...(databaseUrl !== undefined && { databaseUrl }),
    ...(ping !== undefined && { ping }),
    institution: { policy: { rules, limits: [] } },
    staff: true,
  })
  const [token, mandateToken] = [
    await apiToken(bank.bridge),
    await apiToken(bank.bridge, { scope: 'mandates' }),
  ]
  let accounts = 0
  /** What is sent as it stands is `{ text }`. */
  async function mandate(account: string, method: string, body?: unknown, by = mandateToken) {
    const response = await fetch(`${bank.bridge.issuer}/mandates/${account}`, {
      method,
      headers: { authorization: `Bearer ${by}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: textOf(body) }),
    })
    return { status: response.status, json: (await response.json()) as Record<string, unknown> }
  }
  /** An account that nobody has heard of, with those who may sign for it. */
  async function account(roles: Readonly<Record<string, readonly Pick<Somebody, 'sub'>[]>> = {}) {
    accounts += 1
    const iban = `ES91${String(accounts).padStart(20, '0')}`
    const signatories = Object.entries(roles).flatMap(([role, people]) =>
      people.map(({ sub }) => ({ sub, role })),
    )
    if (signatories.length > 0) {
      const put = await mandate(iban, 'PUT', { signatories })
      if (put.status !== 200) throw new Error(`no mandate: ${put.status} ${JSON.stringify(put.json)}`)
    }
    return iban
  }
  const paid = (iban: string, amount: string) => payment(amount, { debtorAccount: { iban } })
  const look = async (id: string) =>
    (await transactions(bank.bridge, { method: 'GET', path: `/${id}`, token })).json
  const consume = (id: string) => transactions(bank.bridge, { path: `/${id}/consume`, token })
  const ask = (sub: string, iban: string, amount = joint) =>
    transactions(bank.bridge, { token, body: { sub, authorization_details: [paid(iban, amount)] } })
  /** Asked for by the API, and approved by who began it: others are to sign. */
  async function begun({ sub, who }: Pick<Somebody, 'sub' | 'who'>, iban: string, amount = joint) {
    const { json } = await ask(sub, iban, amount)
    const { number } = (json.approval ?? {}) as { number?: string }
    const question = await questionFor(who, json.hash as string)
    const answered = await approve(who, question, number)
    return { id: json.id as string, hash: json.hash as string, question, answered }
  }
  return { ...bank, account, mandate, paid, look, consume, ask, begun }
}

/** What this customer is asked about this transaction. */
export async function questionFor(who: Approver, hash: string): Promise<Question> {
  const found = (await waiting(who)).find(({ to_sign }) => to_sign.claims.hash === hash)
  if (found === undefined) throw new Error('nothing is asked of them')
  return found
}

/** Is this customer asked about this transaction? */
export const isAsked = async (who: Approver, hash: string): Promise<boolean> =>
  (await waiting(who)).some(({ to_sign }) => to_sign.claims.hash === hash)

/** A signatory's yes: there is no number, as they are not where it began. */
export const sign = async (who: Approver, hash: string, at?: string) =>
  approve(who, await questionFor(who, hash), undefined, at)
