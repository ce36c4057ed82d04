// May this token make this call to this core? Deny by default (ruling R-28).
import { type Acr, satisfies } from './acr.ts'
import { type Core, type CoreOperation, type OperationTransaction, scopeOfCore } from './institution.ts'
import { Refusal } from './refusal.ts'
import { type Money, money, type Transaction, transactionOf } from './transaction.ts'
import { type FactName, leavesIn, type TransactionType, typeNamed } from './transaction-type.ts'

/** What a verified access token says. */
export interface CallerToken {
  readonly institution: string
  readonly relyingParty: string
  readonly subject: string
  readonly scope: readonly string[]
  readonly acr: Acr
  readonly amr: readonly string[]
  readonly authenticatedAt: number
  readonly device: string | undefined
  readonly transaction: Transaction | undefined
  readonly grant: string
  readonly session: string | undefined
}

/** The facts of an operation as they stand in the Body: those that its mapping names. */
export type BodyFacts = Readonly<Partial<Record<FactName, string>>> & {
  /** By JSON pointer: other values of the type, those that the Body has. */
  readonly also?: Readonly<Record<string, string>> | undefined
}

/**
 * The payment that the Body asks for, where no customer approved one: read as strictly as one that an app sends, since
 * rules and limits compare its accounts letter by letter. Refuses with `transaction.malformed`.
 */
export function paymentIn(facts: BodyFacts | undefined, types: readonly TransactionType[]): Transaction {
  const { amount, currency, debtorAccount, creditorAccount, creditorName, also = {} } = facts ?? {}
  const remittance = also[remittancePointer]
  const detail = {
    type: 'payment_initiation',
    instructedAmount: { amount, currency },
    debtorAccount: { iban: debtorAccount },
    creditorName,
    creditorAccount: { iban: creditorAccount },
    ...(remittance !== undefined && { remittanceInformation: remittance }),
  }
  return transactionOf(detail, types)
}

const remittancePointer = '/remittanceInformation'

interface Small {
  readonly rule: OperationTransaction
  readonly facts: BodyFacts
  readonly amount: Money | undefined
  readonly alwaysAsks: CallRequest['alwaysAsks']
}

/**
 * May a call that nobody approved be decided by the policy alone? A plain payment of now that is not over the amount that
 * always asks (docs/decisions/0007): not a standing order, nor a type of which we do not know what it does.
 */
function isSmall({ rule, facts, amount, alwaysAsks }: Small): boolean {
  const plain = Object.keys(facts.also ?? {}).every((pointer) => pointer === remittancePointer)
  return rule.type === 'payment_initiation' && plain && amount !== undefined && !alwaysAsks(amount)
}

export interface CallDecision {
  readonly operation: CoreOperation
  /** The approved transaction that this call uses up; undefined where the operation needs none. */
  readonly consumes: Transaction | undefined
}

/** The operation that the Body names, by QName; anything that the core does not list is refused before signing. */
export function operationOf(core: Core, named: { namespace: string; localName: string }): CoreOperation {
  const found = core.operations.find((o) => o.namespace === named.namespace && o.name === named.localName)
  if (!found) throw new Refusal('core.operation', { core: core.id, ...named })
  return found
}

export interface CallRequest {
  readonly core: Core
  readonly operation: CoreOperation
  readonly token: CallerToken
  readonly facts: BodyFacts | undefined
  /** Is this amount one that the customer approves whatever the policy says? */
  readonly alwaysAsks: (amount: Money) => boolean
  readonly types: readonly TransactionType[]
}

/**
 * Decides one call. Refuses with `token.scope`, `acr.insufficient` (RFC 9470), `transaction.missing` or
 * `transaction.mismatch`; a call over the institution's limit needs the transaction that the customer approved.
 */
export function decideCall({ core, operation, token, facts, alwaysAsks, types }: CallRequest): CallDecision {
  if (!token.scope.includes(scopeOfCore(core.id)))
    throw new Refusal('token.scope', { needed: scopeOfCore(core.id) })
  if (!satisfies(token.acr, operation.acr)) throw new Refusal('acr.insufficient', { needed: operation.acr })
  if (operation.transaction === undefined) return { operation, consumes: undefined }
  return { operation, consumes: approvedFor(operation.transaction, { facts, token, alwaysAsks, types }) }
}

type MoneyCall = Pick<CallRequest, 'facts' | 'token' | 'alwaysAsks' | 'types'>

function approvedFor(
  rule: OperationTransaction,
  { facts, token, alwaysAsks, types }: MoneyCall,
): Transaction | undefined {
  if (facts === undefined) throw new Refusal('transaction.malformed', { field: 'Body' })
  const { amount: sum, currency: unit } = facts
  const amount = sum === undefined || unit === undefined ? undefined : money(sum, unit)
  const approved = token.transaction
  if (approved === undefined) {
    if (!isSmall({ rule, facts, amount, alwaysAsks }))
      throw new Refusal('transaction.missing', { type: rule.type })
    return undefined
  }
  if (approved.type !== rule.type || !isSame(approved, amount, facts) || !isWhole(approved, facts, types))
    throw new Refusal('transaction.mismatch', { transaction: approved.hash })
  return approved
}

/** Every fact that the approved transaction has must stand in the Body, and no other. */
const isSame = (approved: Transaction, amount: Money | undefined, facts: BodyFacts): boolean =>
  approved.amount?.minor === amount?.minor &&
  approved.amount?.currency === amount?.currency &&
  approved.debtorAccount === facts.debtorAccount &&
  approved.creditorAccount === facts.creditorAccount &&
  approved.creditorName === facts.creditorName

/** What is only said to the payee, or is the customer's own word for them: it moves nothing, and is not compared. */
export const notCompared: readonly string[] = [remittancePointer, '/alias']

/** Every other value that was approved must stand in the Body too, or a standing order would do as a payment of now. */
function isWhole(
  approved: Transaction,
  { also = {} }: BodyFacts,
  types: readonly TransactionType[],
): boolean {
  const facts: readonly string[] = Object.values(typeNamed(types, approved.type)?.facts ?? {})
  const done = ['/type', ...facts, ...notCompared.filter((pointer) => !Object.hasOwn(also, pointer))]
  const others = leavesIn(approved.detail).filter(({ pointer }) => !done.includes(pointer))
  const known = others.map(({ pointer }) => pointer)
  return (
    others.every(({ pointer, value }) => Object.hasOwn(also, pointer) && also[pointer] === String(value)) &&
    Object.keys(also).every((pointer) => known.includes(pointer))
  )
}
