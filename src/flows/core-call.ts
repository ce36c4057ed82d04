// A call to a SOAP core: decided, recorded, signed, sent, answered.
import type { AssertionContent } from '../domain/assertion.ts'
import {
  type BodyFacts,
  type CallDecision,
  type CallerToken,
  decideCall,
  operationOf,
  paymentIn,
} from '../domain/gateway.ts'
import type { Core, CoreOperation, Institution } from '../domain/institution.ts'
import { stopCode } from '../domain/outcome.ts'
import { isOverStepUp } from '../domain/policy-default.ts'
import { Refusal } from '../domain/refusal.ts'
import { type FactName, factNames } from '../domain/transaction-type.ts'
import { typesOf } from '../domain/transaction-types/known.ts'
import type { Chance, Clock } from '../ports/clock.ts'
import type { CoreClient } from '../ports/core-client.ts'
import type { Freezes } from '../ports/freezes.ts'
import type { SoapMessages, SoapRequest } from '../ports/message-signer.ts'
import type { Directory } from '../ports/stores.ts'
import type { Transactions } from '../ports/transactions.ts'
import type { Audit, UnitOfWork } from '../ports/unit-of-work.ts'
import type { Decide } from './decide.ts'
import { tellUse, type Use, type UseTransaction } from './use-transaction.ts'

export interface CoreCallPorts {
  readonly directory: Directory
  readonly transactions: Transactions
  readonly freezes: Pick<Freezes, 'hold'>
  readonly decide: Decide
  readonly useTransaction: UseTransaction
  readonly messages: SoapMessages
  readonly client: CoreClient
  readonly unit: UnitOfWork
  readonly audit: Audit
  readonly clock: Clock
  readonly chance: Chance
}

export interface CoreCall {
  readonly institution: Institution
  readonly issuer: string
  readonly core: Core
  readonly token: CallerToken
  /** Is the token still alive? Whatever would end it waits from then on until the unit has ended. */
  readonly hold: () => Promise<boolean>
  /** The SOAPAction header or the `action` parameter, unquoted; undefined when none was sent. */
  readonly action: string | undefined
  readonly xml: Uint8Array
  readonly reference: string
}

export interface CoreAnswer {
  readonly status: number
  readonly xml: string
}

// A decision of the gateway's own is ended in the same unit; the time only keeps it from being over by then.
const decidedMs = 60_000

/**
 * The journey of one call. The decision, its audit event, the use of the transaction and the signature are one unit;
 * it is committed before the message leaves, and the core's answer closes the call's events (ruling R-4).
 */
export function createCoreCall(ports: CoreCallPorts) {
  return async function callCore(call: CoreCall): Promise<CoreAnswer> {
    const request = await noted(ports, whoseOf(call), async () => ports.messages.read(call.xml))
    const trace = traceOf(call, request)
    const decision = await noted(ports, trace, () => decided(ports, call, request))
    const auditId = ports.chance.token(16)
    const content = assertionFor(call, decision, {
      id: `_${ports.chance.token(20)}`,
      auditId,
      now: ports.clock.now(),
    })
    const message = await ports.messages.sign({
      institution: call.institution.id,
      core: call.core.id,
      soap: request.version,
      bodyXml: request.bodyXml,
      assertion: content,
      now: content.issuedAt,
      addressing: addressingFor(call.core, decision.operation, ports.chance),
    })
    const detail = { ...trace.detail, audit_id: auditId, assertion: content.id, acr: content.acr }
    ports.audit.record({ type: 'call.signed', outcome: 'ok', ...trace, detail })
    await ports.unit.checkpoint()
    return sent(ports, { call, request, message, operation: decision.operation, trace: { ...trace, detail } })
  }
}

/** A call that is refused before it is signed is told of, as far as it is known by then. */
async function noted<T>(
  { audit }: CoreCallPorts,
  trace: ReturnType<typeof whoseOf>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Refusal)
      audit.record({ type: 'call.refused', outcome: 'refused', code: error.code, ...trace })
    throw error
  }
}

