// Somebody at the bank asks why a customer was stepped up or stopped: what each engine said, who decided, what left; and how the engines do.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Role } from '../../src/domain/administrator.ts'
import type { Institution } from '../../src/domain/institution.ts'
import type { RiskSettings } from '../../src/domain/risk.ts'
import { transactionOf } from '../../src/domain/transaction.ts'
import { typesOf } from '../../src/domain/transaction-types/known.ts'
import { createDecide } from '../../src/flows/decide.ts'
import { createRiskReport } from '../../src/flows/risk-outcomes.ts'
import { formTo } from './administrator.ts'
import { consoleVisitors } from './console-visitors.ts'
import { paymentDetail } from './decided.ts'
import { type OwnEngine, startOwnEngine } from './own-engine.ts'
import { alder, type Parts, startParts } from './parts.ts'
import { creditor, debtor } from './spending.ts'
import { wordsOf } from './transactions-rig.ts'

const address = '203.0.113.77'
const password = 'engine-hmac-secret-which-nobody-sees'

let parts: Parts
let engine: OwnEngine
let visitors: ReturnType<typeof consoleVisitors>
let bank: Institution
let next = 0

const riskWith = (url: string): RiskSettings => ({
  providers: [
    {
      ...{ id: 'own', type: 'service' },
      settings: { url, authentication: 'hmac', keyId: 'bridge', hmacSecret: password },
      facts: [
        'subject.id',
        'network.address',
        'client.userAgent',
        'transaction.creditorName',
        'transaction.minor',
      ],
    },
    { id: 'signals', type: 'signals', settings: {} },
    { id: 'gone', type: 'no-such-type', settings: {} },
  ],
  events: {
    'sign-in': {
      ask: [
        { provider: 'own', weight: 3, optional: false },
        { provider: 'signals', weight: 1, optional: true },
      ],
      ...{ combine: 'weighted', onFailure: 'step-up', bands: { 'step-up': 300, deny: 900 } },
    },
    payment: {
      ask: [{ provider: 'own', weight: 1, optional: false }],
      ...{ combine: 'strictest', onFailure: 'deny', bands: {}, shadow: ['signals'] },
    },
  },
  budgetMs: 8000,
  stepUp: 'urn:drawbridge:acr:device-pin',
})

beforeAll(async () => {
  parts = await startParts({ outbound: { allowed_networks: ['127.0.0.0/8'] } })
  engine = await startOwnEngine()
  visitors = consoleVisitors(parts)
  bank = { ...alder, risk: riskWith(engine.url) }
  await parts.stores.directory.put(
    { institution: bank, relyingParties: [], connections: [], cores: [] },
    'file',
  )
})
afterAll(async () => {
  engine.stop()
  await parts.services.riskProviders.close()
  await parts.stop()
})

const caller = { address, userAgent: 'Mozilla/5.0 <b>bold</b>', language: undefined, accept: undefined }

const who = (subject: string) => ({
  ...{ subject, relyingParty: 'app', device: undefined, amr: ['fed'], granted: undefined },
  authenticatedAt: Date.now(),
})

const inUnit = <T>(institution: string, reference: string, work: () => Promise<T>): Promise<T> =>
  parts.base.unit.run({ institution, reference, caller }, work)

/** A sign-in that the engines are asked about; its id. */
async function signIn(institution: Institution = bank, subject = 'carol') {
  next += 1
  const reference = `DB-RSK${next}-AAAA`
  const assessed = await inUnit(institution.id, reference, async () => {
    const asked = await parts.flows.assess.ask(institution, { kind: 'sign-in', ...who(subject), reference })
    if (asked !== undefined)
      await parts.flows.assess.keep(institution, asked, { settleBy: Date.now() + 600_000 })
    return asked
  })
  return { id: assessed?.verdict.id as string, reference }
}

/** A payment that they are asked about, and the policy with them. */
async function pay(detail: Readonly<Record<string, unknown>> = {}, subject = 'carol') {
  next += 1
  const reference = `DB-PAY${next}-AAAA`
  const decide = createDecide({ ...parts.base, ...parts.stores, assess: parts.flows.assess })
  return inUnit('alder', reference, () =>
    decide(bank, {
      ...{ ...who(subject), transaction: transactionOf({ ...paymentDetail, ...detail }, typesOf(bank)) },
      ...{ expiresAt: Date.now() + 600_000, trace: { reference } },
    }),
  )
}

