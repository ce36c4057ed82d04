// Pings for back ends that do not want to poll (OpenID CIBA 10.2): one a request, owed by the unit in which its answer comes to be.

/** What one back end is owed, from the moment it asks. */
export interface Ping {
  readonly institution: string
  /** `auth_req_id` (CIBA 7.3). */
  readonly request: string
  /** `client_notification_token` (CIBA 7.1): by it the back end knows us. */
  readonly token: string
  readonly relyingParty: string
  readonly subject: string
  readonly approval: string
  /** Of the request, so that the audit tells of both together. */
  readonly reference: string
}

export interface DuePing extends Ping {
  /** Tries so far, this one included. */
  readonly tries: number
  /** Epoch milliseconds: nobody would understand it afterwards. */
  readonly expiresAt: number
}

/** What one node takes at once. */
export interface TakingPings {
  readonly now: number
  readonly leaseUntil: number
  readonly most: number
  /** Of one back end; as many as there are unless told. */
  readonly mostOfOne?: number
  /** Back ends of which it takes none now. */
  readonly busy?: readonly Pick<Ping, 'institution' | 'relyingParty'>[]
}

/** The outbox. Its rows are sealed: neither the name of a request nor the token of a client can be read in the database. */
export interface Pings {
  /** With the request, in its unit: due when the question is over, whatever became of it. */
  put(ping: Ping, at: { readonly dueAt: number; readonly expiresAt: number }): Promise<void>
  /** Inside the unit that ends it: due now. Nothing where nobody is to be pinged, or was already. */
  due(institution: string, request: string, now: number): Promise<void>
  /**
   * Takes due ones, of every institution, for this node alone until `leaseUntil`; a node that dies leaves them to the next. None for
   * the first time before the clock of the database says so too.
   */
  take(at: TakingPings): Promise<readonly DuePing[]>
  /** It was heard, or never will be; its token is gone with it. False where another node has taken it since. */
  settle(ping: DuePing): Promise<boolean>
  /** False as above. */
  postpone(ping: DuePing, dueAt: number): Promise<boolean>
}

/**
 * Posts it and resolves with the HTTP status; of the answer nothing else is read. Refuses with `fetch.refused` where the
 * address may not be asked or leads elsewhere, and with `fetch.failed` where there was no answer in time.
 */
export type SendPing = (endpoint: string, ping: Pick<Ping, 'request' | 'token'>) => Promise<number>
