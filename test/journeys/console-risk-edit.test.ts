// The risk engines are set in the console, where no file says them: judged at each field and by what they loosen, and taken over by a file.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { changeLine } from '../../src/cli/apply.ts'
import type { Role } from '../../src/domain/administrator.ts'
import type { Institution } from '../../src/domain/institution.ts'
import { createApply } from '../../src/flows/apply.ts'
import { formTo, type Page } from './administrator.ts'
import { consoleVisitors, type Signing } from './console-visitors.ts'
import { type OwnEngine, startOwnEngine } from './own-engine.ts'
import { alder, type Parts, startParts } from './parts.ts'
import { wordsOf } from './transactions-rig.ts'

const secret = 'first-secret-of-the-engine-0123456789'

let parts: Parts
let engine: OwnEngine
let visitors: ReturnType<typeof consoleVisitors>

beforeAll(async () => {
  parts = await startParts({ outbound: { allowed_networks: ['127.0.0.0/8'] } })
  engine = await startOwnEngine()
  visitors = consoleVisitors(parts)
})
afterAll(async () => {
  engine.stop()
  await parts.services.riskProviders.close()
  await parts.stop()
})

/** Somebody with a console page before them. */
async function person(roles: readonly Role[] = ['security-admin'], signing?: Signing) {
  const { cookie, subject } = await visitors.somebody(roles, signing)
  const page = async (path: string, form?: Record<string, string>) => {
    const { status, text, location } = await visitors.go(path, { cookie, ...(form && { form }) })
    return { url: `${parts.issuer}/console${path}`, status, body: text, words: wordsOf(text), location }
  }
  const press = async (on: Page, action: RegExp, fields: Record<string, string> = {}) => {
    const form = formTo(on, action)
    return page(form.to.slice(`${parts.issuer}/console`.length), { ...form.fields, ...fields })
  }
  return { subject, cookie, page, press }
}

const riskNow = async () => (await parts.stores.directory.everything('alder'))?.institution.risk
const last = async (type: string) => (await visitors.events(type)).at(-1)
const done = { status: 303, location: expect.stringMatching(/\/risk\/providers\?done=changed$/) }

describe('an engine', () => {
  test('is added by the form of its type; what does not hold is told at its field, and secrets are on no page', async () => {
    const alice = await person()
    const none = await alice.page('/risk/providers')
    expect(none.words).toContain('No risk engine is asked')
    expect((await alice.page('/risk/add')).words).toContain('service An engine of your own')
    const form = await alice.page('/risk/add?type=service')
    const typed = {
      ...{ id: 'Own', 'settings.url': engine.url, 'settings.authentication': 'hmac' },
      'settings.hmacSecret': secret,
    }
    const wrong = await alice.press(form, /risk\/add$/, typed)
    expect(wrong.status).toBe(422)
    expect(wrong.body).toMatch(/id="f-id"[^>]*aria-invalid="true"/)
    expect(wrong.words).toContain('lower-case letters, digits and hyphens are needed')
    expect(wrong.words).toContain('Code risk.settings.')
    expect([wrong.body.includes(secret), wrong.words.includes('One is set')]).toEqual([false, false])
    const rsa = await alice.press(await alice.page('/risk/add?type=rsa-aa'), /risk\/add$/, {
      ...{ id: 'aa', 'settings.url': 'https://aa.example/', 'settings.callerId': 'bridge' },
      ...{ 'settings.callerCredential': secret, 'settings.userName': 'subject.username' },
    })
    expect(rsa.status).toBe(422)
    expect(rsa.words).toContain('subject.username is needed by these settings')
    expect(await riskNow()).toBeUndefined()
    const right = { ...typed, id: 'own', 'settings.keyId': 'bridge' }
    expect(await alice.press(wrong, /risk\/add$/, right)).toMatchObject(done)
    expect((await riskNow())?.providers).toEqual([
      {
        ...{ id: 'own', type: 'service' },
        settings: expect.objectContaining({ url: engine.url, hmacSecret: secret, keyId: 'bridge' }),
      },
    ])
    expect(await last('risk.changed')).toMatchObject({
      detail: { by: `administrator:${alice.subject}`, what: 'provider own', loosened: [], version: 1 },
    })
    const list = await alice.page('/risk/providers?done=changed')
    for (const said of ['It is in force.', 'own service Not asked yet']) expect(list.words).toContain(said)
  })
  test('is asked once an event names it, about that event alone', async () => {
    const alice = await person()
    const form = await alice.page('/risk/events/sign-in')
    const nobody = await alice.press(form, /events\/sign-in$/)
    expect([nobody.status, nobody.words]).toEqual([
      422,
      expect.stringContaining('name one provider at least'),
    ])
    const weighted = { 'ask.own': 'optional', combine: 'weighted', 'weight.own': '2' }
    const bands = await alice.press(form, /events\/sign-in$/, weighted)
    expect([bands.status, bands.words]).toEqual([422, expect.stringContaining('weighted scores need')])
    expect(await alice.press(bands, /events\/sign-in$/, { 'band.step-up': '400' })).toMatchObject(done)
    expect((await riskNow())?.events).toEqual({
      'sign-in': {
        ask: [{ provider: 'own', weight: 2, optional: true }],
        ...{ combine: 'weighted', onFailure: 'step-up', bands: { 'step-up': 400 } },
      },
    })
    const institution = (await parts.stores.directory.institution('alder')) as Institution
    expect((await parts.stores.directory.institutions())[0]?.risk).toEqual(institution.risk)
    engine.say({ action: 'allow', score: 700, reasons: [] })
    const who = { subject: 'carol', relyingParty: 'app', device: undefined, amr: ['fed'], granted: undefined }
    const asked = (kind: 'sign-in' | 'payment') =>
      parts.inUnit(() =>
        parts.flows.assess.ask(institution, {
          ...{ ...who, kind, reference: 'DB-EDIT-0001', authenticatedAt: undefined },
        }),
      )
    expect((await asked('sign-in'))?.verdict).toMatchObject({ action: 'step-up', reason: 'risk.weighted' })
    expect(await asked('payment')).toBeUndefined()
  })
})

