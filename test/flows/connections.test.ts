// The life of a connection over a real database: what is refused, what is kept, what customers sign in by meanwhile.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { digestOf } from '../../src/domain/connection.ts'
import type { ConnectionContent } from '../../src/domain/institution.ts'
import { Refusal } from '../../src/domain/refusal.ts'
import { type ConnectionFlows, contentOfRecord, createConnections } from '../../src/flows/connections.ts'
import type { ConnectionRecord } from '../../src/ports/connections.ts'
import type { ConnectorPlugin } from '../../src/ports/connector.ts'
import { SettingsRefused } from '../../src/ports/connector-settings.ts'
import type { InstitutionSet } from '../../src/ports/stores.ts'
import type { Database } from '../../src/storage/open.ts'
import { everything, id as unique } from '../storage/rig.ts'
import { migrated, type Scratch, scratch } from '../storage/scratch.ts'

let place: Scratch
let database: Database
let stores: ReturnType<typeof everything>
let flows: ConnectionFlows
let id = ''
const institution = 'alder'
const actor = { by: 'administrator:ann', why: 'a test' }
const content: ConnectionContent = {
  name: 'IdP',
  type: 'saml',
  settings: { ssoUrl: 'https://idp.example/sso', secret: 'hush-hush' },
  claims: {},
}
const plugin = {
  type: 'saml',
  form: [],
  ours: () => [],
  secrets: ['secret'],
  check: ({ ssoUrl }: Readonly<Record<string, unknown>>) => {
    if (ssoUrl === undefined) throw new SettingsRefused([{ path: 'settings.ssoUrl', message: 'is missing' }])
  },
  open: () => {
    throw new Error('nobody signs in here')
  },
} satisfies ConnectorPlugin
const set = (connections: InstitutionSet['connections']): InstitutionSet => ({
  institution: {
    ...{
      id: institution,
      name: 'Alder',
      host: undefined,
      accent: '#123456',
      language: 'en',
      help: undefined,
    },
    ...{ stepUpOver: {}, pin: { length: 6, attempts: 5, lockSeconds: 900 }, devicesPerSubject: 5 },
  },
  relyingParties: [],
  connections,
  cores: [],
})

beforeAll(async () => {
  place = await scratch('embedded')
  database = await migrated(place)
  stores = everything(database)
  await stores.directory.put(set([]), 'file')
  flows = createConnections({
    ...stores,
    connectors: { plugins: () => [plugin] },
    clock: { now: Date.now },
    chance: { token: () => unique(), number: () => '42', reference: () => 'DB-TEST-0002' },
  })
})
afterAll(async () => {
  await database.close()
  await place.remove()
})
beforeEach(() => {
  id = `c${unique().slice(0, 12)}`
})

const draft = () => flows.create({ institution, id, content }, actor)
const passed = async (of: ConnectionContent) =>
  stores.unit.run({ institution, reference: 'DB-TEST-0003' }, () =>
    flows.testPassed(institution, id, { digest: digestOf(of), actor }),
  )
const present = () => flows.get(institution, id)
const edited = (ssoUrl: string): ConnectionContent => ({
  ...content,
  settings: { ...content.settings, ssoUrl },
})
async function active(): Promise<ConnectionRecord> {
  await draft()
  await passed(content)
  return flows.activate(await present(), actor)
}
const codeOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'nothing refused',
    (error: unknown) => (error instanceof Refusal ? error.code : error),
  )
const signsInBy = async () =>
  (await stores.directory.everything(institution))?.connections.find((c) => c.id === id)
const audited = async () =>
  (await stores.auditLog.pending(institution))
    .map(({ body }) => JSON.parse(body))
    .filter((event) => event.connection === id)

