// Twenty uses at once of what may be used once, and of what ends meanwhile; on the embedded database, and on two nodes.
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { setTimeout as rest } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createBrowser, formIn, type Tokens } from '../../src/demo/app-client.ts'
import type { TestBridge } from '../journeys/bridge.ts'
import {
  apiToken,
  asked,
  atIdp,
  browseAt,
  type Customer,
  call,
  customer,
  deviceProof,
  enrolled,
  openDevice,
  pin,
  signIn,
  silent,
  token,
} from '../journeys/customer.ts'
import { approve, consume, introspectToUse, pay, withUses } from '../journeys/uses-rig.ts'
import { type Scratch, serverUrl } from '../storage/scratch.ts'
import { onNodes, twenty } from './nodes-rig.ts'

const withStatus = (results: readonly { status: number }[], status: number) =>
  results.filter((result) => result.status === status)

function suite(kind: 'embedded' | 'server'): void {
  let place: Scratch
  let bridge: TestBridge
  let stuck: Awaited<ReturnType<typeof stuckCore>>
  const at = onNodes(kind, (started, itsPlace) => {
    bridge = started
    place = itsPlace
  })
  beforeAll(async () => {
    stuck = await stuckCore()
    await withUses(bridge, stuck.url)
  })
  afterAll(() => stuck.stop())

  test('#107 one proof twenty times at our own API', async () => {
    const who = await customer(bridge)
    const tokens = await signIn(who)
    const url = `${bridge.issuer}/devices`
    const proof = await who.app.proof({ method: 'GET', url, accessToken: tokens.accessToken })
    const results = await twenty((i) =>
      call(who, { method: 'GET', path: '/devices', tokens, proof, at: at(i) }),
    )
    expect(withStatus(results, 200)).toHaveLength(1)
    expect(results.filter(({ json }) => json?.code === 'dpop.replayed')).toHaveLength(19)
  })
  test('#59 one SAML answer twenty times: exactly one is accepted', async () => {
    const who = await customer(bridge)
    const { answer } = await atIdp(who)
    const url = answer?.action as string
    const posted = await twenty((i) => browseAt(who, { url, at: at(i), form: answer?.fields ?? {} }))
    const handles = posted.map(({ location }) => location as string)
    expect(new Set(handles).size).toBe(20)
    // Each is asked for at the other node than the one that took it.
    const results = await Promise.all(
      handles.map((handle, i) => browseAt(who, { url: handle, at: at(i + 1) })),
    )
    expect(withStatus(results, 303)).toHaveLength(1)
    expect(withStatus(results, 400)).toHaveLength(19)
  })
  test('twenty proofs over one device nonce: exactly one activates', async () => {
    const who = await customer(bridge, 'bob')
    const tokens = await signIn(who)
    const opened = await openDevice(who, tokens)
    expect(opened.status).toBe(201)
    const proof = await deviceProof(who, opened.json)
    const path = `/devices/${opened.json.id}/proof`
    const results = await twenty((i) =>
      call(who, { method: 'POST', path, tokens, body: { proof }, at: at(i) }),
    )
    expect(withStatus(results, 200)).toHaveLength(1)
    expect(withStatus(results, 400).length + withStatus(results, 409).length).toBe(19)
  })
  test('#153 twenty PINs at once: the budget and not one more, then a lock with a clear message', async () => {
    const who = await enrolled(bridge, 'bob')
    // Four sign-ins on one phone: the budget is the device's, whatever page a PIN is typed on.
    const pages = [await atPinPage(who), await atPinPage(who), await atPinPage(who), await atPinPage(who)]
    const results = await twenty((i) => {
      const { form, tab } = pages[i % 4] as (typeof pages)[number]
      const typed = { ...form.fields, pin: String(910_283 + i * 7), do: 'approve' }
      return browseAt(tab, { url: form.action, at: at(i >> 2), form: typed })
    })
    expect(withStatus(results, 400)).toHaveLength(4)
    expect(withStatus(results, 423)).toHaveLength(16)
    const [{ form, tab }] = pages as [(typeof pages)[number]]
    const right = await tab.browser.go(form.action, { ...form.fields, pin, do: 'approve' })
    expect(right.status).toBe(423)
    expect(right.body).not.toContain('name="pin"')
  })
  test('twenty refreshes while the device is ended: no token that came of them lives', async () => {
    const who = await enrolled(bridge)
    const held: Tokens[] = []
    while (held.length < 20) held.push(await signIn(who))
    const control = await works(who, held[0] as Tokens)
    const refresh = (i: number) =>
      token(
        who,
        { grant_type: 'refresh_token', refresh_token: held[i]?.refreshToken as string },
        { at: at(i) },
      )
    const ending = async () => {
      if (place.url !== undefined) await rest(150)
      const path = `/devices/${who.device.id}`
      return call(who, { method: 'DELETE', path, tokens: held[0] as Tokens, at: at(1) })
    }
    if (place.url !== undefined) await slowTokens(place.url)
    const [ended, refreshed] = await Promise.all([ending(), twenty(refresh)])
    expect([control, ended.status]).toEqual([200, 204])
    const issued = withStatus(refreshed, 200) as Awaited<ReturnType<typeof token>>[]
    expect(withStatus(refreshed, 400)).toHaveLength(20 - issued.length)
    for (const { json } of issued) {
      const [accessToken, refreshToken] = [json.access_token as string, json.refresh_token as string]
      expect(await works(who, { accessToken, refreshToken, idToken: undefined, claims: {} })).toBe(401)
      const again = await token(who, { grant_type: 'refresh_token', refresh_token: refreshToken })
      expect(again.status).toBe(400)
    }
  })

  test('#237 one approved payment twenty times, at the gateway, by an API and by introspection: once', async () => {
    const who = await enrolled(bridge)
    const bearer = await apiToken(bridge)
    for (let round = 0; round < 3; round++) {
      const tokens = await approve(who)
      const uses = await twenty(async (i) => {
        // Each way goes to each node.
        const node = { at: at(Math.floor(i / 3)) }
        if (i % 3 === 0) return (await pay(who, tokens, node)).status === 200
        if (i % 3 === 1)
          return (await consume(bridge, { bearer, token: tokens.accessToken, ...node })).status === 200
        return (await introspectToUse(bridge, tokens.accessToken, node.at)).active === true
      })
      expect(uses.filter(Boolean)).toHaveLength(1)
    }
  })
  test('twenty presses of one button: one code, and the browser is signed in', async () => {
    const who = await customer(bridge)
    for (let round = 0; round < 3; round++) {
      const { form } = await asked(who)
      const fields = { ...form.fields, do: 'allow' }
      const pressed = await twenty((i) => browseAt(who, { url: form.action, at: at(i), form: fields }))
      const resume = pressed[0]?.location as string
      expect(new Set(pressed.map(({ location }) => location))).toEqual(new Set([resume]))
      const ways = await twenty((i) => browseAt(who, { url: resume, at: at(i) }))
      const codes = new Set(ways.map(({ location }) => location))
      expect([codes.size, [...codes][0]]).toEqual([1, expect.stringContaining('code=')])
      // None of these answers was heard; the browser presses once more.
      await who.browser.follow(form.action, { until: who.app.redirectUri, form: fields })
      expect(await silent(who)).toBe('consent_required')
    }
  })
  test('twenty uses while the device is ended: one at most, and none afterwards', async () => {
    const who = await enrolled(bridge)
    const bearer = await apiToken(bridge)
    const tokens = await approve(who)
    const ending = async () =>
      call(who, { method: 'DELETE', path: `/devices/${who.device.id}`, tokens: who.tokens, at: at(1) })
    const [ended, uses] = await Promise.all([
      ending(),
      twenty((i) => consume(bridge, { bearer, token: tokens.accessToken, at: at(i) })),
    ])
    expect(ended.status).toBe(204)
    expect(withStatus(uses, 200).length).toBeLessThanOrEqual(1)
    const codes = (uses as Awaited<ReturnType<typeof consume>>[]).map(({ json }) => json.code)
    const known = [undefined, 'transaction.used', 'transaction.unknown']
    expect(codes.filter((code) => !known.includes(code as string))).toEqual([])
    expect((await consume(bridge, { bearer, token: tokens.accessToken })).status).toBe(400)
  })
  if (kind === 'server')
    test.each([
      ['gateway', (who: Customer, tokens: Tokens) => pay(who, tokens)],
      [
        'consume endpoint',
        async (_: Customer, { accessToken }: Tokens) =>
          consume(bridge, { bearer: await apiToken(bridge), token: accessToken }),
      ],
      ['introspection', (_: Customer, { accessToken }: Tokens) => introspectToUse(bridge, accessToken)],
    ])('a device that is ended during a use waits for it: %s', async (_name, use) => {
      const who = await enrolled(bridge)
      const tokens = await approve(who)
      const gate = await gateBeforeUses(place.url as string)
      try {
        const using = use(who, tokens)
        await gate.reached()
        let over = false
        const path = `/devices/${who.device.id}`
        const ending = call(who, { method: 'DELETE', path, tokens: who.tokens, at: at(1) }).finally(() => {
          over = true
        })
        // For the row of the device, which the use holds.
        while (!over && !(await gate.isWaitedBehind())) await rest(20)
        expect(over).toBe(false)
        await gate.open()
        expect((await ending).status).toBe(204)
        const done = (await using) as { status?: number; active?: boolean }
        expect(done.status === 200 || done.active === true).toBe(true)
      } finally {
        await gate.remove()
      }
    })
  if (kind === 'server')
    test('a node that dies between the commit and the answer has used it up', async () => {
      const who = await enrolled(bridge)
      const tokens = await approve(who, { scope: 'openid device core:payments core:stuck' })
      const node = await bridge.node()
      const call = pay(who, tokens, { at: node, core: 'stuck' }).catch(() => undefined)
      // It knocks at the core's door, which nobody answers: what it has to send has not been read.
      await stuck.knocked
      await bridge.crash(node)
      expect(await call).toBeUndefined()
      const again = await pay(who, tokens)
      expect([again.status, again.text.includes('transaction.used')]).toEqual([403, true])
      const bearer = await apiToken(bridge)
      expect((await consume(bridge, { bearer, token: tokens.accessToken })).json.code).toBe(
        'transaction.used',
      )
    })

  const works = async (who: Customer, tokens: Tokens) =>
    (await call(who, { method: 'GET', path: '/devices', tokens })).status

  async function atPinPage(who: Customer) {
    const tab = inNewBrowser(who)
    const { answer } = await atIdp(tab, { acr_values: 'urn:drawbridge:acr:device-pin' })
    const page = await tab.browser.follow(answer?.action as string, {
      until: who.app.redirectUri,
      form: answer?.fields ?? {},
    })
    expect(page.body).toContain('name="pin"')
    return { form: formIn(page), tab }
  }
}

