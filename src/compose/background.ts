// Work that no request waits for, at an interval, one pass at a time.
import type { Log } from '../ports/log.ts'

export interface BackgroundWork {
  readonly name: string
  readonly everyMs: number
  readonly pass: () => Promise<unknown>
}

/** Runs passes until stopped; `stop` waits for the one under way. A pass that fails is logged, and the next comes. */
export function startBackground(
  { name, everyMs, pass }: BackgroundWork,
  log: Log,
): { stop(): Promise<void> } {
  let running: Promise<unknown> = Promise.resolve()
  let busy = false
  const timer = setInterval(() => {
    if (busy) return
    busy = true
    running = pass()
      .catch((error: unknown) => log.error(`${name}.failed`, { error: String(error) }))
      .finally(() => {
        busy = false
      })
  }, everyMs)
  timer.unref()
  return {
    stop: async () => {
      clearInterval(timer)
      await running
    },
  }
}