async function person(roles: readonly Role[] = ['owner']) {
  const { cookie, subject } = await visitors.somebody(roles)
  const get = async (path: string) => {
    const { status, text } = await visitors.go(path, { cookie })
    return { url: `${parts.issuer}/console${path}`, status, body: text, words: wordsOf(text) }
  }
  /** The test call's form on the page of an engine. */
  const tryOut = async (id: string, fields: Record<string, string> = {}) => {
    const form = formTo(await get(`/risk/providers/${id}`), /\/test$/)
    const to = form.to.slice(`${parts.issuer}/console`.length)
    const { status, text } = await visitors.go(to, { cookie, form: { ...form.fields, ...fields } })
    return { status, body: text, words: wordsOf(text) }
  }
  return { cookie, subject, get, tryOut }
}

describe('a sign-in that was stepped up', () => {
  test('is found by its reference, and says what each engine said and how that came to the verdict', async () => {
    engine.say({
      action: 'review',
      score: 700,
      band: 'amber',
      reasons: [{ code: 'r17', text: 'New country' }],
    })
    const { id, reference } = await signIn()
    const { get } = await person()
    const list = await get(`/risk?reference=${reference.toLowerCase().replaceAll('-', ' ')}`)
    expect(list.body).toContain(`/console/risk/${id}"`)
    const { words } = await get(`/risk/${id}`)
    for (const said of [
      'Sign-in: step-up',
      'The weighted mean of the scores decided.',
      'Combined again, it comes out the same.',
      'own Review 700 amber New country r17 700 × 3',
      'optional',
      '150 × 1',
      'Step-up from 300, Refused from 900',
      '563 of 1000',
      'Where one fails that is not optional, or nobody answers, it is stepped up at least.',
      'Not ended yet',
      'Not yet: it has not ended',
    ])
      expect(words).toContain(said)
  })
  test('names the facts that left and who says so; addresses are masked, and what callers say is marked', async () => {
    const { id } = await signIn()
    const { body, words } = await (await person()).get(`/risk/${id}`)
    expect(words).toContain('client.userAgent The User-Agent header.')
    expect(words).toContain('The caller says so Untrusted')
    expect(words).toContain('Our edge saw it own , signals')
    expect(body).not.toContain(address)
    expect(words).toContain('••••3.77')
  })
  test('says how it ended, and that the engine was told', async () => {
    const { id, reference } = await signIn()
    await inUnit('alder', reference, () =>
      parts.flows.riskOutcomes.ended({ institution: 'alder', risk: { id } } as never, 'fraud'),
    )
    const { get } = await person()
    expect((await get(`/risk/${id}`)).words).toContain('Is owed it; tried again until it is told')
    const ports = { ...parts.base, ...parts.stores, ...parts.services }
    for (const job of await parts.services.riskReports.take(10)) await createRiskReport(ports)(job)
    const { words } = await get(`/risk/${id}`)
    expect(words).toMatch(/own Fraud Told/)
    expect(words).toContain('signals – Takes no reports')
  })
})

describe('a payment', () => {
  test('that nobody answered about is refused by the fallback, and its transaction leads here', async () => {
    engine.fail(500)
    const one = await pay()
    engine.say({ action: 'allow', score: 10, reasons: [] })
    expect(one.decision).toEqual({ outcome: { kind: 'deny' }, reason: 'risk.unanswered' })
    const { get } = await person()
    const { body, words } = await get(`/transactions/${one.id}`)
    expect(words).toContain('A risk engine gave no answer')
    const path = /href="[^"]*\/console(\/risk\/[\w-]+)"/.exec(body)?.[1] as string
    const page = await get(path)
    for (const said of [
      'Payment: refused',
      'A failure decided',
      'own Error – It could not be asked',
      'The engines: A failure decided',
      'Is told nothing: it gave no answer',
    ])
      expect(page.words).toContain(said)
    expect(page.body).toContain(`/console/transactions/${one.id}"`)
    const failed = await get('/risk?failed=own&kind=payment&reason=risk.unanswered')
    expect([failed.body.includes(path), (await get('/risk?failed=signals')).body.includes(path)]).toEqual([
      true,
      false,
    ])
  })
  test('whose decision was the policy’s says that it was not the engines’', async () => {
    const one = await pay()
    const { body } = await (await person()).get(`/risk?sub=carol&kind=payment&action=allow`)
    const path = /href="[^"]*\/console(\/risk\/[\w-]{22})"/.exec(body)?.[1] as string
    const { words } = await (await person()).get(path)
    expect(words).toContain('No engine asked for anything.')
    expect(words).toContain(`Not the engines: ${one.decision.reason === 'allowed' ? 'No rule applied' : ''}`)
  })
})

test('an engine in shadow has no effect, and stands with what it would have changed', async () => {
  engine.say({ action: 'allow', score: 10, reasons: [] })
  const one = await pay({}, 'shadowed')
  expect(one.inputs.risk?.said.action).toBe('allow')
  const { get } = await person()
  const id = one.inputs.risk?.said.id
  expect((await get(`/risk/${id}`)).words).toContain('signals Has not answered: it is asked afterwards')
  const ports = { ...parts.base, ...parts.stores, ...parts.services }
  for (const job of await parts.services.riskReports.take(50)) await createRiskReport(ports)(job)
  const { words } = await get(`/risk/${id}`)
  expect(words).toContain('signals Step-up. With it the verdict would have been Step-up')
  expect((await get('/risk/providers')).words).toMatch(/signals Payment Passes Step-up \d/)
})

