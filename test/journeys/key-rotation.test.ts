// A bank's connection changes its keys while customers sign in: nobody notices.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startBridge, type TestBridge } from './bridge.ts'
import { customer, signIn } from './customer.ts'

let bridge: TestBridge
const connection = 'alder-idp'
const at = { institution: 'alder', connection }
const actor = { by: 'administrator:a1', why: 'test' }

beforeAll(async () => {
  bridge = await startBridge()
})
afterAll(() => bridge.stop())

const metadata = async () => (await fetch(`${bridge.issuer}/saml/${connection}/metadata`)).text()
const certificates = async (use: string) =>
  [...(await metadata()).matchAll(new RegExp(`use="${use}".*?<ds:X509Certificate>([^<]+)`, 'g'))].map(
    ([, found]) => found,
  )
const active = async (purpose = 'saml-signing') =>
  (await bridge.application.ownKeys.list('alder', connection)).find(
    (key) => key.purpose === purpose && key.state === 'active',
  )

/** Signs customers in, one after the other in each of so many lanes, until told to stop; counts what came of it. */
function running(lanes: number) {
  const counts = { ok: 0, failed: [] as string[] }
  let on = true
  const lane = async () => {
    while (on) {
      try {
        await signIn(await customer(bridge))
        counts.ok += 1
      } catch (error) {
        counts.failed.push(String(error))
      }
    }
  }
  const all = Promise.all(Array.from({ length: lanes }, lane))
  const until = async (more: number) => {
    const wanted = counts.ok + more
    while (counts.ok < wanted && counts.failed.length === 0)
      await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return {
    counts,
    until,
    async stop() {
      on = false
      await all
    },
  }
}

describe('a rotation', () => {
  test('in the middle of running sign-ins fails none of them', async () => {
    const logins = running(4)
    await logins.until(4)
    const before = await active()
    const prepared = await bridge.application.ownKeys.prepare(at, actor)
    expect(prepared.map(({ purpose, state }) => `${purpose} ${state}`).sort()).toEqual([
      'saml-decryption active',
      'saml-decryption next',
      'saml-signing active',
      'saml-signing next',
    ])
    expect(await certificates('signing')).toHaveLength(2)
    await logins.until(4)
    await bridge.application.ownKeys.promote(at, actor, { unpublished: true })
    const after = await active()
    expect(after?.kid).not.toBe(before?.kid)
    await logins.until(8)
    await logins.stop()
    expect(logins.counts.failed).toEqual([])
    expect(logins.counts.ok).toBeGreaterThanOrEqual(16)
    // The new key is first, and the old one is still there for IdPs that have not looked since.
    expect(await certificates('signing')).toEqual([after?.certificate, before?.certificate])
    expect(await certificates('encryption')).toEqual([(await active('saml-decryption'))?.certificate])
  }, 60_000)

  test('control: an IdP that still believes only a key which was never ours refuses the request', async () => {
    // The demo's IdP really looks: what is signed by no published key does not get past it.
    const who = await customer(bridge)
    const started = await who.app.begin({})
    const page = await who.browser.follow(started.url, { until: who.app.redirectUri })
    expect(page.body).toContain('name="password"')
    const url = new URL(page.url)
    url.searchParams.set('Signature', Buffer.alloc(256, 1).toString('base64'))
    expect((await fetch(url)).status).toBe(500)
  })
})
