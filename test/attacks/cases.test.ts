// Attacks on cases: one person who plays two, others' cases, roles, old pages, markup, keys from the safe.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Visitor } from '../../src/domain/administrator.ts'
import { type CaseStep, caseSteps } from '../../src/domain/held-case.ts'
import type { Institution } from '../../src/domain/institution.ts'
import type { Refusal } from '../../src/domain/refusal.ts'
import { type CaseDesk, caseDesk } from '../journeys/case-desk.ts'
import { deciding } from '../journeys/decided.ts'
import { alder, type Parts, startParts } from '../journeys/parts.ts'
import { creditor, debtor } from '../journeys/spending.ts'

const policy = { rules: [{ id: 'huge', when: 'true', outcome: { kind: 'review' } }], limits: [] } as const
const holding: Institution = { ...alder, policy }
const birch: Institution = { ...holding, id: 'birch', name: 'Birch Bank' }

let parts: Parts
let desk: CaseDesk
let decided: ReturnType<typeof deciding>
beforeAll(async () => {
  parts = await startParts()
  desk = caseDesk(parts)
  decided = deciding(parts)
  for (const institution of [holding, birch])
    await parts.stores.directory.put({ institution, relyingParties: [], connections: [], cores: [] }, 'file')
})
afterAll(() => parts.stop())

let next = 0
/** Each of a customer of its own: what was released for one is used by nobody else. */
const held = async (detail: Readonly<Record<string, unknown>> = {}) => {
  next += 1
  return (await decided({ institution: holding, detail, subject: `customer-${next}` })).id
}
const stateOf = async (id: string, institution = 'alder') =>
  (await parts.stores.cases.get(institution, id))?.state
const refusals = async () => (await desk.visitors.events('console.refused')).map(({ code }) => code)

describe('#249 whoever proposed does not agree', () => {
  test('by the form of an old page, another session, or another role', async () => {
    const id = await held()
    const ann = await desk.person()
    await ann.take(id, 'propose')
    const { words } = await ann.get(`/cases/${id}`)
    expect(words).toContain('You proposed it. Somebody else has to agree.')
    expect(words).not.toContain('Agree, and release it')
    const { version } = (await parts.stores.cases.get('alder', id)) ?? { version: 0 }
    const again = async (cookie: string) => {
      const form = { form_token: await desk.visitors.tokenOf(cookie), version: String(version), why: 'me' }
      return desk.visitors.go(`/cases/${id}/confirm`, { cookie, form })
    }
    expect((await again(ann.cookie)).text).toContain('case.own')
    // Another session of hers, in which she is an owner by now.
    const scope = { institution: 'alder', reference: 'DB-TEST-0001' }
    const cookie = await parts.base.unit.run(scope, async () => {
      const { subject } = ann
      const now = Date.now()
      const put = { institution: 'alder', subject, roles: ['owner'] as const, addedBy: 'test', addedAt: now }
      await parts.stores.administrators.put(put)
      const signedIn = { subject, authenticatedAt: now, invitation: undefined, before: undefined }
      return parts.flows.consoleAccess.signIn('alder', signedIn)
    })
    const refused = await again(cookie)
    expect([refused.status, refused.text.includes('case.own')]).toEqual([403, true])
    expect(await stateOf(id)).toBe('proposed')
    expect(await refusals()).toContain('case.own')
  })
  test('by a key from the safe, and no such key proposes; it may stop', async () => {
    const id = await held()
    const now = Date.now()
    const safe = {
      institution: 'alder',
      id: 'left',
      name: 'left',
      kind: 'break-glass',
      roles: ['owner'],
    } as const
    const visitor: Visitor = { ...safe, authenticatedAt: now, expiresAt: now + 60_000 }
    const step = async (step: CaseStep) => {
      const { version = 0 } = (await parts.stores.cases.get('alder', id)) ?? {}
      const asked = { id, version, step, why: 'w', fraud: false, visitor }
      return parts
        .inUnit(() => parts.flows.caseFlows.step(holding, asked))
        .catch((error: Refusal) => error.code)
    }
    expect(await step('propose')).toBe('console.forbidden')
    await (await desk.person()).take(id, 'propose')
    expect(await step('confirm')).toBe('console.forbidden')
    expect(await stateOf(id)).toBe('proposed')
    await step('stop')
    expect(await stateOf(id)).toBe('stopped')
  })
  test('of twenty people who agree at once one does, and nobody after a stop', async () => {
    const id = await held()
    await (await desk.person()).take(id, 'propose')
    const people = await Promise.all(Array.from({ length: 10 }, () => desk.person()))
    const pages = await Promise.all(people.map((one) => one.get(`/cases/${id}`)))
    const steps = people.map((one, n) => {
      const step = n % 3 === 0 ? 'stop' : 'confirm'
      return one.take(id, step, { why: 'now' }, pages[n])
    })
    const statuses = (await Promise.all(steps)).map(({ status }) => status).sort()
    expect(statuses).toEqual([303, ...Array(9).fill(409)])
    expect((await parts.stores.cases.history('alder', id)).length).toBe(2)
  })
  test('what was proposed anew is not released by who saw the first proposal', async () => {
    const id = await held()
    const [ann, bob, carl] = [await desk.person(), await desk.person(), await desk.person()]
    await ann.take(id, 'propose', { why: 'Known payee' })
    const seen = await carl.get(`/cases/${id}`)
    await bob.take(id, 'send-back', { why: 'Call them' })
    await bob.take(id, 'propose', { why: 'Called' })
    expect((await carl.take(id, 'confirm', {}, seen)).words).toContain('case.stale')
    expect(await stateOf(id)).toBe('proposed')
    expect((await ann.take(id, 'confirm', {})).status).toBe(303)
  })
})

