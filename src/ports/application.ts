// The composed bridge, as its callers see it: the commands and the demo.
import type { Role } from '../domain/administrator.ts'
import type { AuditLog } from './audit-log.ts'
import type { Actor } from './connections.ts'
import type { Log } from './log.ts'
import type { OneKey, OwnKeysAt, OwnKeyView } from './own-keys.ts'
import type { RiskShadows } from './risk-records.ts'
import type { InstitutionSet } from './stores.ts'

export interface Application {
  readonly log: Log
  readonly auditLog: AuditLog
  /** Brings the database to this version, opens both ports and starts what runs in the background. */
  start(): Promise<Addresses>
  /** Calls with every audit event, as canonical JSON, once it is committed; for pages that show them live. */
  observe(listener: (institution: string, event: string) => void): void
  /**
   * Takes no new requests, lets those under way end within the grace of the configuration, then cuts them off and
   * closes the database. Also for an application that was never started. Calling it again is harmless.
   */
  stop(): Promise<void>
  migrate(): Promise<{ readonly applied: readonly string[] }>
  /** Migrations that the database still lacks. */
  pendingMigrations(): Promise<readonly string[]>
  apply(sets: readonly InstitutionSet[], options: { readonly dryRun: boolean }): Promise<ApplyReport>
  /** A link by which somebody becomes an administrator of the institution's console; it is not kept, only its hash. */
  inviteAdministrator(institution: string, roles: readonly Role[]): Promise<ConsoleInvitation>
  readonly ownKeys: OwnKeyCommands
  /** What providers in shadow said. */
  readonly riskShadows: Pick<RiskShadows, 'counts'>
  /** One report an institution; `since` is a checkpoint note that was kept elsewhere. */
  verifyAudit(options: VerifyOptions): Promise<readonly InstitutionAuditReport[]>
}

/** Our own keys of connections, as flows/own-keys changes them; what is not allowed refuses by `key.*`. */
export interface OwnKeyCommands {
  list(institution: string, connection?: string): Promise<readonly OwnKeyView[]>
  prepare(at: OwnKeysAt, actor: Actor): Promise<readonly OwnKeyView[]>
  promote(at: OwnKeysAt, actor: Actor, given: { unpublished?: boolean }): Promise<readonly OwnKeyView[]>
  remove(which: OneKey, actor: Actor, given: { early?: boolean }): Promise<readonly OwnKeyView[]>
  request(which: OneKey): Promise<string>
  certify(which: OneKey, text: string, actor: Actor): Promise<readonly OwnKeyView[]>
}

export interface Addresses {
  /** The origin that browsers use, as configured. */
  readonly publicUrl: string
  /** Where the public port is bound: `http://127.0.0.1:8080`. */
  readonly listening: string
  readonly managementUrl: string
  /** Links for the first owners of consoles that have none; new ones at each start. */
  readonly firstInvitations: readonly ConsoleInvitation[]
}

export interface ConsoleInvitation {
  readonly institution: string
  readonly url: string
}

export interface ApplyReport {
  readonly dryRun: boolean
  /** Empty when everything was so already. */
  readonly changes: readonly RowChange[]
}

/** One row that differs. Field paths only: settings may hold what must not be printed. */
export interface RowChange {
  readonly institution: string
  /** `policy`, `risk`: what the console had set, which ends where the file says one. */
  readonly kind: 'institution' | 'relying_party' | 'connection' | 'core' | 'policy' | 'risk'
  readonly id: string
  readonly change: 'added' | 'changed' | 'removed'
  readonly fields: readonly string[]
  /** Rules and limits of the policy in force that nothing after it is proven to replace, and other settings that guard or keep less. */
  readonly loosens?: readonly string[]
}

export interface VerifyOptions {
  /** All institutions where none is named. */
  readonly institution: string | undefined
  readonly since: string | undefined
}

export interface InstitutionAuditReport {
  readonly ok: boolean
  readonly institution: string
  readonly events: number
  readonly pending: number
  /** Numbers of events that no row has and no event explains: on their way, or lost with a node that died. */
  readonly unfinished: number
  readonly checkpoints: number
  readonly firstBad:
    | { readonly index?: number; readonly node?: string; readonly counter?: number; readonly reason: string }
    | undefined
}