function traceOf(call: CoreCall, request: SoapRequest) {
  const { namespace, localName } = request.operation
  return { ...whoseOf(call), detail: { operation: `{${namespace}}${localName}` } }
}

function whoseOf(call: CoreCall) {
  const { token } = call
  return {
    reference: call.reference,
    relyingParty: token.relyingParty,
    subject: token.subject,
    core: call.core.id,
    ...(token.device !== undefined && { device: token.device }),
    ...(token.transaction !== undefined && { transaction: token.transaction.hash }),
  }
}

async function decided(ports: CoreCallPorts, call: CoreCall, request: SoapRequest): Promise<CallDecision> {
  const operation = operationOf(call.core, request.operation)
  // CVE-2012-3451: an action that names another operation than the Body would be dispatched by it at some cores.
  if (call.action !== undefined && call.action !== '' && call.action !== (operation.soapAction ?? '')) {
    throw new Refusal('soap.action', { action: call.action })
  }
  const facts = factsOf(operation, request)
  const decision = decideCall({
    core: call.core,
    operation,
    token: call.token,
    facts,
    alwaysAsks: (amount) => isOverStepUp(call.institution, amount, ports.clock.now()),
    types: typesOf(call.institution),
  })
  if (decision.consumes !== undefined) await useUp(ports, call, decision.consumes.hash)
  else if (operation.transaction !== undefined) await allowedUnasked(ports, call, facts)
  else if (await isFrozen(ports, call)) throw new Refusal('core.frozen', { core: call.core.id })
  return decision
}

/**
 * A payment that no customer approved, under the amount that always asks: the policy decides on it as on any other, and
 * it counts. Refuses with `transaction.missing` where the customer has to approve it, and by what the policy says.
 */
async function allowedUnasked(
  ports: CoreCallPorts,
  call: CoreCall,
  facts: BodyFacts | undefined,
): Promise<void> {
  const { token, institution, core, reference } = call
  const transaction = paymentIn(facts, typesOf(institution))
  const decided = await ports.decide(institution, {
    ...{ transaction, subject: token.subject },
    ...{ relyingParty: token.relyingParty, device: token.device, amr: token.amr },
    ...{
      granted: token.acr,
      authenticatedAt: token.authenticatedAt,
      expiresAt: ports.clock.now() + decidedMs,
    },
    trace: { reference, core: core.id },
  })
  const { outcome, reason } = decided.decision
  // Risk providers may have been asked meanwhile, which takes its time.
  const stopped = await stopOf(ports, call)
  // Decided and carried out in one unit: there is nothing that could be used a second time.
  const state = stopped === undefined && outcome.kind === 'allow' ? 'used' : 'released'
  await ports.transactions.end(institution.id, decided.id, { state, now: ports.clock.now() })
  if (stopped !== undefined) throw new Refusal(stopped, { core: core.id })
  if (outcome.kind !== 'allow')
    throw new Refusal(stopCode(decided.decision) ?? 'transaction.missing', { reason })
  tellUse(ports.audit, { ...token, id: decided.id, hash: decided.transaction.hash }, useOf(call))
}

const useOf = ({ core, reference }: CoreCall): Use => ({ by: 'gateway', core: core.id, reference })

/** Has somebody frozen the core? Whoever would do it now waits until this call has been signed and told of. */
const isFrozen = ({ freezes }: CoreCallPorts, { institution, core }: CoreCall): Promise<boolean> =>
  freezes.hold(institution.id, { kind: 'core', key: core.id })

/** Asked in the unit that signs, once nothing is waited for any more: is the token alive, and the core not frozen? */
async function stopOf(ports: CoreCallPorts, call: CoreCall) {
  const [alive, frozen] = await Promise.all([call.hold(), isFrozen(ports, call)])
  if (!alive) return 'token.invalid'
  return frozen ? 'core.frozen' : undefined
}

