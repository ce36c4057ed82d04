// The provider's keys as logout tokens need them: kept, looked for again where one is missing, never asked for by the dozen.
import type { JSONWebKeySet } from 'jose'
import { describe, expect, test } from 'vitest'
import { Refusal } from '../../src/domain/refusal.ts'
import { createProviderKeys } from '../../src/plugins/connectors/oidc-keys.ts'

function provider() {
  const state = { now: 0, asked: 0, status: 200, body: JSON.stringify({ keys: [{ kid: 'k1' }] }) }
  const keys = createProviderKeys({
    discovered: async () => ({ serverMetadata: () => ({ jwks_uri: 'https://op.example/keys' }) }) as never,
    fetch: async () => {
      state.asked += 1
      return new Response(state.body, { status: state.status })
    },
    now: () => state.now,
  })
  return { state, keys }
}

const kids = ({ keys }: JSONWebKeySet) => keys.map(({ kid }) => kid)

describe('the keys of a provider', () => {
  test('are asked for once by all who wait, and again after ten minutes', async () => {
    const { state, keys } = provider()
    await Promise.all([keys.current(), keys.current(), keys.current()])
    state.now = 599_999
    await keys.current()
    expect(state.asked).toBe(1)
    state.now = 600_000
    state.body = JSON.stringify({ keys: [{ kid: 'k2' }] })
    expect(kids(await keys.current())).toEqual(['k2'])
    expect(state.asked).toBe(2)
  })
  test('a missing one is looked for at once, then at most every half minute', async () => {
    const { state, keys } = provider()
    const first = await keys.current()
    state.body = JSON.stringify({ keys: [{ kid: 'k1' }, { kid: 'k2' }] })
    expect(kids((await keys.newer(first)) as JSONWebKeySet)).toEqual(['k1', 'k2'])
    const second = await keys.current()
    expect(kids(second)).toEqual(['k1', 'k2'])
    for (let i = 0; i < 50; i++) expect(await keys.newer(second)).toBeUndefined()
    expect(state.asked).toBe(2)
    state.now = 30_000
    expect(await keys.newer(second)).toBeDefined()
  })
  test('all of a burst by a new one get it, from one look', async () => {
    const { state, keys } = provider()
    const tried = await keys.current()
    state.body = JSON.stringify({ keys: [{ kid: 'k2' }] })
    const burst = await Promise.all(Array.from({ length: 20 }, () => keys.newer(tried)))
    expect(burst.map((set) => set && kids(set))).toEqual(Array.from({ length: 20 }, () => ['k2']))
    // Whoever began with the old ones, and comes late.
    expect(await keys.newer(tried)).toBeDefined()
    expect(state.asked).toBe(2)
  })
  test('of a provider that is down for a moment stay; one that never answered is refused and asked again', async () => {
    const { state, keys } = provider()
    state.status = 500
    await expect(keys.current()).rejects.toThrow(Refusal)
    state.status = 200
    expect(kids(await keys.current())).toEqual(['k1'])
    state.now = 600_000
    state.body = 'not json'
    expect(kids(await keys.current())).toEqual(['k1'])
  })
})
