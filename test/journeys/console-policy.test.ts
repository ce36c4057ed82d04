// The policy is changed in the console: seen before it is in force, judged by what it loosens, gone back from, and taken over by a file.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { changeLine } from '../../src/cli/apply.ts'
import { withDeviceAndPin } from '../../src/domain/acr.ts'
import type { Role } from '../../src/domain/administrator.ts'
import type { Institution } from '../../src/domain/institution.ts'
import type { Limit } from '../../src/domain/limit.ts'
import { policyOf, policyVersion } from '../../src/domain/policy-default.ts'
import { createApply } from '../../src/flows/apply.ts'
import { formTo, type Page } from './administrator.ts'
import { consoleVisitors, type Signing } from './console-visitors.ts'
import { deciding } from './decided.ts'
import { alder, type Parts, startParts } from './parts.ts'
import { wordsOf } from './transactions-rig.ts'

let parts: Parts
let visitors: ReturnType<typeof consoleVisitors>
let apply: (institution: Institution, dryRun?: boolean) => Promise<string[]>

const strict = `rules:
  - id: no-payment
    when: transaction.kind != "payment"
    outcome: step-up
  - id: closed
    when: transaction.creditorAccount == "DE02120300000000202051"
    outcome: deny
limits:
  - { id: day, over: { EUR: "100.00" }, per: day }
`
const limit = (id: string, threshold: Limit['threshold'], change: Partial<Limit> = {}): Limit => ({
  ...{ id, types: [], from: [], to: [], threshold },
  outcome: { kind: 'step-up', acr: withDeviceAndPin },
  ...change,
})
const bank: Institution = { ...alder, stepUpOver: { EUR: '500.00' } }

beforeAll(async () => {
  parts = await startParts()
  visitors = consoleVisitors(parts)
  const { base, stores, services } = parts
  const run = createApply({
    ...base,
    ...stores,
    riskPlugins: async () => [],
    writer: stores.directory,
    connectors: services.connectors,
    channels: services.channels,
    lineFacts: services.lineFacts,
  })
  apply = async (institution, dryRun = false) => {
    const set = { institution, relyingParties: [], connections: [], cores: [] }
    return (await run([set], { dryRun })).changes.map(changeLine)
  }
  await apply(bank)
})
afterAll(() => parts.stop())

/** Somebody with a console page before them. */
async function person(roles: readonly Role[], signing?: Signing) {
  const { cookie, subject } = await visitors.somebody(roles, signing)
  const page = async (
    path: string,
    form?: Record<string, string>,
  ): Promise<Page & { location: string | null }> => {
    const { status, text, location } = await visitors.go(path, { cookie, ...(form && { form }) })
    return { url: `${parts.issuer}/console${path}`, status, body: text, location }
  }
  const press = async (on: Page, action: RegExp, fields: Record<string, string> = {}) => {
    const form = formTo(on, action)
    const to = form.to.slice(`${parts.issuer}/console`.length)
    return page(to, { ...form.fields, ...fields })
  }
  const previewed = async (text: string) =>
    press(await page('/policy/edit'), /policy\/edit$/, { document: text })
  const set = async (text: string, why = '') =>
    press(await previewed(text), /confirm$/, { do: 'confirm', why })
  return { subject, page, press, previewed, set }
}

const versionIn = ({ body }: Page) => /Version <code>([\w-]{16})<\/code>/.exec(body)?.[1]
const last = async (type: string) => (await visitors.events(type)).at(-1)
const inForce = async () => (await parts.stores.directory.everything('alder'))?.institution.policy

