// IdP metadata read again over a real database and real HTTP: what takes over, what waits, what is refused, and who reads.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ConnectionContent } from '../../src/domain/institution.ts'
import { fingerprintOf } from '../../src/domain/learned-keys.ts'
import {
  active,
  actor,
  anotherIdp,
  certificates,
  content,
  events,
  federation,
  flows,
  id,
  idp,
  idpGone,
  institution,
  key,
  keyPath,
  keysOf,
  next,
  nothing,
  parts,
  passed,
  pinned,
  present,
  prints,
  refresh,
  start,
  states,
  stop,
  stranger,
} from './metadata-rig.ts'

const minute = 60_000

beforeAll(start)
afterAll(stop)
beforeEach(anotherIdp)
afterEach(idpGone)

test('control: nothing new is no version and no event', async () => {
  const before = await active()
  expect(await refresh()).toEqual(nothing)
  expect(await present()).toEqual(before)
  expect(await events()).toEqual([])
  expect(await parts.flows.metadataRefresh.state(institution, id)).toMatchObject({ error: '', failures: 0 })
})

describe('a new key', () => {
  test('takes over by itself when a pinned key signed the document', async () => {
    const before = await active(pinned())
    Object.assign(idp.published, { keys: [key, next], signer: federation })
    expect(await refresh()).toEqual({ ...nothing, applied: [keyPath] })
    expect(await certificates()).toEqual(prints(key, next))
    expect(await present()).toMatchObject({
      state: 'active',
      version: before.version + 1,
      proposal: undefined,
    })
    const [newest] = await flows().history(institution, id)
    expect(newest).toMatchObject({ change: 'refreshed', by: actor.by })
    expect(newest?.changes.map(({ path }) => path)).toEqual([keyPath])
    const trust = fingerprintOf(federation.pem)
    expect(await events()).toMatchObject([
      { outcome: 'ok', detail: { trust, applied: [keyPath], keys_added: prints(next), waits: [] } },
    ])
  })
  test('or when the connection says that it trusts its address; an endpoint waits even then', async () => {
    await active({ trustNewKeys: true })
    Object.assign(idp.published, { keys: [key, next], sso: 'https://new.example/sso' })
    expect(await refresh()).toEqual({ ...nothing, applied: [keyPath], waits: ['settings.ssoUrl'] })
    const record = await present()
    expect(record.settings.ssoUrl).toBe('https://idp.example/sso')
    expect(record.proposal?.content.settings.ssoUrl).toBe('https://new.example/sso')
    expect(keysOf(record.proposal?.content.settings)).toEqual(prints(key, next))
  })
  test('#194 waits otherwise, raises an alert once, and takes over when somebody tried and activated it', async () => {
    const before = await active()
    idp.published.keys = [key, next]
    const alerts = () => parts.base.metrics.render()
    expect(await refresh()).toEqual({ ...nothing, waits: [keyPath] })
    const record = await present()
    expect([await certificates(), record.state, record.version]).toEqual([
      prints(key),
      'active',
      before.version + 1,
    ])
    expect(record.proposal).toMatchObject({ by: 'administrator:ann', read: true, tested: false })
    expect(await events()).toMatchObject([
      {
        outcome: 'refused',
        code: 'metadata.untrusted',
        detail: { trust: 'none', waits: [keyPath], waits_as: 'proposal', keys_waiting: prints(next) },
      },
    ])
    expect(await alerts()).toMatch(/drawbridge_alerts_total\{code="metadata.untrusted"\} \d/)
    expect(await refresh()).toEqual({ ...nothing, waits: [keyPath] })
    expect([(await present()).version, (await events()).length]).toEqual([record.version, 1])
    await passed(record.proposal?.content as ConnectionContent)
    await flows().activate(await present(), actor)
    expect(await certificates()).toEqual(prints(key, next))
    expect(await refresh()).toEqual(nothing)
  })
  test('#194 signed by a stranger, or by nobody, where a signer is pinned: refused, told once, tried again later and later', async () => {
    const before = await active(pinned())
    Object.assign(idp.published, { keys: [key, next], signer: stranger })
    const first = parts.base.clock.now()
    expect(await refresh()).toEqual({ ...nothing, error: 'metadata.signature' })
    idp.published.signer = undefined
    expect((await refresh()).error).toBe('metadata.signature')
    expect((await refresh()).error).toBe('metadata.signature')
    expect(await present()).toEqual(before)
    expect(await events()).toMatchObject([{ outcome: 'refused', code: 'metadata.signature' }])
    const state = await parts.flows.metadataRefresh.state(institution, id)
    expect(state).toMatchObject({ failures: 3, error: 'metadata.signature' })
    expect(Math.round(((state?.nextAt ?? 0) - first) / minute)).toBe(20)
    idp.published.signer = federation
    expect((await refresh()).applied).toEqual([keyPath])
    expect(await parts.flows.metadataRefresh.state(institution, id)).toMatchObject({ failures: 0, error: '' })
  })
  test('a proposal that somebody dropped does not come back until the IdP says something else', async () => {
    await active()
    idp.published.keys = [key, next]
    await refresh()
    await flows().discard(await present(), actor)
    await refresh()
    expect((await present()).proposal).toBeUndefined()
    idp.published.keys = [key, next, stranger]
    await refresh()
    expect(keysOf((await present()).proposal?.content.settings)).toEqual(prints(key, next, stranger))
  })
  test('a proposal of the schedule goes when the IdP takes back what it said', async () => {
    await active()
    idp.published.keys = [key, next]
    await refresh()
    idp.published.keys = [key]
    expect(await refresh()).toEqual(nothing)
    expect((await present()).proposal).toBeUndefined()
  })
})

