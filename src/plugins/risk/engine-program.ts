// A risk engine that is a program of its own, started by us: it knows nothing of ours but the socket that it listens on (ruling R-31).
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Refusal } from '../../domain/refusal.ts'
import type { GuardedAnswer, GuardedFetch, GuardedRequest } from '../../ports/guarded-fetch.ts'
import { createSocketFetch } from '../net/guarded-fetch.ts'

export interface Program {
  /** Reaches it by its socket; waits for it while it starts, for as long as the request's signal lets it. */
  readonly fetch: GuardedFetch
  close(): Promise<void>
}

export interface ProgramOptions {
  /** The program by its full path, and what it is started with. */
  readonly argv: readonly string[]
  /** Before it is started again; twice as long each time, as long as it does not stay up. */
  readonly restartMs?: number
  /** What it has for ending by itself. */
  readonly graceMs?: number
}

const limits = { timeoutMs: 30_000, maxBytes: 1024 * 1024 }
const longestRestartMs = 30_000
const settledMs = 60_000

/** Whoever can read the folder can ask the engine: nobody but our own user. */
export function startProgram({ argv, restartMs = 200, graceMs = 2000 }: ProgramOptions): Program {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-risk-'))
  const socket = join(folder, 'engine.sock')
  const [file = '', ...given] = argv
  let child: ChildProcess | undefined
  let timer: NodeJS.Timeout | undefined
  let wait = restartMs
  let closed = false
  const start = () => {
    rmSync(socket, { force: true })
    const began = Date.now()
    // Its input ends when we do: that tells it to end, too.
    const stdio = ['pipe', 'ignore', 'inherit'] as const
    const one = spawn(file, given, { env: { DRAWBRIDGE_SOCKET: socket }, stdio: [...stdio] })
    child = one
    const gone = () => {
      if (child !== one) return
      child = undefined
      wait = Date.now() - began > settledMs ? restartMs : Math.min(wait * 2, longestRestartMs)
      if (!closed) timer = setTimeout(start, wait)
    }
    one.once('exit', gone)
    one.once('error', gone)
    one.stdin?.on('error', () => undefined)
  }
  start()
  const reach = createSocketFetch(socket, limits)
  return {
    fetch: (url, request = {}) => whenUp(socket, reach, { url, request }),
    async close() {
      closed = true
      clearTimeout(timer)
      await ended(child, graceMs)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

interface Asking {
  readonly url: string
  readonly request: GuardedRequest
}

/** Between the making of its socket and its listening, and when it has just died, it refuses: nothing has reached it then. */
async function whenUp(socket: string, reach: GuardedFetch, { url, request }: Asking): Promise<GuardedAnswer> {
  const signal = request.signal ?? AbortSignal.timeout(limits.timeoutMs)
  for (;;) {
    await listening(socket, signal)
    try {
      return await reach(url, request)
    } catch (error) {
      if (!(error instanceof Refusal) || error.detail.reason !== 'refused' || signal.aborted) throw error
      await delay(20, undefined, { signal })
    }
  }
}

async function listening(socket: string, signal: AbortSignal): Promise<void> {
  while (!existsSync(socket)) await delay(20, undefined, { signal })
}

async function ended(child: ChildProcess | undefined, graceMs: number): Promise<void> {
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const over = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const force = setTimeout(() => child.kill('SIGKILL'), graceMs)
  await over
  clearTimeout(force)
}
