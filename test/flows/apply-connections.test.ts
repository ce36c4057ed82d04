// What a file says of connections, put into a database: what is judged first, and what else ends with it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { digestOf } from '../../src/domain/connection.ts'
import type { Connection, ConnectionContent } from '../../src/domain/institution.ts'
import { createApply } from '../../src/flows/apply.ts'
import { type Parts, startIdp, startParts } from '../journeys/parts.ts'
import { data, goodPng, png } from '../plugins/made-pictures.ts'
import { id } from '../storage/rig.ts'

let parts: Parts
let content: ConnectionContent
const institution = 'alder'

beforeAll(async () => {
  ;[parts, { content }] = await Promise.all([startParts(), startIdp()])
})
afterAll(() => parts.stop())

const fromFile = (change: Partial<Connection> = {}): Connection => ({
  ...{ institution, id: 'idp', state: 'active', version: 0 },
  ...content,
  ...change,
})
const apply = async (connections: readonly Connection[]) => {
  const { base, stores, services } = parts
  const { directory } = stores
  const run = createApply({ ...base, ...stores, ...services, writer: directory })
  return (await run([{ ...parts.rows, connections }], { dryRun: false })).changes
}

describe('a logo', () => {
  test('is decoded before anything is written', async () => {
    const dark = png({ width: 28, height: 28, raw: new Uint8Array(9) })
    await expect(apply([fromFile({ logo: data('png', dark) })])).rejects.toThrow(
      'alder: connection idp: logo: The picture breaks off, or is not what it says that it is. (logo.broken)',
    )
    expect(await parts.stores.directory.connection(institution, 'idp')).toBeUndefined()
    expect(await apply([fromFile({ logo: data('png', goodPng) })])).toHaveLength(1)
  })
})

/** Somebody in the console who came by this connection: is their session still there? */
async function inConsole(connection: string): Promise<() => Promise<boolean>> {
  const [login, browserSession, idHash] = [id(), id(), id()]
  const at = Date.now()
  const times = { authenticatedAt: at, seenAt: at, expiresAt: at + 60_000 }
  const nameId = { format: 'f', value: login, nameQualifier: undefined, spNameQualifier: undefined }
  const session = { institution, connection, nameId, sessionIndex: '', subject: 's', login }
  const { upstreamSessions, consoleSessions } = parts.stores
  await parts.inUnit(async () => {
    await upstreamSessions.put({ ...session, expiresAt: at + 60_000 })
    await upstreamSessions.link(institution, login, browserSession)
    const person = { institution, kind: 'workforce', administrator: `s-${login}` } as const
    await consoleSessions.create({ ...person, idHash, browserSession, ...times })
  })
  return async () => (await consoleSessions.get(institution, idHash)) !== undefined
}
const told = async () => {
  const rows = await parts.base.database.knex('audit_event').where({ type: 'console.signed_out' })
  return rows.map(({ body }) => JSON.parse(body)).map(({ connection, detail }) => [connection, detail])
}

describe('staff who came into the console by a connection', () => {
  const staff = (change: Partial<Connection> = {}) =>
    fromFile({ id: 'staff', audience: 'workforce', ...change })
  test.each([
    ['is switched off', () => [staff({ state: 'disabled' })]],
    ['is removed', () => []],
    ['is for customers from now on', () => [staff({ audience: 'customers' })]],
  ])('are out when a file says that it %s, and nobody else', async (_, then) => {
    const desk = staff({ id: 'desk' })
    await apply([staff(), desk])
    const [theirs, others, before] = [await inConsole('staff'), await inConsole('desk'), await told()]
    expect(await apply([...then(), desk])).toHaveLength(1)
    expect([await theirs(), await others()]).toEqual([false, true])
    expect((await told()).slice(before.length)).toEqual([['staff', { by: 'connection', sessions: 1 }]])
  })
  test('stay where it is called otherwise, and where the file is only tried', async () => {
    await apply([staff()])
    const theirs = await inConsole('staff')
    await apply([staff({ name: 'People' })])
    const { base, stores, services } = parts
    const run = createApply({ ...base, ...stores, ...services, writer: stores.directory })
    await run([{ ...parts.rows, connections: [] }], { dryRun: true })
    expect(await theirs()).toBe(true)
  })
  test('are out, but for who does it, when the console switches it off or gives it to customers', async () => {
    await apply([])
    const actor = { by: 'administrator:ann', why: 'a test' }
    const { connections } = parts.flows
    for (const what of ['switched', 'given']) {
      const draft = { ...content, audience: 'workforce' } as const
      await connections.create({ institution, id: what, content: draft }, actor)
      await parts.inUnit(() => connections.testPassed(institution, what, { digest: digestOf(draft), actor }))
      const record = await connections.activate(await connections.get(institution, what), actor)
      const theirs = await inConsole(what)
      await connections.save(record, { ...draft, name: 'Called otherwise' }, actor)
      expect(await theirs()).toBe(true)
      const present = await connections.get(institution, what)
      if (what === 'switched') await connections.disable(present, actor)
      else await connections.save(present, content, actor)
      expect([what, await theirs()]).toEqual([what, false])
    }
  })
})
