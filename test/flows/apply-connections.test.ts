// What a file says of connections, put into a database: what is judged first, and what else ends with it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Connection, ConnectionContent } from '../../src/domain/institution.ts'
import { createApply } from '../../src/flows/apply.ts'
import { type Parts, startIdp, startParts } from '../journeys/parts.ts'
import { data, goodPng, png } from '../plugins/made-pictures.ts'

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
  const run = createApply({ ...base, ...stores, writer: directory, connectors: services.connectors })
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
