// What browsers and apps say of their device, on its way to the engines that may know: by the page, by the app's request, or not at all.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { formIn } from '../../src/demo/app-client.ts'
import type { Institution } from '../../src/domain/institution.ts'
import type { RiskProviderSetting } from '../../src/domain/risk.ts'
import { askRaw, details } from './back-end.ts'
import type { TestBridge } from './bridge.ts'
import {
  begun,
  challenges,
  closeChallengeBank,
  events,
  openChallengeBank,
  type Page,
  type Person,
  parts,
  person,
  settings,
  told,
} from './challenge-bank.ts'
import { agreed } from './customer.ts'
import { type OwnEngine, startOwnEngine } from './own-engine.ts'

let bridge: TestBridge
let knowing: OwnEngine
let other: OwnEngine

beforeAll(async () => {
  ;({ bridge } = await openChallengeBank())
  knowing = await startOwnEngine()
  other = await startOwnEngine()
}, 90_000)
afterAll(async () => {
  knowing.stop()
  other.stop()
  await closeChallengeBank()
})
beforeEach(() => {
  challenges()
  events.length = 0
})

const engineAt = (id: string, { url }: OwnEngine, facts?: string[]): RiskProviderSetting =>
  ({ id, type: 'service', settings: { url }, ...(facts !== undefined && { facts }) }) as never

const mine = ['client.collected', 'client.screenWidth', 'client.timeZone', 'client.languages', 'subject.id']

/** One engine may know some of it, the other gets what it usually does. */
async function bankAsks({ page, facts = mine }: { page: boolean; facts?: string[] }) {
  const { stores } = parts()
  const set = await stores.directory.everything('alder', 'file')
  if (set === undefined) throw new Error('the bank is gone')
  const { events: asked, ...risk } = settings(engineAt('knowing', knowing, facts), engineAt('other', other))
  const signIn = asked['sign-in']
  const relyingParties = set.relyingParties.map((party) => ({ ...party, requirePar: false }))
  const institution: Institution = {
    ...set.institution,
    risk: { ...risk, events: { 'sign-in': signIn, ...(signIn && { payment: signIn }) } },
    browserSignals: page,
  }
  await bridge.application.apply([{ ...set, relyingParties, institution }], { dryRun: false })
}

const laptop = {
  ...{ screen_width: 1920, screen_height: 1080, color_depth: 24, time_zone: 'Europe/Tallinn' },
  ...{ utc_offset: 120, languages: ['et', 'en'], platform: 'Linux' },
}
const factsOf = ({ asked }: OwnEngine, before: number) =>
  asked.slice(before).map(({ facts }) => facts as Record<string, unknown>)
const collected = (facts: Record<string, unknown>) =>
  Object.fromEntries(
    Object.entries(facts).filter(([name]) => /^client\.(?!userAgent|language$|accept)/.test(name)),
  )

/** A row as whoever reads the database has it, with what stands in it as a token. */
const readable = (row: unknown): string =>
  JSON.stringify(row).replaceAll(
    /[\w-]{20,}/g,
    (word) => `${word} ${Buffer.from(word, 'base64url').toString()}`,
  )

/** As the page's script does, or a customer without scripts, or somebody who writes forms of their own. */
function answer(who: Person, page: Page, signals: string | undefined, change: Record<string, string> = {}) {
  const { action, fields } = formIn(page)
  const form = { ...fields, ...(signals !== undefined && { signals }), ...change }
  return who.browser.follow(action, { until: who.app.redirectUri, form })
}

