// Time that passes at once for all that runs in this process: the bridge, its provider, its database, and whoever asks them.
import { vi } from 'vitest'

/** Does the work so many seconds from now, and comes back. Timers run as ever. */
export async function later<T>(seconds: number, work: () => Promise<T>): Promise<T> {
  vi.useFakeTimers({ toFake: ['Date'], shouldAdvanceTime: true, now: Date.now() + seconds * 1000 })
  try {
    return await work()
  } finally {
    vi.useRealTimers()
  }
}