describe('a policy that asks more', () => {
  test('is shown before it is in force, and needs nothing but the button', async () => {
    const alice = await person(['security-admin'], { age: 4000 })
    const first = await alice.page('/policy')
    expect(wordsOf(first.body)).toContain('Nobody has written one, so that the default decides.')
    const seen = await alice.previewed(strict)
    expect([seen.status, wordsOf(seen.body)]).toEqual([
      200,
      expect.stringContaining('This change asks more than today'),
    ])
    for (const what of [
      'Rule closed, new',
      'Limit day, new',
      'A payment that brings the last 24 hours over €100.00',
    ])
      expect(wordsOf(seen.body)).toContain(what)
    expect(await inForce()).toBeUndefined()
    const done = await alice.press(seen, /confirm$/, { do: 'confirm' })
    expect([done.status, done.location]).toEqual([303, expect.stringMatching(/\/policy\?done=changed$/)])
    const now = await alice.page('/policy?done=changed')
    expect(wordsOf(now.body)).toContain('The policy is in force.')
    expect(wordsOf(now.body)).toContain('It was set here by')
    expect(await last('policy.changed')).toMatchObject({
      outcome: 'ok',
      detail: {
        ...{ base: versionIn(first), version: versionIn(now), by: `administrator:${alice.subject}`, why: '' },
        ...{ loosened: [], rules: ['closed'], limits: ['day'] },
      },
    })
  })
  test('decides from then on, also where the institution is read with all others', async () => {
    const [institution] = await parts.stores.directory.institutions()
    const one = await deciding(parts)({
      institution,
      detail: { creditorAccount: { iban: 'DE02120300000000202051' } },
    })
    expect(one.decision).toEqual({ outcome: { kind: 'deny' }, reason: 'rule.closed' })
    expect(await parts.stores.policies.get('alder', one.policy)).toEqual(policyOf(institution as Institution))
  })
  test('pressed twice it is changed once', async () => {
    const alice = await person(['owner'])
    const seen = await alice.previewed(strict.replace('100.00', '90.00'))
    const before = (await visitors.events('policy.changed')).length
    const both = [0, 1].map(() => alice.press(seen, /confirm$/, { do: 'confirm' }))
    expect((await Promise.all(both)).map(({ status }) => status)).toEqual([303, 303])
    expect((await visitors.events('policy.changed')).length - before).toBe(1)
  })
})

describe('a policy that asks less', () => {
  const looser = strict.replace('"100.00"', '"200.00"').replace('deny', 'review')
  test('says what becomes weaker, and wants a reason', async () => {
    const alice = await person(['security-admin'])
    const seen = await alice.previewed(looser)
    const words = wordsOf(seen.body)
    expect(words).toContain('This change loosens the policy')
    expect(words).toContain('Rule closed leads to less: Held, and before Refused.')
    expect(words).toContain('Limit day may be reached later than before, or not at all.')
    const asked = await alice.press(seen, /confirm$/, { do: 'confirm', why: ' ' })
    expect([asked.status, asked.body]).toEqual([422, expect.stringContaining('policy.reason')])
    const done = await alice.press(asked, /confirm$/, { do: 'confirm', why: 'salaries' })
    expect(done.status).toBe(303)
    expect(await last('policy.changed')).toMatchObject({
      detail: { why: 'salaries', loosened: ['rule closed', 'limit day'] },
    })
  })
  test('and somebody who has proven themselves; the text stays', async () => {
    const alice = await person(['security-admin'], { age: 301 })
    const text = looser.replace('200.00', '300.00')
    const seen = await alice.previewed(text)
    expect(wordsOf(seen.body)).toContain('Sign in once more before you loosen it.')
    const refused = await alice.press(seen, /confirm$/, { do: 'confirm', why: 'x' })
    expect([refused.status, formTo(refused, /confirm$/).fields]).toEqual([
      403,
      expect.objectContaining({ document: text, why: 'x' }),
    ])
  })
})

test('is tried on what customers did, as far as what was kept tells', async () => {
  const { base, stores, flows } = parts
  const birch = { ...bank, id: 'birch' }
  await apply(birch)
  const before = policyOf({ ...birch, policy: { rules: [], limits: [] } })
  const decide = deciding(parts)
  const paid = (amount: string, iban: string) =>
    decide({
      institution: { ...birch, policy: { rules: [], limits: [] } },
      detail: { instructedAmount: { currency: 'EUR', amount }, creditorAccount: { iban } },
    })
  await stores.policies.keep('birch', before)
  for (const amount of ['10.00', '60.00', '600.00']) await paid(amount, 'DE89370400440532013000')
  await paid('20.00', 'DE02120300000000202051')
  const limits = [
    limit('payment', { kind: 'amount', per: 'payment', over: { EUR: '50.00' } }),
    limit('closed', { kind: 'always' }, { to: ['DE02120300000000202051'], outcome: { kind: 'deny' } }),
    limit('day', { kind: 'amount', per: 'day', over: { EUR: '1.00' } }),
  ]
  const rules = [{ id: 'tiny', when: 'transaction.amount < 1500', outcome: { kind: 'review' } } as const]
  const after = policyOf({ ...birch, policy: { rules, limits } })
  const unit = { institution: 'birch', reference: 'DB-TEST-0003' }
  expect(await base.unit.run(unit, () => flows.tryPolicy('birch', before, after))).toEqual({
    ...{ count: 4, more: false, weaker: 0, stronger: 3, unmeasured: ['day'] },
    before: { allow: 3, 'step-up': 1, review: 0, deny: 0 },
    after: { allow: 0, 'step-up': 2, review: 1, deny: 1 },
  })
  const back = await base.unit.run(unit, () => flows.tryPolicy('birch', after, before))
  expect([back.weaker, back.stronger, back.unmeasured]).toEqual([3, 0, []])
})