describe('the page', () => {
  beforeEach(() => bankAsks({ page: true }))

  test('what the browser said leaves for the engine that may know it, and for no other', async () => {
    const who = await person()
    const before = [knowing.asked.length, other.asked.length] as const
    const { started, page } = await begun(who)
    expect(page.url).toMatch(/\/signals$/)
    expect(page.body).toContain('<noscript>')
    const next = await answer(who, page, JSON.stringify(laptop))
    const [row] = await parts().base.database.knex('login_transaction').orderBy('expires_at', 'desc').limit(1)
    expect(JSON.stringify(row)).not.toContain('Tallinn')
    expect(row.record.signals).toEqual(expect.any(String))
    const tokens = await who.app.redeem(await agreed(who, next), started)
    expect(tokens.claims.sub).toEqual(expect.any(String))
    expect(factsOf(knowing, before[0])).toEqual([
      {
        ...{ 'client.collected': 'page', 'client.screenWidth': 1920, 'client.timeZone': 'Europe/Tallinn' },
        ...{ 'client.languages': 'et,en', 'subject.id': expect.any(String) },
      },
    ])
    expect(factsOf(other, before[1]).map(collected)).toEqual([{}])
  })

  test.each([
    ['nothing, as without scripts', undefined, 'none'],
    ['an empty object', '{}', 'unreadable'],
    ['no JSON', 'screen=1920', 'unreadable'],
    ['a member more', JSON.stringify({ ...laptop, fonts: ['Arial'] }), 'unreadable'],
    ['a control character', JSON.stringify({ ...laptop, platform: 'Li\u0007nux' }), 'unreadable'],
    ['more than there is room for', JSON.stringify(laptop).padEnd(2049), 'unreadable'],
  ])(
    'of a browser that says %s the sign-in goes on, and the engine hears that',
    async (_what, signals, by) => {
      const who = await person()
      const before = knowing.asked.length
      const { started, page } = await begun(who)
      const next = await answer(who, page, signals)
      await who.app.redeem(await agreed(who, next), started)
      expect(factsOf(knowing, before)).toEqual([{ 'client.collected': by, 'subject.id': expect.any(String) }])
      expect(told('login.finished')).toHaveLength(1)
    },
  )

  test('is answered once: what is said later changes nothing', async () => {
    const who = await person()
    const before = knowing.asked.length
    const { page } = await begun(who)
    await answer(who, page, JSON.stringify(laptop))
    const again = await answer(who, page, JSON.stringify({ ...laptop, time_zone: 'Asia/Tokyo' }))
    expect(again.url).not.toMatch(/\/signals$/)
    const visited = await who.browser.follow(page.url, { until: who.app.redirectUri })
    expect(visited.url).not.toMatch(/\/signals$/)
    expect(factsOf(knowing, before).map((facts) => facts['client.timeZone'])).toEqual(['Europe/Tallinn'])
  })

  test('is of this browser and this form alone (#173)', async () => {
    const who = await person()
    const { page } = await begun(who)
    const forged = await answer(who, page, JSON.stringify(laptop), { form_token: 'another' })
    expect(forged.status).toBe(403)
    const stranger = await answer(await person(), page, JSON.stringify(laptop))
    expect(stranger.status).toBeGreaterThanOrEqual(400)
    expect((await who.browser.follow(page.url, { until: who.app.redirectUri })).url).toMatch(/\/signals$/)
  })

  test('a payment’s engine hears it too, in the same sign-in', async () => {
    const who = await person()
    const before = knowing.asked.length
    const { page } = await begun(who, { authorization_details: details('100.00') })
    await answer(who, page, JSON.stringify(laptop))
    expect(factsOf(knowing, before).map((facts) => facts['client.timeZone'])).toEqual([
      'Europe/Tallinn',
      'Europe/Tallinn',
    ])
  })

  test('is not shown where no engine may know, or the bank does not want it', async () => {
    await bankAsks({ page: true, facts: ['subject.id'] })
    expect((await begun(await person())).page.url).not.toMatch(/\/signals$/)
    await bankAsks({ page: false })
    const before = knowing.asked.length
    expect((await begun(await person())).page.url).not.toMatch(/\/signals$/)
    expect(factsOf(knowing, before).map(collected)).toEqual([{}])
  })
})

