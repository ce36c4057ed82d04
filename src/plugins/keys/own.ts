// Our own keys of connections: made here, kept sealed in the database, opened when they are used.
import { X509Certificate } from 'node:crypto'
import type { AuditEvent } from '../../domain/audit.ts'
import { type OwnKeyPlace, publishedOf } from '../../domain/own-key.ts'
import { Refusal } from '../../domain/refusal.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Signer } from '../../ports/key-store.ts'
import type { MakeOwnKey, OwnKeys, PublishedKey, SealedOwnKey, SealedOwnKeys } from '../../ports/own-keys.ts'
import { requestFor } from './certificate.ts'
import { decrypterOfAll } from './decrypter.ts'
import { issuedFor } from './issued.ts'
import { certifies, type Jwk, kinds, makeKey } from './kinds.ts'
import { boundTo, publicOf } from './local.ts'
import { derive, openText, sealText } from './seal.ts'
import { signerOf } from './signer.ts'

export interface LocalOwnKeysPorts {
  readonly master: Uint8Array
  readonly sealed: SealedOwnKeys
  readonly clock: Clock
  /** How long a key without a certificate is good for, in milliseconds. */
  readonly lifetimeMs: number
  readonly signed?: (purpose: string) => void
}

interface Opened {
  readonly sealed: string
  readonly certificate: string
  readonly signer: Signer
  readonly privateJwk: Jwk
  readonly publicJwk: Jwk
}

/** What is known of an institution's keys, and since when by the clock that only goes forward. */
interface Held {
  readonly readAt: number
  /** What was read last; undefined until the first answer is here. */
  readonly rows: readonly SealedOwnKey[] | undefined
  readonly reading: Promise<readonly SealedOwnKey[]>
}

// A change on another node must be seen within two seconds; this leaves one for the request itself.
const freshMs = 1000

export function createLocalOwnKeys(ports: LocalOwnKeysPorts): OwnKeys & { readonly make: MakeOwnKey } {
  const making = new Map<string, Promise<void>>()
  const opened = new Map<string, Opened>()
  /** What was dropped, here or on another node, is not kept open. */
  const held = createHeld(ports.sealed, (institution, rows) => {
    const live = new Set(rows.map((key) => `${nameOf(key)}|${key.kid}`))
    for (const at of opened.keys()) if (at.startsWith(`${institution}|`) && !live.has(at)) opened.delete(at)
  })
  const first = (place: OwnKeyPlace): Promise<void> => {
    const at = nameOf(place)
    const begun = making.get(at) ?? makeFirst(ports, place).finally(() => making.delete(at))
    making.set(at, begun)
    return begun
  }
  /** The keys of a place, the active one first. */
  const keysOf = async (place: OwnKeyPlace): Promise<SealedOwnKey[]> => {
    const found = ofPlace(await held.known(place.institution), place)
    if (found.length > 0) return found
    await first(place)
    return ofPlace(await held.fresh(place.institution), place)
  }
  const open = (key: SealedOwnKey): Opened => {
    const at = `${nameOf(key)}|${key.kid}`
    const known = opened.get(at)
    if (known?.sealed === key.sealed && known.certificate === key.certificate) return known
    const made = openedKey(ports, key)
    opened.set(at, made)
    return made
  }
  return {
    make: (place) => made(ports, place),
    changed: held.stale,
    async ready(institution, connections) {
      const rows = await held.recent(institution)
      const missing = connections
        .flatMap(({ id, purposes }) => purposes.map((purpose) => ({ institution, connection: id, purpose })))
        .filter((place) => ofPlace(rows, place).length === 0)
      if (missing.length === 0) return
      await Promise.all(missing.map(first))
      await held.fresh(institution)
    },
    async signer(place) {
      const [active] = await keysOf(place)
      return open(active as SealedOwnKey).signer
    },
    ...createCertifying(ports, { keysOf, open }),
    decrypter: async (place) => decrypterOfAll((await keysOf(place)).map(open)),
    published: async (place) => (await keysOf(place)).map((key) => published(key, open(key))),
  }
}

interface Finding {
  readonly keysOf: (place: OwnKeyPlace) => Promise<readonly SealedOwnKey[]>
  readonly open: (key: SealedOwnKey) => Opened
}

function createCertifying(
  ports: LocalOwnKeysPorts,
  { keysOf, open }: Finding,
): Pick<OwnKeys, 'request' | 'issued'> {
  const found = async (place: OwnKeyPlace, kid: string) => {
    const { algorithm, certified, use } = kinds[place.purpose]
    const key = certified ? (await keysOf(place)).find((one) => one.kid === kid) : undefined
    const names = { use: use ?? 'sig', algorithm: algorithm as 'RS256' | 'ES256' } as const
    return key && { ...open(key), ...names }
  }
  return {
    async request(place, kid) {
      const key = await found(place, kid)
      return key && requestFor({ ...key, subject: subjectOf(place) })
    },
    async issued(place, kid, text) {
      const key = await found(place, kid)
      if (key === undefined) throw new Refusal('key.unknown', { ...place, kid })
      return issuedFor(text, { ...key, now: ports.clock.now() })
    },
  }
}

const nameOf = ({ institution, connection, purpose }: OwnKeyPlace): string =>
  `${institution}|${connection}|${purpose}`

/** None where there is no active one: then the place has no keys yet. */
function ofPlace(rows: readonly SealedOwnKey[], place: OwnKeyPlace): SealedOwnKey[] {
  const keys = publishedOf(rows.filter((row) => nameOf(row) === nameOf(place)))
  return keys[0]?.state === 'active' ? keys : []
}

const published = ({ kid, state, certificate }: SealedOwnKey, { publicJwk }: Opened): PublishedKey => ({
  kid,
  state: state as PublishedKey['state'],
  certificate,
  publicJwk,
})

