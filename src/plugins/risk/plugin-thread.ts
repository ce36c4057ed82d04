// Threads of risk plugins: started with nothing of ours in reach, ended when they do not answer, started anew (attack 171).
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Log } from '../../ports/log.ts'
import type { RiskDeadline, RiskMemory } from '../../ports/risk.ts'
import { CodedFailure, shownName } from './failure.ts'
import type {
  FirstWord,
  ListedPlugin,
  Order,
  Question,
  Said,
  ThreadTask,
  ThrownWords,
} from './plugin-words.ts'

export const threadLimits = {
  /** For loading, checking and opening, the start of the thread included. */
  startMs: 10_000,
  /** How long a thread may say nothing at all after a deadline. */
  silenceMs: 250,
  /** One that ended sooner than this is not started anew before it is asked again. */
  livedMs: 1000,
  closeMs: 1000,
  resources: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 },
} as const

/** What went wrong in a thread. */
export class PluginFault extends CodedFailure {
  constructor(code: string, message = code) {
    super(code, message)
    this.name = 'PluginFault'
  }
}

const faultOf = (thrown: ThrownWords): PluginFault => new PluginFault(shownName(thrown) ?? 'plugin_failed')

function started(task: ThreadTask): Worker {
  const worker = new Worker(join(import.meta.dirname, 'plugin-worker.ts'), {
    workerData: task,
    name: 'risk plugin',
    env: {},
    argv: [],
    execArgv: [],
    // What it prints could hold anything, and go anywhere that our log goes.
    stdout: true,
    stderr: true,
    resourceLimits: threadLimits.resources,
  })
  worker.stdout.resume()
  worker.stderr.resume()
  // Without a listener its death would be ours. Whoever waits learns by its end.
  worker.on('error', () => undefined)
  return worker
}

/** What the thread says when it has done what it was started for. Rejects when it does not in time. */
function firstWordOf(worker: Worker): Promise<FirstWord> {
  const first = Promise.withResolvers<FirstWord>()
  const late = () => first.reject(new PluginFault('plugin_start', 'it was not ready in time'))
  const timer = setTimeout(late, threadLimits.startMs)
  worker.on('message', (said: Said) => {
    if (isFirst(said)) first.resolve(said)
  })
  worker.once('error', (error: unknown) =>
    first.reject(new PluginFault('plugin_start', String(error).slice(0, 200))),
  )
  worker.once('exit', () => first.reject(new PluginFault('plugin_start', 'its thread ended')))
  return first.promise.finally(() => clearTimeout(timer))
}

/** What it keeps may be asked for while it opens. */
const isFirst = (said: Said): said is FirstWord =>
  ['described', 'checked', 'serving', 'refused'].includes(said.word)

/** One thread for one word; it is ended afterwards. */
export async function askPlugin(task: ThreadTask): Promise<FirstWord> {
  const worker = started(task)
  try {
    return await firstWordOf(worker)
  } finally {
    await worker.terminate()
  }
}

export interface PluginThread {
  /** The plugin's answer, as far as it is JSON. Rejects with a PluginFault. */
  call(question: Question, deadline: RiskDeadline): Promise<unknown>
  close(): Promise<void>
}

export interface ThreadPorts {
  readonly listed: ListedPlugin
  readonly settings: Readonly<Record<string, unknown>>
  readonly institution: string
  readonly provider: string
  readonly memory: RiskMemory
  readonly log: Log
}

/** A thread that runs. */
interface Running {
  readonly worker: Worker
  readonly ready: Promise<void>
  readonly since: number
  readonly open: Map<number, PromiseWithResolvers<unknown>>
}

/** Keeps one thread for one provider: it is started at once, and anew when it has ended. */
export function openPluginThread(ports: ThreadPorts): PluginThread {
  let running: Running | undefined
  let closed = false
  let last = 0
  const start = (): Running => {
    const next = begun(ports)
    next.worker.once('exit', () => {
      for (const call of next.open.values()) call.reject(new PluginFault('plugin_ended'))
      next.open.clear()
      if (running !== next) return
      running = undefined
      if (closed) return
      ports.log.warn('risk.plugin_ended', { institution: ports.institution, provider: ports.provider })
      // One that dies as it begins would be started for ever.
      if (performance.now() - next.since > threadLimits.livedMs) running = start()
    })
    return next
  }
  running = start()
  return {
    async call(question, deadline) {
      if (closed) throw new PluginFault('plugin_closed')
      running ??= start()
      const thread = running
      await Promise.race([thread.ready, aborted(deadline.signal)])
      return asked(thread, { ...question, id: ++last, ms: deadline.ms }, deadline.signal)
    },
    async close() {
      closed = true
      const thread = running
      if (thread === undefined) return
      const signal = AbortSignal.timeout(threadLimits.closeMs)
      await asked(thread, { order: 'close', id: ++last }, signal).catch(() => undefined)
      await thread.worker.terminate()
    },
  }
}

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const over = () => reject(new PluginFault('late'))
    if (signal.aborted) over()
    else signal.addEventListener('abort', over, { once: true })
  })

