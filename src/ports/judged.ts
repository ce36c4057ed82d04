// What is wrong with an institution's file that its schema does not see: plugins, the network and the database know it.

export interface JudgedFault {
  readonly institution: string
  /** Whose it is, in words: `risk provider own: settings.url`. */
  readonly what: string
  readonly message: string
  /** Where it stands in the file, so that a line can be named; undefined for what is not one place. */
  readonly at?: readonly (string | number)[] | undefined
}

/** `alder: risk provider own: settings.url: a https address is needed`. */
export const judgedLine = ({ institution, what, message }: JudgedFault): string =>
  [institution, what, message].join(': ')

/** What is given does not hold; nothing at all was changed. The message has one fault a line. */
export class ApplyFault extends Error {
  readonly faults: readonly (JudgedFault | string)[]

  constructor(faults: readonly (JudgedFault | string)[]) {
    super(faults.map((fault) => (typeof fault === 'string' ? fault : judgedLine(fault))).join('\n'))
    this.name = 'ApplyFault'
    this.faults = faults
  }
}
