// Who knows of things that end, and where it is kept which warnings were given.
import type { Expiry, WarningLevel } from '../domain/expiry.ts'

/** Things of an institution's connections that end: certificates, keys, secrets, permissions for a while. */
export interface ExpirySource {
  of(institution: string): Promise<readonly Expiry[]>
}

export interface ExpiryWarnings {
  /** True for the one who is the first to give this warning of this thing, on whichever node. Within a unit of work. */
  first(institution: string, expiry: Expiry, warning: { level: WarningLevel; at: number }): Promise<boolean>
}
