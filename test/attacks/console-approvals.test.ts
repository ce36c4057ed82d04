// Attacks on the console's pages of approvals: others' ids, roles, markup, secrets of a question, hostile searches.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { withDeviceAndPin } from '../../src/domain/acr.ts'
import type { Approval } from '../../src/domain/approval.ts'
import { consoleVisitors } from '../journeys/console-visitors.ts'
import { alder, type Parts, startParts } from '../journeys/parts.ts'

const birch = { ...alder, id: 'birch', name: 'Birch Bank' }

let parts: Parts
let visitors: ReturnType<typeof consoleVisitors>

beforeAll(async () => {
  parts = await startParts()
  visitors = consoleVisitors(parts)
  const rows = { institution: birch, relyingParties: [], connections: [], cores: [] }
  await parts.stores.directory.put(rows, 'file')
})
afterAll(() => parts.stop())

/** A question for a sign-in, as the store has it. */
async function asked(change: Partial<Approval> = {}): Promise<Approval> {
  const at = Date.now()
  const approval: Approval = {
    ...{
      institution: 'alder',
      id: randomUUID(),
      subject: 'anna',
      relyingParty: 'till',
      origin: 'backchannel',
    },
    ...{ reference: 'DB-ASKD-0001', transaction: undefined, transactionId: undefined, hash: 'a-hash' },
    ...{ acr: withDeviceAndPin, number: '73', nonce: 'the-nonce', bindingMessage: 'Order 4711' },
    ...{
      place: { address: '203.0.113.77', device: 'A till' },
      request: `the-request-${randomUUID()}`,
      uid: undefined,
    },
    ...{ state: 'pending', createdAt: at, expiresAt: at + 300_000, endedAt: undefined, device: undefined },
    ...change,
  }
  const scope = { institution: approval.institution, reference: approval.reference }
  await parts.base.unit.run(scope, () => parts.stores.approvals.create(approval))
  return approval
}

const owner = async () => {
  const { cookie, subject } = await visitors.somebody(['owner'])
  return { subject, get: (path: string) => visitors.go(path, { cookie }) }
}

test('#199 an approval of another institution is not there, and who asked is recorded', async () => {
  const theirs = await asked({ institution: 'birch', subject: 'theirs', bindingMessage: 'Their secret' })
  const { get, subject } = await owner()
  const before = (await visitors.events('console.refused')).length
  const { status, text } = await get(`/approvals/${theirs.id}`)
  expect([status, text.includes('Their secret')]).toEqual([404, false])
  expect((await visitors.events('console.refused')).slice(before)).toEqual([
    expect.objectContaining({ institution: 'alder', detail: { by: `administrator:${subject}` } }),
  ])
  expect((await get('/approvals?sub=theirs')).text).not.toContain(theirs.id)
  // The control.
  const own = await visitors.somebody(['owner'], { institution: 'birch' })
  const issuer = parts.issuer.replace(/alder$/, 'birch')
  const shown = await visitors.go(`/approvals/${theirs.id}`, { cookie: own.cookie, issuer })
  expect([shown.status, shown.text.includes('Their secret')]).toEqual([200, true])
})

test.each([
  ['viewer', 403],
  ['federation-admin', 403],
  ['security-admin', 200],
  ['owner', 200],
] as const)('#200 what customers were asked is shown to a %s: %d', async (role, status) => {
  const one = await asked()
  const { cookie } = await visitors.somebody([role])
  for (const path of ['/approvals', `/approvals/${one.id}`])
    expect([path, (await visitors.go(path, { cookie })).status]).toEqual([path, status])
})

test('nothing by which somebody could answer, or take the answer, is on a page', async () => {
  const one = await asked({ number: '8888' })
  const { get } = await owner()
  for (const path of ['/approvals', `/approvals/${one.id}`]) {
    const { text } = await get(path)
    expect([path, /8888|the-nonce|the-request|203\.0\.113/.exec(text)]).toEqual([path, null])
  }
  // The control: it is this page, and says the rest.
  expect((await get(`/approvals/${one.id}`)).text).toContain('A till')
})

describe('#201 what back ends say, and what is searched for, is only text', () => {
  test('a message and a device that hold markup', async () => {
    const evil = `<img src=x onerror=alert(1)>"'`
    const one = await asked({ bindingMessage: evil, place: { device: evil }, relyingParty: evil })
    const { get } = await owner()
    for (const path of ['/approvals', `/approvals/${one.id}`]) {
      const { text } = await get(path)
      expect([path, text.includes('<img'), text.includes('&lt;img src=x')]).toEqual([path, false, true])
    }
  })
  test('a search that holds markup, or is none', async () => {
    const { get } = await owner()
    const hostile = encodeURIComponent(`"><script>alert(1)</script>`)
    for (const name of ['reference', 'sub', 'state', 'app', 'from', 'until', 'behind'])
      for (const query of [`${name}=${hostile}`, `${name}=${hostile}&${name}=${hostile}`]) {
        const { status, text } = await get(`/approvals?${query}`)
        expect([name, status, text.includes('<script>alert')]).toEqual([name, 200, false])
      }
    for (const wrong of ['from=2026-13-45', 'until=0000-00-00', 'behind=99999999999999.x', 'behind=1'])
      expect([wrong, (await get(`/approvals?${wrong}`)).status]).toEqual([wrong, 200])
    expect((await get('/approvals?sub=%00')).status).toBe(400)
  })
})

test('each state is found by its name, a question that ran out as not answered', async () => {
  const subject = 'many'
  const past = { createdAt: Date.now() - 600_000, expiresAt: Date.now() - 300_000 }
  const open = await asked({ subject })
  const over = await asked({ subject, ...past })
  const ended = await asked({ subject, ...past })
  const scope = { institution: 'alder', reference: 'DB-ASKD-0001' }
  await parts.base.unit.run(scope, () =>
    parts.stores.approvals.end('alder', ended.id, { state: 'withdrawn', now: Date.now() }),
  )
  const { get } = await owner()
  const text = async (state: string) => (await get(`/approvals?sub=${subject}&state=${state}`)).text
  for (const [state, one] of [
    ['pending', open],
    ['expired', over],
    ['withdrawn', ended],
  ] as const) {
    const page = await text(state)
    expect([open, over, ended].filter(({ id }) => page.includes(id))).toEqual([one])
  }
})

test('older ones are behind a link, and none is left out or shown twice', async () => {
  const subject = 'busy'
  const at = Date.now()
  const made: string[] = []
  for (let n = 0; n < 103; n += 1) made.push((await asked({ subject, createdAt: at - (n % 3) })).id)
  const { get } = await owner()
  const idsIn = (text: string) =>
    [...text.matchAll(/\/console\/approvals\/([\w-]+)"/g)].map(([, id = '']) => id)
  const first = await get(`/approvals?sub=${subject}`)
  const older = /href="[^"]*\/console(\/approvals\?[^"]*behind=[^"]+)"/.exec(first.text)?.[1]
  const second = await get((older ?? '').replaceAll('&amp;', '&'))
  expect([idsIn(first.text).length, idsIn(second.text).length]).toEqual([100, 3])
  expect([...idsIn(first.text), ...idsIn(second.text)].sort()).toEqual(made.sort())
  expect(second.text).not.toContain('Older ones')
})
