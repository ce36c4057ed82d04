// `npm run bench -- policy`: decisions on payments over a real database, and what the policy itself costs of them.
import { randomBytes } from 'node:crypto'
import { withDeviceAndPin } from '../../src/domain/acr.ts'
import { decide, type Policy } from '../../src/domain/policy.ts'
import { policyOf } from '../../src/domain/policy-default.ts'
import { transactionOf } from '../../src/domain/transaction.ts'
import { builtInTypes } from '../../src/domain/transaction-types/known.ts'
import { createDecide, type ToDecide } from '../../src/flows/decide.ts'
import { nobodyAsked } from '../flows/no-risk.ts'
import { alder } from '../journeys/parts.ts'
import { everything } from '../storage/rig.ts'
import { migrated, scratch, serverUrl } from '../storage/scratch.ts'
import type { Result } from './result.ts'

const stepUp = { kind: 'step-up', acr: withDeviceAndPin } as const
const payments = { types: [], from: [], to: [], outcome: stepUp }
const policy: Policy = {
  rules: Array.from({ length: 20 }, (_, i) => ({
    id: `r${i}`,
    when: `transaction.amount > ${1_000_000 + i} && transaction.currency == "EUR" || session.ageSeconds > ${90_000 + i}`,
    outcome: stepUp,
  })),
  limits: [
    { ...payments, id: 'day', threshold: { kind: 'amount', per: 'day', over: { EUR: '2000.00' } } },
    { ...payments, id: 'velocity', threshold: { kind: 'count', minutes: 10, over: 50 } },
    { ...payments, id: 'new-payee', threshold: { kind: 'new-payee' } },
  ],
}

const seconds = 10
const workers = 8
const at = (sorted: readonly number[], part: number) => sorted[Math.floor(sorted.length * part)] ?? 0
const round = (value: number) => Math.round(value * 100) / 100

/** Twenty rules and four limits; customers with fifty payments of the last month each. */
export async function policyBench(): Promise<Result[]> {
  const place = await scratch(serverUrl === undefined ? 'embedded' : 'server')
  const database = await migrated(place)
  const all = everything(database)
  const institution = { ...alder, stepUpOver: { EUR: '500.00' }, policy }
  const token = () => randomBytes(12).toString('base64url')
  const ports = {
    ...all,
    assess: nobodyAsked,
    keys: { secret: () => new Uint8Array(32) },
    clock: Date,
    chance: { token } as never,
  }
  const decided = createDecide(ports)
  const transaction = transactionOf(
    {
      type: 'payment_initiation',
      instructedAmount: { amount: '25.00', currency: 'EUR' },
      debtorAccount: { iban: 'ES9121000418450200051332' },
      creditorName: 'Nordhaven Energy',
      creditorAccount: { iban: 'DE89370400440532013000' },
    },
    builtInTypes,
  )
  const one = (subject: string, expiresAt: number) => {
    const asked: ToDecide = {
      subject,
      ...{ transaction, relyingParty: 'app', device: 'd', amr: ['fed', 'pop'], granted: undefined },
      ...{ authenticatedAt: Date.now(), expiresAt, trace: { reference: 'DB-BENCH' } },
    }
    return all.unit.run({ institution: 'alder', reference: 'DB-BENCH' }, () => decided(institution, asked))
  }
  const subjects = await Promise.all(
    Array.from({ length: workers }, () =>
      all.subjects.resolve(
        { institution: 'alder', connection: 'c', issuer: 'i', format: 'f', qualifiers: '[]', value: token() },
        {},
        token(),
      ),
    ),
  )
  for (const subject of subjects)
    for (let i = 0; i < 50; i++)
      await all.transactions.end('alder', (await one(subject, Date.now() + 60_000)).id, {
        state: 'approved',
        now: Date.now(),
      })
  const times: number[] = []
  const end = performance.now() + seconds * 1000
  await Promise.all(
    subjects.map(async (subject) => {
      while (performance.now() < end) {
        const began = performance.now()
        // Over at once, so that every decision is measured on the same history.
        await one(subject, Date.now())
        times.push(performance.now() - began)
      }
    }),
  )
  const { inputs } = await one(subjects[0] as string, Date.now())
  await database.close()
  await place.remove()
  return [...figures(times), { name: 'policy.rules_us', value: round(pure(inputs)), unit: 'us' }]
}

function figures(times: number[]): Result[] {
  times.sort((a, b) => a - b)
  return [
    { name: 'policy.per_s', value: round(times.length / seconds), unit: '1/s' },
    { name: 'policy.p50_ms', value: round(at(times, 0.5)), unit: 'ms' },
    { name: 'policy.p99_ms', value: round(at(times, 0.99)), unit: 'ms' },
  ]
}

/** Microseconds of one decision without its database. */
function pure(inputs: Parameters<typeof decide>[1]): number {
  const whole = policyOf({ stepUpOver: { EUR: '500.00' }, policy })
  const times = 20_000
  const began = performance.now()
  for (let i = 0; i < times; i++) decide(whole, inputs)
  return ((performance.now() - began) * 1000) / times
}
