// Devices that wait for a message: one question to the database for all of them, and nothing held while they wait.
import { AsyncResource } from 'node:async_hooks'
import type { Clock } from '../ports/clock.ts'
import type { DeviceMessages, DevicePlace, PlacedMessage } from '../ports/device-messages.ts'
import type { Log } from '../ports/log.ts'

/** An app may have a few windows; if each ended the wait of another, they would ask in turn without rest. */
const mostEach = 3

export interface MessageWaitingPorts {
  readonly deviceMessages: Pick<DeviceMessages, 'since'>
  readonly clock: Clock
  readonly log: Log
  readonly everyMs: number
}

export interface MessageWaiting {
  /**
   * Resolves with what comes, or with nothing: after `ms`, when `signal` says that the client is gone, when the same device
   * waits more often than `mostEach`, and when the bridge stops. No unit may be open.
   */
  wait(place: DevicePlace, until: { ms: number; signal: AbortSignal }): Promise<readonly PlacedMessage[]>
  close(): void
}

interface Waiter {
  readonly place: DevicePlace
  readonly end: (messages: readonly PlacedMessage[]) => void
}

const keyOf = ({ institution, device }: { institution: string; device: string }) => `${institution}|${device}`

export function createMessageWaiting(ports: MessageWaitingPorts): MessageWaiting {
  const waiters = new Set<Waiter>()
  const state = { timer: undefined as NodeJS.Timeout | undefined, closed: false }
  const later = () => {
    if (waiters.size > 0 && !state.closed) state.timer ??= setTimeout(look, ports.everyMs)
  }
  // A timer remembers in whose request it was set; the question is nobody's, and belongs to no unit of work.
  const look = AsyncResource.bind(() => {
    lookOnce(ports, waiters).finally(() => {
      state.timer = undefined
      later()
    })
  })
  return {
    wait(place, { ms, signal }) {
      if (state.closed || signal.aborted) return Promise.resolve([])
      const mine = [...waiters].filter((other) => keyOf(other.place) === keyOf(place))
      if (mine.length >= mostEach) mine[0]?.end([])
      const { promise, resolve } = Promise.withResolvers<readonly PlacedMessage[]>()
      const over = () => waiter.end([])
      const timer = setTimeout(over, ms)
      const waiter: Waiter = {
        place,
        end(messages) {
          clearTimeout(timer)
          signal.removeEventListener('abort', over)
          waiters.delete(waiter)
          resolve(messages)
        },
      }
      signal.addEventListener('abort', over, { once: true })
      waiters.add(waiter)
      later()
      return promise
    },
    close() {
      state.closed = true
      clearTimeout(state.timer)
      for (const { end } of [...waiters]) end([])
    },
  }
}

async function lookOnce(
  { deviceMessages, clock, log }: MessageWaitingPorts,
  waiters: ReadonlySet<Waiter>,
): Promise<void> {
  const asked = [...waiters]
  if (asked.length === 0) return
  try {
    const found = await deviceMessages.since(
      asked.map(({ place }) => place),
      clock.now(),
    )
    const of = Map.groupBy(found, keyOf)
    for (const { place, end } of asked) {
      // Two windows of one device may have seen it up to different places.
      const messages = of.get(keyOf(place))?.filter(({ seq }) => seq > place.after) ?? []
      if (messages.length > 0) end(messages)
    }
  } catch (error) {
    // They go on waiting: the next look may be answered.
    log.warn('messages.waiting', { error: String(error) })
  }
}
