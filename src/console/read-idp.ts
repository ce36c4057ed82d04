// Reading what an IdP says of itself, for a form that gave its address or its document.
import type { ConnectionContent } from '../domain/institution.ts'
import { Refusal } from '../domain/refusal.ts'
import type { ImportPreview } from '../flows/connection-import.ts'
import type { DiscoverySource } from '../ports/discovery.ts'
import type { ConnectionPagePorts } from './connection-ports.ts'
import { importFault, typesFor } from './import-faults.ts'
import type { Fault } from './settings-form.ts'

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

export const withScheme = (address: string): string =>
  /^[a-z]+:/i.test(address) ? address : `https://${address}`

/** What does not hold of the two fields, before anything is asked. */
export function sourceFaults({ address, document }: Pick<IdpReading, 'address' | 'document'>): Fault[] {
  return [
    ...(address === '' && document === ''
      ? [{ path: 'address', message: 'Say where the IdP describes itself, or give its metadata below' }]
      : []),
    ...(address !== '' && URL.parse(withScheme(address)) === null
      ? [{ path: 'address', message: 'This is no web address' }]
      : []),
  ]
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
      fault ??= { path, message: importFault(error) }
      if (!another(error)) break
    }
  }
  return { fault: fault as Fault }
}

/** Nothing else will be read there either, by whatever protocol. */
const another = ({ code }: Refusal): boolean => code !== 'fetch.refused' && code !== 'busy'