describe('#199 institutions are apart', () => {
  test('a case of the other is not there, and no step of it', async () => {
    const theirs = (await decided({ institution: birch })).id
    const owner = await desk.person(['owner'])
    expect((await owner.get(`/cases/${theirs}`)).status).toBe(404)
    expect((await owner.get('/cases')).body).not.toContain(theirs)
    for (const step of caseSteps) {
      const form = { form_token: await desk.visitors.tokenOf(owner.cookie), version: '1', why: 'w' }
      expect([step, (await owner.post(`/cases/${theirs}/${step}`, form)).status]).toEqual([step, 404])
    }
    expect(await stateOf(theirs, 'birch')).toBe('open')
  })
})

describe('#200 roles', () => {
  test.each([
    ['viewer', 403],
    ['federation-admin', 403],
    ['fraud-analyst', 200],
    ['security-admin', 200],
    ['owner', 200],
  ] as const)('cases are shown to a %s: %d', async (role, status) => {
    const id = await held()
    const one = await desk.person([role])
    for (const path of ['/cases', `/cases/${id}`])
      expect([path, (await one.get(path)).status]).toEqual([path, status])
    const form = { form_token: await desk.visitors.tokenOf(one.cookie), version: '1', why: 'w' }
    const stopped = await one.post(`/cases/${id}/stop`, form)
    expect([stopped.status, await stateOf(id)]).toEqual(status === 200 ? [303, 'stopped'] : [403, 'open'])
  })
  test('a fraud analyst reads transactions, risk and the policy, and changes nothing else', async () => {
    const { get } = await desk.person()
    const statuses = async (paths: readonly string[]) =>
      Promise.all(paths.map(async (path) => (await get(path)).status))
    expect(await statuses(['/transactions', '/approvals', '/risk', '/policy', '/cases', ''])).toEqual(
      Array(6).fill(200),
    )
    expect(await statuses(['/administrators', '/policy/edit', '/risk/add', '/relying-parties/new'])).toEqual(
      Array(4).fill(403),
    )
  })
})

describe('#202 stale proof', () => {
  test('agreeing wants a sign-in of the last five minutes, stopping does not', async () => {
    const id = await held()
    await (await desk.person()).take(id, 'propose')
    const late = await desk.person(['owner'], { age: 301 })
    const sent = await late.take(id, 'confirm', {})
    expect([sent.status, sent.location]).toEqual([303, expect.stringContaining('/sign-in?fresh=yes')])
    expect(await stateOf(id)).toBe('proposed')
    expect((await late.take(id, 'stop')).status).toBe(303)
  })
})

