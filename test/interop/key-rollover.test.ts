// Keys change on both sides while customers sign in at a real SimpleSAMLphp without a pause: nobody's sign-in fails.
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createApp, createBrowser } from '../../src/demo/app-client.ts'
import { phoneId } from '../../src/demo/institution.ts'
import type { RelyingParty } from '../../src/domain/institution.ts'
import type { OwnKeyView } from '../../src/ports/own-keys.ts'
import { agreed } from '../journeys/customer.ts'
import { alder, type Parts, startParts } from '../journeys/parts.ts'
import { answerOf, type Simplesamlphp, startSimplesamlphp, words } from './simplesamlphp-peer.ts'

const redirectUri = 'https://app.example/callback'
const actor = { by: 'administrator:ann', why: 'a rollover' }
const at = { institution: 'alder', connection: 'idp' }
const unlimited = { points: 1_000_000, seconds: 60 }
let parts: Parts
let idp: Simplesamlphp

const pem = (path: string | undefined) => readFileSync(path as string, 'utf8')
const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)

beforeAll(async () => {
  parts = await startParts({
    outbound: { allowed_networks: ['127.0.0.0/8'] },
    // All of the load comes from one address.
    limits: { rates: { interaction: unlimited, token: unlimited, acs: unlimited } },
    // What is told here is what keys do to a sign-in, not what a machine does that has other work.
    saml: { workers: 1, deadline_ms: 20_000 },
  })
  // Its requests are to be signed, its assertions are encrypted to us, and its metadata is signed by a key that stays.
  const strict = { SP_REQUIRE_SIGNED: '1', SP_ENCRYPT: '1', SSP_SIGN_METADATA: '1' }
  idp = await startSimplesamlphp(18_702, strict)
  await connected()
  await readByIdp()
})
afterAll(async () => {
  await idp?.stop()
  await parts?.stop()
})

async function connected(): Promise<void> {
  const { metadata_cert, idp_metadata: metadataUrl, sso: ssoUrl, idp_cert } = idp.up
  const settings = {
    ...{ idpEntityId: metadataUrl, ssoUrl, metadataUrl, signed: 'both', encrypted: 'required' },
    ...{ certificates: [pem(idp_cert)], metadataSigners: [pem(metadata_cert)] },
    // It knows no other way to encrypt.
    compat: { until: inDays(30), allow: ['aes-cbc'] },
  }
  const place = { institution: 'alder', id: 'idp', name: 'SimpleSAMLphp', type: 'saml' } as const
  const app: RelyingParty = {
    ...{ institution: 'alder', id: phoneId, name: 'Alder app', kind: 'app' as const },
    ...{ redirectUris: [redirectUri], postLogoutRedirectUris: [], scopes: ['openid'], connections: ['idp'] },
    ...{ acrFloor: undefined, requirePar: true, requireDpop: true, transactionTypes: [], webOrigins: [] },
    keys: [],
  }
  const connections = [{ ...place, state: 'active' as const, version: 0, settings, claims: {} }]
  await parts.stores.directory.put({ ...parts.rows, connections, relyingParties: [app] }, 'console')
}

/** SimpleSAMLphp reads our metadata again, as its metarefresh would. */
const readByIdp = () => idp.set({ SP_METADATA_URL: `${parts.issuer}/saml/idp/metadata` })
const readByUs = () => parts.flows.metadataRefresh.now(alder.id, 'idp', actor)

/** The certificate that signed the answer. */
async function signIn(app: Awaited<ReturnType<typeof createApp>>): Promise<string> {
  const browser = createBrowser()
  const started = await app.begin({ scope: 'openid' })
  const form = await answerOf(browser, { url: started.url, until: redirectUri })
  const page = await browser.follow(form.action, { until: redirectUri, form: form.fields })
  if (page.status >= 400) throw new Error(`refused: ${page.status} ${words(page)}`)
  const tokens = await app.redeem(await agreed({ app, browser, user: 'alice' }, page), started)
  if (tokens.accessToken === '') throw new Error('no token')
  const xml = Buffer.from(form.fields.SAMLResponse ?? '', 'base64').toString()
  return /X509Certificate>([^<]+)</.exec(xml)?.[1]?.replace(/\s/g, '') ?? ''
}

interface Load {
  /** How many sign-ins ended well while each step stood, by the certificate that signed. */
  readonly done: Map<string, string[]>
  readonly failed: string[]
  /** A step, and then sign-ins for a while, and until enough of them have ended. */
  step(name: string, work?: () => Promise<unknown>): Promise<void>
  stop(): Promise<void>
}

const lanes = 4
const stepMs = 4000

