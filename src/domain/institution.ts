// The rows that say who may do what: institution, relying party, connection, core. All of them belong to one institution.
import type { Acr } from './acr.ts'
import type { Policy } from './policy.ts'
import type { Rates } from './rates.ts'
import type { Retention } from './retention.ts'
import type { RiskSettings } from './risk.ts'
import type { LineFactsSetting } from './sim.ts'
import type { FactName, TransactionType } from './transaction-type.ts'
import type { LevelTable, Raiser } from './upstream-level.ts'

/** Where a row comes from: a file applied by the command line, or the console (ruling R-9). */
export type ManagedBy = 'file' | 'console'

/** The FI, our tenant. */
export interface Institution {
  readonly id: string
  readonly name: string
  /** Its own host name in production (`login.alder.example`); without one it lives at `/{id}` of the public URL. */
  readonly host: string | undefined
  /** The one colour that the bank gives; the page kit derives the rest. */
  readonly accent: string
  readonly language: string
  /** Where a customer gets help: a `https:` or `tel:` address. */
  readonly help: string | undefined
  /** Amounts over this ask for a PIN: ISO 4217 currency -> decimal string. A currency that is not listed always asks. */
  readonly stepUpOver: Readonly<Record<string, string>>
  /** One of those currencies, to which amounts of currencies that are not listed are converted; without it they always ask. */
  readonly stepUpOverIn?: string | undefined
  /** What currencies are worth, for limits and conditions that convert. */
  readonly rates?: Rates | undefined
  /** How long records are kept; for ever where nothing is said. */
  readonly retention?: Retention | undefined
  /** What decides on transactions beside `stepUpOver`: the file's, else the console's; the default (domain/policy-default) unless told. */
  readonly policy?: Policy | undefined
  /** How long a customer's loosening of their own limits waits, in hours; 24 unless told. */
  readonly limitCoolDownHours?: number | undefined
  /** How long what is held waits for the bank's people, and how long what they released may be sent again, in hours; 24 unless told. */
  readonly reviewHours?: number | undefined
  readonly releaseHours?: number | undefined
  readonly pin: PinPolicy
  readonly devicesPerSubject: number
  /** How customers are asked out of band; `approvalSettings` has the defaults. */
  readonly approvals?: Partial<ApprovalSettings> | undefined
  /** Types of transaction beside those that are built in. */
  readonly transactionTypes?: readonly TransactionType[] | undefined
  /** Ways to reach its customers out of band; of each kind the first is used. */
  readonly channels?: readonly ChannelSetting[] | undefined
  /** Its risk providers, and who is asked about what; nobody unless told. */
  readonly risk?: RiskSettings | undefined
  /** Browsers are asked what they say of their device, where risk engines may know; not unless told. */
  readonly browserSignals?: boolean | undefined
  /** Who tells of the lines of its customers; nobody unless told. */
  readonly lineFacts?: LineFactsSetting | undefined
}

/** One of them; `settings` are checked by the channel plugin of that `type`, and sealed where they are kept. */
export interface ChannelSetting {
  readonly id: string
  readonly type: string
  readonly settings: Readonly<Record<string, unknown>>
}

export interface ApprovalSettings {
  /** How many questions may be open for a customer at once. */
  readonly open: number
  /** A further device of a customer approves nothing in its first hours. */
  readonly newDeviceHours: number
  /** An approval from farther away than this from where it was asked for is held, where both places are known; in kilometres. */
  readonly farKilometres: number
  /** How long others have to sign what a customer has approved; in hours. */
  readonly signatoryHours: number
}

/** What holds where the institution says nothing. */
export const approvalSettings = ({ approvals }: Pick<Institution, 'approvals'>): ApprovalSettings => ({
  ...{ open: 3, newDeviceHours: 24, farKilometres: 500, signatoryHours: 24 },
  ...approvals,
})

export interface PinPolicy {
  readonly length: number
  readonly attempts: number
  readonly lockSeconds: number
}

export const introspections = ['look', 'consume'] as const
export type Introspection = (typeof introspections)[number]

/** An OIDC client of one institution: a mobile app (public) or an API of the bank (confidential, by private_key_jwt). */
export interface RelyingParty {
  readonly institution: string
  readonly id: string
  readonly name: string
  readonly kind: 'app' | 'api'
  /** What it runs on, as the console was told; it only decides which instructions are shown. */
  readonly platform?: 'ios' | 'android' | 'web' | 'server' | undefined
  readonly redirectUris: readonly string[]
  readonly postLogoutRedirectUris: readonly string[]
  /** By which name the app knows customers (OIDC Core 8); `public` unless told. */
  readonly subjectType?: 'public' | 'pairwise' | undefined
  /** Where the app's back end is told that a session has ended (OIDC Back-Channel Logout 1.0). */
  readonly backchannelLogoutUri?: string | undefined
  readonly scopes: readonly string[]
  /** The connections that its customers may use; they choose where several are active. */
  readonly connections: readonly string[]
  readonly acrFloor: Acr | undefined
  readonly requirePar: boolean
  readonly requireDpop: boolean
  readonly transactionTypes: readonly string[]
  /** Origins that may call the token endpoints from a page (CORS). */
  readonly webOrigins: readonly string[]
  /**
   * What an `api` does when it introspects a token that carries a transaction: `look`, which is what there is unless told, or
   * `consume`, by which the first introspection uses it up.
   */
  readonly introspection?: Introspection | undefined
  /** An `api` that may ask by CIBA; undefined for one that may not. Its `number` counts for the transaction API too. */
  readonly backchannel?: BackchannelParty | undefined
  /** Public keys of an `api`, as JWKs. */
  readonly keys: readonly Readonly<Record<string, unknown>>[]
}

