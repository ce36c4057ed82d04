// Our own keys of connections: for connectors that use them, and for those who renew them.
import type { AuditEvent } from '../domain/audit.ts'
import type { OwnKey, OwnKeyPlace, OwnKeyPurpose } from '../domain/own-key.ts'
import type { Decrypter, Signer } from './key-store.ts'
import type { SealedKey } from './sealed-keys.ts'

/** The keys that a connection must have. */
export interface NeededKeys {
  readonly id: string
  readonly purposes: readonly OwnKeyPurpose[]
}

export interface PublishedKey {
  readonly kid: string
  readonly state: 'active' | 'next' | 'retired'
  /** Base64 DER without armour; empty where the key has none. */
  readonly certificate: string
  /** With `kid`, `alg`, `use`. */
  readonly publicJwk: Readonly<Record<string, unknown>>
}

/** What a connection signs and decrypts by. A change on another node is seen within a second by whoever calls `ready`. */
export interface OwnKeys {
  /**
   * Makes what is missing. Before a unit of work begins, like KeyStore.ready: a key that is first needed inside one would
   * wait for the database that the unit holds.
   */
  ready(institution: string, connections: readonly NeededKeys[]): Promise<void>
  /** The active key. */
  signer(place: OwnKeyPlace): Promise<Signer>
  /** All keys that peers may still encrypt to; which of them fits is not told, nor how long it took to find (attack 76). */
  decrypter(place: OwnKeyPlace): Promise<Decrypter>
  /** What peers must know of: active, next, retired, in this order. */
  published(place: OwnKeyPlace): Promise<readonly PublishedKey[]>
  /**
   * A certificate request (PKCS #10, RFC 2986) as PEM: the public key, and a signature that proves that the private one is here.
   * Undefined where there is no such key, or its purpose has no certificate.
   */
  request(place: OwnKeyPlace, kid: string): Promise<string | undefined>
  /**
   * The certificate for this key among what an authority has given, PEM with or without its chain. Refuses with `key.certificate`
   * (detail `check`) where none is for this key, or it may not be published for it; `key.unknown` where there is no such key.
   */
  issued(place: OwnKeyPlace, kid: string, text: string): Promise<IssuedCertificate>
  /** The keys of this institution were changed here; the next `ready` reads them. */
  changed(institution: string): void
}

export interface IssuedCertificate {
  /** Base64 DER without armour. */
  readonly certificate: string
  /** Epoch milliseconds. */
  readonly expiresAt: number
}

/** A key with its sealed private half, which is empty once it was dropped. */
export interface SealedOwnKey extends OwnKey {
  readonly algorithm: string
  readonly sealed: string
}

/** A fresh key for this place, sealed, stored nowhere yet. Slow: never with a transaction open. */
export type MakeOwnKey = (place: OwnKeyPlace) => Promise<SealedOwnKey>

/** Which keys: of one purpose, or of all that the connection has. */
export interface OwnKeysAt {
  readonly institution: string
  readonly connection: string
  readonly purpose?: OwnKeyPurpose | undefined
}

export interface OneKey {
  readonly institution: string
  readonly connection: string
  readonly kid: string
}

/** A key with what the rules say of it; times are epoch milliseconds. */
export interface OwnKeyView extends OwnKey {
  /** Of a next key: from when on it may be promoted without an override. */
  readonly promotableAt: number | undefined
  /** Of a retired key: when it is dropped. */
  readonly dropAt: number | undefined
}

/** A key whose private half is destroyed. */
export type DroppedKey = Pick<OwnKey, 'connection' | 'purpose' | 'kid'>

/** For those who change keys; writes belong to the unit of work. */
export interface OwnKeyStore {
  /** Of one institution, dropped ones too; the oldest first. */
  list(institution: string): Promise<readonly OwnKey[]>
  /** False when there is a next one already, or there ever was a key of this name. */
  insertNext(key: SealedOwnKey): Promise<boolean>
  /** Another certificate for a next key, published from `at` on; false unless it is `next` still. */
  certify(
    place: OwnKeyPlace,
    change: IssuedCertificate & { readonly kid: string; readonly at: number },
  ): Promise<boolean>
  /** active -> retired and next -> active; true for exactly one caller. */
  promote(place: OwnKeyPlace, change: { from: string; to: string; at: number }): Promise<boolean>
  /** Destroys the private half; false unless the key is in this state, which `active` can never be (attack 204). */
  drop(place: OwnKeyPlace, change: { kid: string; state: 'next' | 'retired'; at: number }): Promise<boolean>
}

/** For the key store. Outside the unit of work: see SealedKeys. */
export interface SealedOwnKeys {
  /** Of one institution, without the dropped ones. */
  all(institution: string): Promise<readonly SealedOwnKey[]>
  /** The key that the connection went by before it had one of its own; undefined for connections that always had. */
  inherited(place: OwnKeyPlace): Promise<(SealedKey & { readonly createdAt: number }) | undefined>
  /** Stores it as the active one, together with the event that tells of it; false, and no event, when another node was first. */
  insertFirst(key: SealedOwnKey, told: AuditEvent): Promise<boolean>
}
