// What happened how often: counted from the audit log, where each thing stands once.
import type { AuditType } from '../domain/audit.ts'

export interface HourCount {
  /** Epoch milliseconds of the hour's beginning (UTC). */
  readonly hour: number
  readonly type: AuditType
  readonly outcome: string
  /** '' for what belongs to none. */
  readonly connection: string
  readonly count: number
  /** Epoch milliseconds of the last one in this hour. */
  readonly lastAt: number
}

export interface Statistics {
  /** Of these types, since the beginning of that hour; oldest first. A second behind what happens. */
  hours(
    institution: string,
    wanted: { types: readonly AuditType[]; since: number },
  ): Promise<readonly HourCount[]>
}