describe('the app', () => {
  const phone = { ...laptop, platform: 'iOS', platform_version: '19.1', model: 'iPhone17,3' }

  test.each([true, false])('says it with its pushed request; then no page asks (page: %s)', async (page) => {
    await bankAsks({ page, facts: [...mine, 'client.model'] })
    const who = await person()
    const before = knowing.asked.length
    const shown = await begun(who, { device_signals: JSON.stringify(phone) })
    expect(shown.page.url).not.toMatch(/\/signals$/)
    const kept = await parts().base.database.knex('oidc_payload').select('model', 'payload')
    expect(kept.filter((row) => /Tallinn|device_signals/.test(readable(row)))).toEqual([])
    await who.app.redeem(await agreed(who, shown.page), shown.started)
    expect(factsOf(knowing, before).map(collected)).toEqual([
      {
        ...{ 'client.collected': 'app', 'client.screenWidth': 1920, 'client.timeZone': 'Europe/Tallinn' },
        ...{ 'client.languages': 'et,en', 'client.model': 'iPhone17,3' },
      },
    ])
  })

  test('that sends an empty object has told nothing, as a page that is answered without', async () => {
    await bankAsks({ page: false })
    const before = knowing.asked.length
    await begun(await person(), { device_signals: '{}' })
    expect(factsOf(knowing, before).map(collected)).toEqual([{ 'client.collected': 'none' }])
  })

  test.each([
    ['a member that there is not', JSON.stringify({ ...phone, fonts: [] }), 'a member that there is not'],
    ['another type', JSON.stringify({ ...phone, utc_offset: '120' }), 'utc_offset is not as it has to be'],
    ['a control character', JSON.stringify({ model: 'a\u0000b' }), 'model is not as it has to be'],
    ['too much', JSON.stringify(phone).padEnd(2049), 'more than 2048 characters'],
    ['no JSON', 'iPhone', 'no JSON'],
    ['a name twice', '{"utc_offset":1,"utc_offset":2}', 'a name is there twice'],
  ])('is told that its signals have %s', async (_what, signals, words) => {
    const { app } = await person()
    const refused = await app.begin({ device_signals: signals }).catch((error: unknown) => error)
    expect(refused).toMatchObject({
      error: 'invalid_request',
      error_description: `device_signals: ${words}`,
    })
  })

  test('says it in no address, and a back end never', async () => {
    await bankAsks({ page: false })
    const who = await person()
    const pushed = new URL((await who.app.begin()).url)
    const query = new URLSearchParams({
      ...{ client_id: pushed.searchParams.get('client_id') ?? '', response_type: 'code', scope: 'openid' },
      ...{ redirect_uri: who.app.redirectUri, code_challenge: 'x'.repeat(43), code_challenge_method: 'S256' },
      ...{ device_signals: JSON.stringify(phone), state: 's' },
    })
    const { returned = '' } = await who.browser.follow(`${bridge.issuer}/authorize?${query}`, {
      until: who.app.redirectUri,
    })
    expect(new URL(returned).searchParams.get('error_description')).toBe(
      'device_signals is taken in a pushed request alone',
    )
    const asked = await askRaw(bridge, { login_hint: 'nobody', device_signals: '{}' })
    expect(asked).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
  })
})

test('our own engines read it unless told otherwise: a clock of elsewhere, and nothing said at all', async () => {
  const { stores } = parts()
  const set = await stores.directory.everything('alder', 'file')
  if (set === undefined) throw new Error('the bank is gone')
  const risk = settings(
    { id: 'own', type: 'signals', settings: {} },
    { id: 'habits', type: 'voyager-ia', settings: {} },
  )
  const institution = { ...set.institution, risk, browserSignals: true }
  await bridge.application.apply([{ ...set, institution }], { dryRun: false })
  const reasons = async (signals: string) => {
    const who = await person()
    events.length = 0
    await answer(who, (await begun(who)).page, signals)
    const { reference = '' } = told('risk.assessed')[0] as { reference?: string }
    const [kept] = await stores.riskRecords.ofReference('alder', reference)
    return JSON.stringify(kept)
  }
  const crooked = await reasons(JSON.stringify({ ...laptop, time_zone: 'Asia/Tokyo' }))
  expect(crooked).toContain('the caller says its zone is Asia/Tokyo, and a clock that is 7 h off it (+150)')
  expect(await reasons('')).toContain('the caller told nothing of its device (+50)')
})
