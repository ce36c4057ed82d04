// Where addresses are, by a database of the operator's in MaxMind's format, read whole and again when its file changes.
import { unwatchFile, watchFile } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import ipaddr from 'ipaddr.js'
import { Reader, type Response } from 'maxmind'
import { z } from 'zod'
import type { Place } from '../../domain/place.ts'
import { textFault } from '../../domain/plain-text.ts'
import type { Log } from '../../ports/log.ts'
import type { Places } from '../../ports/places.ts'

export interface MaxmindOptions {
  /** From where the process was started. */
  readonly file: string
  readonly log: Log
  /** How often it is looked at whether the file has changed; a minute unless told. */
  readonly everyMs?: number
}

export interface OpenPlaces extends Places {
  close(): void
}

type Database = Reader<Response>

/** Where no database is named. */
export const noPlaces: OpenPlaces = { of: () => undefined, close: () => undefined }

/** Throws, in words for the operator, where the file is not there or is no database. */
export async function openMaxmind({ file, log, everyMs = 60_000 }: MaxmindOptions): Promise<OpenPlaces> {
  const path = resolve(file)
  let database = await opened(path)
  const changed = () =>
    void opened(path).then(
      (next) => {
        database = next
        log.info('places.read', { file, built: next.metadata.buildEpoch.toISOString() })
      },
      // What was read before is older, and not wrong.
      (error: unknown) => log.error('places.unreadable', { file, error: String(error) }),
    )
  watchFile(path, { interval: everyMs, persistent: false }, changed)
  return {
    of: (address) => placeOf(database, address),
    close: () => unwatchFile(path, changed),
  }
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

const named = z
  .object({ names: z.object({ en: z.string() }) })
  .optional()
  .catch(undefined)

const record = z.object({
  city: named,
  country: named,
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

function placeOf(database: Database, text: string): Place | undefined {
  if (!ipaddr.IPv4.isValidFourPartDecimal(text) && !ipaddr.IPv6.isValid(text)) return undefined
  const address = ipaddr.process(text)
  if (address.range() !== 'unicast') return undefined
  // The library would read its first bits as an address of the other kind.
  if (address.kind() === 'ipv6' && database.metadata.ipVersion === 4) return undefined
  try {
    const { city, country, location } = record.parse(database.get(address.toString()))
    const town = [city, country].flatMap((one) => one?.names.en ?? []).join(', ')
    const { latitude, longitude, accuracy_radius = 0 } = location ?? { accuracy_radius: Infinity }
    return {
      town: town.length > longestTown || textFault(town) !== undefined ? undefined : town,
      at:
        latitude === undefined || longitude === undefined || accuracy_radius > vague
          ? undefined
          : { latitude, longitude },
    }
  } catch {
    // Not in the database, or not of its form.
    return undefined
  }
}
