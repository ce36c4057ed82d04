// SOAP envelopes in and faults out (SOAP 1.1, SOAP 1.2 part 1), read by one strict shape.
import { Refusal } from '../domain/refusal.ts'
import type { SoapRequest } from '../ports/message-signer.ts'
import { text } from './emit.ts'
import { XmlRefused } from './gate.ts'
import { NS } from './names.ts'
import { canonicalTree, elements, hasText, parseTree, type Tree, textOf } from './tree.ts'

export type SoapVersion = '1.1' | '1.2'

export const soapNamespace: Readonly<Record<SoapVersion, string>> = { '1.1': NS.soap11, '1.2': NS.soap12 }

// The edges bound the bytes by their settings; this only keeps a mistake there from being boundless.
const limits = { bytes: 16 * 1024 * 1024, depth: 64, elements: 10_000, attributes: 64 }

export interface Envelope {
  readonly version: SoapVersion
  readonly xml: string
  readonly root: Tree
  readonly header: Tree | undefined
  readonly body: Tree
}

const malformed = (actual: string): Refusal => new Refusal('soap.malformed', { actual })

/** One Envelope of a version we know, at most one Header before one Body, nothing else. */
export function readEnvelope(input: Uint8Array | string): Envelope {
  const { root, xml } = parsed(input)
  const version = root.uri === NS.soap11 ? '1.1' : root.uri === NS.soap12 ? '1.2' : undefined
  if (root.local !== 'Envelope') throw malformed(`root is ${root.local}`)
  if (version === undefined) throw new Refusal('soap.version', { namespace: root.uri.slice(0, 100) })
  const children = elements(root)
  const names = children.map((child) => (child.uri === root.uri ? child.local : `?${child.local}`)).join(' ')
  if (hasText(root) || (names !== 'Body' && names !== 'Header Body')) throw malformed('children of Envelope')
  const header = children.length === 2 ? children[0] : undefined
  return { version, xml, root, header, body: children.at(-1) as Tree }
}

function parsed(input: Uint8Array | string) {
  try {
    return parseTree(input, limits)
  } catch (error) {
    if (error instanceof XmlRefused) throw malformed(error.reason)
    throw error
  }
}

/** The single element in the Body. */
export function operationIn({ body }: Envelope): Tree {
  const [operation, ...more] = elements(body)
  if (!operation || more.length > 0 || hasText(body)) throw malformed('the Body must hold one element')
  if (operation.uri === '') throw malformed('the operation has no namespace')
  return operation
}

/**
 * One of the name, of whatever namespace, so that no second one is read by a core that sees only the names; and it is of
 * the operation's namespace or of none, so that a core that goes by the namespace reads this one.
 */
function valueAt(operation: Tree, path: readonly string[]): string | undefined {
  let at = operation
  for (const name of path) {
    const [found, second] = elements(at).filter((child) => child.local === name)
    if (found === undefined || second !== undefined) return undefined
    if (found.uri !== operation.uri && found.uri !== '') return undefined
    at = found
  }
  return textOf(at)
}

function isAbsent(operation: Tree, path: readonly string[]): boolean {
  let at: readonly Tree[] = [operation]
  for (const name of path)
    at = at.flatMap((element) => elements(element).filter((child) => child.local === name))
  return at.length === 0
}

/** A request as an app sends it; its Header is not even looked at (ruling R-28). */
export function readRequest(input: Uint8Array | string): SoapRequest {
  const envelope = readEnvelope(input)
  const operation = operationIn(envelope)
  return {
    version: envelope.version,
    operation: { namespace: operation.uri, localName: operation.local },
    bodyXml: canonicalTree(operation),
    valueAt: (path) => valueAt(operation, path),
    isAbsent: (path) => isAbsent(operation, path),
  }
}

/** A core's answer through the same gate; refuses with `core.answer`. */
export function readAnswer(input: Uint8Array): { fault: string | undefined; xml: string } {
  try {
    const envelope = readEnvelope(input)
    const fault = elements(envelope.body, envelope.root.uri, 'Fault')[0]
    return { fault: fault && faultCode(fault), xml: canonicalTree(envelope.root) }
  } catch (error) {
    if (error instanceof Refusal) throw new Refusal('core.answer', error.detail)
    throw error
  }
}

function faultCode(fault: Tree): string {
  const code = elements(fault).find((child) => child.local === 'faultcode' || child.local === 'Code')
  const leaf = code === undefined ? undefined : (elements(code)[0] ?? code)
  return (leaf && textOf(leaf)) ?? 'unknown'
}

export interface SoapFault {
  readonly version: SoapVersion
  /** Whose fault it was: the caller's or ours. */
  readonly side: 'caller' | 'bridge'
  readonly reason: string
  readonly code: string
  readonly reference: string
}

/** A fault with the stable code and the reference in its detail (SOAP 1.1 4.4, SOAP 1.2 5.4). */
export function faultXml({ version, side, reason, code, reference }: SoapFault): string {
  const soap = soapNamespace[version]
  const detail = `<db:refusal xmlns:db="urn:drawbridge:fault"><db:code>${text(code)}</db:code><db:reference>${text(reference)}</db:reference></db:refusal>`
  const inner =
    version === '1.1'
      ? `<faultcode>soap:${side === 'caller' ? 'Client' : 'Server'}</faultcode><faultstring>${text(reason)}</faultstring><detail>${detail}</detail>`
      : `<soap:Code><soap:Value>soap:${side === 'caller' ? 'Sender' : 'Receiver'}</soap:Value></soap:Code>` +
        `<soap:Reason><soap:Text xml:lang="en">${text(reason)}</soap:Text></soap:Reason><soap:Detail>${detail}</soap:Detail>`
  return `<soap:Envelope xmlns:soap="${soap}"><soap:Body><soap:Fault>${inner}</soap:Fault></soap:Body></soap:Envelope>`
}

/** An envelope around one canonical body element, without a header: what a core answers. */
export const plainEnvelope = (version: SoapVersion, bodyXml: string): string =>
  `<soap:Envelope xmlns:soap="${soapNamespace[version]}"><soap:Body>${bodyXml}</soap:Body></soap:Envelope>`
