// Logging and counting, as the code sees them.

/** Structured log; every value is escaped by the writer, and secrets are never passed. */
export interface Log {
  info(event: string, fields?: Readonly<Record<string, unknown>>): void
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void
  error(event: string, fields?: Readonly<Record<string, unknown>>): void
}

/** Counters and timings for /metrics. Labels are few and bounded. */
export interface Metrics {
  count(name: MetricName, labels?: Readonly<Record<string, string>>): void
  time(name: MetricName, seconds: number, labels?: Readonly<Record<string, string>>): void
}
export type MetricName =
  | 'drawbridge_requests_total'
  | 'drawbridge_request_seconds'
  | 'drawbridge_refusals_total'
  | 'drawbridge_alerts_total'
  | 'drawbridge_logins_total'
  | 'drawbridge_core_calls_total'
  | 'drawbridge_core_call_seconds'
  | 'drawbridge_deliveries_total'
  | 'drawbridge_risk_assessments_total'
  | 'drawbridge_risk_answers_total'
  | 'drawbridge_signatures_total'
  | 'drawbridge_db_round_trips_total'
  | 'drawbridge_db_statements_total'
  | 'drawbridge_audit_events_total'
  | 'drawbridge_expiry_days'
  | 'drawbridge_cases_waiting'
  | 'drawbridge_case_deadline_seconds'
