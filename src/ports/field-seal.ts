// Sealing of personal fields at rest (invariant 8).

export interface FieldSeal {
  /** Authenticated encryption, bound to the institution; the result is text. */
  seal(institution: string, plain: string): string
  /** Throws when the text was sealed for another institution or changed. */
  open(institution: string, sealed: string): string
}