export interface BackchannelParty {
  /** `required` unless told: the API shows the two digits, and the customer types them (ruling R-32). */
  readonly number?: 'required' | 'none' | undefined
  /** The customer's own code is needed to begin (CIBA 7.1 `user_code`). */
  readonly userCode?: boolean | undefined
  /** Only signed requests are taken (CIBA 7.1.1). */
  readonly signed?: boolean | undefined
  /** Where it is told that there is an answer (CIBA 10.2); undefined for one that only polls. */
  readonly ping?: string | undefined
}

/** What an institution says of one upstream IdP. `settings` are checked by the connector plugin of that `type`. */
export interface ConnectionContent {
  readonly name: string
  readonly type: string
  readonly settings: Readonly<Record<string, unknown>>
  /** claim -> upstream attribute name; only what stands here is ever read (duty D17). */
  readonly claims: Readonly<Record<string, string>>
  /** Mail domains of the customers who are at home here; lower case, as DNS has them. */
  readonly domains?: readonly string[] | undefined
  /** Its picture where customers choose, as a `data:` address (domain/logo). */
  readonly logo?: string | undefined
  /** Who signs in by it: customers unless told, or the institution's own people, who come into the console. */
  readonly audience?: 'customers' | 'workforce' | undefined
  /** Which of the IdP's classes count as which level; without it every answer is `delegated`. */
  readonly levels?: LevelTable | undefined
  /** Who raises first where the bridge and the IdP both could; the bridge unless told. */
  readonly raisedBy?: Raiser | undefined
}

/** Customers sign in by `active` ones only; what leads from state to state stands in domain/connection. */
export const connectionStates = ['draft', 'tested', 'active', 'disabled'] as const
export type ConnectionState = (typeof connectionStates)[number]

/** An institution's trust in one upstream IdP. */
export interface Connection extends ConnectionContent {
  readonly institution: string
  readonly id: string
  readonly state: ConnectionState
  /** Grows with each change; 0 for one that comes from a file and is not stored yet. */
  readonly version: number
  /** PEM; keys that trusted metadata named after the file that rules this connection (domain/learned-keys). */
  readonly learned?: readonly string[] | undefined
  /** Until when what the IdP last published of itself says that it is good, in epoch milliseconds. */
  readonly metadataUntil?: number | undefined
}

/** A downstream SOAP service that consumes our assertions. What it does not list is refused (ruling R-28). */
export interface Core {
  readonly institution: string
  readonly id: string
  readonly name: string
  readonly endpoint: string
  readonly audience: string
  /** The core speaks WS-Addressing: To, Action and MessageID are signed. */
  readonly addressing: boolean
  readonly timeoutMs: number
  readonly assertionSeconds: number
  readonly operations: readonly CoreOperation[]
}

export interface CoreOperation {
  readonly namespace: string
  readonly name: string
  readonly soapAction: string | undefined
  readonly acr: Acr
  /** Present for money operations: where in the Body the approved transaction's facts stand. */
  readonly transaction: OperationTransaction | undefined
}

/** A path for each fact that the type has; paths are local element names below the operation element. */
export type OperationTransaction = {
  readonly type: string
  /** JSON pointer of another value of the type -> its path: compared as text. */
  readonly also?: Readonly<Record<string, readonly string[]>> | undefined
} & Readonly<Partial<Record<FactName, readonly string[]>>>

/** Path segments that routes own; no institution may be called so. */
export const reservedIds: ReadonlySet<string> = new Set([
  'assets',
  'console',
  'demo',
  'healthz',
  'metrics',
  'readyz',
  'static',
  'well-known',
  'favicon',
  'robots',
  'api',
  'admin',
  // An address of the console, where a connection's would be.
  'new',
])

const idPattern = /^[a-z0-9-]{2,32}$/

/** Is this an id that an institution, connection or core may have (ruling R-9)? */
export function isId(value: string): boolean {
  return idPattern.test(value) && !reservedIds.has(value)
}

/** The institution's issuer identifier, without a slash at the end; fixed by configuration, never taken from a request. */
export function issuerOf(institution: Institution, publicUrl: string): string {
  return institution.host
    ? `https://${institution.host}`
    : `${publicUrl.replace(/\/$/, '')}/${institution.id}`
}

/** The scope that lets a token call a core. */
export const scopeOfCore = (coreId: string): string => `core:${coreId}`

/** Lets the bank's back end disable and enable customers. */
export const subjectScope = 'subjects'

/** Lets an API of the bank use up the transaction of a customer's token. */
export const transactionScope = 'transactions'

/** Lets the bank's back end say who may sign for an account. */
export const mandateScope = 'mandates'

/** What an API of the bank may do for itself, without a customer; no app ever gets them. */
export const clientScopes: readonly string[] = [subjectScope, transactionScope, mandateScope]

/** Lets an app show customers what waits for their approval, and answer. */
export const approvalScope = 'approvals'

/** Lets an app enrol and end the customer's devices, and fetch their messages. */
export const deviceScope = 'device'

/** Lets an app show customers their own limits, and change them. */
export const limitScope = 'limits'

/** Every scope of an institution's API (RFC 8414 2, RFC 9728 2 `scopes_supported`). */
export const apiScopes = (cores: readonly { readonly id: string }[]): string[] => [
  deviceScope,
  approvalScope,
  limitScope,
  ...clientScopes,
  ...cores.map(({ id }) => scopeOfCore(id)),
]

/**
 * Must this app's customer be asked for consent each time? A private-scheme or loopback redirect can be claimed by
 * another app on the phone (RFC 8252 8.6), so such consent is never skipped (ruling R-22).
 */
export function asksConsentEachTime(redirectUri: string): boolean {
  const url = URL.parse(redirectUri)
  return url === null || url.protocol !== 'https:'
}