describe('a change of what is asked today', () => {
  test('wants a reason and a fresh proof; a secret that is left empty stays', async () => {
    const late = await person(['security-admin'], { age: 4000 })
    const form = await late.page('/risk/providers/own/edit')
    expect([form.body.includes(secret), form.words.includes('One is set; leave this empty')]).toEqual([
      false,
      true,
    ])
    const refused = await late.press(form, /own\/edit$/, { 'settings.keyId': 'other', why: 'renamed' })
    expect([refused.status, refused.words]).toEqual([403, expect.stringContaining('Code console.recent.')])
    const alice = await person()
    const silent = await alice.press(await alice.page('/risk/providers/own/edit'), /own\/edit$/, {
      'settings.keyId': 'other',
    })
    expect([silent.status, silent.words]).toEqual([422, expect.stringContaining('Code risk.reason.')])
    expect(silent.body).toContain('value="other"')
    expect((await riskNow())?.providers[0]?.settings.keyId).toBe('bridge')
    expect(await alice.press(silent, /own\/edit$/, { why: 'renamed' })).toMatchObject(done)
    expect((await riskNow())?.providers[0]?.settings).toMatchObject({ keyId: 'other', hmacSecret: secret })
    expect(await last('risk.changed')).toMatchObject({
      detail: { why: 'renamed', what: 'provider own', loosened: ['provider own'] },
    })
  })
  test('keeps no secret for another address: whoever names one has to know it', async () => {
    const alice = await person()
    const form = await alice.page('/risk/providers/own/edit')
    const elsewhere = { 'settings.url': 'http://127.0.0.1:9', why: 'it moved' }
    const moved = await alice.press(form, /own\/edit$/, elsewhere)
    expect([moved.status, moved.words]).toEqual([422, expect.stringContaining('type it again')])
    expect((await riskNow())?.providers[0]?.settings.url).toBe(engine.url)
    const known = { ...elsewhere, 'settings.hmacSecret': `${secret}-new` }
    expect(await alice.press(form, /own\/edit$/, known)).toMatchObject(done)
    expect((await riskNow())?.providers[0]?.settings).toMatchObject({ hmacSecret: `${secret}-new` })
  })
  test('is stale where somebody else was quicker, and made once where it is pressed twice', async () => {
    const [alice, bob] = [await person(), await person()]
    const [hers, his] = [await alice.page('/risk/common'), await bob.page('/risk/common')]
    const budget = { budget_ms: '900', why: 'slower' }
    const before = (await visitors.events('risk.changed')).length
    const both = [0, 1].map(() => alice.press(hers, /common$/, budget))
    expect((await Promise.all(both)).map(({ status }) => status)).toEqual([303, 303])
    expect((await visitors.events('risk.changed')).length - before).toBe(1)
    const stale = await bob.press(his, /common$/, { budget_ms: '1000', why: 'slower still' })
    expect([stale.status, stale.words]).toEqual([409, expect.stringContaining('Code risk.stale.')])
    expect((await riskNow())?.budgetMs).toBe(900)
    expect(await bob.press(stale, /common$/)).toMatchObject(done)
    expect((await riskNow())?.budgetMs).toBe(1000)
    const none = await bob.press(await bob.page('/risk/common'), /common$/, { budget_ms: '5', why: 'x' })
    expect([none.status, none.body]).toEqual([
      422,
      expect.stringMatching(/id="f-budget_ms"[^>]*aria-invalid/),
    ])
  })
  test('takes an engine out only where no event names it any more', async () => {
    const alice = await person()
    const form = await alice.page('/risk/providers/own/edit')
    const named = await alice.press(form, /own\/remove$/, { why: 'the contract ended' })
    expect([named.status, named.words]).toEqual([422, expect.stringContaining('name one provider at least')])
    const event = await alice.page('/risk/events/sign-in')
    expect(await alice.press(event, /sign-in\/remove$/, { why: 'the contract ended' })).toMatchObject(done)
    const again = await alice.page('/risk/providers/own/edit')
    expect(await alice.press(again, /own\/remove$/, { why: 'the contract ended' })).toMatchObject(done)
    expect(await riskNow()).toBeUndefined()
  })
})

