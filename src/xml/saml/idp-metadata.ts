// IdP metadata, from bytes to facts: gate, signature, schema, and only then what it says (SAML Metadata 2.0).
import { X509Certificate } from 'node:crypto'
import type { XmlElement } from 'libxml2-wasm'
import {
  type IdpMetadata,
  longestMetadata,
  type MetadataEndpoint,
  type MetadataReading,
  type MetadataWish,
} from '../../domain/idp-metadata.ts'
import { Refusal, type RefusalCode } from '../../domain/refusal.ts'
import { validate, withDocument } from '../document.ts'
import {
  attribute,
  children,
  descendants,
  isNamed,
  named,
  optional,
  required,
  textOf,
  XmlShape,
} from '../element.ts'
import { type GateLimits, gate, XmlRefused } from '../gate.ts'
import { BINDING, NS } from '../names.ts'
import { keysOf } from './metadata-keys.ts'
import { verifiedElement } from './signature.ts'
import { instantOf, secondsOf } from './time.ts'

const limits: Partial<GateLimits> = {
  bytes: longestMetadata,
  elements: 20_000,
  attributes: 64,
  comments: true,
}
// Canonical text declares namespaces again and again, so that what was signed may be longer than what came.
const signedLimits = { ...limits, bytes: 4 * longestMetadata }
const mostEntities = 500
const longestName = 100

const refuse = (code: RefusalCode, actual: string): never => {
  throw new Refusal(code, { check: 'metadata', actual: actual.slice(0, 300) })
}

/** What editors put in front of a document without meaning anything by it: a byte order mark, blank lines. */
function trimmed(document: Uint8Array): Uint8Array {
  let start = document[0] === 0xef && document[1] === 0xbb && document[2] === 0xbf ? 3 : 0
  while ([0x20, 0x09, 0x0a, 0x0d].includes(document[start] ?? 0)) start += 1
  return document.subarray(start)
}

interface Trusted {
  readonly xml: string
  readonly signedBy: string | undefined
}

/** With signers, the bytes that the root's own signature covers (duties D6 to D10), and nothing else of the document. */
function trusted(xml: string, signers: readonly string[]): Trusted {
  if (signers.length === 0) return { xml, signedBy: undefined }
  const signed = withDocument(xml, (element) => {
    try {
      return verifiedElement({ xml, element, at: 'root', certificates: signers })
    } catch (error) {
      if (error instanceof Refusal) throw new Refusal('metadata.signature', error.detail)
      throw error instanceof XmlShape ? new Refusal('metadata.signature', { actual: error.message }) : error
    }
  })
  if (!signed) return refuse('metadata.signature', '(none)')
  const { fingerprint256 } = new X509Certificate(signed.certificate)
  return { xml: gate(signed.bytes, signedLimits), signedBy: fingerprint256 }
}

/**
 * Takes out what the schema cannot judge and nobody here reads: hints where schemas are, and the WS-Federation roles that
 * ADFS and Entra ID write, whose types are not SAML's.
 */
function prune(xml: string, root: XmlElement): void {
  if (!/schemaLocation|RoleDescriptor/i.test(xml)) return
  for (const element of [...descendants(root)]) {
    for (const hint of element.attrs)
      if (hint.namespaceUri === NS.xsi && /schemaLocation$/i.test(hint.name)) hint.remove()
  }
  for (const { element } of entitiesIn(root))
    for (const role of named(element, NS.md, 'RoleDescriptor')) role.remove()
}

interface Entity {
  readonly element: XmlElement
  /** The groups that it stands in, whose validity bounds its own. */
  readonly groups: readonly XmlElement[]
}

function entitiesIn(root: XmlElement, groups: readonly XmlElement[] = []): Entity[] {
  if (isNamed(root, NS.md, 'EntityDescriptor')) return [{ element: root, groups }]
  if (!isNamed(root, NS.md, 'EntitiesDescriptor')) return refuse('metadata.malformed', `root is ${root.name}`)
  return children(root)
    .filter(({ name, namespaceUri }) => namespaceUri === NS.md && /^Entit(y|ies)Descriptor$/.test(name))
    .flatMap((child) => entitiesIn(child, [...groups, root]))
}

/** Its role as a SAML 2.0 IdP. Two such roles would leave open whose keys count. */
function roleOf({ element }: Entity): XmlElement | undefined {
  const roles = named(element, NS.md, 'IDPSSODescriptor').filter((role) =>
    required(role, 'protocolSupportEnumeration').split(/\s+/).includes(NS.samlp),
  )
  if (roles.length > 1) return refuse('metadata.entity', `two IdP roles in ${entityIdOf(element)}`)
  return roles[0]
}

const entityIdOf = (element: XmlElement): string => required(element, 'entityID')

const loopback: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Where a customer may be sent, with everything that they are about to type there. */
function address(location: string): string {
  const url = URL.parse(location)
  const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && loopback.has(url.hostname))
  const plain = url?.username === '' && url.password === '' && url.hash === '' && !/[\s\\]/.test(location)
  return safe && plain && location.length <= 2048 ? location : refuse('metadata.endpoint', location)
}

