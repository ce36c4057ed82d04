// The queues, by pg-boss on our own connections: a job is written by the unit that owes it.
import type { fromKnex, PgBoss } from 'pg-boss'
import type { Job, Jobs } from '../ports/jobs.ts'
import type { Database } from './open.ts'
import type { Queries } from './transaction.ts'
import type { Connections } from './unit-of-work.ts'

// What is to reach customers, and what risk engines are told.
const queues = ['delivery', 'risk-report'] as const
type Queue = (typeof queues)[number]
const daySeconds = 24 * 3600
// What an attempt takes beside the wait for the other side: reading who it is for, and writing down what came of it.
const besideMs = 15_000
const lookAfterSeconds = 10

const options = {
  // They end when what they are about is over, not by their number.
  retryLimit: 10_000,
  retryDelay: 1,
  retryBackoff: true,
  retryDelayMax: 30,
}

export interface OpenJobs {
  readonly deliveries: Jobs
  readonly riskReports: Jobs
  /** Gives to others what nodes left behind that died; at an interval, once for all nodes. */
  lookAfter(): Promise<void>
  close(): Promise<void>
}

export interface JobSettings {
  /** The longest that an attempt waits for the other side; a job that nobody ends long after it is given to others. */
  readonly attemptMs: number
  /** Told of what pg-boss cannot tell whoever asked. */
  readonly failed: (error: unknown) => void
}

/** Throws where the tables of pg-boss are not those of this version: `migrate` comes first. */
export async function openJobs(
  { aside }: Database,
  { writer }: Connections,
  { attemptMs, failed }: JobSettings,
): Promise<OpenJobs> {
  // It brings a lot along, which commands that send nothing do without.
  const { PgBoss: Boss, fromKnex } = await import('pg-boss')
  // Connections of ours only: pg-boss's own adapter for the embedded database commits what we roll back (ruling R-7).
  const on = (queries: Pick<Queries, 'raw'>) => fromKnex(queries as Parameters<typeof fromKnex>[0])
  const boss = new Boss({
    db: on(aside),
    schema: 'jobs',
    migrate: false,
    schedule: false,
    // Its timers look into the database all the time; ours do it when there is a reason.
    supervise: false,
    monitorVacuum: false,
    reindex: false,
    registerInstance: false,
    monitorIntervalSeconds: lookAfterSeconds,
    queueCacheIntervalSeconds: daySeconds,
  })
  boss.on('error', failed)
  await boss.start()
  const expireInSeconds = Math.ceil((attemptMs + besideMs) / 1000)
  const inUnit = async () => ({ db: on(await writer()) })
  const jobsOf = (queue: Queue) => jobsIn({ boss, queue, expireInSeconds, inUnit })
  return {
    deliveries: jobsOf('delivery'),
    riskReports: jobsOf('risk-report'),
    lookAfter: async () => {
      for (const queue of queues) await boss.supervise(queue)
    },
    close: () => boss.stop({ graceful: false }),
  }
}

interface OpenQueue {
  readonly boss: PgBoss
  readonly queue: Queue
  readonly expireInSeconds: number
  readonly inUnit: () => Promise<{ readonly db: ReturnType<typeof fromKnex> }>
}

function jobsIn({ boss, queue, expireInSeconds, inUnit }: OpenQueue): Jobs {
  return {
    async put(institution, sealed) {
      const job = { institution, sealed }
      const id = await boss.send(queue, job, { ...options, expireInSeconds, ...(await inUnit()) })
      if (id === null) throw new Error('the queue took no job')
      return id
    },
    async take(most) {
      const jobs = await boss.fetch<Data>(queue, { batchSize: most })
      return jobs.map(({ id, data, ...rest }) => ({ id, ...data, tries: retries(rest) + 1 }))
    },
    done: async (job) => ended(await boss.deleteJob(queue, [attempt(job)], await inUnit())),
    again: async (job) => ended(await boss.fail(queue, [attempt(job)], null, await inUnit())),
  }
}

// A claim is named by its number: who comes too late ends nothing of whoever has the job now.
const attempt = ({ id, tries }: Job) => ({ id, retryCount: tries - 1 })

// Its types do not say it; how many were changed is the answer all the same.
const ended = (answer: object): boolean => 'affected' in answer && answer.affected === 1

interface Data {
  readonly institution: string
  readonly sealed: string
}

const retries = (job: object): number => ('retryCount' in job ? Number(job.retryCount) : 0)
