// Outcomes for /metrics, counted from the audit, where each stands once, and only when it is committed.
import type { Log, Metrics } from '../ports/log.ts'

export interface CountingPorts {
  readonly metrics: Metrics
  readonly log: Log
}

/** Counts one committed event, as its body stands in the audit. */
export function countEvent(ports: CountingPorts, institution: string, body: string): void {
  const { metrics } = ports
  const { type, outcome, reference, core = '', detail = {} } = JSON.parse(body)
  metrics.count('drawbridge_audit_events_total', { type })
  if (type.startsWith('delivery.'))
    metrics.count('drawbridge_deliveries_total', {
      kind: detail.kind ?? '',
      outcome: type.slice('delivery.'.length),
    })
  if (type === 'risk.assessed') countAssessment(ports, { institution, reference, ...detail })
  if (/^login\.(finished|refused|cancelled)$/.test(type)) {
    metrics.count('drawbridge_logins_total', { outcome: type.slice('login.'.length), acr: detail.acr ?? '' })
  }
  if (!/^call\.(answered|refused|failed)$/.test(type)) return
  metrics.count('drawbridge_core_calls_total', { core, outcome })
  if (typeof detail.ms === 'number')
    metrics.time('drawbridge_core_call_seconds', detail.ms / 1000, { core, outcome })
}

interface Assessed {
  readonly institution: string
  readonly reference: string
  readonly kind: string
  readonly action: string
  readonly reason: string
  readonly providers: readonly string[]
}

/** Whoever slows an engine down to get in shows here: more answers that failed, and an alert where a failure decided (attack 169). */
function countAssessment(
  { metrics, log }: CountingPorts,
  { institution, reference, kind, action, reason, providers }: Assessed,
): void {
  const unanswered = reason === 'risk.unanswered'
  const answered = unanswered ? 'no' : 'yes'
  metrics.count('drawbridge_risk_assessments_total', { institution, kind, action, answered })
  for (const one of providers) {
    const [provider = '', said = ''] = one.split(': ')
    metrics.count('drawbridge_risk_answers_total', { institution, provider, said })
  }
  if (!unanswered) return
  metrics.count('drawbridge_alerts_total', { code: reason })
  log.warn('alert', { code: reason, institution, reference, detail: { kind, action, providers } })
}
