// The life of a process that serves: start, signals, a graceful end, and an end at once where that takes too long.
import type { Log } from '../ports/log.ts'

export interface Lifetime {
  readonly log: Log
  /** How long `stop` may take; a little is added before the process is ended over its head. */
  readonly graceMs: number
  start(): Promise<void>
  stop(): Promise<void>
}

const signals = ['SIGTERM', 'SIGINT'] as const
type Signal = (typeof signals)[number]

// 128 + the signal's number, as shells have it.
const statusOf: Readonly<Record<Signal, number>> = { SIGTERM: 143, SIGINT: 130 }
const marginMs = 2000

/**
 * Starts, and resolves with the exit code once a signal came and everything was closed: 0, or 1 when an error that
 * nobody caught was the reason or the grace was not enough. A second signal ends the process at once.
 */
export async function untilStopped(lifetime: Lifetime): Promise<number> {
  const { log } = lifetime
  const end = Promise.withResolvers<number>()
  let stopping = false
  const stop = (reason: string, status: number) => {
    if (stopping) return
    stopping = true
    log.info('stopping', { reason, graceMs: lifetime.graceMs })
    void closed(lifetime).then((clean) => end.resolve(clean ? status : 1))
  }
  const onSignal = (signal: Signal) => {
    if (stopping) process.exit(statusOf[signal])
    stop(signal, 0)
  }
  // A rejection that nobody awaited harms one request at most; the process goes on, and the log says so.
  const onRejection = (reason: unknown) => log.error('rejection.unhandled', { error: reason })
  // After an error that nobody caught the state is unknown: another node, or the supervisor's restart, does better.
  const onError = (error: unknown) => {
    log.error('error.uncaught', { error })
    stop('error.uncaught', 1)
  }
  for (const signal of signals) process.on(signal, onSignal)
  process.on('unhandledRejection', onRejection)
  process.on('uncaughtException', onError)
  try {
    await lifetime.start()
    return await end.promise
  } finally {
    if (!stopping) await closed(lifetime)
    for (const signal of signals) process.off(signal, onSignal)
    process.off('unhandledRejection', onRejection)
    process.off('uncaughtException', onError)
  }
}

/** Did everything close within the grace? */
async function closed({ log, graceMs, stop }: Lifetime): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), graceMs + marginMs)
  })
  try {
    const clean = await Promise.race([stop().then(() => true), late])
    if (clean) log.info('stopped')
    else log.error('stop.late', { graceMs })
    return clean
  } catch (error) {
    log.error('stop.failed', { error })
    return false
  } finally {
    clearTimeout(timer)
  }
}
