// Where addresses are, by databases of the operator's in MaxMind's format, read whole and again when their files change.
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import ipaddr from 'ipaddr.js'
import { Reader, type Response } from 'maxmind'
import { z } from 'zod'
import type { Place } from '../../domain/place.ts'
import { textFault } from '../../domain/plain-text.ts'
import type { Log } from '../../ports/log.ts'
import type { PlaceDatabases } from '../../ports/places.ts'
import { watchedFile } from '../watched-file.ts'

export interface MaxmindOptions {
  /** The databases, from where the process was started: of towns and countries, and of autonomous systems. */
  readonly file?: string | undefined
  readonly asnFile?: string | undefined
  readonly log: Log
  /** How often it is looked at whether the file has changed; a minute unless told. */
  readonly everyMs?: number
}

export interface OpenPlaces extends PlaceDatabases {
  close(): void
}

/** A file is not there, or is no database; the message is for the operator. */
export class PlacesUnreadable extends Error {
  readonly of: 'file' | 'asnFile'

  constructor(of: PlacesUnreadable['of'], message: string) {
    super(message)
    this.name = 'PlacesUnreadable'
    this.of = of
  }
}

type Database = Reader<Response>

/** Where no database is named. */
export const noPlaces: OpenPlaces = {
  covered: { places: false, systems: false },
  of: () => undefined,
  close: () => undefined,
}

/** Throws PlacesUnreadable. */
export async function openMaxmind(options: MaxmindOptions): Promise<OpenPlaces> {
  const places = await watched('file', options)
  const systems = await watched('asnFile', options).catch((error: unknown) => {
    places?.close()
    throw error
  })
  return {
    covered: { places: places !== undefined, systems: systems !== undefined },
    of(text) {
      const address = publicAddress(text)
      if (address === undefined) return undefined
      const place = places && placeOf(places.found(address))
      const asn = systems && systemOf(systems.found(address))
      return asn === undefined ? place : { ...place, asn }
    },
    close() {
      places?.close()
      systems?.close()
    },
  }
}

interface Watched {
  found(address: Address): unknown
  close(): void
}

async function watched(
  of: PlacesUnreadable['of'],
  { [of]: file, log, everyMs = 60_000 }: MaxmindOptions,
): Promise<Watched | undefined> {
  if (file === undefined) return undefined
  const path = resolve(file)
  let database: Database | undefined
  const changed = () =>
    void opened(path).then(
      (next) => {
        database = next
        log.info('places.read', { file, built: next.metadata.buildEpoch.toISOString() })
      },
      // What was read before is older, and not wrong.
      (error: unknown) => log.error('places.unreadable', { file, error: String(error) }),
    )
  const close = watchedFile(path, { everyMs, changed })
  const first = await opened(path).catch((error: Error) => {
    close()
    throw new PlacesUnreadable(of, error.message)
  })
  // What was read since it changed is newer.
  database ??= first
  return { found: (address) => database && found(database, address), close }
}

const separatorBytes = 16

async function opened(path: string): Promise<Database> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`${path} cannot be read (${error.code})`)
  })
  try {
    const database: Database = new Reader(bytes)
    const { searchTreeSize, nodeCount, ipVersion } = database.metadata
    const behind = bytes.subarray(searchTreeSize, searchTreeSize + separatorBytes)
    // The description stands at the end: a copy with a hole in it still has one.
    if (nodeCount > 0 && (ipVersion === 4 || ipVersion === 6) && behind.equals(Buffer.alloc(separatorBytes)))
      return database
  } catch {
    // Said below: the library's words are about offsets.
  }
  throw new Error(`${path} is no whole MaxMind database (.mmdb, unpacked)`)
}

type Address = ReturnType<typeof ipaddr.process>

function publicAddress(text: string): Address | undefined {
  if (!ipaddr.IPv4.isValidFourPartDecimal(text) && !ipaddr.IPv6.isValid(text)) return undefined
  const address = ipaddr.process(text)
  return address.range() === 'unicast' ? address : undefined
}

function found(database: Database, address: Address): unknown {
  // The library would read its first bits as an address of the other kind.
  if (address.kind() === 'ipv6' && database.metadata.ipVersion === 4) return undefined
  try {
    return database.get(address.toString())
  } catch {
    return undefined
  }
}

const named = z.object({ names: z.object({ en: z.string() }) })

const record = z.object({
  city: named.optional().catch(undefined),
  country: z
    .object({
      names: z
        .object({ en: z.string().optional().catch(undefined) })
        .optional()
        .catch(undefined),
      iso_code: z
        .string()
        .regex(/^[A-Z]{2}$/)
        .optional()
        .catch(undefined),
    })
    .optional()
    .catch(undefined),
  location: z
    .object({
      latitude: z.number().min(-90).max(90),
      longitude: z.number().min(-180).max(180),
      accuracy_radius: z.number().optional(),
    })
    .optional()
    .catch(undefined),
})

/** Kilometres: what is known no better (a whole country, say) is not known. */
const vague = 200

const longestTown = 60

/** Undefined where it is not in the database, or not of its form. */
function placeOf(said: unknown): Place | undefined {
  const { data } = record.safeParse(said)
  if (data === undefined) return undefined
  const { city, country, location } = data
  const town = [city?.names.en, country?.names?.en].flatMap((one) => one ?? []).join(', ')
  const { latitude, longitude, accuracy_radius = 0 } = location ?? { accuracy_radius: Infinity }
  return {
    town: town.length > longestTown || textFault(town) !== undefined ? undefined : town,
    at:
      latitude === undefined || longitude === undefined || accuracy_radius > vague
        ? undefined
        : { latitude, longitude },
    country: country?.iso_code,
  }
}

const system = z.object({ autonomous_system_number: z.number().int().min(1).max(4_294_967_294) })

const systemOf = (said: unknown): number | undefined => system.safeParse(said).data?.autonomous_system_number