describe('one customer does not fill the list of those who look', () => {
  const events = async (type: string, subject: string) =>
    (await desk.visitors.events(type)).filter((event) => event.subject === subject)
  const waiting = (subject: string) =>
    parts.stores.cases.list('alder', {
      ...{ states: ['open', 'proposed'], subject, nearestFirst: true, limit: 201 },
    })
  test('thirty times the very same at once is one case, which says how often', async () => {
    const subject = `flood-${next}`
    const sent = Array.from({ length: 30 }, () => decided({ institution: holding, subject }))
    const ids = (await Promise.all(sent)).map(({ id }) => id)
    const [one, ...others] = await waiting(subject)
    expect([ids.includes(one?.id ?? ''), others]).toEqual([true, []])
    expect(await events('case.opened', subject)).toHaveLength(1)
    const told = await events('case.not_opened', subject)
    expect(told.map(({ detail }) => (detail as { case: string }).case)).toEqual(Array(29).fill(one?.id))
    const ann = await desk.person()
    expect((await ann.get(`/cases/${one?.id}`)).words).toContain('30 times')
    for (const id of ids)
      expect((await ann.get(`/transactions/${id}`)).body).toContain(`/console/cases/${one?.id}`)
    // Also while a release of it is proposed; what ended is over.
    await ann.take(one?.id ?? '', 'propose')
    await decided({ institution: holding, subject })
    expect(await waiting(subject)).toHaveLength(1)
    await ann.take(one?.id ?? '', 'stop')
    await decided({ institution: holding, subject })
    expect((await waiting(subject)).map(({ id }) => id)).not.toContain(one?.id)
  })
  test('of what differs twenty wait at most; the rest is held, which the audit says', async () => {
    const subject = `floods-${next}`
    const amounts = Array.from({ length: 25 }, (_, n) => ({ currency: 'EUR', amount: `${n + 1}.00` }))
    const kept = await Promise.all(
      amounts.map((instructedAmount) =>
        decided({ institution: holding, subject, detail: { instructedAmount } }),
      ),
    )
    expect(kept.map(({ state }) => state)).toEqual(Array(25).fill('held'))
    expect(await waiting(subject)).toHaveLength(20)
    const told = await events('case.not_opened', subject)
    expect(told.map(({ detail }) => (detail as { waiting: number }).waiting)).toEqual(Array(5).fill(20))
    // Others are not kept from a case by it.
    expect(await stateOf(await held())).toBe('open')
  })
})

test.each(['propose', 'stop'] as const)('without a reason nothing is done: %s', async (step) => {
  const id = await held()
  const ann = await desk.person()
  const refused = await ann.take(id, step, { why: '  ' })
  expect([refused.status, refused.words.includes('case.reason')]).toEqual([422, true])
  expect(await stateOf(id)).toBe('open')
})

test('a reason that is too long is refused, and nothing of it is cut off unsaid', async () => {
  const id = await held()
  const ann = await desk.person()
  const refused = await ann.take(id, 'propose', { why: 'w'.repeat(301) })
  expect([refused.status, refused.words.includes('300 characters')]).toEqual([422, true])
  expect(refused.body).toContain('w'.repeat(301))
  expect(await stateOf(id)).toBe('open')
  expect((await ann.take(id, 'propose', { why: 'w'.repeat(300) })).status).toBe(303)
})

test('#201 what people write, and customers, is only text; accounts are masked', async () => {
  const evil = `<img src=x onerror=alert(1)>"'`
  const id = await held({ creditorName: evil, remittanceInformation: `${debtor} ${evil}` })
  const ann = await desk.person()
  await ann.take(id, 'propose', { why: `${creditor} ${evil} GB82 WEST 1234 5698 7654 32` })
  for (const path of ['/cases', `/cases/${id}`]) {
    const { body } = await ann.get(path)
    expect([path, body.includes('<img'), body.includes('&lt;img src=x')]).toEqual([path, false, true])
    for (const account of [debtor, creditor, 'GB82WEST12345698765432'])
      expect(body.replaceAll(' ', '')).not.toContain(account)
  }
  const hostile = encodeURIComponent(`"><script>alert(1)</script>`)
  for (const name of ['state', 'sub', 'behind']) {
    const { status, body } = await ann.get(`/cases?${name}=${hostile}`)
    expect([name, status, body.includes('<script>alert')]).toEqual([name, 200, false])
  }
})

test('what people write of a customer stands in no column and no event', async () => {
  const id = await held()
  await (await desk.person()).take(id, 'stop', { why: 'Mrs Alder of Nordhaven' })
  const { knex } = parts.base.database
  for (const table of ['held_case', 'held_case_step', 'audit_event']) {
    const { rows } = await knex.raw(`select t::text as row from ${table} t`)
    expect([table, JSON.stringify(rows).includes('Mrs Alder')]).toEqual([table, false])
  }
  const [stopped] = (await desk.visitors.events('case.stopped')).slice(-1)
  expect(Object.keys((stopped as { personal: object }).personal)).toEqual(['why'])
})
