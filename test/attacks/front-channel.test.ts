// #99 by a frame: nothing of it is signed, so that it ends the session of the browser that brings it, or nothing at all.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { staffConnection } from '../../src/demo/institution.ts'
import { startBridge, type TestBridge } from '../journeys/bridge.ts'
import { introspect } from '../journeys/customer.ts'
import { signedInAs, withProvider } from '../journeys/hostile-provider.ts'
import { type BackEnd, startBackEnd } from '../journeys/relying-party.ts'
import { type Colleague, deskId } from '../journeys/staff.ts'
import { type Op, startOp } from '../plugins/hostile-op.ts'

let bridge: TestBridge
let op: Op
let desk: BackEnd

const apply = (frontchannelLogout: boolean) =>
  withProvider(bridge, op, { settings: { frontchannelLogout }, app: { backchannelLogoutUri: desk.url } })

beforeAll(async () => {
  ;[bridge, op] = await Promise.all([startBridge(), startOp()])
  desk = await startBackEnd(bridge.issuer, deskId)
  await apply(true)
})
afterAll(async () => {
  op.stop()
  await Promise.all([desk.stop(), bridge.stop()])
})

const active = async ({ tokens }: Colleague) => (await introspect(bridge, tokens.accessToken)).active
const address = () => `${bridge.issuer}/oidc/${staffConnection}/frontchannel-logout`
const framed = (query: Record<string, string>) => `${address()}?${new URLSearchParams(query)}`
const good = (sid: string) => framed({ iss: op.issuer, sid })
const cookieOf = async ({ browser }: Colleague): Promise<string> => {
  const pairs = (await browser.cookies(address())).split('; ')
  return pairs.find((pair) => pair.startsWith('db_frame=')) ?? ''
}
/** The request as a frame on another site sends it: no Lax cookie, only what is made for it. */
const frame = (url: string, cookie: string) => fetch(url, { headers: { cookie, accept: 'text/html' } })

describe('a frame of the provider', () => {
  test('control: it ends the session of this browser with this sid, and the apps hear', async () => {
    const [marta, jaan] = [
      await signedInAs(bridge, op, { sub: 'marta', sid: 'm1' }),
      await signedInAs(bridge, op, { sub: 'jaan', sid: 'j1' }),
    ]
    expect(await active(marta)).toBe(true)
    const answer = await frame(good('m1'), await cookieOf(marta))
    expect([answer.status, await answer.text(), answer.headers.get('cache-control')]).toEqual([
      200,
      '',
      'no-store',
    ])
    expect([await active(marta), await active(jaan)]).toEqual([false, true])
    await desk.about(marta.tokens.claims.sid)
    // A frame may be loaded twice.
    expect((await frame(good('m1'), await cookieOf(marta))).status).toBe(200)
  })
  test('only pages of the provider may hold the answer; a refusal nobody’s', async () => {
    const marta = await signedInAs(bridge, op, { sub: 'marta', sid: 'm2' })
    const refused = await frame(good('x'), await cookieOf(marta))
    const answer = await frame(good('m2'), await cookieOf(marta))
    const policyOf = (response: Response) => response.headers.get('content-security-policy')
    expect(policyOf(answer)).toContain(`frame-ancestors ${op.issuer};`)
    expect(answer.headers.get('x-frame-options')).toBeNull()
    expect(policyOf(refused)).toContain(`frame-ancestors 'none'`)
    expect(refused.headers.get('x-frame-options')).toBe('DENY')
  })
  test('the cookie for it goes nowhere else, and no other cookie of ours crosses sites', async () => {
    const lines: string[] = []
    const seen = globalThis.fetch
    globalThis.fetch = async (...given) => {
      const response = await seen(...given)
      lines.push(...response.headers.getSetCookie())
      return response
    }
    await signedInAs(bridge, op, { sub: 'marta', sid: 'm3' }).finally(() => {
      globalThis.fetch = seen
    })
    const crossing = lines.filter(
      (line) => !/samesite=lax/i.test(line) && !/expires=Thu, 01 Jan 1970/.test(line),
    )
    expect(crossing).toHaveLength(1)
    const path = new URL(address()).pathname
    expect(crossing[0]).toMatch(/^db_frame=[\w-]+\.[\w-]{43}; /)
    expect(crossing[0]).toContain(`Path=${path}; HttpOnly; Secure; SameSite=None`)
  })
})

describe('#99 a frame of somebody else ends nothing', () => {
  let marta: Colleague
  let cookie = ''
  beforeAll(async () => {
    marta = await signedInAs(bridge, op, { sub: 'marta', sid: 'kept' })
    cookie = await cookieOf(marta)
  })
  const refusals: Record<string, () => Promise<Response> | Response> = {
    'without the cookie': () => frame(good('kept'), ''),
    'with the cookies of our pages alone': async () =>
      frame(
        good('kept'),
        (await marta.browser.cookies(`${bridge.issuer}/sign-out`)).replace(/db_frame=[^;]*/, ''),
      ),
    'with the cookie of another browser': async () =>
      frame(good('kept'), await cookieOf(await signedInAs(bridge, op, { sub: 'jaan', sid: 'j9' }))),
    'with a cookie of its own making': () =>
      frame(good('kept'), cookie.replace(/\.[\w-]+$/, `.${'A'.repeat(43)}`)),
    'with the sign-in alone': () => frame(good('kept'), cookie.replace(/\.[\w-]+$/, '')),
    'with an empty cookie': () => frame(good('kept'), 'db_frame=.'),
    'of another issuer': () => frame(framed({ iss: 'https://evil.example', sid: 'kept' }), cookie),
    'of another session': () => frame(good('guessed'), cookie),
    'of no session': () => frame(framed({ iss: op.issuer }), cookie),
    'of an empty session': () => frame(good(''), cookie),
    'of no issuer': () => frame(framed({ sid: 'kept' }), cookie),
    'of two sessions': () => frame(`${good('kept')}&sid=kept`, cookie),
  }
  test.each(Object.entries(refusals))('%s', async (_name, send) => {
    const answer = await send()
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('logout.refused')])
    expect(await active(marta)).toBe(true)
  })
  test('by POST, and at another connection', async () => {
    expect((await fetch(good('kept'), { method: 'POST', headers: { cookie } })).status).toBe(404)
    expect((await frame(good('kept').replace(staffConnection, 'alder-idp'), cookie)).status).toBe(404)
    expect(await active(marta)).toBe(true)
  })
  test('a provider that named no session cannot end one this way', async () => {
    const liis = await signedInAs(bridge, op, { sub: 'liis' })
    expect((await frame(good(''), await cookieOf(liis))).status).toBe(400)
    expect(await active(liis)).toBe(true)
  })
  test('where the connection does not allow it there is no such address, and no cookie', async () => {
    await apply(false)
    expect((await frame(good('kept'), cookie)).status).toBe(404)
    expect(await active(marta)).toBe(true)
    const later = await signedInAs(bridge, op, { sub: 'jaan', sid: 'j2' })
    expect(await cookieOf(later)).toBe('')
    await apply(true)
    expect((await frame(good('kept'), cookie)).status).toBe(200)
    expect(await active(marta)).toBe(false)
  })
})