describe('the engines', () => {
  test('stand with their state on this node, and who is asked about what, also to those who see no customers', async () => {
    const { get } = await person(['viewer'])
    const { status, words, body } = await get('/risk/providers')
    expect(status).toBe(200)
    for (const said of [
      '1 of 3 risk engines is failing',
      'own service Answering',
      'gone no-such-type Not installed',
      'Payment Asked In shadow – Strictest Refused Where one fails that is not optional, or nobody answers, it is refused.',
      'Sign-in Asked weight 3 Asked optional – Weighted mean From: step-up 300, deny 900',
      'Enrolment of a device – – – Nobody is asked',
      'Step-up with device and PIN',
    ])
      expect(words).toContain(said)
    expect(body).not.toContain('href="/alder/console/risk"')
    expect((await get('/policy')).body).toContain('/console/risk/providers"')
  })
  test('show their settings as the type names them, and never a secret', async () => {
    const { body, words } = await (await person(['viewer'])).get('/risk/providers/own')
    expect(words).toContain(engine.url)
    expect(words).toContain('Set, and not shown')
    expect(body).not.toContain(password)
    expect(words).toContain('transaction.creditorName The payee as the customer is shown it.')
    expect(words).toContain('Security administrators and owners can ask it about an invented event here.')
    expect(body).not.toContain('/test"')
  })
  test('are asked about an invented event: the answer is shown, nothing is kept, and the audit knows', async () => {
    engine.say({ action: 'hold', score: 800, reasons: [{ code: 'odd', text: 'Odd' }] })
    const { tryOut, subject } = await person(['security-admin'])
    const before = await parts.base.database.knex('risk_assessment').count()
    const answered = parts.services.riskProviders.of(bank)[0]?.health().answered
    const { status, words } = await tryOut('own', { kind: 'payment' })
    expect(status).toBe(200)
    for (const said of ['It answered in', 'Held: It is stopped', 'Odd odd', 'transaction.minor'])
      expect(words).toContain(said)
    expect(engine.asked.at(-1)).toMatchObject({
      kind: 'payment',
      facts: { 'subject.id': 'drawbridge-test', 'network.address': '192.0.2.1', 'transaction.minor': '100' },
    })
    expect(await parts.base.database.knex('risk_assessment').count()).toEqual(before)
    expect(parts.services.riskProviders.of(bank)[0]?.health().answered).toBe(answered)
    const detail = { by: `administrator:${subject}`, provider: 'own', kind: 'payment', said: 'hold' }
    expect((await visitors.events('risk.tried')).at(-1)).toMatchObject({ detail })
  })
  test('that fail say how, and are asked so often a minute and no more', async () => {
    engine.fail(503)
    const { tryOut } = await person()
    const failed = await tryOut('own')
    expect(failed.words).toMatch(/Error, after .*It could not be asked.*503/)
    expect((await tryOut('gone')).words).toContain('unknown_type')
    engine.say({ action: 'allow', reasons: [] })
    const statuses: number[] = []
    for (let n = 0; n < 9; n += 1) statuses.push((await tryOut('signals')).status)
    expect([statuses[0], statuses.at(-1)]).toEqual([200, 429])
  })
})

