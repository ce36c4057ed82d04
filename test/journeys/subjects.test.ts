// The bank disables a customer, and apps that know customers by names of their own.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApp, formIn } from '../../src/demo/app-client.ts'
import { apiId, demoRows, phoneId } from '../../src/demo/institution.ts'
import { startBridge, type TestBridge } from './bridge.ts'
import { asApi, atIdp, call, customer, enrolled, introspect, signIn, token } from './customer.ts'
import { type BackEnd, startBackEnd } from './relying-party.ts'

let bridge: TestBridge
let shop: BackEnd
const shopId = 'alder-shop'
const loansId = 'alder-loans'
const seen: { type: string; subject?: string; relyingParty?: string }[] = []

beforeAll(async () => {
  bridge = await startBridge()
  bridge.application.observe((_, event) => {
    const { type, subject, relyingParty } = JSON.parse(event)
    seen.push({ type, subject, relyingParty })
  })
  shop = await startBackEnd(bridge.issuer, shopId)
  const { d: _, ...apiKey } = bridge.world.apiKey
  const { url: world, idpCertificate } = bridge.world
  const rows = demoRows({ world, idpCertificate, apiKey })
  const relyingParties = rows.relyingParties.flatMap((party) => {
    if (party.id === apiId) return [{ ...party, scopes: ['subjects'] }]
    const pairwise = { ...party, subjectType: 'pairwise' as const }
    return [
      party,
      { ...pairwise, id: shopId, name: 'Shop', backchannelLogoutUri: shop.url },
      { ...pairwise, id: loansId, name: 'Loans' },
    ]
  })
  await bridge.application.apply([{ ...rows, relyingParties }], { dryRun: false })
})
afterAll(async () => {
  await Promise.all([shop.stop(), bridge.stop()])
})

async function backEndToken(scope = 'subjects') {
  const body = new URLSearchParams({ grant_type: 'client_credentials', scope, ...(await asApi(bridge)) })
  const response = await fetch(`${bridge.issuer}/token`, { method: 'POST', body })
  return { status: response.status, json: (await response.json()) as Record<string, string> }
}

async function change(sub: string, what: 'disable' | 'enable', given?: string) {
  const bearer = given ?? (await backEndToken()).json.access_token
  const url = `${bridge.issuer}/subjects/${encodeURIComponent(sub)}/${what}`
  const response = await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${bearer}` } })
  return { status: response.status, json: (await response.json()) as Record<string, unknown> }
}

describe('a customer whom the bank disables', () => {
  test('is dead everywhere at once, and alive again after enabling', async () => {
    const who = await enrolled(bridge)
    const bystander = await enrolled(bridge, 'bob')
    const sub = who.tokens.claims.sub as string
    expect((await call(who, { method: 'GET', path: '/devices', tokens: who.tokens })).status).toBe(200)
    const started = performance.now()
    expect(await change(sub, 'disable')).toEqual({ status: 200, json: { sub, state: 'disabled' } })
    expect(await introspect(bridge, who.tokens.accessToken)).toEqual({ active: false })
    expect((await call(who, { method: 'GET', path: '/devices', tokens: who.tokens })).status).toBe(401)
    const gateway = { method: 'POST', path: '/soap/payments', tokens: who.tokens, body: '<x/>' }
    expect((await call(who, gateway)).status).toBe(401)
    const refresh = { grant_type: 'refresh_token', refresh_token: who.tokens.refreshToken as string }
    expect((await token(who, refresh)).json.error).toBe('invalid_grant')
    expect(performance.now() - started).toBeLessThan(5000)
    // The browser's session is gone, and the IdP's word does not help.
    const { answer, page } = await atIdp(who)
    const { action, fields } = answer ?? formIn(page)
    const end = await who.browser.follow(action, { until: who.app.redirectUri, form: fields })
    expect([end.status, end.body]).toEqual([403, expect.stringContaining('subject.disabled')])
    expect((await introspect(bridge, bystander.tokens.accessToken)).active).toBe(true)

    expect((await change(sub, 'enable')).json.state).toBe('enabled')
    const again = await signIn(await customer(bridge))
    expect(again.claims.sub).toBe(sub)
    // What was ended stays ended.
    expect(await introspect(bridge, who.tokens.accessToken)).toEqual({ active: false })
  })
  test('doing it twice is doing it once', async () => {
    const tokens = await signIn(await customer(bridge, 'bob'))
    const sub = tokens.claims.sub as string
    expect([(await change(sub, 'disable')).status, (await change(sub, 'disable')).status]).toEqual([200, 200])
    expect([(await change(sub, 'enable')).status, (await change(sub, 'enable')).status]).toEqual([200, 200])
    expect(seen.filter(({ type, subject }) => type.startsWith('subject.') && subject === sub)).toEqual([
      { type: 'subject.disabled', subject: sub, relyingParty: apiId },
      { type: 'subject.enabled', subject: sub, relyingParty: apiId },
    ])
  })
  test('nobody is called so: 404', async () => {
    expect((await change('nobody', 'disable')).json).toMatchObject({ code: 'subject.unknown' })
  })
})

describe('who may disable', () => {
  test('not without a token, nor with a customer’s, nor by another scope', async () => {
    const who = await customer(bridge)
    const tokens = await signIn(who)
    const sub = tokens.claims.sub as string
    expect((await change(sub, 'disable', tokens.accessToken)).status).toBe(401)
    const asApp = await call(who, { method: 'POST', path: `/subjects/${sub}/disable`, tokens })
    expect([asApp.status, asApp.challenge]).toEqual([401, expect.stringContaining('Bearer')])
    const other = await backEndToken('device')
    expect(other.json.scope).toBeUndefined()
    const refused = await change(sub, 'disable', other.json.access_token)
    expect([refused.status, refused.json.code]).toEqual([403, 'token.scope'])
    const app = await token(who, { grant_type: 'client_credentials', scope: 'subjects' })
    expect([app.status, app.json.error_description]).toEqual([400, expect.stringContaining('grant type')])
    expect((await introspect(bridge, tokens.accessToken)).active).toBe(true)
  })
})

describe('an app that asks for pairwise names', () => {
  test('knows the customer by a name of its own, the same each time; another app by another', async () => {
    const who = await customer(bridge)
    const at = async (clientId: string) => {
      const app = await createApp({ ...who.app, clientId })
      return signIn({ ...who, app })
    }
    const [open, first, second, loans] = [
      await at(phoneId),
      await at(shopId),
      await at(shopId),
      await at(loansId),
    ]
    const subs = [open, first, second, loans].map(({ claims }) => claims.sub)
    expect(subs[1]).toBe(subs[2])
    expect(new Set(subs).size).toBe(3)
    // An API sees the name that the app has.
    expect((await introspect(bridge, first.accessToken)).sub).toBe(subs[1])
    // The name serves as a hint, is in the notice, and can be disabled by.
    const app = await createApp({ ...who.app, clientId: shopId })
    const silent = await app.begin({ prompt: 'none', id_token_hint: first.idToken as string })
    const hinted = await who.browser.follow(silent.url, { until: app.redirectUri })
    expect(new URL(hinted.returned as string).searchParams.get('error')).not.toBe('login_required')
    expect((await change(subs[1] as string, 'disable')).status).toBe(200)
    expect((await introspect(bridge, open.accessToken)).active).toBe(false)
    expect((await shop.about(second.claims.sid)).claims).toMatchObject({ sub: subs[1] })
    expect((await change(open.claims.sub as string, 'enable')).status).toBe(200)
  })
})
