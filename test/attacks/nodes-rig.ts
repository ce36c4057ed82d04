// A whole bridge on one kind of database, on PostgreSQL as two nodes: what the attacks by many at once are made with.
import { afterAll, beforeAll } from 'vitest'
import { startBridge, type TestBridge } from '../journeys/bridge.ts'
import { type Scratch, scratch } from '../storage/scratch.ts'

/** Twenty at once. */
export const twenty = <T>(work: (i: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: 20 }, (_, i) => work(i)))

/**
 * Registers the bridge for all tests of this suite; `ready` is given it, and where its database is. Says where the i-th of many goes: all to one node, or
 * turn about.
 */
export function onNodes(
  kind: 'embedded' | 'server',
  ready: (bridge: TestBridge, place: Scratch) => void,
): (i: number) => string {
  let place: Scratch
  let bridge: TestBridge
  let nodes: string[]
  beforeAll(async () => {
    place = await scratch(kind)
    bridge = await startBridge(place.url)
    nodes = [new URL(bridge.issuer).origin]
    if (kind === 'server') nodes.push(await bridge.node())
    ready(bridge, place)
  })
  afterAll(async () => {
    await bridge.stop()
    await place.remove()
  })
  return (i) => nodes[i % nodes.length] as string
}
