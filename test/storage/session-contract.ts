// What every database must do where a session ends while something is being made of it at that very moment.
import { describe, expect, test } from 'vitest'
import { createEndSession } from '../../src/flows/end-session.ts'
import { endAll } from '../../src/flows/sign-out.ts'
import { createBrowserSessions } from '../../src/oidc/browser-sessions.ts'
import type { Database } from '../../src/storage/open.ts'
import { sweep } from '../../src/storage/sweeper.ts'
import { onDatabase } from './on-database.ts'
import { type everything, id, scope } from './rig.ts'

/** Registers the suite for one kind of database. */
export function sessionContract(kind: 'embedded' | 'server'): void {
  let database: Database
  let all: ReturnType<typeof everything>
  onDatabase(kind, (opened) => {
    ;({ database, all } = opened)
  })

  const key = (model: string) => ({ institution: 'alder', model, id: id() })
  const exists = async (one: ReturnType<typeof key>) => (await all.tokens.find(one)) !== undefined
  const wait = () => new Promise((resolve) => setTimeout(resolve, 200))
  const ending = () => {
    const browserSessions = createBrowserSessions(all.tokens)
    const clock = { now: Date.now }
    return createEndSession({
      ...all,
      browserSessions,
      clock,
      chance: { token: id, number: () => '42', reference: id },
    })
  }
  const ended = (uid: string) => all.unit.run(scope(), () => ending().end('alder', uid))
  const session = async (uid = id()) => {
    const row = key('Session')
    await all.tokens.upsert(row, { uid, accountId: 's', jti: row.id }, 60)
    return { row, uid }
  }
  /** Runs `first` up to its own `reached`, and then `second` beside the rest of it. */
  const meanwhile = async <T>(
    first: (reached: () => void) => Promise<unknown>,
    second: () => Promise<T>,
  ): Promise<T> => {
    const reached = Promise.withResolvers<void>()
    const running = all.unit.run(scope(), () => first(reached.resolve))
    await reached.promise
    const result = await second()
    await running
    return result
  }

  describe('a session that ends', () => {
    test('takes the tokens along that are just being made of one of its own, and their grant', async () => {
      const [{ uid }, grant] = [await session(), key('Grant')]
      const [refresh, next, access] = [key('RefreshToken'), key('RefreshToken'), key('AccessToken')]
      const of = { sessionUid: uid, grantId: grant.id }
      await all.tokens.upsert(grant, { accountId: 's' }, 60)
      await all.tokens.upsert(refresh, of, 60)
      await meanwhile(
        async (reached) => {
          expect(await all.tokens.consume(refresh)).toBe(true)
          reached()
          await wait()
          await all.tokens.upsert(next, of, 60)
          await all.tokens.upsert(access, of, 60)
        },
        () => ended(uid),
      )
      const left = await Promise.all([refresh, next, access, grant].map(exists))
      expect(left).toEqual([false, false, false, false])
    })
    test('is not brought back by a request that had found it, nor is what that request made of it', async () => {
      const [{ row, uid }, code] = [await session(), key('AuthorizationCode')]
      const payload = { uid, accountId: 's' }
      const request = all.unit.run(scope(), async () => {
        expect(await exists(row)).toBe(true)
        // On the pool, past this unit: it has written nothing yet, and so holds no connection.
        await database.knex('oidc_payload').where({ uid }).del()
        await all.tokens.upsert(code, { sessionUid: uid }, 60)
        await all.tokens.replace(row, payload, { id: row.id, expiresInSeconds: 60 })
      })
      await expect(request).rejects.toMatchObject({ code: 'busy' })
      expect([await exists(row), await exists(code)]).toEqual([false, false])
    })
    test('is ended under the identifier that it is just being given, with the code that is made of it', async () => {
      const [{ row, uid }, code] = [await session(), key('AuthorizationCode')]
      const next = { ...row, id: id() }
      await meanwhile(
        async (reached) => {
          await all.tokens.upsert(code, { sessionUid: uid }, 60)
          await all.tokens.replace(row, { uid, accountId: 's' }, { id: next.id, expiresInSeconds: 60 })
          // The statement is on its way; the answer to the next one comes after it.
          await all.tokens.find(code)
          reached()
          await wait()
        },
        () => ended(uid),
      )
      expect([await exists(row), await exists(next), await exists(code)]).toEqual([false, false, false])
    })
    test('control: one that nobody ended is found under its new identifier alone', async () => {
      const { row, uid } = await session()
      const next = { ...row, id: id() }
      await all.unit.run(scope(), () =>
        all.tokens.replace(row, { uid, accountId: 's2' }, { id: next.id, expiresInSeconds: 60 }),
      )
      expect([await exists(row), await exists(next)]).toEqual([false, true])
    })
    test('is found by its IdP also while the sign-in is just becoming it', async () => {
      const [{ row, uid }, login, value] = [await session(), id(), id()]
      const nameId = { format: 'f', value, nameQualifier: undefined, spNameQualifier: undefined }
      const at = { institution: 'alder', connection: 'c' }
      const until = { expiresAt: Date.now() + 60_000 }
      await all.upstreamSessions.put({ ...at, nameId, sessionIndex: 'i', subject: 's', login, ...until })
      await meanwhile(
        async (reached) => {
          expect(await all.upstreamSessions.link('alder', login, uid)).toBe(true)
          reached()
          await wait()
        },
        () =>
          all.unit.run(scope(), () =>
            endAll({ ...all, endSession: ending() }, { ...at, nameId, sessionIndexes: [] }, { by: 'idp' }),
          ),
      )
      expect(await exists(row)).toBe(false)
    })
    test('takes the console’s along that came by it, and no other', async () => {
      const [{ uid }, other] = [await session(), await session()]
      const at = Date.now()
      const times = { authenticatedAt: at, seenAt: at, expiresAt: at + 60_000 }
      const person = { institution: 'alder', kind: 'workforce', administrator: 's' } as const
      const hashes = [id(), id(), id()] as const
      for (const [i, browserSession] of [uid, other.uid, undefined].entries())
        await all.consoleSessions.create({ ...person, idHash: hashes[i] as string, browserSession, ...times })
      const there = () =>
        Promise.all(hashes.map(async (hash) => (await all.consoleSessions.get('alder', hash)) !== undefined))
      expect(await all.consoleSessions.endOf('birch', uid)).toBe(0)
      await ended(uid)
      expect(await there()).toEqual([false, true, true])
    })
    test('can be named by its IdP for as long as anything of it is left', async () => {
      const [{ uid }, gone] = [await session(), id()]
      const put = async (browser: string) => {
        const [login, value] = [id(), id()]
        const nameId = { format: 'f', value, nameQualifier: undefined, spNameQualifier: undefined }
        const over = { subject: 's', login, expiresAt: Date.now() - 3600_000 }
        await all.upstreamSessions.put({
          institution: 'alder',
          connection: 'c',
          nameId,
          sessionIndex: '',
          ...over,
        })
        await all.upstreamSessions.link('alder', login, browser)
      }
      await put(uid)
      await put(gone)
      const token = key('RefreshToken')
      const outlived = id()
      await put(outlived)
      await all.tokens.upsert(token, { sessionUid: outlived }, 60)
      await sweep(database, { exchangeBytes: 1e9 })
      const found = async (browser: string) => (await all.upstreamSessions.ofBrowser('alder', browser)).length
      expect([await found(uid), await found(outlived), await found(gone)]).toEqual([1, 1, 0])
    })
  })
}
