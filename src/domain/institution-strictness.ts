// What of an institution's own settings guards less after a change than before, or lets records go that would have been kept.
import type { Institution } from './institution.ts'
import { retained } from './retention.ts'

type Guards = Pick<Institution, 'lineFacts' | 'browserSignals' | 'retention'>

/**
 * Named as the file has them: `line_facts` where nobody is asked any more, `line_facts on_failure`, `line_facts max_age_hours`,
 * `browser_signals`, and `retention evidence_days` where a kind of records is kept for a shorter time: what goes is gone for good.
 */
export function settingsLoosened(before: Guards, after: Guards): string[] {
  return [
    ...lineFactsLoosened(before.lineFacts, after.lineFacts),
    ...(before.browserSignals === true && after.browserSignals !== true ? ['browser_signals'] : []),
    ...retained
      .filter((kind) => daysOf(after, kind) < daysOf(before, kind))
      .map((kind) => `retention ${kind}_days`),
  ]
}

function lineFactsLoosened(before: Guards['lineFacts'], after: Guards['lineFacts']): string[] {
  if (before === undefined) return []
  if (after === undefined) return ['line_facts']
  return [
    ...(before.onFailure === 'refuse' && after.onFailure === 'send' ? ['line_facts on_failure'] : []),
    ...(after.maxAgeHours < before.maxAgeHours ? ['line_facts max_age_hours'] : []),
  ]
}

/** What is not said is kept for ever. */
const daysOf = ({ retention }: Guards, kind: (typeof retained)[number]): number =>
  retention?.[kind] ?? Number.POSITIVE_INFINITY
