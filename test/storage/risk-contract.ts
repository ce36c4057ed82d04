// What every database must do for risk engines: what they were asked, how it ended, and what they keep of customers.
import { expect, test } from 'vitest'
import { createRiskOutcomes, tellingRisk } from '../../src/flows/risk-outcomes.ts'
import type { KeptAssessment, RiskOutcome, ShadowAnswer } from '../../src/ports/risk-records.ts'
import { onDatabase } from './on-database.ts'
import { type everything, id, now, scope } from './rig.ts'

const hour = 3600_000

/** Registers the suite for one kind of database. */
export function riskContract(kind: 'embedded' | 'server'): void {
  let all: ReturnType<typeof everything>
  onDatabase(kind, (opened) => {
    all = opened.all
  })
  const inUnit = <T>(work: () => Promise<T>) => all.unit.run(scope(), work)

  async function kept(change: Partial<KeptAssessment> = {}, address?: string): Promise<KeptAssessment> {
    const verdict = {
      id: id(),
      kind: 'sign-in',
      action: 'allow',
      score: 12,
      reason: 'risk.allowed',
      answers: [],
    } as const
    const one: KeptAssessment = {
      ...{ institution: 'alder', subject: id(), relyingParty: 'app', reference: id(), about: undefined },
      ...{ verdict, facts: { 'network.country': 'EE' }, shared: { own: ['network.country'] } },
      ...{ at: now, settleBy: now + hour, outcome: undefined, endedAt: undefined },
      ...change,
    }
    await inUnit(() => all.riskRecords.keep(one, address))
    return one
  }
  const settled = (one: KeptAssessment, outcome: RiskOutcome) =>
    inUnit(() => all.riskRecords.settle('alder', one.verdict.id, { outcome, now }))

  test('an assessment is found by its id and its reference, by its own institution alone', async () => {
    const one = await kept()
    expect(await all.riskRecords.get('alder', one.verdict.id)).toEqual(one)
    expect(await all.riskRecords.get('birch', one.verdict.id)).toBeUndefined()
    expect(await all.riskRecords.ofReference('alder', one.reference)).toEqual([one])
    expect(await all.riskRecords.ofReference('birch', one.reference)).toEqual([])
  })

  test('of ten that say at once how it ended one is heard; fraud is heard after it, once', async () => {
    const one = await kept()
    const said = await Promise.all(Array.from({ length: 10 }, () => settled(one, 'approved')))
    expect(said.filter((heard) => heard !== undefined)).toHaveLength(1)
    expect(await settled(one, 'expired')).toBeUndefined()
    expect((await settled(one, 'fraud'))?.outcome).toBe('fraud')
    expect(await settled(one, 'fraud')).toBeUndefined()
  })

  test('what was asked about one transaction ends with it', async () => {
    const about = id()
    const one = await kept({ about })
    const end = { outcome: 'denied', now } as const
    expect(await inUnit(() => all.riskRecords.settleAbout('birch', about, end))).toBeUndefined()
    const heard = await inUnit(() => all.riskRecords.settleAbout('alder', about, end))
    expect(heard).toEqual({ ...one, outcome: 'denied', endedAt: now })
  })

  test('the history of a customer: attempts of the hour, from there too, and the last that went well', async () => {
    const [subject, address] = [id(), id()]
    const asked = { address, now }
    const history = () => all.riskRecords.history({ institution: 'alder', subject }, asked)
    expect(await history()).toEqual({ attemptsHour: 0, addressAttemptsHour: 0, signIns: 0, last: undefined })
    const good = await kept({ subject, at: now - 2 * hour })
    await settled(good, 'approved')
    const bad = await kept({ subject, at: now - hour / 2, facts: { 'network.country': 'KP' } }, address)
    await settled(bad, 'denied')
    await kept({ at: now - 60_000 }, address)
    expect(await history()).toEqual({
      ...{ attemptsHour: 1, addressAttemptsHour: 2, signIns: 1 },
      last: { at: good.at, facts: good.facts },
    })
    const nowhere = await kept({ subject, at: now - hour, facts: { 'network.located': false } })
    await settled(nowhere, 'approved')
    expect((await history()).last).toEqual({ at: good.at, facts: good.facts })
    const elsewhere = await all.riskRecords.history({ institution: 'birch', subject }, asked)
    expect(elsewhere).toMatchObject({ attemptsHour: 0, addressAttemptsHour: 0, signIns: 0 })
  })

  test('what nobody ended in its time is overdue, and what ended is not', async () => {
    const [late, ended, due] = [
      await kept({ settleBy: now - 2 }),
      await kept({ settleBy: now - 1 }),
      await kept({ settleBy: now + 1 }),
    ]
    await settled(ended, 'approved')
    const ids = (await all.riskRecords.overdue(now, 1000)).map((one) => one.id)
    expect([late, ended, due].map(({ verdict }) => ids.includes(verdict.id))).toEqual([true, false, false])
  })

  test('of a payment that others sign nothing is late before their time is over', async () => {
    const about = id()
    const one = await kept({ about, settleBy: now + 1 })
    const sign = async () => true
    const telling = tellingRisk({ ...all.transactions, sign }, createRiskOutcomes({ ...all } as never))
    const until = now + 24 * hour
    expect(await inUnit(() => telling.sign('birch', about, { now, expiresAt: until }))).toBe(true)
    const isLate = async (moment: number) =>
      (await all.riskRecords.overdue(moment, 1000)).some((late) => late.id === one.verdict.id)
    expect(await isLate(now + hour)).toBe(true)
    expect(await inUnit(() => telling.sign('alder', about, { now, expiresAt: until }))).toBe(true)
    expect([await isLate(until), await isLate(until + 1)]).toEqual([false, true])
    await settled(one, 'approved')
    await inUnit(() => telling.sign('alder', about, { now, expiresAt: now }))
    expect((await all.riskRecords.get('alder', one.verdict.id))?.settleBy).toBe(until)
  })

  test('of a provider in shadow the first word about an event is counted, by institution and time', async () => {
    const answer: ShadowAnswer = {
      ...{ institution: id(), assessment: id(), provider: 'vendor', kind: 'payment', action: 'allow' },
      ...{ said: 'deny', wouldBe: 'deny', at: now },
    }
    await all.riskShadows.keep(answer)
    await all.riskShadows.keep({ ...answer, said: 'allow', wouldBe: 'allow' })
    await all.riskShadows.keep({ ...answer, assessment: id() })
    const { kind: event, provider, action, wouldBe } = answer
    const counts = [{ kind: event, provider, action, wouldBe, times: 2 }]
    expect(await all.riskShadows.counts(answer.institution, now)).toEqual(counts)
    expect(await all.riskShadows.counts(answer.institution, now + 1)).toEqual([])
    expect(await all.riskShadows.counts('birch', now)).toEqual([])
  })

  test('a provider’s memory is its own, ends, and counts without a gap', async () => {
    const [mine, theirs] = [all.riskMemories('alder', 'mine'), all.riskMemories('alder', 'theirs')]
    const key = id()
    const later = Date.now() + hour
    await mine.put(key, 'first', later)
    await mine.put(key, 'second', later)
    expect([await mine.get(key), await theirs.get(key)]).toEqual(['second', undefined])
    expect(await all.riskMemories('birch', 'mine').get(key)).toBeUndefined()
    await mine.put(key, 'gone', Date.now() - 1000)
    expect(await mine.get(key)).toBeUndefined()
    const counted = id()
    const counts = await Promise.all(Array.from({ length: 10 }, () => mine.count(counted, later)))
    expect(counts.sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    const over = id()
    await mine.count(over, Date.now() - 1000)
    expect(await mine.count(over, later)).toBe(1)
    expect(await mine.count(over, later)).toBe(2)
  })

  test('what a provider counts and puts while it is asked stays, whatever becomes of the request', async () => {
    const memory = all.riskMemories('alder', id())
    const later = Date.now() + hour
    const dying = inUnit(async () => {
      expect(await memory.count('tries', later)).toBe(1)
      await memory.put('kept', 'yes', later)
      all.unit.fail()
      throw new Error('the request failed')
    })
    await expect(dying).rejects.toThrow('the request failed')
    expect([await memory.count('tries', later), await memory.get('kept')]).toEqual([2, 'yes'])
  })
}