/** Rows of each institution, read by one query for all who ask at once. */
function createHeld(
  sealed: SealedOwnKeys,
  told: (institution: string, rows: readonly SealedOwnKey[]) => void,
) {
  const kept = new Map<string, Held>()
  const fresh = (institution: string): Promise<readonly SealedOwnKey[]> => {
    const rows = kept.get(institution)?.rows
    const reading = sealed.all(institution)
    const begun: Held = { readAt: performance.now(), rows, reading }
    kept.set(institution, begun)
    reading.then(
      (read) => {
        kept.set(institution, { ...(kept.get(institution) ?? begun), rows: read })
        told(institution, read)
      },
      () => {
        if (kept.get(institution) !== begun) return
        // What was known still signs; the next request asks again.
        if (rows === undefined) kept.delete(institution)
        else kept.set(institution, { readAt: Number.NEGATIVE_INFINITY, rows, reading: Promise.resolve(rows) })
      },
    )
    return reading
  }
  return {
    fresh,
    /** What was read last. Never waits for a reading under way where it need not: within a unit that would wait for the unit. */
    known: (institution: string) => kept.get(institution)?.rows ?? fresh(institution),
    recent(institution: string) {
      const found = kept.get(institution)
      return found && performance.now() - found.readAt < freshMs ? found.reading : fresh(institution)
    },
    stale(institution: string): void {
      const found = kept.get(institution)
      if (found) kept.set(institution, { ...found, readAt: Number.NEGATIVE_INFINITY })
    },
  }
}

const sealingKey = (ports: LocalOwnKeysPorts, institution: string): Buffer =>
  derive(ports.master, institution, 'connection-keys')

/** A sealed key opens at its own place only. */
const boundAt = (place: OwnKeyPlace, kid: string): string => `${nameOf(place)}|${kid}`

function openedKey(ports: LocalOwnKeysPorts, key: SealedOwnKey): Opened {
  const { institution, purpose, kid, certificate, sealed } = key
  const privateJwk: Jwk = JSON.parse(openText(sealingKey(ports, institution), sealed, boundAt(key, kid)))
  const { algorithm, certified } = kinds[purpose]
  if (certified) certifies(certificate, privateJwk, nameOf(key))
  const signer = signerOf({ kid, algorithm, certificate, privateJwk }, () => ports.signed?.(purpose))
  return { sealed, certificate, signer, privateJwk, publicJwk: publicOf(privateJwk) }
}

/** As certificates name it, for people. */
const subjectOf = ({ institution, connection, purpose }: OwnKeyPlace): string =>
  `${institution} ${connection} ${purpose}`

async function made(ports: LocalOwnKeysPorts, place: OwnKeyPlace): Promise<SealedOwnKey> {
  const now = ports.clock.now()
  const key = await makeKey(kinds[place.purpose], subjectOf(place), now)
  return sealedAt(ports, place, { ...key, createdAt: now })
}

interface Bare {
  readonly kid: string
  readonly privateJwk: Jwk
  readonly certificate: string
  readonly createdAt: number
}

function sealedAt(
  ports: LocalOwnKeysPorts,
  place: OwnKeyPlace,
  { kid, privateJwk, certificate, createdAt }: Bare,
): SealedOwnKey {
  const { institution, connection, purpose } = place
  const until =
    certificate === ''
      ? createdAt + ports.lifetimeMs
      : new X509Certificate(Buffer.from(certificate, 'base64')).validToDate.getTime()
  return {
    ...{ institution, connection, purpose, kid, certificate, createdAt },
    algorithm: kinds[purpose].algorithm,
    sealed: sealText(sealingKey(ports, institution), JSON.stringify(privateJwk), boundAt(place, kid)),
    state: 'next',
    expiresAt: until,
    promoteAt: undefined,
    promotedAt: undefined,
    retiredAt: undefined,
  }
}

/** The first key, unless another node is quicker: the one that the IdP knows already, else a new one. */
async function makeFirst(ports: LocalOwnKeysPorts, place: OwnKeyPlace): Promise<void> {
  const known = await inherited(ports, place)
  const key = known ?? (await made(ports, place))
  const why = known === undefined ? 'the connection had none' : 'the IdP knows it as the institution’s'
  const first = { ...key, state: 'active', promotedAt: ports.clock.now() } as const
  await ports.sealed.insertFirst(first, toldOf(key, why))
}

/** As of any key that begins to sign. */
function toldOf({ connection, purpose, kid, expiresAt }: SealedOwnKey, why: string): AuditEvent {
  const detail = { by: 'first-use', purpose, kid, expires: new Date(expiresAt).toISOString(), why }
  return { type: 'key.promoted', outcome: 'ok', connection, detail }
}

/** The institution's key of before, sealed anew for this connection alone. */
async function inherited(ports: LocalOwnKeysPorts, place: OwnKeyPlace): Promise<SealedOwnKey | undefined> {
  const found = await ports.sealed.inherited(place)
  if (found === undefined) return undefined
  const { institution, purpose } = place
  const { kid, certificate, createdAt } = found
  const sealing = derive(ports.master, institution, 'signing-keys')
  const privateJwk: Jwk = JSON.parse(openText(sealing, found.sealed, boundTo(found)))
  if (kinds[purpose].certified) certifies(certificate, privateJwk, `${purpose} of ${institution}`)
  const key = sealedAt(ports, place, { kid, privateJwk, certificate, createdAt })
  // Nobody has counted the days of a bare key until now: it is not renewed on the day of the upgrade.
  return certificate === '' ? { ...key, expiresAt: ports.clock.now() + ports.lifetimeMs } : key
}
