// What a provider keeps, in memory: the same promise as the one in the database.
import type { RiskMemory } from '../../../src/ports/risk.ts'

export interface KeptMemory extends RiskMemory {
  /** All that is kept now, for tests that look at what is written. */
  readonly kept: ReadonlyMap<string, { readonly value: string; readonly expiresAt: number }>
}

/** `slow`: each call takes another turn of the event loop, so that calls at once get into one another. */
export function memoryInMemory(now: () => number, slow = false): KeptMemory {
  const kept = new Map<string, { value: string; expiresAt: number }>()
  const turn = () => (slow ? new Promise((done) => setImmediate(done)) : undefined)
  const alive = (key: string) => {
    const found = kept.get(key)
    return found !== undefined && found.expiresAt > now() ? found : undefined
  }
  return {
    kept,
    async get(key) {
      await turn()
      return alive(key)?.value
    },
    async put(key, value, expiresAt) {
      await turn()
      kept.set(key, { value, expiresAt })
    },
    async count(key, expiresAt) {
      await turn()
      // Read and written in one turn: nobody comes between.
      const before = alive(key)
      const counted = Number(before?.value ?? 0) + 1
      kept.set(key, { value: String(counted), expiresAt: before?.expiresAt ?? expiresAt })
      return counted
    },
  }
}
