// Counting for /metrics, in the text format of Prometheus.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { MetricName, Metrics } from '../ports/log.ts'

interface Measure {
  readonly help: string
  readonly labels: readonly string[]
  /** Upper bounds in seconds; a measure without them is a counter, or a level where it says so. */
  readonly buckets?: readonly number[]
  readonly level?: true
}

// Hand-written, so that no caller can invent a label and with it a series without end.
const measures: Readonly<Record<MetricName, Measure>> = {
  drawbridge_requests_total: { help: 'HTTP requests answered', labels: ['route', 'method', 'status'] },
  drawbridge_request_seconds: {
    help: 'Time from the request to its answer',
    labels: ['route', 'method', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
  drawbridge_refusals_total: { help: 'Refusals by code', labels: ['code'] },
  drawbridge_alerts_total: { help: 'Refusals that point to an attack', labels: ['code'] },
  drawbridge_logins_total: { help: 'Sign-ins by outcome', labels: ['outcome', 'acr'] },
  drawbridge_core_calls_total: { help: 'Calls to cores by outcome', labels: ['core', 'outcome'] },
  drawbridge_core_call_seconds: {
    help: 'Time that a core took to answer',
    labels: ['core', 'outcome'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  },
  drawbridge_deliveries_total: {
    help: 'Messages to customers by what became of them',
    labels: ['kind', 'outcome'],
  },
  drawbridge_risk_assessments_total: {
    help: 'Events that risk engines were asked about, by what came of it',
    labels: ['institution', 'kind', 'action', 'answered'],
  },
  drawbridge_risk_answers_total: {
    help: 'What each risk engine said, or how it failed',
    labels: ['institution', 'provider', 'said'],
  },
  drawbridge_signatures_total: { help: 'Signatures made with keys of institutions', labels: ['purpose'] },
  drawbridge_db_round_trips_total: { help: 'Waits for the database', labels: [] },
  drawbridge_db_statements_total: { help: 'Statements sent to the database', labels: [] },
  drawbridge_audit_events_total: { help: 'Audit events committed', labels: ['type'] },
  drawbridge_expiry_days: {
    help: 'Days until the first thing of this kind ends, negative when it is over',
    labels: ['institution', 'connection', 'kind'],
    level: true,
  },
  drawbridge_cases_waiting: {
    help: 'Held transactions that wait for the bank to decide on them',
    labels: ['institution'],
    level: true,
  },
  drawbridge_case_deadline_seconds: {
    help: 'Seconds until the first of them is over',
    labels: ['institution'],
    level: true,
  },
}

export interface MeteredMetrics extends Metrics {
  readonly contentType: string
  /** The whole exposition, one `# HELP` block a measure. */
  render(): Promise<string>
  /** Counts that are kept elsewhere and read only when asked for. */
  observe(name: MetricName, read: () => number): void
  /** All series of a level, in the place of what it had before; of two with the same labels the lower one counts. */
  levels(name: MetricName, series: readonly Level[]): void
}

export interface Level {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** A registry of its own: two bridges in one process (tests) do not count into each other. */
export function createMetrics(): MeteredMetrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const read = new Map<MetricName, () => number>()
  const made = new Map(
    Object.entries(measures).map(([name, measure]) => [name, make(registry, name, measure)]),
  )
  const known = (name: MetricName, labels: Readonly<Record<string, string>>) =>
    Object.fromEntries(measures[name].labels.map((label) => [label, (labels[label] ?? '').slice(0, 80)]))
  return {
    contentType: registry.contentType,
    count(name, labels = {}) {
      const counter = made.get(name)
      if (counter instanceof Counter) counter.inc(known(name, labels))
    },
    time(name, seconds, labels = {}) {
      const histogram = made.get(name)
      if (histogram instanceof Histogram) histogram.observe(known(name, labels), seconds)
    },
    observe: (name, value) => void read.set(name, value),
    levels(name, series) {
      const gauge = made.get(name)
      if (!(gauge instanceof Gauge)) return
      gauge.reset()
      for (const { labels, value } of series.toSorted((a, b) => b.value - a.value))
        gauge.set(known(name, labels), value)
    },
    render() {
      for (const [name, value] of read) {
        const counter = made.get(name)
        if (!(counter instanceof Counter)) continue
        counter.reset()
        counter.inc(value())
      }
      return registry.metrics()
    },
  }
}

function make(registry: Registry, name: string, { help, labels, buckets, level }: Measure) {
  const common = { name, help, labelNames: [...labels], registers: [registry] }
  if (level) return new Gauge(common)
  return buckets === undefined ? new Counter(common) : new Histogram({ ...common, buckets: [...buckets] })
}
