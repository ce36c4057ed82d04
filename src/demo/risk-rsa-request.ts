// Requests to the demo's AA-compatible engine, read strictly: one envelope, one operation, the SOAPAction that belongs to it.
import { Refusal } from '../domain/refusal.ts'
import { canonical, validate, withDocument } from '../xml/document.ts'
import { children, one } from '../xml/element.ts'
import { XmlRefused } from '../xml/gate.ts'
import { NS } from '../xml/names.ts'
import { type Envelope, operationIn, readEnvelope } from '../xml/soap.ts'
import { elements, type Tree, textOf } from '../xml/tree.ts'
import {
  isRsaOperation,
  type RsaDialect,
  type RsaOperation,
  RsaRefused,
  rsaOperations,
} from './risk-rsa-wire.ts'

export interface RsaEvent {
  readonly type: string
  readonly id: string | undefined
  readonly referenceId: string | undefined
  /** Of an event that the caller has made up: its name. */
  readonly defined: string | undefined
  readonly successful: boolean | undefined
  readonly attempts: number | undefined
  /** Facts of the caller's own, by name. */
  readonly facts: Readonly<Record<string, string>>
  readonly amount: string | undefined
  readonly currency: string | undefined
}

export interface RsaRequest {
  readonly operation: RsaOperation
  readonly dialect: RsaDialect
  readonly version: string
  readonly requestId: string
  readonly user: string
  readonly sessionId: string | undefined
  readonly transactionId: string | undefined
  readonly deviceToken: string | undefined
  readonly actions: readonly string[]
  readonly events: readonly RsaEvent[]
  /** The element `request`, for what only one operation reads. */
  readonly request: Tree
  readonly envelope: Envelope
}

const named = (parent: Tree, name: string): readonly Tree[] => elements(parent, NS.rsa, name)

/** All elements at the end of a path of names. */
export const allAt = (from: Tree, ...path: readonly string[]): readonly Tree[] =>
  path.reduce<readonly Tree[]>((at, name) => at.flatMap((one) => named(one, name)), [from])

/** The first of them. */
export const firstAt = (from: Tree, ...path: readonly string[]): Tree | undefined => allAt(from, ...path)[0]

/** Its text; undefined where there is none. */
export function saidAt(from: Tree, ...path: readonly string[]): string | undefined {
  const found = firstAt(from, ...path)
  const said = found && textOf(found)
  return said === '' ? undefined : said
}

const refusal = (why: string): RsaRefused => new RsaRefused('Client', 'INVALID_REQUEST', why)

const invalid = (why: string): never => {
  throw refusal(why)
}

/** The operation that the SOAPAction names, quoted or not. */
function operationOf(soapAction: string, local: string): RsaOperation {
  const action = soapAction.replace(/^"(.*)"$/, '$1')
  if (!isRsaOperation(local)) return invalid(`no operation ${local}`)
  const due = rsaOperations[local].soapAction
  if (action !== due) return invalid(`SOAPAction of ${local} is ${due}, not ${action}`)
  return local
}

/** Reads a request. Throws RsaRefused where it is none. */
export function readRsaRequest(body: Uint8Array, soapAction: string): RsaRequest {
  const { envelope, wrapper } = opened(body)
  if (wrapper.uri !== NS.rsa) return invalid(`namespace ${wrapper.uri}`)
  const operation = operationOf(soapAction, wrapper.local)
  const request = firstAt(wrapper, 'request') ?? invalid(`${operation} holds no request`)
  const version = saidAt(request, 'messageHeader', 'version') ?? '6.0'
  checkSchema(envelope, wrapper, version === '7.0' ? 'rsa-7' : 'rsa-6')
  return {
    operation,
    dialect: version === '7.0' ? '7.x' : 'site-to-user',
    version,
    requestId: saidAt(request, 'messageHeader', 'requestId') ?? invalid('no requestId'),
    user: saidAt(request, 'identificationData', 'userName') ?? '',
    sessionId: saidAt(request, 'identificationData', 'sessionId'),
    transactionId: saidAt(request, 'identificationData', 'transactionId'),
    deviceToken: saidAt(request, 'deviceRequest', 'deviceTokenCookie'),
    actions: allAt(request, 'actionTypeList', 'genericActionTypes').map((one) => textOf(one) ?? ''),
    events: allAt(request, 'eventDataList', 'eventData').map(eventIn),
    request,
    envelope,
  }
}

function opened(body: Uint8Array): { envelope: Envelope; wrapper: Tree } {
  try {
    const envelope = readEnvelope(body)
    if (envelope.version !== '1.1') return invalid('SOAP 1.1 is spoken here')
    return { envelope, wrapper: operationIn(envelope) }
  } catch (error) {
    if (error instanceof Refusal) return invalid(`${error.code} ${JSON.stringify(error.detail ?? {})}`)
    throw error
  }
}

/** The Body's element against the schema of its dialect: order, types and words. */
function checkSchema({ xml }: Envelope, wrapper: Tree, schema: 'rsa-6' | 'rsa-7'): void {
  // Types are named by prefixes in values, which exclusive canonicalisation keeps only where it is told to.
  const prefixes = Object.keys(wrapper.scope).filter((prefix) => prefix !== '')
  try {
    const body = withDocument(xml, (root) => {
      const [operation] = children(one(root, NS.soap11, 'Body'))
      return operation === undefined ? invalid('an empty Body') : canonical(operation, prefixes)
    })
    withDocument(body, (_root, document) => validate(document, schema))
  } catch (error) {
    throw error instanceof XmlRefused ? refusal(error.reason) : error
  }
}

function eventIn(event: Tree): RsaEvent {
  const attempts = saidAt(event, 'authenticationLevel', 'attemptsTryCount')
  const successful = saidAt(event, 'authenticationLevel', 'successful')
  const facts = allAt(event, 'clientDefinedAttributeList', 'fact')
  return {
    type: saidAt(event, 'eventType') ?? '',
    id: saidAt(event, 'eventId'),
    referenceId: saidAt(event, 'eventReferenceId'),
    defined: saidAt(event, 'clientDefinedEventType'),
    successful: successful === undefined ? undefined : successful === 'true' || successful === '1',
    attempts: attempts === undefined ? undefined : Number(attempts),
    facts: Object.fromEntries(facts.map((fact) => [saidAt(fact, 'name') ?? '', saidAt(fact, 'value') ?? ''])),
    amount: saidAt(event, 'transactionData', 'amount', 'amount'),
    currency: saidAt(event, 'transactionData', 'amount', 'currency'),
  }
}
