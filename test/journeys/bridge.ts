// A whole bridge with its demo bank, in this process, on free ports; more nodes of it over the same database where asked.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DemoPlace, openDemoBridge } from '../../src/cli/demo-bridge.ts'
import type { Parts } from '../../src/compose/oidc.ts'
import { prepareDemo } from '../../src/config/demo-stamp.ts'
import { runDemo, type World } from '../../src/demo/run.ts'
import type { Application } from '../../src/ports/application.ts'
import type { Clock } from '../../src/ports/clock.ts'
import { seeded } from '../storage/seed.ts'
import { freePort } from './free-port.ts'
import { sharedChecker } from './shared-checker.ts'

export interface TestBridge {
  readonly world: World
  readonly application: Application
  readonly issuer: string
  /** What the first node is made of. */
  readonly parts: Parts
  /** Metrics of the first node. */
  readonly managementUrl: string
  /** Another node over the same PostgreSQL, a process of its own; its address, for requests to the same issuer. */
  node(): Promise<string>
  /** Ends the node at this address as a failing machine would: at once, whatever it is doing. */
  crash(address: string): Promise<void>
  stop(): Promise<void>
}

const quiet = process.env.TEST_LOG ? 'info' : 'error'

/** A clock that runs on by itself, further when told, and not at all while something is done that must take no time. */
export function movingClock() {
  let ahead = 0
  let stood: number | undefined
  return {
    now: () => (stood ?? Date.now()) + ahead,
    advance: (seconds: number) => {
      ahead += seconds * 1000
    },
    /** As the machine's again. */
    back: () => {
      ahead = 0
    },
    async still<T>(work: () => Promise<T>): Promise<T> {
      stood = Date.now()
      try {
        return await work()
      } finally {
        stood = undefined
      }
    },
  }
}

/** What a test sets otherwise; `risk` has the demo bank ask its risk engines, which most tests are not about. */
export type TestSettings = DemoPlace['settings'] & { readonly risk?: boolean; readonly pace?: number }

/** Of background work, so that nobody waits a second for each message; each pass costs the others time too. */
const quick = 3

/** `databaseUrl` for PostgreSQL; else embedded. `clock` is what the bridge believes, in place of the machine's. */
export async function startBridge(
  databaseUrl?: string,
  clock?: Clock,
  { risk = false, pace = quick, ...settings }: TestSettings = {},
): Promise<TestBridge> {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-test-'))
  const env = databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }
  // The stamp first: the demo refuses a directory that holds data of somebody else.
  prepareDemo({ env, directory, host: '127.0.0.1' })
  if (databaseUrl === undefined) await seeded(directory)
  let parts: Parts | undefined
  const { application, config } = await openDemoBridge({
    env,
    directory,
    host: '127.0.0.1',
    port: await freePort(),
    logLevel: quiet,
    checker: await sharedChecker(),
    made: (given) => {
      parts = given as Parts
    },
    ...(clock && { clock }),
    pace,
    settings,
  })
  let managementUrl = ''
  const started = application.start.bind(application)
  const observed: Application = {
    ...application,
    start: async () => {
      const addresses = await started()
      managementUrl = addresses.managementUrl
      return addresses
    },
  }
  const world = await runDemo({
    application: observed,
    publicUrl: config.publicUrl,
    port: 0,
    say: () => undefined,
    risk,
  })
  const nodes = new Map<string, ChildProcess>()
  return {
    world,
    application,
    issuer: world.issuer,
    parts: parts as unknown as Parts,
    managementUrl,
    async node() {
      const settings = {
        mode: 'development',
        public_url: config.publicUrl,
        listen: { host: '127.0.0.1', port: 0 },
        management: { host: '127.0.0.1', port: 0 },
        timeouts: { drain_ms: 0 },
        database: { data_directory: directory, acquire_timeout_ms: 10_000 },
        saml: { workers: 1, deadline_ms: 20_000 },
        keys: { master: `file:${join(directory, 'demo-master-key')}` },
        outbound: { allowed_networks: ['127.0.0.0/8', '::1/128'] },
        log: { level: quiet, destination: 'stderr' },
      } as const
      const child = fork(join(import.meta.dirname, 'node-process.ts'), { stdio: 'inherit', execArgv: [] })
      child.send({ settings, databaseUrl })
      return new Promise<string>((resolve, reject) => {
        child.once('message', ({ listening }: { listening: string }) => {
          nodes.set(listening, child)
          resolve(listening)
        })
        child.once('exit', (code) => reject(new Error(`the node ended: ${code}`)))
      })
    },
    async crash(address) {
      const node = nodes.get(address) as ChildProcess
      nodes.delete(address)
      const ended = once(node, 'exit')
      node.kill('SIGKILL')
      await ended
    },
    async stop() {
      await world.stop()
      for (const node of nodes.values()) {
        const ended = once(node, 'exit')
        node.send('stop')
        await ended
      }
      await application.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
