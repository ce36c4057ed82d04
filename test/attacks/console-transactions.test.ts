// Attacks on the console's pages of transactions and policies: others' ids, roles, markup, account numbers, what was altered.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Institution } from '../../src/domain/institution.ts'
import type { Policy } from '../../src/domain/policy.ts'
import { policyOf, policyVersion } from '../../src/domain/policy-default.ts'
import { cardControl, cardDetail } from '../domain/transaction-samples.ts'
import { consoleVisitors } from '../journeys/console-visitors.ts'
import { deciding } from '../journeys/decided.ts'
import { alder, type Parts, startParts } from '../journeys/parts.ts'
import { creditor, debtor } from '../journeys/spending.ts'

const birch: Institution = { ...alder, id: 'birch', name: 'Birch Bank', stepUpOver: { EUR: '7.00' } }

let parts: Parts
let visitors: ReturnType<typeof consoleVisitors>
let decided: ReturnType<typeof deciding>

const put = (institution: Institution) =>
  parts.stores.directory.put({ institution, relyingParties: [], connections: [], cores: [] }, 'file')

beforeAll(async () => {
  parts = await startParts()
  visitors = consoleVisitors(parts)
  decided = deciding(parts)
  await put(birch)
})
afterAll(() => parts.stop())

const owner = async () => {
  const { cookie, subject } = await visitors.somebody(['owner'])
  return { subject, get: (path: string) => visitors.go(path, { cookie }) }
}

describe('#199 institutions are apart', () => {
  test('a transaction and a policy of the other are not there, and who asked is recorded', async () => {
    const theirs = await decided({ institution: birch })
    const { get, subject } = await owner()
    const before = (await visitors.events('console.refused')).length
    for (const path of [`/transactions/${theirs.id}`, `/policy/versions/${theirs.policy}`]) {
      const { status, text } = await get(path)
      expect([path, status, text.includes('Nordhaven')]).toEqual([path, 404, false])
    }
    const compared = await get(`/policy/difference?from=${theirs.policy}`)
    expect(compared.status).toBe(404)
    const told = (await visitors.events('console.refused')).slice(before)
    expect(told).toEqual(
      [1, 2, 3].map(() =>
        expect.objectContaining({ institution: 'alder', detail: { by: `administrator:${subject}` } }),
      ),
    )
    const list = await get(`/transactions?reference=${theirs.reference}&sub=${theirs.subject}`)
    expect(list.text).not.toContain(theirs.id)
    // The control.
    const own = await visitors.somebody(['owner'], { institution: 'birch' })
    const issuer = parts.issuer.replace(/alder$/, 'birch')
    const shown = await visitors.go(`/transactions/${theirs.id}`, { cookie: own.cookie, issuer })
    expect([shown.status, shown.text.includes('Nordhaven')]).toEqual([200, true])
  })
})

describe('#200 roles', () => {
  test.each([
    ['viewer', 403],
    ['federation-admin', 403],
    ['security-admin', 200],
    ['owner', 200],
  ] as const)('what customers paid is shown to a %s: %d', async (role, status) => {
    const one = await decided()
    const { cookie } = await visitors.somebody([role])
    for (const path of ['/transactions', `/transactions/${one.id}`])
      expect([path, (await visitors.go(path, { cookie })).status]).toEqual([path, status])
    // Nothing is kept of it, which only those are told who might have it.
    const evidence = await visitors.go(`/transactions/${one.id}/evidence`, { cookie })
    expect(evidence.status).toBe(status === 200 ? 404 : status)
    const policy = await visitors.go('/policy', { cookie })
    expect([policy.status, policy.text.includes('href="/alder/console/transactions"')]).toEqual([
      200,
      status === 200,
    ])
  })
})

describe('#201 what customers and files say is only text', () => {
  const evil = `<img src=x onerror=alert(1)>"'`
  test('a payee’s name that holds markup', async () => {
    const one = await decided({ detail: { creditorName: evil, remittanceInformation: evil } })
    const { get } = await owner()
    for (const path of ['/transactions', `/transactions/${one.id}`]) {
      const { text } = await get(path)
      expect([path, text.includes('<img'), text.includes('&lt;img src=x')]).toEqual([path, false, true])
    }
  })
  test('a search that holds markup, or is none', async () => {
    const { get } = await owner()
    const hostile = encodeURIComponent(`"><script>alert(1)</script>`)
    for (const name of ['reference', 'sub', 'state', 'outcome', 'reason', 'type', 'app', 'from', 'behind']) {
      const { status, text } = await get(`/transactions?${name}=${hostile}&${name}=${hostile}`)
      expect([name, status, text.includes('<script>alert')]).toEqual([name, 200, false])
      const once = await get(`/transactions?${name}=${hostile}`)
      expect([name, once.status, once.text.includes('<script>alert')]).toEqual([name, 200, false])
    }
    for (const wrong of [
      'from=2026-13-45',
      'until=0000-00-00',
      'behind=99999999999999.x',
      'behind=1',
      'sub=%00',
    ])
      expect([wrong, (await get(`/transactions?${wrong}`)).status]).toEqual([
        wrong,
        wrong.endsWith('%00') ? 400 : 200,
      ])
  })
})

