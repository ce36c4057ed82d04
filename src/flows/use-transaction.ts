// A transaction is used once: by the gateway, the consume endpoint, or an introspection that uses up. One place for all three.
import type { CallerToken } from '../domain/gateway.ts'
import { Refusal } from '../domain/refusal.ts'
import type { Transaction } from '../domain/transaction.ts'
import type { AccessTokens, BoundToken } from '../ports/access-tokens.ts'
import type { TokenStore } from '../ports/tokens.ts'
import type { GrantedTransaction, Transactions } from '../ports/transactions.ts'
import type { Audit } from '../ports/unit-of-work.ts'

export interface UsePorts {
  readonly transactions: Transactions
  readonly audit: Audit
}

/** Whose transaction it is, by the grant of the token that carries it. */
export type Granted = Pick<CallerToken, 'institution' | 'grant' | 'relyingParty' | 'subject' | 'device'> & {
  /** The transaction's hash. */
  readonly hash: string
}

/** How it is used: by a call to this core, or by this API of the bank. */
export type Use =
  | { readonly by: 'gateway'; readonly core: string; readonly reference: string }
  | { readonly by: 'consume' | 'introspection'; readonly api: string }

export type UseTransaction = ReturnType<typeof createUse>

/**
 * Inside a unit, in which its audit event stands as well: the transaction's id for exactly one caller. Undefined for what was
 * used, and for what no record tells of. Refuses with `payee.frozen`, and it stays unused.
 */
export function createUse({ transactions, audit }: UsePorts) {
  return async function useTransaction(granted: Granted, use: Use): Promise<string | undefined> {
    const { institution, grant, hash } = granted
    const id = await usedBy(transactions, institution, { grant, hash })
    if (id !== undefined) tellUse(audit, { ...granted, id }, use)
    return id
  }
}

/** As `Transactions.use`; refuses with `payee.frozen` where that alone is in the way. */
export async function usedBy(
  transactions: Pick<Transactions, 'use' | 'isFrozen'>,
  institution: string,
  by: GrantedTransaction,
): Promise<string | undefined> {
  const id = await transactions.use(institution, by)
  if (id === undefined && (await transactions.isFrozen(institution, by)))
    throw new Refusal('payee.frozen', { transaction: by.hash })
  return id
}

/** The event of a use; whoever carries out what it decided in the same unit has nothing to use up, and tells of it as well. */
export function tellUse(
  audit: Audit,
  used: Omit<Granted, 'institution' | 'grant'> & { readonly id: string },
  use: Use,
): void {
  audit.record({
    type: 'transaction.used',
    outcome: 'ok',
    relyingParty: used.relyingParty,
    subject: used.subject,
    ...(used.device !== undefined && { device: used.device }),
    ...(use.by === 'gateway' && { core: use.core, reference: use.reference }),
    transaction: used.hash,
    detail: { id: used.id, by: use.by, ...(use.by !== 'gateway' && { api: use.api }) },
  })
}

export interface HoldPorts {
  readonly tokens: Pick<TokenStore, 'hold'>
  readonly subjectStates: { isDisabled(institution: string, subject: string): Promise<boolean> }
  readonly useTransaction: UseTransaction
  readonly audit: Audit
}

/** The API of the bank that introspects, and the token that it shows. */
export interface Introspected {
  readonly granted: Granted
  readonly token: string
  readonly api: string
}

/**
 * The use by an introspection: true for the first one alone. The token is held, so that whatever ends it (its device, its
 * session, its customer) comes before and is seen, or waits for this unit.
 */
export function createUseByIntrospection(ports: HoldPorts) {
  return async function useByIntrospection({ granted, token, api }: Introspected): Promise<boolean> {
    const { institution, subject, relyingParty, hash } = granted
    if (!(await ports.tokens.hold({ institution, model: 'AccessToken', id: token }))) return false
    if (await ports.subjectStates.isDisabled(institution, subject)) return false
    const refusal = await unused(ports, granted, api)
    if (refusal === undefined) return true
    // The API reads no more than that the token is not active; who looks into it later reads why.
    ports.audit.record({
      type: 'request.refused',
      outcome: 'refused',
      code: refusal,
      ...{ relyingParty, subject, transaction: hash, detail: { by: 'introspection', api } },
    })
    return false
  }
}

/** Uses it up; why it could not be. */
async function unused({ useTransaction }: HoldPorts, granted: Granted, api: string) {
  try {
    const used = await useTransaction(granted, { by: 'introspection', api })
    return used === undefined ? 'transaction.used' : undefined
  } catch (error) {
    if (error instanceof Refusal && error.code === 'payee.frozen') return error.code
    throw error
  }
}

export interface ConsumePorts {
  readonly accessTokens: AccessTokens
  readonly useTransaction: UseTransaction
}

/** What an API of the bank wants to carry out, by the token that its caller brought. */
export interface Consuming {
  readonly institution: string
  /** The audience that the token must have. */
  readonly audience: string
  readonly token: string
  readonly api: string
  /** Told of whose token it is, as soon as that is known. */
  readonly concerns: (token: BoundToken) => void
}

export interface Consumed {
  readonly id: string
  readonly token: BoundToken
  readonly transaction: Transaction
  /** The customer's name at the app that the token was given to. */
  readonly sub: string
}

export type Consume = ReturnType<typeof createConsume>

/**
 * The use by an API of the bank that carries the transaction out itself. Inside a unit. Refuses with `transaction.unknown`
 * (no such token is alive here), `transaction.missing` (it carries none), `transaction.used` and `payee.frozen`.
 */
export function createConsume({ accessTokens, useTransaction }: ConsumePorts) {
  return async function consume(consuming: Consuming): Promise<Consumed> {
    const { institution, api } = consuming
    // Held before it is read: what ends a token waits for this unit, or has ended it.
    const held = await accessTokens.hold(institution, consuming.token)
    const token = held ? await accessTokens.find(institution, consuming.token) : undefined
    if (token === undefined || token.audience !== consuming.audience) throw new Refusal('transaction.unknown')
    consuming.concerns(token)
    const { transaction } = token
    if (transaction === undefined) throw new Refusal('transaction.missing')
    const id = await useTransaction({ ...token, hash: transaction.hash }, { by: 'consume', api })
    if (id === undefined) throw new Refusal('transaction.used', { transaction: transaction.hash })
    return { id, token, transaction, sub: await accessTokens.nameOf(token) }
  }
}