describe('attacks', () => {
  const evil = '<img src=x onerror=alert(1)>'
  test('#201 what an engine and a caller say is only text', async () => {
    engine.say({ action: 'step-up', score: 500, band: evil, reasons: [{ code: evil, text: evil }] })
    const { id } = await signIn(bank, evil)
    const one = await pay({ creditorName: `${evil} ${debtor}` })
    const { get } = await person()
    const list = await get(`/risk?sub=carol`)
    const paid = /href="[^"]*\/console(\/risk\/[\w-]{22})"/.exec(list.body)?.[1] as string
    for (const path of [`/risk/${id}`, paid, '/risk', `/transactions/${one.id}`]) {
      const { status, body } = await get(path)
      expect([path, status, body.includes('<img'), body.includes('<b>bold')]).toEqual([
        path,
        200,
        false,
        false,
      ])
      expect([debtor, creditor, address].filter((whole) => body.includes(whole))).toEqual([])
    }
    expect((await get(`/risk/${id}`)).body).toContain('&lt;img src=x')
    const hostile = encodeURIComponent('"><script>alert(1)</script>')
    for (const name of ['reference', 'sub', 'kind', 'action', 'reason', 'failed', 'app', 'from', 'behind']) {
      const { status, body } = await get(`/risk?${name}=${hostile}`)
      expect([name, status, body.includes('<script>alert')]).toEqual([name, 200, false])
    }
  })
  test('#199 institutions are apart', async () => {
    const birch: Institution = { ...bank, id: 'birch', name: 'Birch Bank' }
    const set = { institution: birch, relyingParties: [], connections: [], cores: [] }
    await parts.stores.directory.put(set, 'file')
    const theirs = await signIn(birch, 'dora')
    const { get, tryOut } = await person()
    expect((await get(`/risk/${theirs.id}`)).status).toBe(404)
    expect((await get(`/risk?reference=${theirs.reference}&sub=dora`)).body).not.toContain(theirs.id)
    expect((await get('/risk/providers/no-such')).status).toBe(404)
    await expect(tryOut('no-such')).rejects.toThrow('no form')
    // The control.
    const { cookie } = await visitors.somebody(['owner'], { institution: 'birch' })
    const issuer = parts.issuer.replace(/alder$/, 'birch')
    expect((await visitors.go(`/risk/${theirs.id}`, { cookie, issuer })).status).toBe(200)
  })
  test.each([
    ['viewer', 403],
    ['federation-admin', 403],
    ['security-admin', 200],
    ['owner', 200],
  ] as const)('#200 what engines said of customers is shown to a %s: %d', async (role, status) => {
    const { id } = await signIn()
    const { get } = await person([role])
    for (const path of ['/risk', `/risk/${id}`])
      expect([path, (await get(path)).status]).toEqual([path, status])
  })
  test('#198 a test call needs the form’s token, and the role', async () => {
    const asked = engine.asked.length
    const owner = await person()
    const form = { kind: 'sign-in' }
    const forged = await visitors.go('/risk/providers/own/test', { cookie: owner.cookie, form })
    expect(forged.status).toBe(403)
    const viewer = await person(['viewer'])
    const mine = { ...form, form_token: await visitors.tokenOf(viewer.cookie) }
    const refused = await visitors.go('/risk/providers/own/test', { cookie: viewer.cookie, form: mine })
    expect(refused.status).toBe(403)
    const odd = { form_token: await visitors.tokenOf(owner.cookie), kind: 'outcome' }
    expect((await visitors.go('/risk/providers/own/test', { cookie: owner.cookie, form: odd })).status).toBe(
      400,
    )
    expect(engine.asked.length).toBe(asked)
  })
})

test('what was altered in the database is told', async () => {
  const { id } = await signIn()
  const row = () => parts.base.database.knex('risk_assessment').where({ id })
  const kept = await parts.stores.riskRecords.get('alder', id)
  const sealed = {
    verdict: { ...kept?.verdict, action: 'allow' },
    ...{ policy: kept?.policy, facts: {}, shared: {} },
  }
  await row().update({ record: parts.base.seal.seal('alder', JSON.stringify(sealed)) })
  const { get } = await person()
  expect((await get(`/risk/${id}`)).words).toContain('Combined again, it comes out otherwise.')
})

test('older ones are behind a link; without engines the list says so', async () => {
  const record = await parts.stores.riskRecords.get('alder', (await signIn(bank, 'busy')).id)
  if (record === undefined) throw new Error('none')
  await inUnit('alder', 'DB-MANY-AAAA', async () => {
    for (let n = 0; n < 102; n += 1) {
      const verdict = { ...record.verdict, id: `many-${String(n).padStart(17, '0')}` }
      await parts.stores.riskRecords.keep({ ...record, verdict, at: record.at - (n % 3) }, undefined)
    }
  })
  const { get } = await person()
  const idsIn = (text: string) => [...text.matchAll(/\/console\/risk\/([\w-]{22})"/g)].map(([, id]) => id)
  const first = await get('/risk?sub=busy')
  const older = /href="[^"]*\/console(\/risk\?[^"]*behind=[^"]+)"/.exec(first.body)?.[1] ?? ''
  const second = await get(older.replaceAll('&amp;', '&'))
  expect([idsIn(first.body).length, idsIn(second.body).length]).toEqual([100, 3])
  expect(new Set([...idsIn(first.body), ...idsIn(second.body)]).size).toBe(103)
  const cedar: Institution = { ...alder, id: 'cedar', name: 'Cedar Bank' }
  await parts.stores.directory.put(
    { institution: cedar, relyingParties: [], connections: [], cores: [] },
    'file',
  )
  const { cookie } = await visitors.somebody(['owner'], { institution: 'cedar' })
  const issuer = parts.issuer.replace(/alder$/, 'cedar')
  for (const path of ['/risk', '/risk/providers']) {
    const { status, text } = await visitors.go(path, { cookie, issuer })
    expect([status, wordsOf(text)]).toEqual([200, expect.stringMatching(/No (risk )?engine is asked/)])
  }
})