describe('no page holds a whole account number', () => {
  const whole = new RegExp(
    [debtor, creditor].flatMap((one) => [one, one.replace(/(.{4})(?=.)/g, '$1 ')]).join('|'),
  )
  const policy: Policy = {
    rules: [
      { id: 'closed', when: `transaction.creditorAccount == "${creditor}"`, outcome: { kind: 'review' } },
    ],
    limits: [
      {
        ...{ id: 'pair', types: [], from: [debtor], to: [creditor], outcome: { kind: 'deny' } },
        threshold: { kind: 'always' },
      },
    ],
  }
  test('of a customer, in the text they wrote, or of the policy', async () => {
    const institution = { ...alder, policy }
    await put(institution)
    const [present, before] = [institution, alder].map((one) => policyVersion(policyOf(one)))
    const grouped = creditor.replace(/(.{4})(?=.)/g, '$1 ')
    const one = await decided({ institution, detail: { remittanceInformation: `${debtor}, or ${grouped}` } })
    const access = await decided({
      institution,
      detail: { remittanceInformation: 'again', creditorName: `Pay ${debtor}` },
    })
    const { get } = await owner()
    const paths = [
      '/transactions',
      `/transactions/${one.id}`,
      `/transactions/${access.id}`,
      '/policy',
      `/policy/versions/${present}`,
      `/policy/difference?from=${before}&to=${present}`,
    ]
    for (const path of paths) {
      const { status, text } = await get(path)
      expect([path, status, whole.exec(text)?.[0]]).toEqual([path, 200, undefined])
      expect([path, /••••(<\/i>.*)?\s?3000/.test(text)]).toEqual([path, true])
    }
  })
})

test('of a type that is gone every value is masked', async () => {
  const institution = { ...alder, transactionTypes: [cardControl] }
  await put(institution)
  const detail = { ...cardDetail, card: '5555444433332222', merchants: ['Alder Airways'] }
  const one = await decided({ institution, detail, whole: true })
  const { get } = await owner()
  const there = await get(`/transactions/${one.id}`)
  expect([there.text.includes('ending in 5555'), there.text.includes('Alder Airways')]).toEqual([true, true])
  await put(alder)
  const gone = await get(`/transactions/${one.id}`)
  expect([gone.status, /gone or was changed since/.test(gone.text)]).toEqual([200, true])
  expect(/5555444433332222|Alder Airways/.test(gone.text)).toBe(false)
})

describe('what was altered is told', () => {
  const again = async (id: string) =>
    /Decided again, it comes out (the same|otherwise)|(not the one that decided)|(is not kept)/
      .exec((await (await owner()).get(`/transactions/${id}`)).text)
      ?.slice(1)
      .find(Boolean)
  test('a decision or its policy in the database', async () => {
    const institution = { ...alder, policy: { rules: [], limits: [] } }
    await put(institution)
    const one = await decided({ institution })
    expect(await again(one.id)).toBe('the same')
    const row = (table: string) => parts.base.database.knex(table)
    await row('customer_transaction').where({ id: one.id }).update({ reason: 'allowed' })
    expect(await again(one.id)).toBe('otherwise')
    await row('customer_transaction').where({ id: one.id }).update({ reason: one.decision.reason })
    expect(await again(one.id)).toBe('the same')
    const kept = { institution: 'alder', version: one.policy }
    await row('policy')
      .where(kept)
      .update({ content: JSON.stringify(policyOf(alder)) })
    expect(await again(one.id)).toBe('not the one that decided')
    await put(alder)
    await row('policy').where(kept).delete()
    expect(await again(one.id)).toBe('is not kept')
  })
})

test('older ones are behind a link, and none is left out or shown twice', async () => {
  const subject = 'busy'
  const at = Date.now()
  const made: string[] = []
  for (let n = 0; n < 103; n += 1) made.push((await decided({ subject, at: at - (n % 3) })).id)
  const { get } = await owner()
  const idsIn = (text: string) =>
    [...text.matchAll(/\/console\/transactions\/([\w-]+)"/g)].map(([, id = '']) => id)
  const first = await get(`/transactions?sub=${subject}`)
  const older = /href="[^"]*\/console(\/transactions\?[^"]*behind=[^"]+)"/.exec(first.text)?.[1]
  const second = await get((older ?? '').replaceAll('&amp;', '&'))
  expect([idsIn(first.text).length, idsIn(second.text).length]).toEqual([100, 3])
  expect([...idsIn(first.text), ...idsIn(second.text)].sort()).toEqual(made.sort())
  expect(second.text).not.toContain('Older ones')
})
