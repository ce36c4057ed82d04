// What every risk provider must do, as a suite that runs on any of them: ours, and those of plugin authors.
import { setTimeout as rest } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { RiskAnswer } from '../../src/domain/risk.ts'
import { type RiskFact, type RiskFacts, riskFactNames, riskFacts } from '../../src/domain/risk-event.ts'
import type { RiskProvider } from '../../src/ports/risk.ts'
import { eventWith, guarded } from './risk-rig.ts'

/** A provider, and what there is around it. What is not given is not asked. */
export interface ContractEngine {
  readonly provider: RiskProvider
  /** The facts that it is given: those of its plugin. */
  readonly shared: readonly RiskFact[]
  /** Facts that it can answer. */
  readonly facts: RiskFacts
  /** From now on its engine does not answer. */
  hang?(): void
  /** From now on its engine talks nonsense. */
  garble?(): void
  /** All that reached its engine so far, as text. */
  heard?(): string
  /** How long what ends at once may take on a machine that stalls; 5 s unless told. */
  readonly slackMs?: number
  /** Ends what was made for it; `provider.close` is called by the suite. */
  remove?(): void | Promise<void>
}

export interface ContractCheck {
  readonly name: string
  /** It spoils the engine: hangs it, garbles it, closes it. */
  readonly last?: true
  /** What it needs of the engine. */
  readonly needs?: 'hang' | 'garble'
  check(engine: ContractEngine): Promise<void>
}

const plenty = 10_000
const short = 150
/** What hangs does so for ever; a machine that stalls does not. */
const slackOf = ({ slackMs = 5000 }: ContractEngine): number => slackMs

const ask = ({ provider, shared, facts }: ContractEngine, ms = plenty): Promise<RiskAnswer> =>
  guarded(provider, { facts: shared }).assess(eventWith(facts), ms)

/** The names and kinds of its members. */
const shapeOf = ({ assessment, failure }: RiskAnswer): string =>
  assessment === undefined
    ? `${failure}`
    : Object.entries(assessment)
        .map(([name, value]) => `${name}:${Array.isArray(value) ? 'list' : typeof value}`)
        .toSorted()
        .join()

const settled = (work: Promise<unknown>, ms: number): Promise<string> =>
  Promise.race([
    work.then(
      () => 'resolved',
      () => 'rejected',
    ),
    rest(ms, 'still open', { ref: false }),
  ])

/** What throws at once rejects. */
const later = async (work: () => unknown): Promise<void> => void (await work())

/** Each text that may not leave is known by its name. */
const marked: RiskFacts = Object.fromEntries(
  riskFactNames
    .filter((name) => riskFacts[name].type === 'text')
    .map((name) => [name, `unshared ${name} 1c7f`]),
)

