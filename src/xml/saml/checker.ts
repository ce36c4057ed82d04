// Threads that check SAML answers, each under a deadline; one that overran it is replaced (duty D20).
import { join } from 'node:path'
import { setTimeout as rest } from 'node:timers/promises'
import pLimit from 'p-limit'
import { Piscina } from 'piscina'
import { Refusal } from '../../domain/refusal.ts'
import type { UpstreamSubject } from '../../domain/subject.ts'
import type { SamlChecker } from '../../ports/saml-checker.ts'
import type { Task, Verdict } from './worker.ts'

export interface CheckerOptions {
  readonly workers: number
  /** For one message, from when a thread takes it up; neither the queue nor the start of a thread counts. */
  readonly deadlineMs: number
  /** Messages after which a thread is replaced; 20,000 unless told. */
  readonly messagesPerWorker?: number
}

const startMs = 10_000
const longestQueue = 64

/** One thread. A pool of its own makes waiting for its replacement waiting for that very thread. */
interface Desk {
  /** Throws a Refusal; afterwards `ready` must be awaited. */
  judge(task: Task): Promise<Verdict>
  ready(): Promise<void>
  close(): Promise<void>
}

async function within<T>(ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(), ms)
  try {
    return await work(stop.signal)
  } finally {
    clearTimeout(timer)
  }
}

async function openDesk(deadlineMs: number): Promise<Desk> {
  const pool = new Piscina({
    filename: join(import.meta.dirname, 'worker.ts'),
    minThreads: 1,
    maxThreads: 1,
    resourceLimits: { maxOldGenerationSizeMb: 64 },
  })
  // Without a listener an idle thread's death would end the process; whoever waits for it learns by `ready`.
  let fault: unknown
  pool.on('error', (error: unknown) => {
    fault = error
  })
  const desk: Desk = {
    judge: (task) =>
      within(deadlineMs, (signal) => pool.run(task, { name: 'verdictOn', signal })).catch(
        (error: unknown) => {
          const late = error instanceof Error && error.name === 'AbortError'
          const actual = String(error).slice(0, 200)
          throw late
            ? new Refusal('saml.deadline', {
                check: 'time',
                expected: `within ${deadlineMs} ms`,
                actual: 'longer',
              })
            : new Refusal('saml.malformed', { check: 'unforeseen', expected: 'a verdict', actual })
        },
      ),
    async ready() {
      try {
        await within(startMs, (signal) => pool.run(undefined, { name: 'ready', signal }))
      } catch (error) {
        throw new Error('the SAML worker does not start', { cause: fault ?? error })
      }
    },
    close: () => pool.destroy(),
  }
  await desk.ready().catch(async (error: unknown) => {
    await desk.close()
    throw error
  })
  return desk
}

interface Slot {
  desk: Desk
  served: number
}

/** All slots; when one does not open, the others are closed, so that a failed start leaves no thread running. */
async function allOrNone(opening: readonly Promise<Slot>[]): Promise<Slot[]> {
  const outcomes = await Promise.allSettled(opening)
  const slots = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (!failed) return slots
  await Promise.all(slots.map(({ desk }) => desk.close()))
  throw failed.reason
}

/** What may be asked of the threads. */
function asked(judged: (task: Task) => Promise<Verdict>): Omit<SamlChecker, 'close'> {
  return {
    async check(samlResponse, expected, decrypter) {
      const first = await judged({ samlResponse, expected })
      if (!('wrapped' in first)) return subjectOf(first)
      if (!decrypter) throw noKey()
      const { wrapped } = first
      return refusingInStep(async () => {
        // The thread learns the content key of this one answer; the private key stays where it is.
        const contentKey = await decrypter.unwrap(wrapped)
        return subjectOf(await judged({ samlResponse, expected, contentKey }))
      })
    },
    async checkLogout(message, expected) {
      const verdict = await judged({ message, expected })
      if ('logout' in verdict) return verdict.logout
      if ('code' in verdict) throw new Refusal(verdict.code, verdict.detail)
      throw new Error('a logout message was judged as something else')
    },
  }
}

function subjectOf(verdict: Verdict): UpstreamSubject {
  if ('subject' in verdict) return verdict.subject
  if ('code' in verdict) throw new Refusal(verdict.code, verdict.detail)
  throw noKey()
}

const noKey = (): Refusal =>
  new Refusal('saml.encrypted', { check: 'decryption key', expected: 'one', actual: '(none)' })

const stepMs = 100

/** Refusals leave at whole steps of time: how far an opening came is not told by how long it took (duty D18, attack 76). */
async function refusingInStep<T>(work: () => Promise<T>): Promise<T> {
  const started = performance.now()
  try {
    return await work()
  } catch (error) {
    await rest(stepMs - ((performance.now() - started) % stepMs))
    throw error
  }
}

/** Starts the threads and waits until each has proved itself; throws when one does not. */
export async function createSamlChecker(options: CheckerOptions): Promise<SamlChecker> {
  const { workers, deadlineMs, messagesPerWorker = 20_000 } = options
  const open = async (): Promise<Slot> => ({ desk: await openDesk(deadlineMs), served: 0 })
  const slots = await allOrNone(Array.from({ length: workers }, open))
  const idle = [...slots]
  const limit = pLimit(workers)
  let closed = false

  /** Makes the slot fit for the next message, which waits for it in the queue and not under its deadline. */
  async function restore(slot: Slot, failed: boolean): Promise<void> {
    slot.served += 1
    if (closed || (!failed && slot.served < messagesPerWorker)) return
    if (failed) return slot.desk.ready()
    // WebAssembly memory grows, never shrinks, and no limit on a thread reaches it (ruling R-26).
    const worn = slot.desk
    Object.assign(slot, await open())
    await (closed ? slot.desk : worn).close()
  }

  async function serve(task: Task, settle: (outcome: Promise<Verdict>) => void): Promise<void> {
    const slot = idle.pop() as Slot
    const outcome = slot.desk.judge(task)
    settle(outcome)
    const failed = await outcome.then(
      () => false,
      () => true,
    )
    // A slot that cannot be restored stays: its next message is refused, and it is tried again.
    await restore(slot, failed).catch(() => undefined)
    idle.push(slot)
  }

  async function judged(task: Task): Promise<Verdict> {
    if (limit.pendingCount > longestQueue * workers) throw new Refusal('busy', { queue: 'saml' })
    return new Promise((resolve) => {
      void limit(() => serve(task, resolve))
    })
  }

  return {
    ...asked(judged),
    async close() {
      closed = true
      await Promise.all(slots.map(({ desk }) => desk.close()))
    },
  }
}
