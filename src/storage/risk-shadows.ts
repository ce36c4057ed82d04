// What risk providers said that were asked without effect.
import type { RiskShadows, ShadowCount } from '../ports/risk-records.ts'
import type { Connections } from './unit-of-work.ts'

const countQuery = `
select kind, provider, action, would_be as "wouldBe", count(*)::int as times from risk_shadow
where institution = :institution and created_at >= :since
group by kind, provider, action, would_be order by kind, provider, action, would_be`

export const createRiskShadows = ({ reader, send }: Connections): RiskShadows => ({
  keep: ({ wouldBe, at, ...answer }) =>
    send((db) =>
      db('risk_shadow')
        .insert({ ...answer, would_be: wouldBe, created_at: new Date(at) })
        .onConflict(['institution', 'assessment', 'provider'])
        .ignore(),
    ),
  async ofAssessment(institution, assessment) {
    const db = await reader()
    return db('risk_shadow')
      .where({ institution, assessment })
      .orderBy('provider')
      .select('provider', 'said', { wouldBe: 'would_be' })
  },
  async counts(institution, since) {
    const db = await reader()
    const { rows }: { rows: ShadowCount[] } = await db.raw(countQuery, {
      institution,
      since: new Date(since),
    })
    return rows
  },
})