/** In the unit that signs (ruling R-28): what is signed was used up, and what was used up is not signed again. */
async function useUp(ports: CoreCallPorts, call: CoreCall, hash: string): Promise<void> {
  const stopped = await stopOf(ports, call)
  if (stopped !== undefined) throw new Refusal(stopped, { core: call.core.id })
  if ((await ports.useTransaction({ ...call.token, hash }, useOf(call))) === undefined)
    throw new Refusal('transaction.used', { transaction: hash })
}

/** The Body's facts by the operation's mapping; an operation with a missing or doubled element has none. */
function factsOf({ transaction }: CoreOperation, request: SoapRequest): BodyFacts | undefined {
  if (transaction === undefined) return undefined
  const facts: Partial<Record<FactName, string>> = {}
  for (const name of factNames) {
    const path = transaction[name]
    if (path === undefined) continue
    const value = request.valueAt(path)
    if (value === undefined) return undefined
    facts[name] = value
  }
  const also: Record<string, string> = {}
  for (const [pointer, path] of Object.entries(transaction.also ?? {})) {
    const value = request.valueAt(path)
    // Doubled, or in a namespace that is not the operation's: neither there nor absent.
    if (value === undefined && !request.isAbsent(path)) return undefined
    if (value !== undefined) also[pointer] = value
  }
  return { ...facts, also }
}

interface Issue {
  readonly id: string
  readonly auditId: string
  readonly now: number
}

function assertionFor(call: CoreCall, decision: CallDecision, { id, auditId, now }: Issue): AssertionContent {
  const { token, core } = call
  return {
    id,
    issuer: call.issuer,
    audience: core.audience,
    subject: token.subject,
    issuedAt: now,
    // A core's clock may be a little behind ours.
    notBefore: now - 5000,
    notOnOrAfter: now + core.assertionSeconds * 1000,
    authenticatedAt: token.authenticatedAt,
    sessionIndex: token.session ?? token.grant,
    acr: token.acr,
    amr: token.amr,
    relyingParty: token.relyingParty,
    device: token.device,
    transaction: decision.consumes?.hash,
    auditId,
  }
}

function addressingFor(core: Core, operation: CoreOperation, chance: Chance) {
  if (!core.addressing) return undefined
  const action = operation.soapAction ?? `${operation.namespace}:${operation.name}`
  return { to: core.endpoint, action, messageId: `urn:drawbridge:message:${chance.token(16)}` }
}

interface Sending {
  readonly call: CoreCall
  readonly request: SoapRequest
  readonly message: string
  readonly operation: CoreOperation
  readonly trace: Omit<ReturnType<typeof traceOf>, 'detail'> & {
    readonly detail: Readonly<Record<string, string>>
  }
}

async function sent(
  ports: CoreCallPorts,
  { call, request, message, operation, trace }: Sending,
): Promise<CoreAnswer> {
  const started = ports.clock.now()
  const detail = () => ({ ...trace.detail, ms: ports.clock.now() - started })
  try {
    const response = await ports.client.send({
      endpoint: call.core.endpoint,
      soap: request.version,
      action: operation.soapAction,
      message,
      timeoutMs: call.core.timeoutMs,
    })
    const answer = ports.messages.readAnswer(response.body)
    const outcome = answer.fault === undefined ? 'ok' : 'refused'
    const fault: Record<string, string> = answer.fault === undefined ? {} : { fault: answer.fault }
    ports.audit.record({
      type: 'call.answered',
      outcome,
      ...trace,
      detail: { ...detail(), status: response.status, ...fault },
    })
    return { status: answer.fault === undefined ? 200 : 500, xml: answer.xml }
  } catch (error) {
    if (error instanceof Refusal)
      ports.audit.record({
        type: 'call.failed',
        outcome: 'refused',
        code: error.code,
        ...trace,
        detail: detail(),
      })
    throw error
  }
}