function begun({ listed, settings, institution, provider, memory }: ThreadPorts): Running {
  const worker = started({ listed, kind: 'serve', settings, institution, provider })
  const open: Running['open'] = new Map()
  const ready = firstWordOf(worker).then(
    (said) => {
      if (said.word === 'serving') return
      void worker.terminate()
      throw said.word === 'refused' ? faultOf(said.thrown ?? {}) : new PluginFault('plugin_start')
    },
    (error: unknown) => {
      void worker.terminate()
      throw error
    },
  )
  // Told to whoever asks; where nobody does, it is nobody's.
  ready.catch(() => undefined)
  worker.on('message', (said: Said) => heard({ worker, open, memory }, said))
  return { worker, ready, since: performance.now(), open }
}

interface Hearing extends Pick<Running, 'worker' | 'open'> {
  readonly memory: RiskMemory
}

function heard({ worker, open, memory }: Hearing, said: Said): void {
  if (said.word === 'recall' || said.word === 'remember') return void remembered(worker, memory, said)
  if (said.word !== 'answer' && said.word !== 'failed' && said.word !== 'pong') return
  const call = open.get(said.id)
  open.delete(said.id)
  if (said.word === 'failed') call?.reject(faultOf(said.thrown))
  else call?.resolve('json' in said ? parsed(said.json) : undefined)
}

/** What is no JSON is no answer. */
function parsed(json: unknown): unknown {
  try {
    return JSON.parse(String(json))
  } catch {
    return undefined
  }
}

const longestKey = 200
const longestValue = 65_536

async function remembered(
  worker: Worker,
  memory: RiskMemory,
  said: Extract<Said, { readonly word: 'recall' | 'remember' }>,
): Promise<void> {
  const tell = (order: Order) => worker.postMessage(order)
  const { id, key } = said
  try {
    if (typeof key !== 'string' || key.length > longestKey) throw new Error('key')
    if (said.word === 'recall') {
      const value = await memory.get(key)
      return tell({ order: 'remembered', id, ...(value !== undefined && { value }) })
    }
    const { value, expiresAt } = said
    if (typeof value !== 'string' || value.length > longestValue || !Number.isFinite(expiresAt))
      throw new Error('value')
    await memory.put(key, value, expiresAt)
    tell({ order: 'remembered', id })
  } catch {
    tell({ order: 'remembered', id, failed: true })
  }
}

/** One order, until it is answered or nobody wants the answer; a thread that then says nothing at all is ended. */
async function asked(
  { worker, open }: Pick<Running, 'worker' | 'open'>,
  order: Order,
  signal: AbortSignal,
): Promise<unknown> {
  const call = Promise.withResolvers<unknown>()
  open.set(order.id, call)
  const over = () => {
    open.delete(order.id)
    worker.postMessage({ order: 'cancel', id: order.id } satisfies Order)
    void silent(worker, open).then((is) => void (is && worker.terminate()))
    call.reject(new PluginFault('late'))
  }
  if (signal.aborted) over()
  else signal.addEventListener('abort', over, { once: true })
  worker.postMessage(order)
  try {
    return await call.promise
  } finally {
    signal.removeEventListener('abort', over)
  }
}

let pings = 0

/** Does it loop, or hold a lock? One that only waits for somebody answers. */
function silent(worker: Worker, open: Running['open']): Promise<boolean> {
  // Negative, so that it is never the number of an order.
  const id = --pings
  const pong = Promise.withResolvers<unknown>()
  open.set(id, pong)
  worker.postMessage({ order: 'ping', id } satisfies Order)
  const timer = Promise.withResolvers<boolean>()
  const clock = setTimeout(() => timer.resolve(true), threadLimits.silenceMs)
  return Promise.race([
    pong.promise.then(
      () => false,
      () => false,
    ),
    timer.promise,
  ]).finally(() => {
    clearTimeout(clock)
    open.delete(id)
  })
}