describe('from draft to active', () => {
  test('only by a test login of exactly what is saved', async () => {
    const made = await draft()
    expect(made).toMatchObject({ state: 'draft', version: 1 })
    expect(await codeOf(flows.activate(made, actor))).toBe('connection.state')
    expect(await passed(edited('https://other.example'))).toBe(false)
    expect((await present()).state).toBe('draft')
    expect(await passed(content)).toBe(true)
    const tested = await present()
    expect(tested).toMatchObject({ state: 'tested', version: 2 })
    expect(await flows.activate(tested, actor)).toMatchObject({ state: 'active', version: 3 })
  })
  test('what was tested falls back to draft when it is edited, not when it is renamed', async () => {
    await draft()
    await passed(content)
    const renamed = await flows.save(await present(), { ...content, name: 'New' }, actor)
    expect(renamed.state).toBe('tested')
    expect((await flows.save(renamed, { ...edited('https://b.example'), name: 'New' }, actor)).state).toBe(
      'draft',
    )
  })
  test('an id once, and one that is an id', async () => {
    await draft()
    expect(await codeOf(draft())).toBe('connection.exists')
    expect(await codeOf(flows.create({ institution, id: 'admin', content }, actor))).toBe(
      'connection.settings',
    )
  })
  test('what the connector does not accept is told field by field', async () => {
    const faulty = { ...content, settings: {} }
    await expect(flows.create({ institution, id, content: faulty }, actor)).rejects.toMatchObject({
      code: 'connection.settings',
      detail: { faults: [{ path: 'settings.ssoUrl', message: 'is missing' }] },
    })
  })
})

describe('an active connection', () => {
  test('is edited beside what customers sign in by, and changes when the edit was tested', async () => {
    const before = await active()
    const proposed = await flows.save(before, edited('https://new.example'), actor)
    expect(proposed).toMatchObject({ state: 'active', version: 4, proposal: { version: 4, tested: false } })
    expect((await signsInBy())?.settings).toEqual(content.settings)
    expect(await codeOf(flows.activate(proposed, actor))).toBe('connection.state')
    expect(await passed(edited('https://new.example'))).toBe(true)
    const after = await flows.activate(await present(), actor)
    expect(after).toMatchObject({ state: 'active', version: 6, proposal: undefined })
    expect((await signsInBy())?.settings.ssoUrl).toBe('https://new.example')
  })
  test('its proposal is dropped by hand, or by saving what is there already', async () => {
    const one = await flows.save(await active(), edited('https://x.example'), actor)
    const two = await flows.discard(one, actor)
    expect(two.proposal).toBeUndefined()
    expect(await codeOf(flows.discard(two, actor))).toBe('connection.state')
    const three = await flows.save(two, edited('https://x.example'), actor)
    expect((await flows.save(three, content, actor)).proposal).toBeUndefined()
  })
  test('is disabled at any time and comes back by a test login', async () => {
    const off = await flows.disable(await active(), actor)
    expect(off.state).toBe('disabled')
    expect(await codeOf(flows.activate(off, actor))).toBe('connection.state')
    await passed(content)
    expect((await flows.activate(await present(), actor)).state).toBe('active')
  })
})

test('of two administrators with the same page before them one is told to look again', async () => {
  const page = await draft()
  const both = [edited('https://a.example'), edited('https://b.example')].map((wanted) =>
    codeOf(flows.save(page, wanted, actor)),
  )
  expect((await Promise.all(both)).sort()).toEqual(['connection.stale', 'nothing refused'])
})

test('saving what is there already is no version', async () => {
  const made = await draft()
  expect((await flows.save(made, content, actor)).version).toBe(made.version)
})

