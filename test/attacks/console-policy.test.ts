// Attacks on the policy editor: hostile texts, forged and foreign forms, roles, other institutions, two presses.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Role } from '../../src/domain/administrator.ts'
import { policyOf, policyVersion } from '../../src/domain/policy-default.ts'
import { consoleVisitors } from '../journeys/console-visitors.ts'
import { alder, type Parts, startParts } from '../journeys/parts.ts'

let parts: Parts
let visitors: ReturnType<typeof consoleVisitors>
const birch = { ...alder, id: 'birch', name: 'Birch Bank' }
const base = policyVersion(policyOf(alder))
const holds = 'rules: [{ id: all, when: "true", outcome: deny }]'

beforeAll(async () => {
  parts = await startParts()
  visitors = consoleVisitors(parts)
  await parts.stores.directory.put(
    { institution: birch, relyingParties: [], connections: [], cores: [] },
    'file',
  )
})
afterAll(() => parts.stop())

const sessions = new Map<Role, { cookie: string; form_token: string }>()

async function sessionOf(role: Role) {
  const { cookie } = await visitors.somebody([role])
  const session = { cookie, form_token: await visitors.tokenOf(cookie) }
  sessions.set(role, session)
  return session
}

/** By one session a role. */
async function posted(role: Role, path: string, form: Record<string, string>) {
  const { cookie, form_token } = sessions.get(role) ?? (await sessionOf(role))
  return visitors.go(path, { cookie, form: { form_token, base, document: holds, ...form } })
}
const unchanged = async () => {
  expect(await parts.stores.consolePolicies.get('alder')).toBeUndefined()
  expect(await parts.stores.consolePolicies.get('birch')).toBeUndefined()
}

describe('#205 texts that are no policy', () => {
  test.each<[string, string, RegExp]>([
    ['too long', `rules: [] #${'x'.repeat(64 * 1024)}`, /at most 65536 characters/],
    [
      'a bomb of aliases',
      `a: &a [x]\n${Array.from(
        { length: 20 },
        (_, i) =>
          `b${i}: &b${i} [${Array(9)
            .fill(i ? `*b${i - 1}` : '*a')
            .join(', ')}]`,
      ).join('\n')}`,
      /alias/,
    ],
    ['keys within keys', `${'? '.repeat(60)}a`, /a key is a plain word/],
    ['ten thousand rules', `rules:\n${'- {}\n'.repeat(10_000)}`, /at most 12000 words/],
    [
      'more rules than there may be',
      `rules:\n${Array.from({ length: 101 }, (_, i) => `- { id: r${i}, when: "true" }`).join('\n')}`,
      /&lt;=100/,
    ],
    ['keys without end', Array.from({ length: 9_000 }, (_, i) => `k${i}:`).join('\n'), /at most 12000 words/],
    ['brackets', '['.repeat(11_000), /nested too deeply/],
    ['questions', '? '.repeat(5_000), /plain word|nested|must/],
    [
      'U+0000',
      'rules: []\nlimits: [{ id: a, types: ["x\0"], first_payment: true }]',
      /Line 2: holds a character/,
    ],
    [
      'U+0000 as an escape',
      'limits: [{ id: a, types: ["x\\0"], first_payment: true }]',
      /the name of a type/,
    ],
    [
      'a condition that loops',
      'rules: [{ id: a, when: "[1].all(x, x > 0)" }]',
      /&quot;all&quot; cannot be used/,
    ],
    ['a condition that is none', 'rules: [{ id: a, when: "1 +" }]', /Line 1: rules\[0\]\.when/],
    [
      'a condition without end',
      `rules: [{ id: a, when: "${'true || '.repeat(400)}true" }]`,
      /at most 2000 characters/,
    ],
    ['a name from the prototype', 'rules: []\n__proto__: { limits: [] }', /no such setting/],
    ['a tag', 'rules: !!js/function "x"', /Unresolved tag/],
    ['two documents', 'rules: []\n---\nrules: []', /multiple documents/i],
    ['nothing', ' ', /is empty/],
    ['markup', 'rules: [{ id: a, when: "<script>alert(1)</script>" }]', /&lt;script&gt;/],
  ])('%s', async (_name, document, said) => {
    const began = performance.now()
    const { status, text } = await posted('owner', '/policy/edit', { document })
    expect([status, said.test(text), text.includes('<script>alert')]).toEqual([422, true, false])
    expect(performance.now() - began).toBeLessThan(10_000)
    const confirmed = await posted('owner', '/policy/confirm', { document, do: 'confirm', why: 'x' })
    expect(confirmed.status).toBe(422)
    await unchanged()
  })
  test('a form that lacks its base, has another, or is larger than a form may be', async () => {
    for (const [form, status] of [
      [{ base: '' }, 400],
      [{ base: `'; drop table policy --` }, 400],
      [{ base: 'x'.repeat(16), do: 'confirm' }, 409],
      [{ document: 'x'.repeat(3 * 1024 * 1024) }, 413],
      [{ why: 'x\0', do: 'confirm' }, 400],
    ] as const)
      expect((await posted('owner', '/policy/confirm', form)).status).toBe(status)
    await unchanged()
  })
})

