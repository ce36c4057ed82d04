// What a connector says of settings that it does not accept, field by field.

/** One thing that an administrator has to mend; `path` begins with `settings`. */
export interface SettingsFault {
  readonly path: string
  readonly message: string
}

/** The settings of a connection do not hold; the message has one fault a line. */
export class SettingsRefused extends Error {
  readonly faults: readonly SettingsFault[]

  constructor(faults: readonly SettingsFault[]) {
    super(faults.map(({ path, message }) => `${message} → at ${path.replace(/^settings\./, '')}`).join('\n'))
    this.name = 'SettingsRefused'
    this.faults = faults
  }
}
