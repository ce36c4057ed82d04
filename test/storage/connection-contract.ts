// What every database must do where two connections of one institution change at the same moment.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { digestOf } from '../../src/domain/connection.ts'
import type { ConnectionContent } from '../../src/domain/institution.ts'
import { createApply } from '../../src/flows/apply.ts'
import { createConnections } from '../../src/flows/connections.ts'
import { samlConnector } from '../../src/plugins/connectors/saml.ts'
import { createPictures } from '../../src/plugins/pictures/decoder.ts'
import { ApplyFault } from '../../src/ports/judged.ts'
import type { Database } from '../../src/storage/open.ts'
import { alder, startIdp } from '../journeys/parts.ts'
import { everything, id, scope } from './rig.ts'
import { migrated, open, type Scratch, scratch } from './scratch.ts'

const institution = 'alder'
const actor = { by: 'administrator:ann', why: 'a test' }

/** Two nodes where there is a server; one that is asked twice where there is none. */
function node(database: Database) {
  const all = everything(database)
  const none = undefined as never
  const plugin = samlConnector({
    clock: { now: Date.now },
    checker: none,
    fetch: none,
    idpMetadata: none,
  } as never)
  const plugins = { plugins: () => [plugin] }
  const ports = {
    ...all,
    connectors: plugins,
    clock: { now: Date.now },
    chance: { token: id, number: () => '42', reference: id },
  }
  const pictures = createPictures({ deadlineMs: 20_000 })
  return {
    all,
    flows: createConnections(ports),
    apply: createApply({
      ...ports,
      writer: all.directory,
      pictures,
      channels: { plugins: () => [] },
      lineFacts: { plugins: () => [] },
      riskPlugins: async () => [],
      addressFault: () => undefined,
    }),
  }
}

/** Registers the suite for one kind of database. */
export function connectionContract(kind: 'embedded' | 'server'): void {
  let place: Scratch
  const databases: Database[] = []
  let nodes: [ReturnType<typeof node>, ReturnType<typeof node>]
  let content: ConnectionContent
  const rows = { institution: alder, relyingParties: [], connections: [], cores: [] }
  beforeAll(async () => {
    place = await scratch(kind)
    databases.push(await migrated(place))
    if (kind === 'server') databases.push(await open(place))
    const [one, other = one] = databases as [Database, Database?]
    nodes = [node(one), node(other)]
    content = (await startIdp()).content
    await nodes[0].all.directory.put(rows, 'file')
  })
  afterAll(async () => {
    for (const database of databases) await database.close()
    await place.remove()
  })
  let count = 0
  const fresh = () => {
    count += 1
    return { a: `a-${count}`, b: `b-${count}`, domain: `d${count}.example` }
  }
  const made = (name: string, change: Partial<ConnectionContent> = {}, by = nodes[0]) =>
    by.flows.create({ institution, id: name, content: { ...content, ...change } }, actor)
  const get = (name: string) => nodes[0].flows.get(institution, name)
  const tested = (name: string, of: ConnectionContent) =>
    nodes[0].all.unit.run(scope(), () =>
      nodes[0].flows.testPassed(institution, name, { digest: digestOf(of), actor }),
    )
  /** Tested and live. */
  async function live(name: string) {
    await made(name)
    await tested(name, content)
    return nodes[0].flows.activate(await get(name), actor)
  }
  const atHome = async (domain: string) =>
    (await nodes[0].flows.list(institution)).filter(({ domains = [] }) => domains.includes(domain))
  const outcomes = async (works: readonly Promise<unknown>[]) =>
    (await Promise.allSettled(works))
      .map((one) => (one.status === 'fulfilled' ? 'done' : (one.reason.code ?? one.reason.name)))
      .sort()

  describe('one mail domain asked for twice at the same moment', () => {
    test.each(Array.from({ length: 5 }, (_, i) => i))('two new connections: one is made (%i)', async () => {
      const { a, b, domain } = fresh()
      const works = [made(a, { domains: [domain] }, nodes[0]), made(b, { domains: [domain] }, nodes[1])]
      expect(await outcomes(works)).toEqual(['connection.settings', 'done'])
      expect(await atHome(domain)).toHaveLength(1)
    })
    test.each(Array.from({ length: 5 }, (_, i) => i))(
      'two live ones, by a label: one has it (%i)',
      async () => {
        const { a, b, domain } = fresh()
        const [first, second] = [await live(a), await live(b)]
        const labelled = { ...content, domains: [domain] }
        const works = [
          nodes[0].flows.save(first, labelled, actor),
          nodes[1].flows.save(second, labelled, actor),
        ]
        expect(await outcomes(works)).toEqual(['connection.settings', 'done'])
        expect(await atHome(domain)).toHaveLength(1)
      },
    )
    test.each(Array.from({ length: 5 }, (_, i) => i))(
      'two changes that waited: one is activated (%i)',
      async () => {
        const { a, b, domain } = fresh()
        const settings = { ...content.settings, ssoUrl: 'https://moved.example/sso' }
        const moved = { ...content, settings, domains: [domain] }
        for (const name of [a, b]) {
          await nodes[0].flows.save(await live(name), moved, actor)
          await tested(name, moved)
        }
        const [first, second] = [await get(a), await get(b)]
        const works = [nodes[0].flows.activate(first, actor), nodes[1].flows.activate(second, actor)]
        expect(await outcomes(works)).toEqual(['connection.settings', 'done'])
        expect(await atHome(domain)).toHaveLength(1)
      },
    )
    test.each(Array.from({ length: 5 }, (_, i) => i))('a file and the console: one has it (%i)', async () => {
      const { a, b, domain } = fresh()
      const first = await live(a)
      const given = {
        ...content,
        institution,
        id: b,
        state: 'active',
        version: 0,
        domains: [domain],
      } as const
      const works = [
        nodes[0].flows.save(first, { ...content, domains: [domain] }, actor),
        nodes[1].apply([{ ...rows, connections: [given] }], { dryRun: false }),
      ]
      expect(['connection.settings', new ApplyFault([]).name]).toContain(
        (await outcomes(works)).find((one) => one !== 'done'),
      )
      expect(await atHome(domain)).toHaveLength(1)
    })
  })
  test('a domain of the console’s is refused to a file, and nothing of that file is written', async () => {
    const { a, b, domain } = fresh()
    await made(a, { domains: [domain] })
    const given = { ...content, institution, id: b, state: 'active', version: 0, domains: [domain] } as const
    const applied = nodes[0].apply([{ ...rows, connections: [given] }], { dryRun: true })
    await expect(applied).rejects.toThrow(`alder: connection ${b}: ${domain} stands at Sign-in already`)
    expect(await nodes[0].all.connectionStore.get(institution, b)).toBeUndefined()
  })
}
