// The risk engines that the console set: one row an institution, sealed.
import type { RiskSettings } from '../domain/risk.ts'
import type { FieldSeal } from '../ports/field-seal.ts'
import type { ConsoleRisks } from '../ports/risk-settings.ts'
import type { Connections } from './unit-of-work.ts'

interface Row {
  readonly content: string | null
  readonly version: number
  readonly set_by: string
  readonly set_at: Date
}

/** Of an institution, as it is kept. */
export const openedRisk = (seal: FieldSeal, institution: string, content: string): RiskSettings =>
  JSON.parse(seal.open(institution, content))

/** `written` is told of each write: whoever caches institutions forgets them. */
export function createConsoleRisks(
  { reader, writer }: Connections,
  { seal, written }: { readonly seal: FieldSeal; readonly written: () => void },
): ConsoleRisks {
  return {
    async get(institution) {
      const db = await reader()
      const row: Row | undefined = await db('console_risk').where({ institution }).first()
      if (row === undefined) return undefined
      const { content, version, set_by: by, set_at: at } = row
      const risk = content === null ? undefined : openedRisk(seal, institution, content)
      return { risk, version, by, at: at.getTime() }
    },
    async put(institution, { risk, version, by, at }) {
      const db = await writer()
      const content = risk === undefined ? null : seal.seal(institution, JSON.stringify(risk))
      await db('console_risk')
        .insert({ institution, content, version, set_by: by, set_at: new Date(at) })
        .onConflict('institution')
        .merge()
      written()
    },
    async remove(institution) {
      const db = await writer()
      const removed = await db('console_risk').where({ institution }).del()
      written()
      return removed === 1
    },
  }
}
