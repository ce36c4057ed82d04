// What a connector says of its settings: the fields of their form, and field by field what it does not accept.

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

/** How a setting is typed; `json` is for what no other field can draw. */
export type SettingKind =
  | 'text'
  | 'url'
  | 'number'
  | 'date'
  | 'switch'
  | 'select'
  | 'choices'
  | 'list'
  | 'certificate'
  | 'certificates'
  | 'secret'
  | 'secret-lines'
  | 'json'

/** One field of a form, derived from the schema by which the settings are checked. */
export interface SettingField {
  /** Where it stands in the settings: `ssoUrl`, `compat.until`. */
  readonly path: string
  readonly label: string
  /** One sentence of what it means. */
  readonly meaning: string
  readonly kind: SettingKind
  readonly required: boolean
  /** What holds where nothing is said. */
  readonly usual: unknown
  readonly options: readonly string[]
  /** Of a `number`. */
  readonly range: { readonly least: number | undefined; readonly most: number | undefined }
  /** Nothing that an IdP publishes tells it: people must be asked. */
  readonly asked: boolean
}

/** An address of ours that the IdP's administrator needs. */
export interface OurAddress {
  readonly name: string
  /** What it is for, in one sentence. */
  readonly meaning: string
  readonly value: string
}