function endpoints(role: XmlElement, name: string): MetadataEndpoint[] {
  return named(role, NS.md, name).flatMap((element) => {
    const binding = required(element, 'Binding')
    if (binding !== BINDING.redirect && binding !== BINDING.post) return []
    const answers = attribute(element, 'ResponseLocation')
    return [
      {
        binding: binding === BINDING.redirect ? 'redirect' : 'post',
        url: address(required(element, 'Location')),
        responseUrl: answers === undefined ? undefined : address(answers),
      } as const,
    ]
  })
}

/** The earliest end and the shortest rest; refuses what has ended. */
function validity(
  elements: readonly XmlElement[],
  now: number,
): Pick<IdpMetadata, 'validUntil' | 'cacheSeconds'> {
  const written = (name: string) => elements.flatMap((element) => attribute(element, name) ?? [])
  const ends = written('validUntil').map(
    (text) => instantOf(text) ?? refuse('metadata.malformed', `validUntil ${text}`),
  )
  const rests = written('cacheDuration').map(
    (text) => secondsOf(text) ?? refuse('metadata.malformed', `cacheDuration ${text}`),
  )
  const validUntil = ends.length === 0 ? undefined : Math.min(...ends)
  if (validUntil !== undefined && validUntil <= now)
    return refuse('metadata.expired', new Date(validUntil).toISOString())
  return { validUntil, cacheSeconds: rests.length === 0 ? undefined : Math.min(...rests) }
}

/** Its name for people: English if there is one, else the first. */
function nameOf(role: XmlElement, entity: XmlElement): string | undefined {
  const extensions = optional(role, NS.md, 'Extensions')
  const ui = extensions && optional(extensions, NS.mdui, 'UIInfo')
  const organization = optional(entity, NS.md, 'Organization')
  const names = [
    ...(ui ? named(ui, NS.mdui, 'DisplayName') : []),
    ...(organization ? named(organization, NS.md, 'OrganizationDisplayName') : []),
  ]
  const english = names.find(({ attrs }) =>
    attrs.some(({ name, value }) => name === 'lang' && value === 'en'),
  )
  const chosen = english ?? names[0]
  return (chosen && textOf(chosen).replace(/\s+/g, ' ').trim().slice(0, longestName)) || undefined
}

function facts(entity: Entity, role: XmlElement, now: number): IdpMetadata {
  const entityId = entityIdOf(entity.element)
  const keys = keysOf(role)
  const sso = endpoints(role, 'SingleSignOnService')
  if (sso.length === 0) return refuse('metadata.endpoint', 'no SingleSignOnService by redirect or POST')
  if (keys.signing.length === 0) {
    const why = keys.ignored.map(({ use, reason }) => `${use}: ${reason}`).join(', ')
    return refuse('metadata.certificate', `no signing key that counts (${why || 'none given'})`)
  }
  return {
    entityId,
    name: nameOf(role, entity.element),
    sso,
    slo: endpoints(role, 'SingleLogoutService'),
    ...keys,
    nameIdFormats: named(role, NS.md, 'NameIDFormat').map((format) => textOf(format).trim()),
    wantAuthnRequestsSigned: /^(true|1)$/.test(attribute(role, 'WantAuthnRequestsSigned') ?? ''),
    ...validity([...entity.groups, entity.element, role], now),
  }
}

function choose(root: XmlElement, { entityId, now }: MetadataWish): Omit<MetadataReading, 'signedBy'> {
  const entities = entitiesIn(root)
  if (entities.length > mostEntities) return refuse('metadata.malformed', `${entities.length} entities`)
  const ids = entities.map(({ element }) => entityIdOf(element))
  const twice = ids.find((id, at) => ids.indexOf(id) !== at)
  if (twice !== undefined) return refuse('metadata.entity', `${twice} twice`)
  const idps = entities.flatMap((entity) => {
    const role = roleOf(entity)
    return role ? [{ entity, role, id: entityIdOf(entity.element) }] : []
  })
  if (idps.length === 0) throw new Refusal('metadata.entity', { check: 'role', actual: 'no SAML 2.0 IdP' })
  const found = entityId === undefined && idps.length === 1 ? idps[0] : idps.find(({ id }) => id === entityId)
  if (entityId !== undefined && !found) return refuse('metadata.entity', `${entityId} is not among them`)
  return { entityIds: idps.map(({ id }) => id), idp: found && facts(found.entity, found.role, now) }
}

/**
 * Reads metadata as it came from a file, a form or an address. Synchronous and costly: run it in a worker. Throws a
 * Refusal with a `metadata.` code.
 */
export function readIdpMetadata(document: Uint8Array, wish: MetadataWish): MetadataReading {
  try {
    const { xml, signedBy } = trusted(gate(trimmed(document), limits), wish.signers)
    const reading = withDocument(xml, (root, whole) => {
      prune(xml, root)
      validate(whole, 'metadata')
      return choose(root, wish)
    })
    return { ...reading, signedBy }
  } catch (error) {
    if (error instanceof Refusal) throw error
    if (error instanceof XmlRefused) return refuse('metadata.malformed', error.reason)
    if (error instanceof XmlShape) return refuse('metadata.malformed', error.message)
    return refuse('metadata.malformed', `unforeseen: ${String(error)}`)
  }
}
