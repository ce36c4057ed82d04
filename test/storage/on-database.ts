// A migrated database for all tests of a suite, of either kind: what the contracts of the stores begin with.
import { afterAll, beforeAll } from 'vitest'
import type { Database } from '../../src/storage/open.ts'
import { everything } from './rig.ts'
import { migrated, type Scratch, scratch } from './scratch.ts'

export interface OnDatabase {
  readonly place: Scratch
  readonly database: Database
  readonly all: ReturnType<typeof everything>
}

/** Registers it; `ready` is given it before the first test. */
export function onDatabase(
  kind: 'embedded' | 'server',
  ready: (opened: OnDatabase) => void | Promise<void>,
): void {
  let place: Scratch
  let database: Database
  beforeAll(async () => {
    place = await scratch(kind)
    database = await migrated(place)
    await ready({ place, database, all: everything(database) })
  })
  afterAll(async () => {
    await database.close()
    await place.remove()
  })
}