export const contractChecks: readonly ContractCheck[] = [
  {
    name: 'answers, and names the event',
    async check(engine) {
      expect(await ask(engine)).toMatchObject({ assessment: { event: expect.stringMatching(/^event-/) } })
    },
  },
  {
    name: 'answers in the same form each time',
    async check(engine) {
      const event = eventWith(engine.facts)
      const asking = guarded(engine.provider, { facts: engine.shared })
      const [first, second] = [await asking.assess(event, plenty), await asking.assess(event, plenty)]
      expect(shapeOf(second)).toBe(shapeOf(first))
    },
  },
  {
    name: 'answers many at once, each its own',
    async check(engine) {
      const asking = guarded(engine.provider, { facts: engine.shared })
      const events = Array.from({ length: 10 }, () => eventWith(engine.facts))
      const answers = await Promise.all(events.map((event) => asking.assess(event, plenty)))
      expect(answers.map(({ assessment }) => assessment?.event)).toEqual(events.map(({ id }) => id))
    },
  },
  {
    name: 'needs no fact that it is not given, and passes none on',
    async check(engine) {
      const { provider, shared, facts } = engine
      const given = Object.fromEntries(shared.map((name) => [name, facts[name]]))
      const answer = await guarded(provider, { facts: shared }).assess(
        eventWith({ ...marked, ...given }),
        plenty,
      )
      expect(answer.failure).toBeUndefined()
      expect(`${JSON.stringify(answer)} ${engine.heard?.() ?? ''}`).not.toContain('1c7f')
    },
  },
  {
    name: 'answers or fails where nothing is known, and neither hangs nor lies',
    async check({ provider, shared }) {
      const { failure } = await guarded(provider, { facts: shared }).assess(eventWith(), plenty)
      expect([undefined, 'error']).toContain(failure)
    },
  },
  {
    name: 'changes nothing of what it is given',
    async check({ provider, shared, facts }) {
      const given = Object.fromEntries(shared.map((name) => [name, facts[name]]))
      const event = { ...eventWith(given), reference: { session: 'one' } }
      const before = structuredClone(event)
      await provider
        .assess(event, { ms: plenty, signal: new AbortController().signal })
        .catch(() => undefined)
      expect(event).toEqual(before)
    },
  },
  {
    name: 'does not start what is over',
    async check(engine) {
      const over = { ms: 0, signal: AbortSignal.abort() }
      const asked = later(() => engine.provider.assess(eventWith(engine.facts), over))
      expect(await settled(asked, slackOf(engine))).not.toBe('still open')
    },
  },
  {
    name: 'can be told the same outcome twice, and goes on',
    async check(engine) {
      const asking = guarded(engine.provider, { facts: [...engine.shared, 'result.of', 'result.outcome'] })
      const result = { 'result.of': eventWith().id, 'result.outcome': 'approved' } as const
      const told = { ...eventWith({ ...engine.facts, ...result }), kind: 'outcome' } as const
      const learns = engine.provider.report !== undefined
      expect([await asking.report(told, plenty), await asking.report(told, plenty)]).toEqual([learns, learns])
      expect((await ask(engine)).failure).toBeUndefined()
    },
  },
  {
    name: 'keeps its deadline, and gives up when it is told to',
    last: true,
    needs: 'hang',
    async check(engine) {
      engine.hang?.()
      const began = performance.now()
      expect(await ask(engine, short)).toMatchObject({ failure: 'timeout' })
      expect(performance.now() - began).toBeLessThan(short + slackOf(engine))
      const stop = new AbortController()
      const asked = engine.provider.assess(eventWith(engine.facts), { ms: plenty, signal: stop.signal })
      stop.abort()
      expect(await settled(asked, slackOf(engine))).toBe('rejected')
    },
  },
  {
    name: 'rejects nonsense rather than make something of it',
    last: true,
    needs: 'garble',
    async check(engine) {
      engine.garble?.()
      // Five times, for there is more than one kind of nonsense.
      for (let i = 0; i < 5; i++) expect(['error', 'malformed']).toContain((await ask(engine)).failure)
    },
  },
  {
    name: 'ends, and does not hang afterwards',
    last: true,
    async check(engine) {
      expect(
        await settled(
          later(() => engine.provider.close?.()),
          plenty,
        ),
      ).toBe('resolved')
      expect(await settled(ask(engine, short), short + slackOf(engine))).not.toBe('still open')
    },
  },
]

/** Of an engine whose other side no test has in its hands. */
export const unspoilt = ['hang', 'garble'] as const

/** The suite; `make` is called once for what leaves the engine whole, and once for each check that does not. */
export function riskProviderContract(
  name: string,
  make: () => ContractEngine | Promise<ContractEngine>,
  /** What this engine cannot be made to do, so that it is not looked at. */
  cannot: readonly NonNullable<ContractCheck['needs']>[] = [],
): void {
  describe(`the contract of risk providers: ${name}`, () => {
    let engine: ContractEngine
    describe('in peace', () => {
      beforeAll(async () => {
        engine = await make()
      })
      afterAll(() => ended(engine))
      for (const one of contractChecks.filter(({ last }) => last === undefined))
        test(one.name, () => one.check(engine))
    })
    describe('in need', () => {
      const made: ContractEngine[] = []
      afterEach(async () => {
        await Promise.all(made.splice(0).map(ended))
      })
      for (const one of contractChecks.filter(
        ({ last, needs }) => last && (needs === undefined || !cannot.includes(needs)),
      ))
        test(one.name, async () => {
          if (one.needs !== undefined) expect(engine[one.needs]).toBeDefined()
          const another = await make()
          made.push(another)
          await one.check(another)
        })
    })
  })
}

async function ended(engine: ContractEngine | undefined): Promise<void> {
  await engine?.provider.close?.()
  await engine?.remove?.()
}