test('a text that does not hold is told line by line, and is still there', async () => {
  const alice = await person(['owner'])
  const text =
    'rules:\n  - id: a\n    when: transaction.sum > 1\n  - id: b\n    when: "true"\n    outcome: never\n'
  const { status, body, ...page } = await alice.previewed(text)
  expect(status).toBe(422)
  expect(wordsOf(body)).toMatch(
    /Line 3: rules\[0\]\.when: No such key: sum[\s\S]*Line 6: rules\[1\]\.outcome/,
  )
  expect(formTo({ ...page, status, body }, /edit$/).fields.document).toBe(text)
})

test('of two people one is first; the other sees what differs now, and loses nothing', async () => {
  const [alice, bob] = [await person(['owner']), await person(['owner'])]
  const text = strict.replace('"100.00"', '"10.00"')
  const [hers, his] = [
    await alice.previewed(strict.replace('"100.00"', '"20.00"')),
    await bob.previewed(text),
  ]
  expect((await alice.press(hers, /confirm$/, { do: 'confirm', why: 'mine' })).status).toBe(303)
  const refused = await bob.press(his, /confirm$/, { do: 'confirm', why: 'his' })
  expect([refused.status, refused.body]).toEqual([409, expect.stringContaining('policy.stale')])
  expect(wordsOf(refused.body)).toContain('over €20.00')
  expect(formTo(refused, /confirm$/).fields).toMatchObject({ document: text, why: 'his' })
  const back = await bob.press(refused, /confirm$/, { do: 'edit' })
  expect(formTo(back, /edit$/).fields.document).toBe(text)
  expect((await bob.press(refused, /confirm$/, { do: 'confirm', why: 'now' })).status).toBe(303)
})

test('an earlier policy is gone back to by the same way', async () => {
  const alice = await person(['owner'])
  const kept = await parts.stores.policies.list('alder')
  const earlier = kept.find(({ policy }) => policy.rules.some(({ outcome }) => outcome.kind === 'review'))
  const page = await alice.page(`/policy/versions/${earlier?.version}`)
  const link = /href="[^"]*\/console(\/policy\/edit\?from=[^"]+)"/.exec(page.body)?.[1] as string
  const seen = await alice.press(await alice.page(link), /policy\/edit$/)
  expect(wordsOf(seen.body)).toContain('This change loosens the policy')
  await alice.press(seen, /confirm$/, { do: 'confirm', why: 'it was right' })
  const now = versionIn(await alice.page('/policy'))
  expect(now).toBe(earlier?.version)
})

describe('a file', () => {
  test('without a policy leaves the console’s, and is refused where its limits would miss a currency', async () => {
    const before = await inForce()
    expect(await apply({ ...bank, name: 'Alder' })).toEqual(['~ alder: name'])
    expect(await inForce()).toEqual(before)
    const more = { ...bank, stepUpOver: { EUR: '500.00', GBP: '5.00' } }
    await expect(apply(more)).rejects.toThrow(
      /GBP of step_up_over is not limited by day of the console's policy/,
    )
    expect(await apply({ ...bank, stepUpOver: { EUR: '600.00' } }, true)).toEqual([
      '~ alder: name, stepUpOver.EUR; loosens limit step_up_over',
    ])
  })
  test('with one takes over, says so beforehand, and rules alone from then on', async () => {
    const file = { ...bank, policy: { rules: [], limits: [] } }
    const lines = [
      expect.stringMatching(/^~ alder: name, policy.*; loosens rule no-payment, rule closed, limit day$/),
      '- alder policy console',
    ]
    expect(await apply(file, true)).toEqual(lines)
    const alice = await person(['owner'])
    const seen = await alice.previewed(strict)
    expect(await apply(file)).toEqual(lines)
    expect(await apply(file)).toEqual([])
    expect(await last('policy.changed')).toMatchObject({
      detail: {
        by: 'file',
        version: policyVersion(policyOf(file)),
        loosened: ['rule no-payment', 'rule closed', 'limit day'],
      },
    })
    const late = await alice.press(seen, /confirm$/, { do: 'confirm' })
    expect([late.status, late.body]).toEqual([409, expect.stringContaining('policy.managed')])
    const page = await alice.page('/policy')
    expect(wordsOf(page.body)).toContain('It is managed by file, and not changed here')
    expect(page.body).not.toContain('/policy/edit')
    expect((await alice.page('/policy/edit')).status).toBe(409)
  })
  test('that has none any more brings back the default, not what the console had', async () => {
    await apply(bank)
    expect(await inForce()).toBeUndefined()
    expect(await parts.stores.consolePolicies.get('alder')).toBeUndefined()
  })
})