describe('attacks', () => {
  test.each([
    ['viewer', 403],
    ['federation-admin', 403],
    ['owner', 200],
  ] as const)('#200 the forms are open to a %s: %d', async (role, status) => {
    const { page, cookie } = await person([role])
    for (const path of ['/risk/add?type=signals', '/risk/events/payment'])
      expect([path, (await page(path)).status]).toEqual([path, status])
    if (status === 200) return
    const form_token = await visitors.tokenOf(cookie)
    const posted = await page('/risk/add', { form_token, version: '0', type: 'signals', id: 'mine' })
    expect(posted.status).toBe(403)
    expect(await riskNow()).toBeUndefined()
  })
  test('#198 nothing is changed without the form’s token, or by what is no version, type or event', async () => {
    const { page, cookie } = await person(['owner'])
    const form_token = await visitors.tokenOf(cookie)
    const form = { version: '0', type: 'signals', id: 'mine' }
    expect((await page('/risk/add', form)).status).toBe(403)
    expect((await page('/risk/add', { ...form, form_token, version: 'x' })).status).toBe(400)
    expect((await page('/risk/add', { ...form, form_token, type: 'constructor' })).status).toBe(404)
    for (const path of ['/risk/events/outcome', '/risk/events/__proto__', '/risk/providers/none/edit'])
      expect([path, (await page(path)).status]).toEqual([path, 404])
    expect(await riskNow()).toBeUndefined()
  })
})

test('a password in an address, from before such were refused, is on no page of the engine', async () => {
  const { consoleRisks } = parts.stores
  const put = async (risk: Institution['risk']) => {
    const version = ((await consoleRisks.get('alder'))?.version ?? 0) + 1
    await consoleRisks.put('alder', { risk, version, by: 'administrator:alice', at: Date.now() })
  }
  const old = { id: 'old', type: 'service', settings: { url: 'https://me:hidden@engine.example/a' } }
  await put({ providers: [old], events: {}, budgetMs: 800, stepUp: 'urn:drawbridge:acr:device-pin' })
  const { words, body } = await (await person()).page('/risk/providers/old')
  expect([words, body]).toEqual([
    expect.stringContaining('https://engine.example/a'),
    expect.not.stringContaining('hidden@'),
  ])
  await put(undefined)
})

test('a file that has engines takes over: what was set here ends, and nothing is changed here any more', async () => {
  const alice = await person()
  const add = await alice.page('/risk/add?type=signals')
  expect(await alice.press(add, /risk\/add$/, { id: 'mine' })).toMatchObject(done)
  const { base, stores, services } = parts
  const ports = { ...base, ...stores, ...services, writer: stores.directory }
  const run = createApply(ports)
  const apply = async (institution: Institution) => {
    const set = { institution, relyingParties: [], connections: [], cores: [] }
    return (await run([set], { dryRun: false })).changes.map(changeLine)
  }
  // One without leaves the console's as it is.
  expect(await apply({ ...alder, name: 'Alder' })).toEqual(['~ alder: name'])
  expect((await riskNow())?.providers.map(({ id }) => id)).toEqual(['mine'])
  const provider = { id: 'filed', type: 'signals', settings: {} }
  const risk = { providers: [provider], events: {}, budgetMs: 800, stepUp: 'urn:drawbridge:acr:device-pin' }
  const changes = await apply({ ...alder, name: 'Alder', risk } as Institution)
  expect(changes).toEqual([expect.stringContaining('loosens risk provider mine'), '- alder risk console'])
  expect((await riskNow())?.providers).toEqual([provider])
  expect(await last('risk.changed')).toMatchObject({ detail: { by: 'file', what: 'everything' } })
  const list = await alice.page('/risk/providers')
  expect(list.words).toContain('In the institution’s file, under risk , and not here.')
  expect(list.body).not.toContain('/risk/add"')
  const managed = await alice.page('/risk/providers/filed/edit')
  expect([managed.status, managed.words]).toEqual([
    409,
    expect.stringContaining('The risk engines come from a file'),
  ])
  const form_token = await visitors.tokenOf(alice.cookie)
  const posted = await alice.page('/risk/add', { form_token, version: '9', type: 'signals', id: 'mine' })
  expect([posted.status, posted.words]).toEqual([409, expect.stringContaining('risk.managed')])
})
