// A SAML IdP as its metadata describes it: what people are shown of it, and which settings follow.
import type { IdpFacts } from '../../domain/idp-facts.ts'
import { type IdpMetadata, longestMetadata, type MetadataEndpoint } from '../../domain/idp-metadata.ts'
import { holds } from '../../domain/learned-keys.ts'
import { Refusal } from '../../domain/refusal.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Discovered, Discovery, DiscoverySource, DiscoveryWish } from '../../ports/discovery.ts'
import type { GuardedFetch } from '../../ports/guarded-fetch.ts'
import type { IdpMetadataReader } from '../../ports/idp-metadata.ts'
import { foreignKind } from '../../xml/kind.ts'
import { NAME_ID } from '../../xml/names.ts'

export interface SamlDiscoveryPorts {
  readonly fetch: GuardedFetch
  readonly idpMetadata: IdpMetadataReader
  readonly clock: Clock
}

type Settings = DiscoveryWish['settings']

export function samlDiscovery(ports: SamlDiscoveryPorts): Discovery {
  return {
    discover: (wish) => discover(ports, wish),
    again(settings) {
      const { metadataUrl: url, idpEntityId } = settings
      if (typeof url !== 'string') return undefined
      // Only ever this entity: one that has taken another name is another (attack 195).
      return { source: { url }, identifier: textOr(idpEntityId, undefined), settings }
    },
  }
}

async function discover(ports: SamlDiscoveryPorts, wish: DiscoveryWish): Promise<Discovered> {
  const { source, settings, identifier: entityId } = wish
  const { metadataSigners } = settings
  const signers = Array.isArray(metadataSigners) ? metadataSigners.map(String) : []
  const document = await documentOf(ports.fetch, source)
  const kind = foreignKind(document)
  if (kind !== undefined) throw new Refusal('metadata.malformed', { check: 'kind', actual: kind })
  const reading = await ports.idpMetadata.read(document, { entityId, signers, now: ports.clock.now() })
  const { idp, entityIds, signedBy } = reading
  if (idp === undefined) return { kind: 'several', identifiers: entityIds }
  const ends = 'url' in source || idp.validUntil === undefined ? undefined : dayOf(idp.validUntil)
  const place = { ...('url' in source && { metadataUrl: source.url }), metadataEnds: ends }
  return {
    kind: 'one',
    facts: factsOf(idp, signedBy),
    settings: { ...settings, ...settingsOf(idp, settings), ...place },
    claims: {},
  }
}

const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10)

const accept = 'application/samlmetadata+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.1'

async function documentOf(fetch: GuardedFetch, source: DiscoverySource): Promise<Uint8Array> {
  if ('document' in source) {
    const { byteLength } = source.document
    if (byteLength <= longestMetadata) return source.document
    throw new Refusal('metadata.malformed', { check: 'size', actual: `${byteLength} bytes` })
  }
  const { status, body } = await fetch(source.url, { headers: { accept } })
  if (status !== 200) throw new Refusal('fetch.failed', { check: 'status', actual: String(status) })
  return body
}

const factsOf = (idp: IdpMetadata, signedBy: string | undefined): IdpFacts => ({
  identifier: idp.entityId,
  name: idp.name,
  endpoints: [
    ...idp.sso.map(({ binding, url }) => ({ use: 'sign-in', binding, url }) as const),
    ...idp.slo.map(({ binding, url }) => ({ use: 'sign-out', binding, url }) as const),
  ],
  certificates: idp.signing,
  ignored: idp.ignored,
  nameIdFormats: idp.nameIdFormats,
  signedBy,
  validUntil: idp.validUntil,
  cacheSeconds: idp.cacheSeconds,
  algorithms: [],
  clientAuths: [],
  otherOrigins: [],
  keyCount: undefined,
})

const textOr = <T>(value: unknown, other: T): string | T => (typeof value === 'string' ? value : other)

function settingsOf(idp: IdpMetadata, settings: Settings): Settings {
  const sso = chosen(idp.sso, { url: settings.ssoUrl, binding: settings.binding })
  const known = settings.ssoUrl !== undefined
  // Whoever left single logout out had a reason; nobody's setting is made up for them.
  const slo =
    known && settings.sloUrl === undefined
      ? undefined
      : chosen(idp.slo, { url: settings.sloUrl, binding: settings.sloBinding })
  return {
    idpEntityId: idp.entityId,
    ...placed(sso, settings.binding, ['ssoUrl', 'binding']),
    ...(slo === undefined
      ? { sloUrl: undefined }
      : placed(slo, settings.sloBinding, ['sloUrl', 'sloBinding'])),
    sloResponseUrl: slo?.responseUrl,
    certificates: keptAsWritten(idp, settings),
    ...(settings.nameIdFormat === undefined && !known && nameIdOf(idp.nameIdFormats)),
  }
}

interface Chosen {
  readonly url: unknown
  readonly binding: unknown
}

/** As it was, where that is still offered; else by the same binding; else by redirect; else by what there is. */
function chosen(
  offered: readonly MetadataEndpoint[],
  { url, binding = 'redirect' }: Chosen,
): MetadataEndpoint | undefined {
  const by = (wanted: unknown) => offered.filter((endpoint) => endpoint.binding === wanted)
  return (
    by(binding).find((endpoint) => endpoint.url === url) ?? by(binding)[0] ?? by('redirect')[0] ?? offered[0]
  )
}

/** A binding that is the default is not written where nobody had written it. */
function placed(
  endpoint: MetadataEndpoint | undefined,
  written: unknown,
  [url, binding]: readonly [string, string],
): Settings {
  if (endpoint === undefined) return {}
  const plain = written === undefined && endpoint.binding === 'redirect'
  return { [url]: endpoint.url, ...(!plain && { [binding]: endpoint.binding }) }
}

/** The same certificate keeps the text that it has, so that no difference is shown where there is none. */
function keptAsWritten(idp: IdpMetadata, { certificates }: Settings): readonly string[] {
  const written = Array.isArray(certificates) ? certificates.map(String) : []
  return idp.signing.map(({ pem }) => written.find((one) => holds([one], pem)) ?? pem)
}

const emailAddress = 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress'

/** Customers are known again by their NameID: one that changes each time is never chosen by itself. */
function nameIdOf(formats: readonly string[]): Settings {
  if (formats.length === 0 || formats.includes(NAME_ID.persistent)) return {}
  const lasting = formats.filter((format) => !format.endsWith(':transient'))
  const format = lasting.includes(emailAddress) ? emailAddress : lasting[0]
  return format === undefined ? {} : { nameIdFormat: format }
}