describe('#200 who may', () => {
  test.each<[Role, number]>([
    ['viewer', 403],
    ['federation-admin', 403],
    ['security-admin', 200],
    ['owner', 200],
  ])('%s: %d', async (role, status) => {
    const { cookie } = await visitors.somebody([role])
    expect((await visitors.go('/policy/edit', { cookie })).status).toBe(status)
    expect((await posted(role, '/policy/edit', {})).status).toBe(status)
    const { text } = await visitors.go('/policy', { cookie })
    expect(text.includes('/policy/edit')).toBe(status === 200)
    if (status === 403) expect((await posted(role, '/policy/confirm', { do: 'confirm' })).status).toBe(403)
    await unchanged()
  })
  test('nobody without a session, and nobody by another page’s form', async () => {
    const form = { base, document: holds, do: 'confirm' }
    expect((await visitors.go('/policy/confirm', { form })).status).toBe(401)
    const { cookie } = await visitors.somebody(['owner'])
    expect((await visitors.go('/policy/confirm', { cookie, form })).status).toBe(403)
    const other = await visitors.tokenOf((await visitors.somebody(['owner'])).cookie)
    const stolen = await visitors.go('/policy/confirm', { cookie, form: { ...form, form_token: other } })
    expect(stolen.status).toBe(403)
    await unchanged()
  })
})

test('#199 an administrator of another institution changes neither, and reads none of its versions', async () => {
  const { cookie } = await visitors.somebody(['owner'], { institution: 'birch' })
  const issuer = parts.issuer.replace(/alder$/, 'birch')
  const page = await visitors.go('/policy/edit', { cookie, issuer })
  const form_token = /name="form_token" value="([^"]+)"/.exec(page.text)?.[1] as string
  const form = { form_token, base, document: holds, do: 'confirm', why: 'x' }
  expect((await visitors.go('/policy/confirm', { cookie, form })).status).toBe(401)
  await unchanged()
  const mine = await visitors.go('/policy/confirm', { cookie, issuer, form })
  expect(mine.status).toBe(303)
  expect(await parts.stores.consolePolicies.get('alder')).toBeUndefined()
  const { version } = (await parts.stores.consolePolicies.get('birch')) as { version: string }
  const alice = await visitors.somebody(['owner'])
  expect((await visitors.go(`/policy/edit?from=${version}`, { cookie: alice.cookie })).status).toBe(404)
})

test('#203 two who change it at once: one is in force, the other is told', async () => {
  const texts = ['deny', 'review'].map(
    (outcome) => `rules: [{ id: all, when: "true", outcome: ${outcome} }]\n`,
  )
  const people = await Promise.all(texts.map(() => visitors.somebody(['owner'])))
  const answers = await Promise.all(
    texts.map(async (text, n) => {
      const { cookie } = people[n] as { cookie: string }
      const form_token = await visitors.tokenOf(cookie)
      const document = `${text}limits: []\n`
      return visitors.go('/policy/confirm', {
        cookie,
        form: { form_token, base, document, do: 'confirm', why: 'x' },
      })
    }),
  )
  expect(answers.map(({ status }) => status).sort()).toEqual([303, 409])
  const events = await visitors.events('policy.changed')
  expect(events.filter((event) => event.institution === 'alder')).toHaveLength(1)
})