describe('beside an edit of a person', () => {
  const edit = async () => {
    const record = await present()
    const settings = { ...record.settings, skewSeconds: 30 }
    return flows().save(record, { ...content(), settings }, actor)
  }
  test('what waits does not push the edit aside', async () => {
    await active()
    await edit()
    idp.published.keys = [key, next]
    expect((await refresh()).waits).toEqual([keyPath])
    expect((await present()).proposal).toMatchObject({ by: actor.by })
    expect(await events()).toMatchObject([{ detail: { waits_as: 'another proposal' } }])
    await flows().discard(await present(), actor)
    await refresh()
    expect((await present()).proposal).toMatchObject({ by: 'administrator:ann', read: true })
  })
  test('what takes over is in the edit too: activating it does not undo the new key', async () => {
    await active(pinned())
    await edit()
    Object.assign(idp.published, { keys: [key, next], signer: federation })
    await refresh()
    const { proposal } = await present()
    expect(keysOf(proposal?.content.settings)).toEqual(prints(key, next))
    await passed(proposal?.content as ConnectionContent)
    expect((await flows().activate(await present(), actor)).settings.skewSeconds).toBe(30)
    expect(await certificates()).toEqual(prints(key, next))
  })
})

describe('a key that is gone', () => {
  test('stays while its successor comes, and goes at the next reading', async () => {
    await active(pinned())
    Object.assign(idp.published, { keys: [next], signer: federation })
    const now = parts.base.clock.now()
    await refresh()
    expect(await certificates()).toEqual(prints(key, next))
    const state = await parts.flows.metadataRefresh.state(institution, id)
    expect(Math.round(((state?.nextAt ?? 0) - now) / minute)).toBe(15)
    expect((await refresh()).applied).toEqual([keyPath])
    expect(await certificates()).toEqual(prints(next))
  })
  test('stays as long where its successor was there before: answers by it may be on their way', async () => {
    await active({ ...pinned(), certificates: [key.pem, next.pem] })
    Object.assign(idp.published, { keys: [next], signer: federation })
    const now = parts.base.clock.now()
    expect(await refresh()).toEqual(nothing)
    expect(await certificates()).toEqual(prints(key, next))
    const state = await parts.flows.metadataRefresh.state(institution, id)
    expect(Math.round(((state?.nextAt ?? 0) - now) / minute)).toBe(15)
    expect((await refresh()).applied).toEqual([keyPath])
    expect(await certificates()).toEqual(prints(next))
  })
  test('and that comes back meanwhile has as long again', async () => {
    await active({ ...pinned(), certificates: [key.pem, next.pem] })
    for (const keys of [[next], [key, next], [next]]) {
      Object.assign(idp.published, { keys, signer: federation })
      await refresh()
    }
    expect(await certificates()).toEqual(prints(key, next))
  })
  test('of a document that nobody vouches for, only with somebody’s approval', async () => {
    const both = () => ({ certificates: [key.pem, next.pem] })
    await active(both())
    idp.published.keys = [next]
    expect((await refresh()).waits).toEqual([keyPath])
    expect(await certificates()).toEqual(prints(key, next))
  })
  test('#195 metadata without any key never leaves a connection without one', async () => {
    await active({ ...pinned(), trustNewKeys: true })
    Object.assign(idp.published, { keys: [], signer: federation })
    expect(await refresh()).toEqual({ ...nothing, error: 'metadata.certificate' })
    expect(await certificates()).toEqual(prints(key))
  })
})

