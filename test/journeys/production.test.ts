// Institutions as production has them: a host name each, https outside, cookies that only https carries; and R-1 over HTTP.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { delegated } from '../../src/domain/acr.ts'
import type { Connection, Core, RelyingParty } from '../../src/domain/institution.ts'
import type { TestKey } from '../xml/hostile/idp.ts'
import { later } from './later.ts'
import {
  answered,
  authorize,
  clientId,
  codeFrom,
  createPhone,
  createWindow,
  type PhoneTokens,
  redirectUri,
  send,
  signInAt,
} from './own-host.ts'
import { type Parts, startIdp, startParts } from './parts.ts'

const birchIssuer = 'https://login.birch.example'

let parts: Parts
let key: TestKey
let core: Server
let calls = 0
let port = 0
let alderIssuer = ''

beforeAll(async () => {
  parts = await startParts()
  alderIssuer = parts.issuer
  port = Number(new URL(alderIssuer).port)
  core = createServer((_request, response) => {
    calls += 1
    response.end(envelope('<r:Done xmlns:r="urn:core"/>'))
  })
  await new Promise<void>((resolve) => core.listen(0, '127.0.0.1', resolve))
  const idp = await startIdp()
  key = idp.key
  for (const institution of [parts.rows.institution, birch()]) {
    const { id } = institution
    const connections = [connection(id, idp.content)]
    const rows = { institution, relyingParties: [app(id)], connections, cores: [coreRow(id)] }
    await parts.stores.directory.put(rows, 'file')
  }
})
afterAll(async () => {
  core.close()
  await parts.stop()
})

const birch = () => ({ ...parts.rows.institution, id: 'birch', name: 'Birch', host: 'login.birch.example' })

const connection = (
  institution: string,
  content: Awaited<ReturnType<typeof startIdp>>['content'],
): Connection => ({
  ...{ ...content, institution, id: 'idp', state: 'active', version: 0 },
})

const app = (institution: string): RelyingParty => ({
  ...{ institution, id: clientId, name: 'App', kind: 'app', redirectUris: [redirectUri] },
  ...{ scopes: ['openid', 'device', 'core:payments'], connections: ['idp'], acrFloor: undefined },
  ...{ requirePar: true, requireDpop: true, transactionTypes: [], webOrigins: [], keys: [] },
  postLogoutRedirectUris: [],
})

const coreRow = (institution: string): Core => ({
  ...{ institution, id: 'payments', name: 'payments', audience: 'urn:core', addressing: true },
  endpoint: `http://127.0.0.1:${(core.address() as AddressInfo).port}/`,
  ...{ timeoutMs: 20_000, assertionSeconds: 300 },
  operations: [
    { namespace: 'urn:core', name: 'Do', soapAction: 'do', acr: delegated, transaction: undefined },
  ],
})

const envelope = (inner: string) =>
  `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>${inner}</s:Body></s:Envelope>`
const soap = { body: envelope('<c:Do xmlns:c="urn:core"/>'), headers: { 'content-type': 'text/xml' } }

/** A customer's phone at an institution, before anything happened. */
async function customerAt(issuer: string) {
  const [phone, window] = [await createPhone(port, issuer), createWindow(port)]
  return { phone, window, key }
}

async function tokensAt(issuer: string) {
  const at = await customerAt(issuer)
  const answer = await at.phone.redeem(await signInAt(at))
  expect(answer.status).toBe(200)
  return { ...at, tokens: JSON.parse(answer.body) as PhoneTokens }
}

const invalidGrant = { status: 400, body: expect.stringContaining('"invalid_grant"') }

