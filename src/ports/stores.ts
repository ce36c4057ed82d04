// Stores: small interfaces over rows. Every method names the institution first; none sees another tenant's rows.
import type { Claims } from '../domain/claims.ts'
import type { ApprovalKey, Device } from '../domain/device.ts'
import type {
  Connection,
  Core,
  Institution,
  ManagedBy,
  PinPolicy,
  RelyingParty,
} from '../domain/institution.ts'
import type { LoginTransaction } from '../domain/login.ts'
import type { PinAttempts } from '../domain/pin.ts'
import type { SubjectKey } from '../domain/subject.ts'
import type { DroppedKey } from './own-keys.ts'

/** Rows that configuration owns; reads may be up to two seconds old. */
export interface Directory {
  institution(id: string): Promise<Institution | undefined>
  institutions(): Promise<readonly Institution[]>
  relyingParty(institution: string, id: string): Promise<RelyingParty | undefined>
  connection(institution: string, id: string): Promise<Connection | undefined>
  /** In every state. */
  connections(institution: string): Promise<readonly Connection[]>
  core(institution: string, id: string): Promise<Core | undefined>
  /**
   * Everything of one institution, always fresh: for applying files and for listings. With `managedBy`, of the relying
   * parties, connections and cores only those that come from there, and by `file` without the policy and the risk
   * engines that the console set.
   */
  everything(institution: string, managedBy?: ManagedBy): Promise<InstitutionSet | undefined>
}

export interface InstitutionSet {
  readonly institution: Institution
  readonly relyingParties: readonly RelyingParty[]
  readonly connections: readonly Connection[]
  readonly cores: readonly Core[]
}

/**
 * Writes configuration rows; idempotent: the same set twice changes nothing. Rows from the same place that the set does
 * not name are removed. Connections that differ get a new version.
 */
export interface DirectoryWriter {
  /** Resolves with the keys of ours that went with connections that are no more. */
  put(set: InstitutionSet, managedBy: ManagedBy): Promise<readonly DroppedKey[]>
}

export interface Logins {
  create(login: LoginTransaction): Promise<void>
  get(institution: string, uid: string): Promise<LoginTransaction | undefined>

  /** Changes an open record; false when it was no longer open, so that two tabs end in one result. */
  update(login: LoginTransaction): Promise<boolean>
  /**
   * The same for the record of an answered request: only while it is open and still waits for this request, so that of
   * concurrent answers one is taken (duty D12).
   */
  answered(login: LoginTransaction, requestId: string): Promise<boolean>
}

/** An answer that came to the ACS, kept under a one-time handle until the browser proves itself (ruling R-13). */
export interface UpstreamAnswers {
  put(institution: string, answer: UpstreamAnswer, expiresAt: number): Promise<void>
  /** Gives the answer once; undefined when unknown, expired or taken before. */
  take(institution: string, handle: string): Promise<UpstreamAnswer | undefined>
}

export interface UpstreamAnswer {
  readonly handle: string
  readonly connection: string
  /** The opaque RelayState that we had sent; '' when there was none. */
  readonly relayState: string
  readonly payload: string
}

export interface Subjects {
  /** The stable `sub` of this customer, made at first sight; concurrent first sights give one. Claims are replaced. */
  resolve(key: SubjectKey, claims: Claims, fresh: string): Promise<string>
  claims(institution: string, subject: string): Promise<Claims | undefined>
}

/** Things that may be seen once. */
export interface Replays {
  /** True for exactly one caller per (institution, kind, id) until `expiresAt` (epoch milliseconds). */
  once(institution: string, seen: { kind: ReplayKind; id: string; expiresAt: number }): Promise<boolean>
}
export type ReplayKind =
  | 'logout'
  | 'dpop'
  | 'saml-assertion'
  | 'device-proof'
  | 'passkey'
  | 'login-hint'
  | 'request-object'

export interface Devices {
  /** False where a device that is not revoked has this key. */
  create(device: Device): Promise<boolean>
  get(institution: string, id: string): Promise<Device | undefined>
  /** The device with this key that is not revoked; there is one at most. Here and below an active one that is frozen is `suspended`. */
  byKey(institution: string, jkt: string): Promise<Device | undefined>
  list(institution: string, subject: string): Promise<readonly Device[]>
  /**
   * pending -> active while the nonce is unused and unexpired and the customer has fewer than `limit` devices that are
   * active or suspended; true for exactly one caller, and for no more than `limit` of a customer's devices however many
   * are proven at once.
   */
  activate(device: Device, at: { nonce: string; now: number; limit: number }): Promise<boolean>
  /**
   * Until the unit around the caller ends, whoever ends or freezes the device with this key waits; and what is read
   * afterwards shows a device that was ended or frozen before. Nothing is waited for here.
   */
  hold(institution: string, jkt: string): Promise<void>
  /** Gives an active device its approval key; false where it is active no more, or another device has this key. */
  setApprovalKey(device: Device, key: ApprovalKey): Promise<boolean>
  /** Any state but revoked -> revoked; false when it already was. */
  revoke(institution: string, id: string, now: number): Promise<boolean>
}

/** PIN verifiers and their attempt counters. */
export interface Pins {
  set(institution: string, subject: string, verifier: string): Promise<void>
  /** Sets the verifier only if the subject has none; false when there is one (a new device must not replace the PIN). */
  setFirst(institution: string, subject: string, verifier: string): Promise<boolean>
  verifier(institution: string, subject: string): Promise<string | undefined>
  /**
   * Counts one try before it is compared, in one statement (attack 153). Resolves with the state after counting;
   * `allowed` is false when the budget was used up or a lock is in force: then nothing may be compared.
   */
  countTry(
    place: PinPlace,
    policy: PinPolicy,
    now: number,
  ): Promise<PinAttempts & { readonly allowed: boolean }>
  /** A right PIN clears the count. */
  clear(place: PinPlace): Promise<void>
}

export interface PinPlace {
  readonly institution: string
  readonly subject: string
  readonly device: string
}

/** How often something may be done. */
export interface RateLimits {
  /** Counts one; says whether it is still within the budget, and after how many seconds to come back when not. */
  take(bucket: RateBucket, key: string): Promise<{ allowed: boolean; retryAfterSeconds: number }>
}
export type RateBucket = 'pin' | 'interaction' | 'token' | 'device' | 'acs' | 'gateway' | 'channel' | 'probe'

/** What customers agreed to, so that claimed-https apps need not ask again (ruling R-22). */
export interface Consents {
  /** The scopes that this customer has let this app have; empty when none. */
  scopes(institution: string, subject: string, relyingParty: string): Promise<readonly string[]>
  /** Adds to them. */
  remember(
    institution: string,
    given: { subject: string; relyingParty: string; scopes: readonly string[] },
  ): Promise<void>
}
