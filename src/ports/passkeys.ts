// Passkeys: what a browser is asked for, and whether what it brings holds (WebAuthn Level 3, 7.1 and 7.2).

/** Where a passkey is good: nothing that was made elsewhere is accepted (ruling R-10). */
export interface PasskeyPlace {
  /** The host of the issuer. */
  readonly rpId: string
  readonly origin: string
}

export interface KnownPasskey {
  readonly credentialId: string
  readonly transports: readonly string[]
}

export interface PasskeyCreation extends PasskeyPlace {
  readonly rpName: string
  readonly userName: string
  /** base64url of random bytes. */
  readonly challenge: string
  /** An authenticator that holds one of these makes no second. */
  readonly present: readonly KnownPasskey[]
  readonly timeoutSeconds: number
}

export interface PasskeyRequest extends PasskeyPlace {
  readonly challenge: string
  readonly allowed: readonly KnownPasskey[]
  readonly timeoutSeconds: number
}

/** What a browser brought, as text of JSON: nothing of it has been looked at. */
export interface PasskeyAnswer extends PasskeyPlace {
  readonly challenge: string
  readonly credential: string
}

export interface NewPasskey extends KnownPasskey {
  /** COSE, base64url. */
  readonly publicKey: string
  readonly counter: number
  /** Can it leave the authenticator, into somebody's cloud (the flag BE)? */
  readonly copied: boolean
}

/** Why an answer does not hold, for log and audit. */
export interface PasskeyFault {
  readonly fault: string
}

export interface Passkeys {
  /** Options for `navigator.credentials.create`, as text of JSON; user verification is required. */
  creation(asked: PasskeyCreation): Promise<string>
  /** Options for `navigator.credentials.get`, as text of JSON; user verification is required. */
  request(asked: PasskeyRequest): Promise<string>
  /** Resolves with the key only when challenge, origin, RP id and user verification held; never rejects. */
  registered(answer: PasskeyAnswer): Promise<NewPasskey | PasskeyFault>
  /** The id of the credential that an answer names; undefined where it is no answer. */
  credentialIdOf(credential: string): string | undefined
  /**
   * Resolves with the counter only when challenge, origin, RP id, user verification and signature held; never rejects.
   * Whether the counter went forward is for the caller to see.
   */
  asserted(answer: PasskeyAnswer, publicKey: string): Promise<{ readonly counter: number } | PasskeyFault>
}
