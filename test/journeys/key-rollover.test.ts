// An IdP begins to sign with another key while customers sign in: what each of them sees, with and without trust.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { createApp, createBrowser, formIn } from '../../src/demo/app-client.ts'
import { phoneId } from '../../src/demo/institution.ts'
import { makeKey, type TestKey } from '../xml/hostile/idp.ts'
import { startBridge, type TestBridge } from './bridge.ts'
import { agreed, type Customer } from './customer.ts'
import { type MetadataServer, metadataXml, startMetadataServer } from './metadata-server.ts'
import { alder, idpEntityId } from './parts.ts'
import { type SamlIdp, startSamlIdp } from './saml-idp.ts'

const redirectUri = 'https://app.example/callback'
let bridge: TestBridge
let [old, fresh, federation]: TestKey[] = []
let idp: SamlIdp
let metadata: MetadataServer
const audited: { of: string; type: string; code?: string }[] = []
let count = 0
let institution = ''

beforeAll(async () => {
  bridge = await startBridge()
  bridge.application.observe((of, body) => void audited.push({ of, ...JSON.parse(body) }))
  ;[old, fresh, federation] = await Promise.all([makeKey(), makeKey(), makeKey()])
})
afterAll(() => bridge.stop())
beforeEach(async () => {
  count += 1
  institution = `birch-${count}`
  idp = await startSamlIdp(old as TestKey)
  metadata = await startMetadataServer({ keys: [old as TestKey], sso: idp.sso, signer: federation })
})
afterEach(() => Promise.all([idp.stop(), metadata.stop()]))

async function connected(settings: object, levels: Record<string, string[]> = {}): Promise<void> {
  const place = { institution, id: 'idp', name: 'Birch', type: 'saml', state: 'active', version: 0 } as const
  const saml = {
    idpEntityId,
    ssoUrl: idp.sso,
    certificates: [old?.pem],
    metadataUrl: metadata.url,
    ...settings,
  }
  const app = {
    institution,
    id: phoneId,
    name: 'Birch app',
    kind: 'app',
    redirectUris: [redirectUri],
  } as const
  const set = {
    institution: { ...alder, id: institution },
    connections: [{ ...place, settings: saml, claims: {}, levels }],
    relyingParties: [
      {
        ...app,
        ...{ postLogoutRedirectUris: [], scopes: ['openid'], connections: ['idp'], acrFloor: undefined },
        ...{ requirePar: true, requireDpop: true, transactionTypes: [], webOrigins: [], keys: [] },
      },
    ],
    cores: [],
  }
  await bridge.application.apply([set], { dryRun: false })
}
const issuer = () => `${new URL(bridge.issuer).origin}/${institution}`
const pinned = () => ({ metadataSigners: [federation?.pem] })

async function somebody(): Promise<Customer> {
  return { app: await createApp({ issuer: issuer(), redirectUri }), browser: createBrowser(), user: 'carol' }
}

/** Up to the IdP's form, and then its answer to the bridge: what comes of it. */
async function signIn(who: Customer): Promise<string> {
  const tokens = await tokensOf(who)
  if (typeof tokens === 'string') return tokens
  return tokens.accessToken === '' ? 'no token' : 'in'
}

async function tokensOf(who: Customer) {
  const started = await who.app.begin({ scope: 'openid' })
  const asked = formIn(await who.browser.follow(started.url, { until: redirectUri }))
  const page = await who.browser.follow(asked.action, { until: redirectUri, form: asked.fields })
  if (page.status >= 400) return /(saml|upstream)\.[a-z_]+/.exec(page.body)?.[0] ?? `status ${page.status}`
  return who.app.redeem(await agreed(who, page), started)
}

// Once for the unknown key, and once more where the schedule happens to come by.
const asked = () => metadata.asked.length === 1 || metadata.asked.length === 2
const all = (n: number) => Promise.all(Array.from({ length: n }, somebody))

test('control: nothing of it happens while the IdP keeps its key', async () => {
  await connected(pinned())
  expect(await signIn(await somebody())).toBe('in')
})

test('under a pinned signature nobody’s sign-in fails: before, at and after the very moment', async () => {
  await connected(pinned())
  const people = await all(12)
  const outcomes: Promise<string>[] = []
  for (const [i, who] of people.entries()) {
    // No warning: the document and the signing key change at once, in the middle of it all.
    if (i === 4) {
      metadata.published.keys = [fresh as TestKey]
      idp.use(fresh as TestKey)
    }
    outcomes.push(signIn(who))
    await new Promise((resolve) => setTimeout(resolve, 60))
  }
  expect(await Promise.all(outcomes)).toEqual(Array.from({ length: 12 }, () => 'in'))
  expect(asked()).toBe(true)
})

test('an answer that held by what a connection says by now is worth what that one says', async () => {
  const device = ['urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport']
  const acr = async () => {
    const tokens = await tokensOf(await somebody())
    return typeof tokens === 'string' ? tokens : tokens.claims.acr
  }
  await connected(pinned(), { device })
  expect(await acr()).toBe('urn:drawbridge:acr:device')
  metadata.published.keys = [old as TestKey, fresh as TestKey]
  idp.use(fresh as TestKey)
  // While the new key is looked for, its class ceases to count.
  metadata.published.instead = async (_, res) => {
    metadata.published.instead = undefined
    await connected(pinned())
    res.writeHead(200).end(metadataXml(metadata.published))
  }
  expect(await acr()).toBe('urn:drawbridge:acr:delegated')
})

test('all at once by the new key: one asks, the others wait for what it hears', async () => {
  await connected(pinned())
  const people = await all(8)
  metadata.published.keys = [old as TestKey, fresh as TestKey]
  idp.use(fresh as TestKey)
  expect(await Promise.all(people.map(signIn))).toEqual(Array.from({ length: 8 }, () => 'in'))
  expect(asked()).toBe(true)
})

test('#194 without trust: refused, nothing believed, an alert; and the IdP is not asked for each of them', async () => {
  await connected({})
  metadata.published.keys = [fresh as TestKey]
  idp.use(fresh as TestKey)
  for (const who of await all(5)) expect(await signIn(who)).toBe('saml.signature_invalid')
  expect(asked()).toBe(true)
  const told = audited.filter(({ of, code }) => of === institution && code === 'metadata.untrusted')
  expect(told).toMatchObject([{ type: 'connection.metadata_refreshed' }])
  idp.use(old as TestKey)
  expect(await signIn(await somebody())).toBe('in')
})

test('a stranger’s key is not believed for being asked about', async () => {
  await connected(pinned())
  idp.use(fresh as TestKey)
  expect(await signIn(await somebody())).toBe('saml.signature_invalid')
  expect(asked()).toBe(true)
})