async function startLoad(): Promise<Load> {
  // Its first sign-in makes the tables of its sessions, and two at once do not take turns: that one is alone.
  await signIn(await createApp({ issuer: parts.issuer, redirectUri }))
  const [done, failed] = [new Map<string, string[]>(), [] as string[]]
  let [now, running] = ['', true]
  const lane = async () => {
    const app = await createApp({ issuer: parts.issuer, redirectUri })
    while (running) {
      await signIn(app).then(
        (by) => done.get(now)?.push(by),
        (error: unknown) => failed.push(`${now}: ${error instanceof Error ? error.message : error}`),
      )
    }
  }
  const all = Promise.all(Array.from({ length: lanes }, lane))
  return {
    ...{ done, failed },
    async step(name, work) {
      now = name
      done.set(name, [])
      await work?.()
      const until = Date.now() + stepMs
      // Each lane may end one that began before; so many mean that some went through this step alone.
      const enough = () => (done.get(name)?.length ?? 0) >= 2 * lanes || failed.length > 0
      while (Date.now() < until || !enough()) await new Promise((resolve) => setTimeout(resolve, 50))
    },
    async stop() {
      running = false
      await all
    },
  }
}

/** Of a key that the peer's script made, by its name there. */
const certificate = (name: string) =>
  new X509Certificate(pem(join(dirname(idp.up.idp_cert as string), `${name}.crt`))).raw.toString('base64')
const states = (keys: readonly OwnKeyView[]) => keys.map(({ purpose, state }) => `${purpose} ${state}`).sort()

/** Both rollovers, as their administrators do them: its, ours, and one of its own that nobody was told of. */
async function rollovers(step: Load['step']): Promise<void> {
  const { keyFlows } = parts.flows
  const takenOver = { error: '', applied: ['settings.certificates[]'], waits: [] }
  await step('before')
  await step('its next key is published', () => idp.set({ SSP_NEXT_KEY: 'second' }))
  await step('we read that', async () => expect(await readByUs()).toEqual(takenOver))
  await step('its next key signs', () => idp.set({ SSP_KEY: 'second', SSP_NEXT_KEY: '' }))
  await step('we read that its old key is gone', async () => {
    // What it signed may be on its way: the first reading without a key marks it, and the second lets it go.
    expect(await readByUs()).toEqual({ ...takenOver, applied: [] })
    expect(await readByUs()).toEqual(takenOver)
  })
  await step('our next keys are published', () => keyFlows.prepare(at, actor))
  await step('it reads that', readByIdp)
  await step('our next keys sign and open', async () => {
    const promoted = await keyFlows.promote(at, actor, { unpublished: true })
    expect(states(promoted)).toEqual([
      ...['saml-decryption active', 'saml-decryption retired'],
      ...['saml-signing active', 'saml-signing retired'],
    ])
  })
  await step('it encrypts to our new key', readByIdp)
  await step('it signs by a third key, unannounced', () => idp.set({ SSP_KEY: 'third' }))
}

test('neither its rollover nor ours fails one sign-in of many', async () => {
  const load = await startLoad()
  await rollovers(load.step).finally(load.stop)
  const counts = [...load.done].map(([name, by]) => `${by.length} ${name}`)
  const total = [...load.done.values()].flat()
  console.info(`${total.length} sign-ins, ${load.failed.length} failed: ${counts.join(', ')}`)
  expect(load.failed).toEqual([])
  expect(load.done.size).toBe(10)
  for (const [name, by] of load.done) expect(by.length, name).toBeGreaterThanOrEqual(2 * lanes)
  // All three keys were really used, one after the other.
  const [first, second, third] = ['idp', 'second', 'third'].map((name) => certificate(name))
  expect([...new Set(total)]).toEqual([first, second, third])
  expect(load.done.get('before')?.at(-1)).toBe(first)
  expect(load.done.get('we read that its old key is gone')?.at(-1)).toBe(second)
  expect(load.done.get('it signs by a third key, unannounced')?.at(-1)).toBe(third)
}, 180_000)

test('control: what it has not read of our keys, and what we may not believe of its keys, is refused', async () => {
  const app = await createApp({ issuer: parts.issuer, redirectUri })
  await parts.flows.keyFlows.prepare({ ...at, purpose: 'saml-signing' }, actor)
  await parts.flows.keyFlows.promote({ ...at, purpose: 'saml-signing' }, actor, { unpublished: true })
  await expect(signIn(app)).rejects.toThrow('no sign-in page')
  await readByIdp()
  await expect(signIn(app)).resolves.not.toBe('')
  await idp.set({ SSP_KEY: 'fourth', SSP_SIGN_METADATA: '0' })
  await expect(signIn(app)).rejects.toThrow(/refused: 400/)
})