describe('an institution with a host name of its own (R-10)', () => {
  test('says its own https address of itself, and is nowhere else', async () => {
    const metadata = JSON.parse(
      (await send(port, `${birchIssuer}/.well-known/openid-configuration`, {})).body,
    ) as Record<string, unknown>
    expect(metadata.issuer).toBe(birchIssuer)
    const endpoints = Object.entries(metadata).filter(([name]) => name.endsWith('_endpoint'))
    expect(endpoints.length).toBeGreaterThan(5)
    for (const [, url] of endpoints) expect(url).toMatch(/^https:\/\/login\.birch\.example\//)
    const under = await send(
      port,
      `${new URL(alderIssuer).origin}/birch/.well-known/openid-configuration`,
      {},
    )
    expect(under.status).toBe(404)
    expect((await send(port, 'https://login.nobody.example/authorize', {})).status).toBe(404)
  })
  test('the walk from PAR to an API, in cookies that only https carries', async () => {
    const { phone, window, tokens } = await tokensAt(birchIssuer)
    expect((await phone.call(`${birchIssuer}/devices`, tokens.access_token)).status).toBe(200)
    expect((await phone.call(`${birchIssuer}/soap/payments`, tokens.access_token, soap)).status).toBe(200)
    const names = window.set().map((line) => line.split('=')[0])
    expect(names).toEqual(
      expect.arrayContaining(['__Secure-db_interaction', '__Secure-db_resume', '__Secure-db_session']),
    )
    for (const line of window.set()) {
      expect(line).toMatch(/^__(Secure|Host)-db_/)
      expect(line).toMatch(/; secure/i)
      expect(line).toMatch(/; httponly/i)
      expect(line).toMatch(/; samesite=lax/i)
    }
    const page = await window.go(`${birchIssuer}/interaction/unknown`)
    expect(page.headers['strict-transport-security']).toBeDefined()
  })
  test('a new provider in the middle of a sign-in goes on with it: nothing is in the process (invariant 7)', async () => {
    const at = await customerAt(birchIssuer)
    const asked = await authorize(at.phone, at.window)
    const changed = { ...birch(), accent: '#654321' }
    const everything = await parts.stores.directory.everything('birch')
    const rows = { ...(everything as NonNullable<typeof everything>), institution: changed }
    await parts.stores.directory.put(rows, 'file')
    const code = await codeFrom(at.window, await answered(at, asked))
    await parts.stores.directory.put({ ...rows, institution: birch() }, 'file')
    const { status, body } = await at.phone.redeem(code)
    expect(status).toBe(200)
    const { access_token } = JSON.parse(body) as PhoneTokens
    expect((await at.phone.call(`${birchIssuer}/devices`, access_token)).status).toBe(200)
  })
})

describe('two institutions (invariant 5)', () => {
  test('a code of one is nothing at the other, and is unharmed by the try', async () => {
    const at = await customerAt(birchIssuer)
    const code = await signInAt(at)
    const elsewhere = await createPhone(port, alderIssuer)
    expect(await elsewhere.redeem(code)).toMatchObject(invalidGrant)
    expect((await at.phone.redeem(code)).status).toBe(200)
  })
  test('tokens of one are nothing at the other, under the very same key', async () => {
    const { phone, tokens } = await tokensAt(birchIssuer)
    for (const path of ['/devices', '/soap/payments']) {
      const there = await phone.call(
        `${alderIssuer}${path}`,
        tokens.access_token,
        path === '/devices' ? {} : soap,
      )
      expect(there.status).toBe(401)
    }
    expect(await phone.refresh(tokens.refresh_token, alderIssuer)).toMatchObject(invalidGrant)
    expect((await phone.call(`${birchIssuer}/devices`, tokens.access_token)).status).toBe(200)
    expect((await phone.refresh(tokens.refresh_token)).status).toBe(200)
  })
  test('a session of one is none at the other, whatever cookies are brought along', async () => {
    const { phone, window } = await tokensAt(birchIssuer)
    const stays = await authorize(phone, window, { prompt: 'none' })
    expect(new URL(stays.location as string).searchParams.has('code')).toBe(true)
    const elsewhere = await createPhone(port, alderIssuer)
    const foreign = createWindow(port)
    const cookie = window.cookies().replaceAll('__Secure-', '')
    const { request_uri = '' } = JSON.parse((await elsewhere.push({ prompt: 'none' })).body)
    const query = new URLSearchParams({ client_id: clientId, request_uri })
    const there = await foreign.go(`${alderIssuer}/authorize?${query}`, { headers: { cookie } })
    expect(new URL(there.location as string).searchParams.get('error')).toBe('login_required')
  })
})

test('#63 our session ends when the IdP’s does', async () => {
  const until = new Date(Date.now() + 60_000)
  const capped = { ...(await customerAt(birchIssuer)), facts: { sessionUntil: until.toISOString() } }
  const free = await customerAt(birchIssuer)
  for (const at of [capped, free]) await signInAt(at)
  const silently = async ({ phone, window }: typeof free) => {
    const { location } = await authorize(phone, window, { prompt: 'none' })
    return new URL(location as string).searchParams.get('error')
  }
  expect([await silently(capped), await silently(free)]).toEqual([null, null])
  await later(62, async () =>
    expect([await silently(capped), await silently(free)]).toEqual(['login_required', null]),
  )
})

describe('nothing is released before its event is stored (R-1, invariant 1)', () => {
  /** While `work` runs, events of this type cannot be stored. */
  async function unstorable<T>(type: string, work: () => Promise<T>): Promise<T> {
    const { knex } = parts.base.database
    await knex.raw(`alter table audit_event add constraint broken check (type <> '${type}') not valid`)
    try {
      return await work()
    } finally {
      await knex.raw('alter table audit_event drop constraint broken')
    }
  }
  test('/par: no request_uri', async () => {
    const phone = await createPhone(port, birchIssuer)
    const answer = await unstorable('par.accepted', () => phone.push())
    expect(answer.status).toBe(500)
    expect(answer.body).not.toContain('request_uri')
    expect((await phone.push()).status).toBe(201)
  })
  test('/token: no token; and the code, which was not used either, is good afterwards', async () => {
    const at = await customerAt(birchIssuer)
    const code = await signInAt(at)
    const answer = await unstorable('token.issued', () => at.phone.redeem(code))
    expect(answer.status).toBe(500)
    expect(answer.body).not.toContain('access_token')
    expect((await at.phone.redeem(code)).status).toBe(200)
  })
  test('the gateway: nothing reaches the core', async () => {
    const { phone, tokens } = await tokensAt(birchIssuer)
    const call = () => phone.call(`${birchIssuer}/soap/payments`, tokens.access_token, soap)
    const before = calls
    const answer = await unstorable('call.signed', call)
    expect([answer.status, calls - before]).toEqual([500, 0])
    expect(answer.body).not.toContain('Done')
    expect([(await call()).status, calls - before]).toEqual([200, 1])
  })
})