describe('what else it says', () => {
  test('addresses change by themselves under a pinned signature', async () => {
    await active({ ...pinned(), sloUrl: 'https://idp.example/slo' })
    Object.assign(idp.published, {
      sso: 'https://new.example/sso',
      slo: 'https://new.example/slo',
      signer: federation,
    })
    expect((await refresh()).applied).toEqual(['settings.sloUrl', 'settings.ssoUrl'])
    expect((await present()).settings).toMatchObject({
      ssoUrl: 'https://new.example/sso',
      sloUrl: 'https://new.example/slo',
    })
  })
  test('and wait without one', async () => {
    await active()
    idp.published.sso = 'https://new.example/sso'
    expect(await refresh()).toEqual({ ...nothing, waits: ['settings.ssoUrl'] })
    expect((await present()).settings.ssoUrl).toBe('https://idp.example/sso')
  })
  test.each([
    ['#195 another entity', { entityId: 'https://evil.example/metadata' }, 'metadata.entity'],
    [
      '#195 a validUntil that is over',
      { attributes: ' validUntil="2020-01-01T00:00:00Z"' },
      'metadata.expired',
    ],
    ['an address without https', { sso: 'http://idp.example/sso' }, 'metadata.endpoint'],
  ])('%s is refused, and what was there stays', async (_, published, code) => {
    const before = await active({ trustNewKeys: true })
    Object.assign(idp.published, { keys: [next], ...published })
    expect(await refresh()).toEqual({ ...nothing, error: code })
    expect(await present()).toEqual(before)
  })
  test('#196 its wish that nothing be signed changes nothing', async () => {
    const before = await active({ signed: 'both', trustNewKeys: true })
    idp.published.attributes = ' xmlns:x="urn:x" x:WantAssertionsSigned="false"'
    expect(await refresh()).toEqual(nothing)
    expect(await present()).toEqual(before)
  })
})

describe('the schedule', () => {
  const pass = () => parts.flows.metadataRefresh.pass(institution)
  test('reads what is due, once for all who look, and again when the document’s time is over', async () => {
    await active()
    idp.published.attributes = ' cacheDuration="PT2H"'
    const now = parts.base.clock.now()
    await Promise.all([pass(), pass(), pass(), pass()])
    expect(idp.asked.length).toBe(1)
    const state = await states().get(institution, id)
    expect(Math.round(((state?.nextAt ?? 0) - now) / minute)).toBe(120)
    await pass()
    expect(idp.asked.length).toBe(1)
    if (state) await states().done({ ...state, nextAt: now - 1 })
    await pass()
    expect(idp.asked.length).toBe(2)
  })
  test('keeps the document’s end, for the list of what ends', async () => {
    await active()
    idp.published.attributes = ' validUntil="2030-01-01T00:00:00Z"'
    await pass()
    const validUntil = Date.parse('2030-01-01T00:00:00Z')
    const { validSince } = (await states().get(institution, id)) ?? {}
    expect(validSince).toBeLessThanOrEqual(parts.base.clock.now())
    expect(await parts.flows.metadataRefresh.metadataValidity(institution)).toContainEqual({
      connection: id,
      validUntil,
      validSince,
    })
    expect(await parts.flows.metadataRefresh.metadataValidity('birch')).toEqual([])
  })
  test('leaves disabled connections alone, and forgets them', async () => {
    await flows().disable(await active(), actor)
    await refresh()
    await pass()
    expect([idp.asked.length, await states().get(institution, id)]).toEqual([1, undefined])
  })
  test('an unknown key asks once in five minutes, whoever sees it', async () => {
    await active()
    const ask = () => parts.flows.metadataRefresh.forUnknownKey(institution, id)
    await Promise.all(Array.from({ length: 20 }, ask))
    await ask()
    expect(idp.asked.length).toBe(1)
    const claim = (now: number) =>
      states().claim(institution, id, { why: 'unknown-key', now, leaseMs: 1, since: now - 5 * minute })
    expect(await claim(parts.base.clock.now() + 4 * minute)).toBe(false)
    expect(await claim(parts.base.clock.now() + 6 * minute)).toBe(true)
  })
})
