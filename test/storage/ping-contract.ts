// What every database must do for pings: each is one node's, and none of them is before all others.
import { expect, test } from 'vitest'
import type { Database } from '../../src/storage/open.ts'
import { onDatabase } from './on-database.ts'
import { type everything, id } from './rig.ts'

/** Registers the suite for one kind of database. */
export function pingContract(kind: 'embedded' | 'server'): void {
  let database: Database
  let all: ReturnType<typeof everything>
  onDatabase(kind, (opened) => {
    ;({ database, all } = opened)
  })

  test('a ping is taken by one of twenty when it is due, and again when its lease is over', async () => {
    const [request, institution, at] = [id(), id(), Date.now()]
    const ping = {
      ...{ institution, request, token: 'token-of-the-client', relyingParty: 'shop', subject: 's' },
      ...{ approval: 'a', reference: 'DB-TEST-0001' },
    }
    const expiresAt = at + 600_000
    await all.pings.put(ping, { dueAt: at + 60_000, expiresAt })
    const take = async (now: number) => {
      const twenty = Array.from({ length: 20 }, () =>
        all.pings.take({ now, leaseUntil: now + 1000, most: 20 }),
      )
      return (await Promise.all(twenty)).flat().filter((one) => one.institution === institution)
    }
    expect(await take(at)).toEqual([])
    await all.pings.due(id(), request, at)
    await all.pings.due(institution, id(), at)
    expect(await take(at)).toEqual([])
    await all.pings.due(institution, request, at)
    expect(await take(at)).toEqual([{ ...ping, tries: 1, expiresAt }])
    // It is on its way: whoever says so once more sends no second one.
    await all.pings.due(institution, request, at)
    expect(await take(at + 999)).toEqual([])
    expect(await take(at + 2000)).toEqual([{ ...ping, tries: 2, expiresAt }])
    // Who had it first comes too late to say anything of it.
    expect(await all.pings.settle({ ...ping, tries: 1, expiresAt })).toBe(false)
    expect(await all.pings.postpone({ ...ping, tries: 2, expiresAt }, at + 9000)).toBe(true)
    expect(await take(at + 8000)).toEqual([])
    const dump = JSON.stringify(await database.knex('backchannel_ping').where({ institution }))
    expect(dump).not.toContain(request)
    expect(dump).not.toContain('token-of-the-client')
    expect(await all.pings.settle({ ...ping, tries: 2, expiresAt })).toBe(true)
    expect(await take(at + 99_000)).toEqual([])
  })
  test('a node whose clock runs ahead takes none before its time by the clock of the database (#220)', async () => {
    const [institution, request, at] = [id(), id(), Date.now()]
    const named = {
      institution,
      relyingParty: 'shop',
      subject: 's',
      approval: 'a',
      reference: 'DB-TEST-0001',
    }
    await all.pings.put({ ...named, request, token: 't' }, { dueAt: at + 60_000, expiresAt: at + 600_000 })
    const ahead = async () =>
      (await all.pings.take({ now: at + 90_000, leaseUntil: at + 120_000, most: 1000 })).filter(
        (one) => one.institution === institution,
      )
    expect(await ahead()).toEqual([])
    // The question may still be answered, and then the back end hears of it.
    await all.pings.due(institution, request, at + 90_000)
    expect(await ahead()).toHaveLength(1)
  })
  test('of what one back end is owed so much is taken at once, the first of it first, and none of one that is busy', async () => {
    const [institution, at] = [id(), Date.now()]
    const owe = (relyingParty: string, n: number) => {
      const named = { institution, relyingParty, subject: 's', approval: 'a', reference: 'DB-TEST-0001' }
      const ping = { ...named, request: `${institution}-${relyingParty}-${n}`, token: 't' }
      return all.pings.put(ping, { dueAt: at - 1000 + n, expiresAt: at + 600_000 })
    }
    for (let n = 0; n < 15; n++) await owe('hangs', n)
    await owe('well', 900)
    const most = { most: 1000, mostOfOne: 10, leaseUntil: at + 60_000, now: at }
    const take = async (busy: string[]) => {
      const named = busy.map((relyingParty) => ({ institution, relyingParty }))
      const due = await all.pings.take({ ...most, busy: named })
      const own = due.filter((one) => one.institution === institution)
      return own.map(({ request }) => request.slice(institution.length + 1)).sort()
    }
    const first = Array.from({ length: 10 }, (_, n) => `hangs-${n}`)
    expect(await take([])).toEqual([...first, 'well-900'])
    expect(await take(['hangs', 'well'])).toEqual([])
    expect(await take(['well'])).toEqual([10, 11, 12, 13, 14].map((n) => `hangs-${n}`))
  })
  test('a ping whose unit fails is neither owed nor due', async () => {
    const [request, institution, at] = [id(), id(), Date.now()]
    const ping = { institution, request, token: 't', relyingParty: 'shop', subject: 's' }
    const named = { approval: 'a', reference: 'DB-TEST-0001' }
    const failing = (work: () => Promise<void>) =>
      all.unit
        .run({ institution, reference: 'DB-TEST-0001' }, async () => {
          await work()
          throw new Error('no')
        })
        .catch(() => undefined)
    const times = { dueAt: at + 60_000, expiresAt: at + 600_000 }
    await failing(() => all.pings.put({ ...ping, ...named }, times))
    expect(await database.knex('backchannel_ping').where({ institution })).toEqual([])
    await all.pings.put({ ...ping, ...named }, times)
    await failing(() => all.pings.due(institution, request, at))
    const due = await all.pings.take({ now: at + 1, leaseUntil: at + 2, most: 20 })
    expect(due.filter((one) => one.institution === institution)).toEqual([])
  })
}
