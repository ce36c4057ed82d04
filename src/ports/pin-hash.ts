// Hashing of PINs: slow, with a pepper that is not in the database (ruling R-20).

export interface PinHash {
  /** A verifier string to store: salt, parameters and HMAC(pepper, argon2id(pin)). */
  make(institution: string, pin: string): Promise<string>
  /** Compares in constant time. Never call it with a transaction open. */
  matches(institution: string, pin: string, verifier: string): Promise<boolean>
}