/** A core that lets callers in and never answers. */
async function stuckCore() {
  const { promise: knocked, resolve } = Promise.withResolvers<void>()
  const sockets = new Set<Socket>()
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    resolve()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const stop = async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((ended) => server.close(ended))
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, knocked, stop }
}

/** From now on a token takes its time to be stored, so that what happens meanwhile does happen meanwhile. */
async function slowTokens(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(`
    create function slowly() returns trigger language plpgsql as $$ begin perform pg_sleep(0.3); return new; end $$;
    create trigger slowly before insert on oidc_payload for each row when (new.model = 'AccessToken')
    execute function slowly()`)
  await client.end()
}

/** A gate at which uses wait, in the midst of their unit, until it is opened. */
async function gateBeforeUses(url: string) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(`
    create or replace function wait_at_gate() returns trigger language plpgsql as
      $$ begin perform pg_advisory_xact_lock_shared(4711); return new; end $$;
    create or replace trigger gate before update on customer_transaction for each row
      when (new.state = 'used') execute function wait_at_gate();
    select pg_advisory_lock(4711)`)
  const found = async (where: string) =>
    (
      await client.query(
        `select 1 from pg_locks join pg_database on pg_database.oid = database or database is null
         where not granted and datname = current_database() and ${where}`,
      )
    ).rowCount !== 0
  return {
    async reached() {
      while (!(await found(`locktype = 'advisory' and objid = 4711`))) await rest(20)
    },
    isWaitedBehind: () => found(`locktype in ('transactionid', 'tuple')`),
    open: () => client.query('select pg_advisory_unlock(4711)'),
    async remove() {
      await client.query('select pg_advisory_unlock_all()')
      await client.query('drop trigger gate on customer_transaction')
      await client.end()
    },
  }
}

/** The same app on the same phone, in a browser without a session. */
const inNewBrowser = ({ app, user }: Customer): Customer => ({
  app,
  user,
  browser: createBrowser(),
})

describe('embedded database', () => suite('embedded'))
if (serverUrl !== undefined) describe('two nodes over PostgreSQL', () => suite('server'))
