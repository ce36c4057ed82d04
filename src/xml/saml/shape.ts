// What may stand where in a SAML answer, before anything in it is believed (duty D5).
import type { XmlElement } from 'libxml2-wasm'
import { Refusal } from '../../domain/refusal.ts'
import { attribute, descendants, isNamed, named, one } from '../element.ts'
import { XmlRefused } from '../gate.ts'
import { NS } from '../names.ts'

export const success = 'urn:oasis:names:tc:SAML:2.0:status:Success'

const shape = (actual: string): Refusal =>
  new Refusal('saml.shape', {
    check: 'shape',
    expected: 'one Response with one Assertion, both at their place',
    actual,
  })

// libxml2-wasm wraps a node anew each time it is reached, so that `===` says nothing.
const same = (a: XmlElement, b: XmlElement): boolean => a.isSameNode(b)

// Elements of these names have one place each, whatever their namespace (attacks 1 to 15).
const singular: ReadonlySet<string> = new Set([
  'Response',
  'Assertion',
  'EncryptedAssertion',
  'Signature',
  'Advice',
])

interface Places {
  readonly root: XmlElement
  readonly assertion: XmlElement | undefined
}

function mayStand(element: XmlElement, { root, assertion }: Places): boolean {
  if (!singular.has(element.name)) return true
  const { parent } = element
  const under = (place: XmlElement | undefined) =>
    place !== undefined && parent !== null && same(parent, place)
  switch (element.name) {
    case 'Response':
      return same(element, root)
    case 'Assertion':
    case 'EncryptedAssertion':
      return assertion !== undefined && same(element, assertion)
    case 'Signature':
      return element.namespaceUri === NS.ds && (under(root) || under(assertion))
    default:
      return false
  }
}

function checkPlaces(places: Places): void {
  for (const element of descendants(places.root))
    if (!mayStand(element, places)) throw shape(`${element.name} where none may be`)
}

const assertionsOf = (root: XmlElement): XmlElement[] => [
  ...named(root, NS.saml2, 'Assertion'),
  ...named(root, NS.saml2, 'EncryptedAssertion'),
]

/** The one assertion of a Response, plain or encrypted; none where the IdP says that it could not sign anybody in. */
export function assertionIn(root: XmlElement): XmlElement | undefined {
  if (!isNamed(root, NS.samlp, 'Response')) throw shape(`root is ${root.name}`)
  const status = attribute(one(one(root, NS.samlp, 'Status'), NS.samlp, 'StatusCode'), 'Value')
  const [assertion, second] = assertionsOf(root)
  if (second) throw shape('two assertions')
  checkPlaces({ root, assertion })
  if (!assertion && status === success) throw shape('no assertion')
  return assertion
}

/** The same duties for what came out of an encryption: one Assertion, and nothing around it (attacks 78, 231). */
export function checkOpened(root: XmlElement): void {
  if (!isNamed(root, NS.saml2, 'Assertion')) throw shape(`${root.name} was encrypted`)
  checkPlaces({ root, assertion: root })
}

/** No message tells the validator where to load a schema from (XML Schema 4.3.2 lets it try). */
export function checkNoSchemaHints(xml: string, root: XmlElement): void {
  if (!/schemaLocation/i.test(xml)) return
  for (const element of descendants(root)) {
    const hint = element.attrs.find(
      ({ namespaceUri, name }) => namespaceUri === NS.xsi && /schemaLocation$/i.test(name),
    )
    if (hint) throw new XmlRefused(`schema: ${hint.name} in ${element.name}`)
  }
}
