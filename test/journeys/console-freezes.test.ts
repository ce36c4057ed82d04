// Freezing in the console: by whom, by which name, once however often the button is pressed; and what lifting asks for.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Role } from '../../src/domain/administrator.ts'
import type { Approval } from '../../src/domain/approval.ts'
import type { CustomerTransaction } from '../../src/domain/customer-transaction.ts'
import { device, id } from '../storage/rig.ts'
import { formTo, type Page } from './administrator.ts'
import { consoleVisitors, type Signing } from './console-visitors.ts'
import { deciding } from './decided.ts'
import { type Parts, startParts } from './parts.ts'
import { creditor } from './spending.ts'
import { wordsOf } from './transactions-rig.ts'

let parts: Parts
let visitors: ReturnType<typeof consoleVisitors>
let sub: string
let paid: CustomerTransaction
const phone = device(id(), { state: 'active' })

beforeAll(async () => {
  parts = await startParts()
  visitors = consoleVisitors(parts)
  const key = { institution: 'alder', connection: 'c', issuer: 'i', format: 'f', qualifiers: '', value: 'v' }
  sub = await parts.stores.subjects.resolve(key, {}, id())
  await parts.stores.devices.create(phone)
  paid = await deciding(parts)({ subject: sub })
})
afterAll(() => parts.stop())

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
    return page(form.to.slice(`${parts.issuer}/console`.length), { ...form.fields, ...fields })
  }
  const freeze = async (query: Record<string, string>, fields: Record<string, string> = {}) =>
    press(await page(`/freezes/new?${new URLSearchParams(query)}`), /freezes$/, { why: 'a mule', ...fields })
  return { subject, page, press, freeze }
}

const below = (location: string | null): string => (location ?? '').replace(/^.*\/console/, '')
const isFrozen = (name: string) => parts.stores.subjectStates.isDisabled('alder', name)

