// A connection is changed while its IdP's metadata is read, or after: what was read is never believed for another trust.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ConnectionContent } from '../../src/domain/institution.ts'
import { metadataXml } from '../journeys/metadata-server.ts'
import {
  active,
  actor,
  anotherIdp,
  certificates,
  content,
  federation,
  flows,
  id,
  idp,
  idpGone,
  institution,
  key,
  keyPath,
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

beforeAll(start)
afterAll(stop)
beforeEach(anotherIdp)
afterEach(idpGone)

describe('while it is read, a person changes the connection', () => {
  /** The IdP answers the first question only when the person is done. */
  async function meanwhile(deed: () => Promise<unknown>) {
    idp.published.instead = async (_, res) => {
      idp.published.instead = undefined
      await deed()
      res.writeHead(200).end(metadataXml(idp.published))
    }
  }
  async function activated(settings: object) {
    const before = await present()
    const after = { ...content(), settings: { ...before.settings, ...settings } }
    const { version } = await flows().save(before, after, actor)
    const { proposal } = await present()
    await passed(proposal?.content ?? after)
    expect(version).toBe(before.version + 1)
    await flows().activate(await present(), actor)
  }
  test('#194 to other signers: what the old ones signed is worth nothing, and the change stays', async () => {
    await active({ ...pinned(), signed: 'either' })
    Object.assign(idp.published, { keys: [key, stranger], signer: federation })
    await meanwhile(() => activated({ metadataSigners: [next.pem], signed: 'both' }))
    expect(await refresh()).toEqual({ ...nothing, error: 'metadata.signature' })
    expect(await certificates()).toEqual(prints(key))
    expect((await present()).settings).toMatchObject({ metadataSigners: [next.pem], signed: 'both' })
  })
  test('control: what is signed by the signers of now is read again, and takes over beside the change', async () => {
    await active(pinned())
    Object.assign(idp.published, { keys: [key, next], signer: federation })
    await meanwhile(() => activated({ skewSeconds: 30 }))
    expect(await refresh()).toEqual({ ...nothing, applied: [keyPath] })
    expect([await certificates(), (await present()).settings.skewSeconds]).toEqual([prints(key, next), 30])
    expect(idp.asked.length).toBe(2)
  })
  test('who changes it at every reading is told that it has moved on, and nothing is taken over', async () => {
    await active(pinned())
    Object.assign(idp.published, { keys: [key, next], signer: federation })
    let name = 0
    idp.published.instead = async (_, res) => {
      const record = await present()
      name += 1
      await flows().save(record, { ...content(pinned()), name: `IdP ${name}` }, actor)
      res.writeHead(200).end(metadataXml(idp.published))
    }
    expect(await refresh()).toEqual({ ...nothing, error: 'connection.stale' })
    expect([await certificates(), idp.asked.length]).toEqual([prints(key), 3])
  })
})

describe('what was read of its end', () => {
  test('knows since when an end is published: it begins anew when the end moves on, and not before', async () => {
    await active()
    const ends = (day: string) => {
      idp.published.attributes = ` validUntil="${day}T00:00:00Z"`
      return refresh()
    }
    const since = async () => (await states().get(institution, id))?.validSince ?? 0
    await ends('2030-01-01')
    const first = await since()
    await new Promise((resolve) => setTimeout(resolve, 5))
    await ends('2030-01-01')
    idp.published.instead = (_, res) => void res.writeHead(500).end()
    await refresh()
    expect(await since()).toBe(first)
    idp.published.instead = undefined
    await ends('2030-01-02')
    expect(await since()).toBeGreaterThan(first)
  })
  test('what was read at another address, or of another IdP, says nothing of this one', async () => {
    await active({ expiredMetadata: 'refuse' })
    idp.published.attributes = ' validUntil="2030-01-01T00:00:00Z"'
    await refresh()
    const until = async () =>
      (await parts.stores.directory.connection(institution, id))?.metadataUntil ?? 'none'
    const change = async (settings: object) => {
      const record = await present()
      await flows().save(record, { ...content(), settings: { ...record.settings, ...settings } }, actor)
      const { proposal } = await present()
      await passed(proposal?.content as ConnectionContent)
      await flows().activate(await present(), actor)
      return until()
    }
    // The control: another setting leaves what was read alone.
    expect(await change({ skewSeconds: 30 })).toBe(Date.parse('2030-01-01T00:00:00Z'))
    expect(await change({ metadataUrl: `${idp.url}/moved` })).toBe('none')
    expect(await states().get(institution, id)).toBeUndefined()
    await refresh()
    expect(await change({ idpEntityId: 'https://other.example' })).toBe('none')
  })
})