describe('history', () => {
  test('has every change, who and why; an earlier version comes back by the same checks', async () => {
    await flows.save(await active(), edited('https://new.example'), actor)
    await passed(edited('https://new.example'))
    await flows.activate(await present(), actor)
    const lines = await flows.history(institution, id)
    expect(lines.map(({ change, state }) => `${change} ${state}`)).toEqual([
      'activated active',
      'tested active',
      'proposed active',
      'activated active',
      'tested tested',
      'created draft',
    ])
    expect(lines[0]).toMatchObject({ by: 'administrator:ann', why: 'a test' })
    expect(lines[0]?.changes).toEqual([
      { path: 'settings.ssoUrl', before: 'https://idp.example/sso', after: 'https://new.example' },
    ])
    const restored = await flows.restore(await present(), 1, actor)
    expect(restored.proposal).toMatchObject({ tested: false, content })
    expect((await signsInBy())?.settings.ssoUrl).toBe('https://new.example')
    expect(await codeOf(flows.restore(await present(), 99, actor))).toBe('connection.unknown')
  })
  test('is audited by the paths of fields, and neither there nor in the rows does a secret stand', async () => {
    await flows.save(
      await draft(),
      { ...edited('https://b.example'), settings: { ssoUrl: 'x', secret: 'hush2' } },
      actor,
    )
    const events = await audited()
    expect(events.map(({ type, detail }) => [type, detail.change, detail.fields])).toEqual([
      ['connection.changed', 'created', []],
      ['connection.changed', 'saved', ['settings.secret', 'settings.ssoUrl']],
    ])
    const rows = await database.knex.raw(
      'select settings::text as t from connection union all select content::text from connection_version',
    )
    const text = JSON.stringify([events, rows.rows])
    expect(text).toContain('sealed')
    expect(text).not.toMatch(/hush|idp\.example/)
    expect(JSON.stringify((await flows.history(institution, id)).map(({ changes }) => changes))).not.toMatch(
      /hush/,
    )
  })
})

describe('what a file rules', () => {
  const fromFile = (ssoUrl: string, state: 'active' | 'disabled' = 'active') =>
    set([{ ...edited(ssoUrl), institution, id, state, version: 0 }])
  test('is versioned too, is not edited here, and can be disabled in an emergency', async () => {
    await stores.directory.put(fromFile('https://a.example'), 'file')
    await stores.directory.put(fromFile('https://a.example'), 'file')
    await stores.directory.put(fromFile('https://b.example'), 'file')
    const record = await present()
    expect(record).toMatchObject({ state: 'active', version: 2, managedBy: 'file' })
    expect(await codeOf(flows.save(record, content, actor))).toBe('connection.managed')
    expect((await flows.disable(record, actor)).state).toBe('disabled')
    await stores.directory.put(set([]), 'file')
    expect((await flows.history(institution, id)).map(({ change }) => change)).toEqual([
      'removed',
      'disabled',
      'applied',
      'applied',
    ])
    expect(await draft()).toMatchObject({ version: 5 })
  })
  test('a file leaves alone what the console made', async () => {
    const made = contentOfRecord(await draft())
    await stores.directory.put(set([]), 'file')
    expect(contentOfRecord(await present())).toEqual(made)
  })
})

test('disabling ends console sessions that came by the connection, but for the one of whoever does it', async () => {
  const record = await active()
  const at = Date.now()
  const times = { authenticatedAt: at, seenAt: at, expiresAt: at + 60_000 }
  const nameId = { format: 'f', value: unique(), nameQualifier: undefined, spNameQualifier: undefined }
  const came = async (administrator: string, connection: string) => {
    const [idHash, browserSession, login] = [unique(), unique(), unique()]
    const upstream = { institution, connection, nameId, sessionIndex: '', subject: administrator, login }
    await stores.upstreamSessions.put({ ...upstream, expiresAt: at + 60_000 })
    await stores.upstreamSessions.link(institution, login, browserSession)
    const session = { institution, idHash, kind: 'workforce', administrator, browserSession } as const
    await stores.consoleSessions.create({ ...session, ...times })
    return async () => (await stores.consoleSessions.get(institution, idHash)) !== undefined
  }
  const [own = '', other] = [actor.by.split(':')[1], unique()]
  const sessions = [await came(other, id), await came(own, id), await came(other, 'elsewhere')]
  await flows.disable(record, actor)
  expect(await Promise.all(sessions.map((lives) => lives()))).toEqual([false, true, true])
})
