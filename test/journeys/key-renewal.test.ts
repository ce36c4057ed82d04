// What operators and IdPs see of our keys on a running bridge: metadata, key sets, and how long things last in the metrics.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { renewalPass } from '../../src/compose/own-keys.ts'
import { alder, type Parts, startIdp, startParts } from './parts.ts'

let parts: Parts
const actor = { by: 'administrator:ann', why: '' }

beforeAll(async () => {
  parts = await startParts()
  const { content } = await startIdp()
  const common = { institution: alder.id, state: 'active', version: 0 } as const
  const op = { issuer: 'https://op.example', clientId: 'c' }
  await parts.stores.directory.put(
    {
      ...parts.rows,
      connections: [
        { ...content, ...common, id: 'idp' },
        { ...content, ...common, id: 'other' },
        { ...common, id: 'op', name: 'OP', type: 'oidc', settings: op, claims: {} },
      ],
    },
    'file',
  )
})
afterAll(() => parts.stop())

const body = async (path: string) => (await fetch(`${parts.issuer}${path}`)).text()
const certificates = async (connection: string) =>
  [...(await body(`/saml/${connection}/metadata`)).matchAll(/X509Certificate>([^<]+)</g)].map(
    ([, found]) => found,
  )
const kids = async (): Promise<string[]> =>
  JSON.parse(await body('/oidc/op/jwks.json')).keys.map(({ kid }: { kid: string }) => kid)

test('two connections to one IdP share no key', async () => {
  const [one, other] = [await certificates('idp'), await certificates('other')]
  expect([one.length, other.length]).toEqual([2, 2])
  expect(one.filter((found) => other.includes(found))).toEqual([])
})

test('a key set has the next key at once, and the retired one after the change, until it is dropped', async () => {
  const at = { institution: 'alder', connection: 'op' }
  const [first = ''] = await kids()
  const { keyFlows } = parts.flows
  await keyFlows.prepare(at, actor)
  const both = await kids()
  expect([both.length, both[0]]).toEqual([2, first])
  await keyFlows.promote(at, actor, { unpublished: true })
  expect(await kids()).toEqual(both.toReversed())
  await keyFlows.remove({ ...at, kid: first }, actor, { early: true })
  expect(await kids()).toEqual(both.slice(1))
  for (const key of JSON.parse(await body('/oidc/op/jwks.json')).keys) expect(key).not.toHaveProperty('d')
})

test('the metrics say how long things last, the first to end of each kind, and forget what is gone', async () => {
  const { base, stores, flows, rows } = parts
  const days = async (connection: string, kind: string) => {
    await renewalPass(base, stores, flows)
    const labels = `institution="alder",connection="${connection}",kind="${kind}"`
    const found = new RegExp(`drawbridge_expiry_days\\{${labels}\\} (\\S+)`).exec(await base.metrics.render())
    return found && Number(found[1])
  }
  expect(await days('idp', 'own-certificate')).toBeGreaterThan(1090)
  expect(await days('idp', 'idp-certificate')).not.toBeNull()
  expect(await days('op', 'own-certificate')).toBeNull()
  await stores.directory.put(rows, 'file')
  expect(await days('idp', 'own-certificate')).toBeNull()
})
