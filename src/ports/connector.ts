// The upstream side: one interface for every protocol by which a bank's own IdP is asked.
import type { Acr } from '../domain/acr.ts'
import type { ReadableExchange } from '../domain/exchange.ts'
import type { Expiry } from '../domain/expiry.ts'
import type { Connection, Institution } from '../domain/institution.ts'
import type { UpstreamSent } from '../domain/login.ts'
import type { OwnKeyPurpose } from '../domain/own-key.ts'
import type { LogoutMessage, LogoutRequest, LogoutResponse } from '../domain/saml-logout.ts'
import type { UpstreamSubject } from '../domain/subject.ts'
import type { OurAddress, SettingField } from './connector-settings.ts'
import type { Discovery } from './discovery.ts'
import type { UpstreamSession } from './sign-out.ts'

export interface UpstreamStart {
  /** Opaque; comes back with the answer. Nothing is ever read from it but its identity (attack 82). */
  readonly relayState: string
  readonly fresh: boolean
  /** The level that the IdP is to be asked for by the connection's table; undefined: nothing beyond the settings. */
  readonly neededAcr: Acr | undefined
  readonly now: number
}

interface UpstreamRequest {
  readonly url: string
  /** Names the request; only an answer to it is accepted, once. */
  readonly requestId: string
  /** What the connector must know again when the answer comes (a PKCE verifier, a nonce); kept with the sign-in. */
  readonly memory?: Readonly<Record<string, string>>
}

/** Where the browser goes: by a redirect, or by a form that sends itself on. */
export type UpstreamDeparture =
  | (UpstreamRequest & { readonly kind: 'redirect' })
  | (UpstreamRequest & { readonly kind: 'post'; readonly fields: Readonly<Record<string, string>> })

export interface UpstreamReply {
  /** What the browser brought: a base64 SAMLResponse, or the query of an OIDC callback. */
  readonly payload: string
  /** The request that this sign-in sent; the reply must answer it and no other. */
  readonly requestId: string
  readonly fresh: boolean
  /** The level that the request asked for (`neededAcr` of its start). */
  readonly askedAcr?: Acr | undefined
  readonly askedAt: number
  readonly memory: Readonly<Record<string, string>>
  readonly now: number
}

export interface LogoutStart {
  readonly session: UpstreamSession
  readonly now: number
}

/** What an IdP says of a logout, verified: a session of its own that ends, or that it has heard us. */
export type LogoutNews =
  | (LogoutRequest & { readonly relayState: string })
  | Pick<LogoutResponse, 'kind' | 'inResponseTo' | 'status'>

/** The customer's session at the IdP: ended from here, or from there. */
export interface UpstreamLogout {
  /** The origins that `begin` may lead to, for the policy of the page before it; none where it leads nowhere. */
  readonly origins: readonly string[]
  /** `begin` and reading may ask the IdP over the network, so that no transaction may be open then (ruling R-1). */
  readonly asksUpstream: boolean
  /** Where the browser goes to end the session there; undefined where the IdP takes no logout. */
  begin(start: LogoutStart): Promise<UpstreamDeparture | undefined>
  /** Messages that the browser carries (SAML Profiles 4.4). */
  readonly messages?: LogoutMessages
  /** What the provider tells us itself (OIDC Back-Channel Logout 1.0). */
  readonly backChannel?: BackChannel
  /** Only where the connection allows it: nothing that comes this way is signed (OIDC Front-Channel Logout 1.0). */
  readonly frontChannel?: { readonly issuer: string }
}

export interface BackChannel {
  /** Resolves only when the token is the provider's and every check held; else refuses with `logout.refused`. */
  read(logoutToken: string, now: number): Promise<EndedSession>
}

/** What a provider says is over: a session, or all of a customer's. At least one of both is there. */
export interface EndedSession {
  /** For replay: of this news, and until when it must be remembered (epoch milliseconds). */
  readonly id: string
  readonly rememberUntil: number
  readonly nameId: UpstreamSubject['nameId'] | undefined
  readonly session: string | undefined
}

export interface LogoutMessages {
  /** Resolves only when the message is signed and every check held; else throws a Refusal. Nothing signed, nothing done. */
  read(message: LogoutMessage, given: { relayState: string; now: number }): Promise<LogoutNews>
  /** Our answer to the IdP's request; undefined where it wants none. */
  answer(request: { id: string; relayState: string; now: number }): Promise<UpstreamDeparture | undefined>
}

/** One upstream protocol, opened for one connection. Settings are checked in `open`, never per request. */
export interface Connector {
  /** `complete` asks the IdP over the network, so that no transaction may be open then (ruling R-1). */
  readonly asksUpstream: boolean
  begin(start: UpstreamStart): Promise<UpstreamDeparture>
  /** Resolves only when signature, issuer, audience, times and InResponseTo all held; else throws a Refusal. */
  complete(reply: UpstreamReply): Promise<UpstreamSubject>
  /** A request and its answer for people: decoded, with what is personal or secret masked. Never throws. */
  readable(sent: UpstreamSent | undefined, payload: string): ReadableExchange
  /** Ending sessions on both sides; undefined where the protocol has no such thing. */
  readonly logout?: UpstreamLogout
  /** What the FI's administrator loads into the IdP; undefined where the protocol has none. */
  metadata(now: number): Promise<{ readonly type: string; readonly body: string } | undefined>
}

export interface ConnectorAddresses {
  readonly institution: Institution
  readonly connection: Connection
  /** The issuer of the institution; the addresses below begin with it. */
  readonly issuer: string
  readonly acsUrl: string
  readonly entityId: string
}

/** A protocol as a constant in the list of connectors. */
export interface ConnectorPlugin {
  readonly type: string
  /** Settings that nobody may see again once they are saved: masked in differences, left out of exports. */
  readonly secrets: readonly string[]
  /** Throws SettingsRefused when the settings do not fit. */
  check(settings: Readonly<Record<string, unknown>>): void
  /** How settings are found out instead of typed; undefined where the protocol has no way. */
  readonly discovery?: Discovery
  /** The form by which the console asks for the settings. */
  readonly form: readonly SettingField[]
  /** What the IdP's administrator is to be given of a connection of this id, also before it is saved. */
  ours(issuer: string, connection: string): readonly OurAddress[]
  open(addresses: ConnectorAddresses): Connector
  /** The keys that each of its connections has of its own; none where the member is missing. */
  readonly ownKeys?: readonly OwnKeyPurpose[]
  /** What ends of what these settings say; they passed `check` when they were written. */
  expiries?(settings: Readonly<Record<string, unknown>>): readonly ConnectorExpiry[]
}

export type ConnectorExpiry = Omit<Expiry, 'connection'>

/** Finds the connector of a connection, opened and cached. */
export interface Connectors {
  of(institution: Institution, connection: Connection): Connector
  /** The IdP's origin, for the CSP of pages that lead there. */
  plugins(): readonly ConnectorPlugin[]
}
