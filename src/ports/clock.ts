// Time and chance, given so that tests can set them.

export interface Clock {
  /** Epoch milliseconds. */
  now(): number
}

export interface Chance {
  /** `bytes` random bytes as base64url; 16 and more for anything that must not be guessed. */
  token(bytes: number): string
  /** Two digits, each as likely as the others. */
  number(): string
  /** A reference id as people read it (domain/reference). */
  reference(): string
}
