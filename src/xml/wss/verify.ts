// Verifying a WS-Security message: by position and policy, and then only what the signature covers is handed on.
import { ALG, NS } from '../names.ts'
import { instantOf } from '../saml/time.ts'
import { type Envelope, operationIn, readEnvelope } from '../soap.ts'
import { all, attributeOf, canonicalTree, elements, type Tree, textOf } from '../tree.ts'
import { type ReadAssertion, readAssertion } from './assertion.ts'
import { algorithm, checkDigest, checkValue, type ExpectedMessage, one, refuse } from './proof.ts'

export interface VerifiedRange {
  readonly name: string
  readonly start: number
  readonly end: number
}

export interface VerifiedMessage {
  readonly version: '1.1' | '1.2'
  readonly operation: { readonly namespace: string; readonly localName: string }
  /** The Body's one child, as a tree read from verified bytes. */
  readonly body: Tree
  readonly assertion: ReadAssertion
  readonly messageId: string | undefined
  readonly created: number
  /** The parts of the text that the signature covers, for showing them. */
  readonly ranges: readonly VerifiedRange[]
  readonly checks: readonly string[]
}

/** Identities in the message, each of them once (the gate saw to that). */
function byId(root: Tree, id: string): Tree {
  for (const element of all(root)) {
    if (attributeOf(element, NS.wsu, 'Id') === id) return element
    if (element.uri === NS.saml2 && element.local === 'Assertion' && attributeOf(element, '', 'ID') === id)
      return element
  }
  return refuse('reference', `#${id} leads nowhere`)
}

interface Reference {
  readonly target: Tree
  readonly canonical: string
}

/** WSS SOAP Message Security 1.1, 8.3: the reference leads to an STR, the digest is of what the STR leads to. */
function dereferenced(root: Tree, transform: Tree, str: Tree): Reference {
  const method = one(one(transform, NS.wsse, 'TransformationParameters'), NS.ds, 'CanonicalizationMethod')
  if (algorithm(method) !== ALG.excC14n) refuse('algorithm', algorithm(method))
  const identifier = one(str, NS.wsse, 'KeyIdentifier')
  if (attributeOf(identifier, '', 'ValueType') !== ALG.samlId) refuse('reference', 'not a SAML id')
  const target = byId(root, textOf(identifier) ?? '')
  return { target, canonical: canonicalTree(target, { emptyDefault: true }) }
}

function resolve(root: Tree, reference: Tree): Reference {
  const uri = attributeOf(reference, '', 'URI') ?? ''
  if (!/^#[\w.-]+$/.test(uri)) refuse('reference', uri.slice(0, 80))
  const target = byId(root, uri.slice(1))
  const transform = one(one(reference, NS.ds, 'Transforms'), NS.ds, 'Transform')
  if (algorithm(transform) === ALG.strTransform) return dereferenced(root, transform, target)
  if (algorithm(transform) !== ALG.excC14n || elements(transform).length > 0)
    refuse('algorithm', algorithm(transform))
  return { target, canonical: canonicalTree(target) }
}

/** The elements that the message signature covers. */
function coveredBy(envelope: Envelope, security: Tree, trusted: readonly string[]): Set<Tree> {
  const signature = one(security, NS.ds, 'Signature')
  if (elements(signature).some(({ local }) => !['SignedInfo', 'SignatureValue', 'KeyInfo'].includes(local)))
    refuse('form', 'Signature')
  const str = one(one(signature, NS.ds, 'KeyInfo'), NS.wsse, 'SecurityTokenReference')
  const uri = attributeOf(one(str, NS.wsse, 'Reference'), '', 'URI') ?? ''
  const token = byId(envelope.root, uri.slice(1))
  // The key comes from a token of this very header, and must be pinned; nothing else in the message can bring one.
  if (token.parent !== security || token.local !== 'BinarySecurityToken')
    refuse('signer', 'no token of this header')
  checkValue(signature, (textOf(token) ?? '').replace(/\s+/g, ''), trusted)
  const references = elements(one(signature, NS.ds, 'SignedInfo'), NS.ds, 'Reference')
  if (references.length < 3 || references.length > 8) refuse('reference', `${references.length} references`)
  return new Set(
    references.map((reference) => {
      const { target, canonical } = resolve(envelope.root, reference)
      checkDigest(reference, canonical)
      return target
    }),
  )
}

function checkTimestamp(stamp: Tree, { now, skewSeconds }: ExpectedMessage): number {
  const created = instantOf(textOf(one(stamp, NS.wsu, 'Created')) ?? '')
  const expires = instantOf(textOf(one(stamp, NS.wsu, 'Expires')) ?? '')
  if (created === undefined || expires === undefined) return refuse('timestamp', 'format')
  const skew = skewSeconds * 1000
  if (created > now + skew) refuse('timestamp', 'from the future')
  if (expires <= now - skew) refuse('timestamp', 'expired')
  if (expires - created > 600_000) refuse('timestamp', 'lives too long')
  return created
}

/** WS-Addressing 1.0: headers that are there must be covered, and To must be this core (attacks 177, 238). */
function checkAddressing(
  header: Tree,
  covered: ReadonlySet<Tree>,
  expected: ExpectedMessage,
): string | undefined {
  const headers = elements(header).filter(({ uri }) => uri === NS.wsa)
  const loose = headers.find((element) => !covered.has(element))
  if (loose) refuse('coverage', `wsa:${loose.local}`)
  const to = headers.find(({ local }) => local === 'To')
  if (to && textOf(to) !== expected.to) refuse('addressing', textOf(to))
  const id = headers.find(({ local }) => local === 'MessageID')
  return id && textOf(id)
}

/**
 * Verifies one message: a single Security header; Timestamp, assertion and the Body at its own place all covered by a
 * signature of a pinned key; the assertion signed, in time and for this audience. Throws WssRefused, or the Refusal of
 * the envelope's reader. Replay of ids is the caller's.
 */
export function verifyMessage(xml: string, expected: ExpectedMessage): VerifiedMessage {
  const envelope = readEnvelope(xml)
  const header = envelope.header ?? refuse('form', 'no Header')
  const strangers = elements(header).filter(
    ({ uri, local }) => uri !== NS.wsa && !(uri === NS.wsse && local === 'Security'),
  )
  if (strangers.length > 0) refuse('form', `header ${strangers[0]?.local}`)
  const security = one(header, NS.wsse, 'Security')
  const covered = coveredBy(envelope, security, expected.trusted)
  const stamp = one(security, NS.wsu, 'Timestamp')
  const assertion = one(security, NS.saml2, 'Assertion')
  for (const [name, part] of Object.entries({
    Timestamp: stamp,
    Assertion: assertion,
    Body: envelope.body,
  })) {
    if (!covered.has(part)) refuse('coverage', name)
  }
  const created = checkTimestamp(stamp, expected)
  const messageId = checkAddressing(header, covered, expected)
  const read = readAssertion(assertion, expected)
  const operation = operationIn(envelope)
  return {
    version: envelope.version,
    operation: { namespace: operation.uri, localName: operation.local },
    body: operation,
    assertion: read,
    messageId,
    created,
    ranges: [...covered]
      .map(({ local, start, end }) => ({ name: local, start, end }))
      .sort((a, b) => a.start - b.start),
    checks: ['signature', 'signer', 'coverage', 'timestamp', 'assertion', 'audience', 'lifetime'],
  }
}
