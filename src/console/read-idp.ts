// Reading what an IdP says of itself, for a form that gave its address or its document.
import type { ConnectionContent } from '../domain/institution.ts'
import { Refusal } from '../domain/refusal.ts'
import type { ImportPreview } from '../flows/connection-import.ts'
import type { DiscoverySource } from '../ports/discovery.ts'
import type { ConnectionPagePorts } from './connection-ports.ts'
import { importFault, schemeFault, typesFor } from './import-faults.ts'
import type { Fault } from './settings-form.ts'
import { withCode } from './words.ts'

export interface IdpReading {
  readonly institution: string
  /** Without a scheme, https is meant; nobody looks there where a document is given. */
  readonly address: string
  /** Empty where there is none. */
  readonly document: string
  /** Which entity of several. */
  readonly identifier: string | undefined
  readonly name?: string | undefined
  /** What people have typed so far; goes over what is saved. */
  readonly settings?: ConnectionContent['settings'] | undefined
  /** The connection that would change, which keeps its protocol. */
  readonly connection?: { readonly id: string; readonly type: string } | undefined
}

/** `idp.example:8443` names a port, not a scheme. */
const withScheme = (address: string): string =>
  /^[a-z][a-z0-9+.-]*:(?!\d)/i.test(address) ? address : `https://${address}`

/** A document is XML in UTF-8; U+0000 is in none, but every second byte of UTF-16 is one. */
const documentFault: Fault = {
  path: 'document',
  message: withCode(
    'The document holds U+0000, as one that is saved as UTF-16 does. Save it as UTF-8 and give it again.',
    'metadata.malformed',
  ),
}

function addressFault(address: string): Fault | undefined {
  const url = URL.parse(withScheme(address))
  const check = url === null ? 'address' : 'scheme'
  if (url !== null && /^https?:$/.test(url.protocol)) return undefined
  return { path: 'address', message: importFault(new Refusal('fetch.refused', { check })) }
}

/** What does not hold of the two fields, before anything is asked. */
export function sourceFaults({ address, document }: Pick<IdpReading, 'address' | 'document'>): Fault[] {
  const missing = 'Say where the IdP describes itself, or give its metadata below'
  if (address === '' && document === '') return [{ path: 'address', message: missing }]
  const faults = [
    address === '' ? undefined : addressFault(address),
    document.includes('\0') ? documentFault : undefined,
  ]
  return faults.filter((fault) => fault !== undefined)
}

/** The protocol need not be said: what is at the address tells it. The first answer that makes sense counts. */
export async function readIdp(
  { connectionImport }: Pick<ConnectionPagePorts, 'connectionImport'>,
  reading: IdpReading,
): Promise<ImportPreview | { readonly fault: Fault }> {
  const { address, document, connection, institution, identifier, name, settings } = reading
  const source: DiscoverySource =
    document === '' ? { url: withScheme(address) } : { document: new TextEncoder().encode(document) }
  const path = document === '' ? 'address' : 'document'
  let fault: Fault | undefined
  for (const type of connection === undefined ? typesFor(source) : [connection.type]) {
    try {
      const request = { institution, type, source, identifier, name, settings, connection: connection?.id }
      return await connectionImport.preview(request)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      const bare = 'url' in source && source.url !== address
      fault ??= { path, message: (bare ? schemeFault(error) : undefined) ?? importFault(error) }
      if (!another(error)) break
    }
  }
  return { fault: fault as Fault }
}

/** Nothing else will be read there either, by whatever protocol. */
const another = ({ code }: Refusal): boolean => code !== 'fetch.refused' && code !== 'busy'
