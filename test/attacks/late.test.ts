// What comes too late, by a clock that the test moves: a refresh token after its grace, a sign-in after its time.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { movingClock, startBridge, type TestBridge } from '../journeys/bridge.ts'
import { type Customer, customer, introspect, signIn, token } from '../journeys/customer.ts'

interface Recorded {
  readonly type: string
  readonly code?: string
  readonly relyingParty?: string
  readonly subject?: string
  readonly detail?: Readonly<Record<string, unknown>>
}

const clock = movingClock()
const recorded: Recorded[] = []
let bridge: TestBridge
beforeAll(async () => {
  bridge = await startBridge(undefined, clock)
  bridge.application.observe((_institution, event) => void recorded.push(JSON.parse(event)))
})
afterAll(() => bridge.stop())

const refresh = (who: Customer, value: string | undefined) =>
  token(who, { grant_type: 'refresh_token', refresh_token: value ?? '' })

/** What the audit has of tokens since it was asked last. */
function tokenEvents(): readonly Recorded[] {
  const found = recorded.filter(({ type }) => type.startsWith('token.'))
  recorded.length = 0
  return found
}

async function alerts(): Promise<number> {
  const text = await (await fetch(`${bridge.managementUrl}/metrics`)).text()
  const line = /^drawbridge_alerts_total\{code="token\.reuse_detected"\} (\d+)$/m.exec(text)
  return Number(line?.[1] ?? 0)
}

/** A customer whose refresh token was used once, and what came of it. */
async function refreshedOnce() {
  const who = await customer(bridge)
  const tokens = await signIn(who)
  const next = await refresh(who, tokens.refreshToken)
  expect(next.status).toBe(200)
  const live = await introspect(bridge, next.json.access_token as string)
  expect(live.active).toBe(true)
  tokenEvents()
  return { who, tokens, next, subject: live.sub }
}

const familyLives = async (who: Customer, next: { json: Record<string, string> }) =>
  (await introspect(bridge, next.json.access_token as string)).active === true &&
  (await refresh(who, next.json.refresh_token)).status === 200

describe('a refresh token again', () => {
  test('control: by the same key within ten seconds it lost a race; nothing ends, nobody is alarmed (R-6)', async () => {
    const { who, tokens, next } = await refreshedOnce()
    const before = await alerts()
    expect(await refresh(who, tokens.refreshToken)).toMatchObject({ json: { error: 'invalid_grant' } })
    expect(tokenEvents().map(({ type }) => type)).toEqual(['token.refused'])
    expect(await alerts()).toBe(before)
    expect(await familyLives(who, next)).toBe(true)
  })
  test('#105 by another key: the family ends, with an event and an alert', async () => {
    const { who, tokens, next, subject } = await refreshedOnce()
    const before = await alerts()
    const thief = await customer(bridge)
    expect(await refresh(thief, tokens.refreshToken)).toMatchObject({ json: { error: 'invalid_grant' } })
    expect(tokenEvents()).toMatchObject([
      {
        type: 'token.reuse_detected',
        code: 'token.reuse_detected',
        relyingParty: 'alder-phone',
        subject,
        detail: { grant: expect.any(String), same_key: false },
      },
      { type: 'token.revoked', relyingParty: 'alder-phone', subject, detail: { grant: expect.any(String) } },
    ])
    expect(await alerts()).toBe(before + 1)
    expect(await familyLives(who, next)).toBe(false)
  })
  test('ended by its app, or looked into by an API, it is not used: no alarm', async () => {
    const { who, tokens, next } = await refreshedOnce()
    const before = await alerts()
    expect((await introspect(bridge, tokens.refreshToken as string)).active).toBe(false)
    expect(await alerts()).toBe(before)
    expect(await familyLives(who, next)).toBe(true)
    const body = new URLSearchParams({ client_id: 'alder-phone', token: tokens.refreshToken as string })
    expect((await fetch(`${bridge.issuer}/revoke`, { method: 'POST', body })).status).toBe(200)
    expect(await alerts()).toBe(before)
    expect((await introspect(bridge, next.json.access_token as string)).active).toBe(false)
  })
  test('#105 by the same key after eleven seconds: the family ends, with an event and an alert (R-6)', async () => {
    const { who, tokens, next, subject } = await refreshedOnce()
    const before = await alerts()
    clock.advance(11)
    expect(await refresh(who, tokens.refreshToken)).toMatchObject({ json: { error: 'invalid_grant' } })
    expect(tokenEvents()).toMatchObject([
      { type: 'token.reuse_detected', subject, detail: { grant: expect.any(String), same_key: true } },
      { type: 'token.revoked', subject },
    ])
    expect(await alerts()).toBe(before + 1)
    expect(await familyLives(who, next)).toBe(false)
    // It is gone with its family: a third use is that of a token that nobody knows.
    expect((await refresh(who, tokens.refreshToken)).status).toBe(400)
    expect(await alerts()).toBe(before + 1)
  })
})

test('a sign-in that has expired says so, and how to start again', async () => {
  const who = await customer(bridge)
  const started = await who.app.begin()
  const sent = await who.browser.go(started.url)
  const open = await who.browser.go(sent.location as string)
  expect(open.location).toContain('/idp/sso')
  clock.advance(901)
  const late = await who.browser.go(sent.location as string)
  expect(late.status).toBe(410)
  expect(late.body).toContain('<code>interaction.expired</code>')
  expect(late.body).toMatch(/start again/i)
  expect(late.body).toMatch(/DB-[2-9A-Z]{4}-[2-9A-Z]{4}/)
  expect(late.location).toBeUndefined()
})
