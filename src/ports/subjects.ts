// What the bank says of a customer as a whole, and the names that apps know them by.

export interface SubjectStates {
  /** Disabled by a back end, or frozen; read anew each time: such a customer is refused at once, on every node. */
  isDisabled(institution: string, subject: string): Promise<boolean>
  /** False when it was so already. */
  disable(institution: string, subject: string): Promise<boolean>
  enable(institution: string, subject: string): Promise<boolean>
}

export interface SubjectNames {
  /** Remembers whom a pairwise name means. */
  remember(institution: string, pairwise: string, subject: string): Promise<void>
  /** The customer of this `sub`, ours or pairwise; undefined when nobody is called so. */
  meant(institution: string, sub: string): Promise<string | undefined>
}