describe('freezing', () => {
  test('is one press, by one person; who did it and why stands there', async () => {
    const alice = await person(['fraud-analyst'], { age: 4000 })
    const done = await alice.freeze({ kind: 'customer', name: sub }, { hours: '8' })
    expect([done.status, below(done.location)]).toEqual([
      303,
      expect.stringMatching(/^\/freezes\/[\w-]+\?done=set$/),
    ])
    expect(await isFrozen(sub)).toBe(true)
    const shown = wordsOf((await alice.page(below(done.location))).body)
    for (const said of [
      'It is frozen, on every node.',
      `Customer ${sub} is frozen`,
      'Why a mule',
      'In force',
    ])
      expect(shown).toContain(said)
    const event = (await visitors.events('freeze.set')).at(-1)
    expect(event).toMatchObject({
      subject: sub,
      detail: { kind: 'customer', by: `administrator:${alice.subject}`, until: expect.any(String) },
    })
    expect(JSON.stringify(event)).not.toContain('a mule')
    const list = wordsOf((await alice.page('/freezes')).body)
    expect(list).toContain('One freeze is in force')
    expect(list).toContain(`Customer ${sub}`)
  })
  test('pressed twice it is one freeze', async () => {
    const alice = await person(['owner'])
    const form = await alice.page(`/freezes/new?kind=device&name=${phone.id}`)
    const both = [0, 1].map(() => alice.press(form, /freezes$/, { why: 'stolen' }))
    expect((await Promise.all(both)).map(({ status }) => status)).toEqual([303, 303])
    const events = (await visitors.events('freeze.set')).filter((one) => one.device === phone.id)
    expect(events).toHaveLength(1)
    expect((await parts.stores.devices.get('alder', phone.id))?.state).toBe('suspended')
  })
  test('a form that comes back with another name, or after its freeze was lifted, freezes nothing and says so', async () => {
    const alice = await person(['owner'])
    const [one, other] = [device(id(), { state: 'active' }), device(id(), { state: 'active' })]
    for (const made of [one, other]) await parts.stores.devices.create(made)
    const stateOf = async ({ id: of }: typeof one) => (await parts.stores.devices.get('alder', of))?.state
    // By the browser's way back the form is there with the id that it had.
    const form = await alice.page(`/freezes/new?kind=device&name=${one.id}`)
    const done = await alice.press(form, /freezes$/, { why: 'stolen' })
    const told = await alice.press(form, /freezes$/, { why: 'stolen', name: other.id })
    expect([told.status, await stateOf(other)]).toEqual([409, 'active'])
    expect(wordsOf(told.body)).toContain('Nothing is frozen yet.')
    expect(told.body).toContain('freeze.stale')
    // The form that is shown then does it.
    expect((await alice.press(told, /freezes$/)).status).toBe(303)
    expect(await stateOf(other)).toBe('suspended')
    const at = below(done.location).replace('?done=set', '')
    await alice.press(await alice.page(at), /lift$/, { why: 'found' })
    const again = await alice.press(form, /freezes$/, { why: 'stolen again' })
    expect([again.status, await stateOf(one)]).toEqual([409, 'active'])
  })
  test('a payee by number: in whatever spelling, masked from then on, and in no address', async () => {
    const alice = await person(['owner'])
    const printed = creditor.replace(/(.{4})/g, '$1 ').toLowerCase()
    const done = await alice.freeze({ kind: 'payee', name: creditor }, { name: printed })
    const shown = await alice.page(below(done.location))
    expect(wordsOf(shown.body)).toContain(`ending in ${creditor.slice(-4)} is frozen`)
    for (const page of [shown, await alice.page('/freezes')]) expect(page.body).not.toContain(creditor)
    const again = await deciding(parts)({ subject: sub })
    expect(again.decision).toEqual({ outcome: { kind: 'deny' }, reason: 'payee.frozen' })
    expect(JSON.stringify(await visitors.events('freeze.set'))).not.toContain(creditor)
    // What a prefilled address says of an account is not taken.
    const prefilled = await alice.page(`/freezes/new?kind=payee&name=${creditor}`)
    expect(formTo(prefilled, /freezes$/).fields.name).toBe('')
  })
  test('two payees whose numbers end alike, or are too short to show an end, are told apart', async () => {
    const alice = await person(['owner'])
    const named = ['GB33BUKB20201555555555', 'GB94BUKB20201055555555', 'A1234', 'B5678']
    for (const name of named)
      await alice.freeze({ kind: 'payee' }, { name, why: `Seen with ${name} and ES9121000418450200051332` })
    const { body } = await alice.page('/freezes')
    const marks = [...body.matchAll(/masked[^\n]*?<code>([\w-]{8})<\/code>/g)].map(([, mark]) => mark)
    expect(new Set(marks).size).toBe(marks.length)
    expect(marks.length).toBeGreaterThanOrEqual(named.length)
    const keys = (await visitors.events('freeze.set')).map(({ detail }) =>
      String((detail as { payee?: string }).payee),
    )
    for (const mark of marks) expect(keys.some((key) => key.startsWith(mark ?? ''))).toBe(true)
    for (const account of [...named, 'ES9121000418450200051332']) expect(body).not.toContain(account)
  })
  test('the payee and the customer of a transaction, from its page and from that of its approval', async () => {
    const alice = await person(['owner'])
    const links = ({ body }: Page) =>
      [...body.matchAll(/href="[^"]*(\/freezes\/new\?[^"]*)"/g)].map(([, to]) =>
        (to ?? '').replaceAll('&amp;', '&'),
      )
    const page = await alice.page(`/transactions/${paid.id}`)
    const payee = `/freezes/new?kind=payee&transaction=${paid.id}`
    expect(links(page)).toEqual([`/freezes/new?kind=customer&name=${sub}`, payee])
    const approval: Approval = {
      ...{ institution: 'alder', id: id(), subject: sub, relyingParty: 'till', origin: 'api' },
      ...{ reference: 'DB-TEST', transaction: paid.transaction, transactionId: paid.id, hash: 'hash' },
      ...{ acr: 'urn:drawbridge:acr:device-pin', number: undefined, nonce: id(), bindingMessage: undefined },
      ...{ place: {}, request: undefined, uid: undefined, state: 'denied', createdAt: 1, expiresAt: 2 },
      ...{ endedAt: 2, device: phone.id },
    }
    await parts.stores.approvals.create(approval)
    const asked = links(await alice.page(`/approvals/${approval.id}`))
    expect(asked).toContain(payee)
    const form = await alice.page(payee)
    expect(form.body).not.toContain(creditor)
    const done = await alice.press(form, /freezes$/, { why: 'a mule' })
    const freeze = await alice.page(below(done.location))
    expect(wordsOf(freeze.body)).toContain(`ending in ${creditor.slice(-4)} is frozen`)
    // Who may only look is offered nothing.
    const reader = await person(['viewer'])
    expect((await reader.page(`/transactions/${paid.id}`)).status).toBe(403)
  })
  test.each<[Record<string, string>, Record<string, string>, string]>([
    [{ kind: 'customer' }, { name: 'nobody' }, 'subject.unknown'],
    [{ kind: 'device' }, { name: 'none' }, 'device.unknown'],
    [{ kind: 'core' }, { name: 'none' }, 'core.unknown'],
    [{ kind: 'payee' }, { name: 'my aunt!' }, 'freeze.target'],
    [{ kind: 'payee' }, { name: 'DE0212' }, 'freeze.target'],
    [{ kind: 'payee' }, { name: 'DE89370400440532013001' }, 'freeze.target'],
    [{ kind: 'core' }, { name: 'none', why: ' ' }, 'freeze.reason'],
    [{ kind: 'core' }, { name: 'none', why: 'w'.repeat(301) }, 'freeze.reason'],
  ])('%j with %j is told beside the field: %s', async (query, fields, code) => {
    const alice = await person(['owner'])
    const told = await alice.freeze(query, fields)
    expect([told.status, wordsOf(told.body)]).toEqual([
      code.endsWith('unknown') ? 404 : 422,
      expect.stringContaining('Nothing is frozen yet.'),
    ])
    expect(told.body).toContain(code)
    expect(formTo(told, /freezes$/).fields.name).toBe(query.kind === 'payee' ? '' : fields.name)
  })
  test('an administrator is not frozen by their name', async () => {
    const alice = await person(['security-admin'])
    const { subjects, administrators } = parts.stores
    const key = { institution: 'alder', connection: 'staff', issuer: 'i', format: 'f', qualifiers: '' }
    const olga = await subjects.resolve({ ...key, value: 'olga' }, {}, id())
    const added = { roles: ['owner'], addedBy: 'test', addedAt: 1 } as const
    await administrators.put({ institution: 'alder', subject: olga, ...added })
    const told = await alice.freeze({ kind: 'customer' }, { name: olga })
    expect(told.status).toBe(422)
    expect(told.body).toContain('freeze.target')
    expect(await isFrozen(olga)).toBe(false)
  })
  test.each<[Role]>([['viewer'], ['federation-admin']])(
    '#202 a %s may neither see nor do it',
    async (role) => {
      const { cookie } = await visitors.somebody([role])
      const form = {
        form_token: await visitors.tokenOf(cookie),
        id: id() + id(),
        kind: 'customer',
        name: sub,
        why: 'x',
      }
      const before = (await visitors.events('freeze.set')).length
      for (const asked of [['/freezes'], ['/freezes/new?kind=core'], ['/freezes', form]] as const)
        expect((await visitors.go(asked[0], { cookie, ...(asked[1] && { form: asked[1] }) })).status).toBe(
          403,
        )
      expect(await visitors.events('freeze.set')).toHaveLength(before)
    },
  )
  test('what our form does not say is refused', async () => {
    const alice = await person(['owner'])
    expect((await alice.page('/freezes/new?kind=bank')).status).toBe(400)
    for (const change of [{ kind: 'bank' }, { id: 'x' }, { hours: '-1' }] as Record<string, string>[])
      expect((await alice.freeze({ kind: 'core' }, { name: 'a', ...change })).status).toBe(400)
    expect((await alice.freeze({ kind: 'customer', name: sub }, { hours: '9999' })).status).toBe(422)
    expect((await alice.page('/freezes/unknown-freeze')).status).toBe(404)
  })
})

describe('freezes without number', () => {
  test('are each found, the oldest too', async () => {
    const alice = await person(['owner'])
    const at = Date.parse('2026-01-01T00:00:00Z')
    // Of one moment, so that nothing but the id tells them apart.
    for (let n = 0; n < 205; n += 1)
      await parts.stores.freezes.set({
        ...{
          institution: 'alder',
          id: `many-${String(n).padStart(12, '0')}`,
          kind: 'core',
          key: `core-${n}`,
        },
        ...{ name: `core-${n}`, why: 'many', by: 'administrator:alice', at, endsAt: undefined },
      })
    const seen: string[] = []
    let next: string | undefined = '/freezes'
    while (next !== undefined) {
      const { body }: Page = await alice.page(next)
      expect(wordsOf(body)).toContain('More than 100 freezes are in force')
      seen.push(...[...body.matchAll(/\/freezes\/(many-\d+)"/g)].map(([, id = '']) => id))
      next = /href="[^"]*(\/freezes\?behind=[^"]*)"/.exec(body)?.[1]?.replaceAll('&amp;', '&')
    }
    expect([seen.length, new Set(seen).size]).toEqual([205, 205])
  })
})

describe('lifting', () => {
  const frozen = async () => {
    const alice = await person(['owner'])
    const done = await alice.freeze({ kind: 'device', name: phone.id })
    return below(done.location).replace('?done=set', '')
  }
  test('asks for a reason and for somebody who has just signed in; what they wrote stays', async () => {
    const at = await frozen()
    const late = await person(['security-admin'], { age: 301 })
    const page = await late.page(at)
    expect(wordsOf(page.body)).toContain('Sign in once more before you lift it.')
    const refused = await late.press(page, /lift$/, { why: 'found again' })
    expect([refused.status, formTo(refused, /lift$/).fields.why]).toEqual([401, 'found again'])
    const fresh = await person(['security-admin'])
    const silent = await fresh.press(await fresh.page(at), /lift$/, { why: ' ' })
    expect([silent.status, silent.body]).toEqual([422, expect.stringContaining('freeze.reason')])
    const done = await fresh.press(silent, /lift$/, { why: 'found again' })
    expect([done.status, below(done.location)]).toEqual([303, `${at}?done=lifted`])
    const shown = wordsOf((await fresh.page(`${at}?done=lifted`)).body)
    for (const said of ['The freeze is lifted.', 'was frozen', 'Why it was lifted found again'])
      expect(shown).toContain(said)
    expect((await visitors.events('freeze.lifted')).at(-1)).toMatchObject({
      device: phone.id,
      detail: { by: `administrator:${fresh.subject}` },
    })
  })
  test('twice at once it is lifted once', async () => {
    const at = await frozen()
    const alice = await person(['owner'])
    const page = await alice.page(at)
    const before = (await visitors.events('freeze.lifted')).length
    const both = [0, 1].map(() => alice.press(page, /lift$/, { why: 'found' }))
    expect((await Promise.all(both)).map(({ status }) => status)).toEqual([303, 303])
    expect((await visitors.events('freeze.lifted')).length - before).toBe(1)
  })
})
