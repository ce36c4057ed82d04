// What an institution keeps no longer is deleted, and how much went is told.
import { keptSince, type Looked, lookOn, type RecordKind, recordKinds } from '../domain/retention.ts'
import type { Chance, Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { RetentionStore } from '../ports/retention.ts'
import type { Directory } from '../ports/stores.ts'
import type { Audit, UnitOfWork } from '../ports/unit-of-work.ts'

export interface RetentionPorts {
  readonly directory: Pick<Directory, 'institutions'>
  readonly retentionStore: RetentionStore
  readonly unit: UnitOfWork
  readonly audit: Audit
  readonly clock: Clock
  readonly chance: Chance
  readonly log: Log
}

/** Looked at in one unit, and units of one kind in one pass: no request waits for long, and a backlog is worked off all the same. */
const mostAtOnce = 1000
const mostUnits = 20

/**
 * Resolves with a pass over all institutions, which resolves with how many records went. Each unit that deleted anything tells of
 * it: what is gone and its event commit together. What fails is logged, and keeps no other kind or institution waiting.
 */
export function createRetentionPass(ports: RetentionPorts) {
  const ways = new Map<string, Looked>()
  return async function pass(): Promise<number> {
    let removed = 0
    for (const { id: institution, retention = {} } of await ports.directory.institutions())
      for (const kind of recordKinds) {
        const before = keptSince(retention, kind, ports.clock.now())
        if (before === undefined) continue
        removed += await lookedThrough(ports, ways, { institution, kind, before }).catch((error: unknown) => {
          ports.log.error('retention.failed', { institution, kind, error: String(error) })
          return 0
        })
      }
    return removed
  }
}

interface Looking {
  readonly institution: string
  readonly kind: RecordKind
  readonly before: number
}

async function lookedThrough(
  ports: RetentionPorts,
  ways: Map<string, Looked>,
  { institution, kind, before }: Looking,
): Promise<number> {
  const now = ports.clock.now()
  const key = `${institution} ${kind}`
  let removed = 0
  for (let units = 0; units < mostUnits; units += 1) {
    const { until: from, begun } = lookOn(ways.get(key), now)
    if (from >= before) break
    const looked = await removedOnce(ports, { institution, kind }, { from, before, now, most: mostAtOnce })
    removed += looked.removed
    ways.set(key, { until: looked.until, begun })
  }
  return removed
}

function removedOnce(
  { unit, retentionStore, audit, chance }: RetentionPorts,
  { institution, kind }: Omit<Looking, 'before'>,
  look: Parameters<RetentionStore['removeOld']>[2],
) {
  return unit.run({ institution, reference: chance.reference() }, async () => {
    const looked = await retentionStore.removeOld(institution, kind, look)
    if (looked.removed > 0)
      audit.record({
        type: 'retention.removed',
        outcome: 'ok',
        detail: { kind, count: looked.removed, before: new Date(look.before).toISOString() },
      })
    return looked
  })
}
