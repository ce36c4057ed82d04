// Budgets over HTTP: what is over them is answered 429, with words and a time, and writes nothing.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clientId, redirectUri } from '../journeys/own-host.ts'
import { type Parts, startIdp, startParts } from '../journeys/parts.ts'

let parts: Parts
beforeAll(async () => {
  const few = { points: 3, seconds: 60 }
  parts = await startParts({
    trusted_proxies: ['127.0.0.1/32'],
    limits: { rates: { interaction: few, token: few } },
  })
  const { content } = await startIdp()
  const institution = 'alder'
  await parts.stores.directory.put(
    {
      ...parts.rows,
      relyingParties: [
        {
          ...{ institution, id: clientId, name: 'App', kind: 'app', redirectUris: [redirectUri] },
          ...{ postLogoutRedirectUris: [], scopes: ['openid'], connections: ['idp'], acrFloor: undefined },
          ...{ requirePar: false, requireDpop: false, transactionTypes: [], webOrigins: [], keys: [] },
        },
      ],
      connections: [{ ...content, institution, id: 'idp', state: 'active', version: 0 }],
    },
    'file',
  )
})
afterAll(() => parts.stop())

interface Sent {
  readonly path: string
  /** The client, as the trusted proxy names it. */
  readonly from: string
  readonly form?: Readonly<Record<string, string>>
}

async function ask({ path, from, form }: Sent) {
  const response = await fetch(`${parts.issuer}${path}`, {
    redirect: 'manual',
    headers: { accept: 'text/html', 'x-forwarded-for': from },
    ...(form && { method: 'POST', body: new URLSearchParams(form) }),
  })
  const retryAfter = response.headers.get('retry-after')
  return { status: response.status, retryAfter: Number(retryAfter), body: await response.text() }
}

/** One more than the budget, from one address; then one from another. */
async function beyond(sent: Omit<Sent, 'from'>, number: number) {
  const answers: Awaited<ReturnType<typeof ask>>[] = []
  for (let i = 0; i < 4; i++) answers.push(await ask({ ...sent, from: `192.0.2.${number}` }))
  const other = await ask({ ...sent, from: `198.51.100.${number}` })
  return { within: answers.slice(0, 3), over: answers[3] as (typeof answers)[number], other }
}

const parameters = {
  client_id: clientId,
  response_type: 'code',
  redirect_uri: redirectUri,
  scope: 'openid',
  code_challenge: 'x'.repeat(43),
  code_challenge_method: 'S256',
}

async function rows(table: string): Promise<number> {
  const [{ n }] = (await parts.base.database.knex(table).count({ n: '*' })) as [{ n: string }]
  return Number(n)
}

describe('to an app, in our words', () => {
  test.each([
    ['/par', parameters, 201],
    ['/token', { client_id: clientId, grant_type: 'refresh_token', refresh_token: 'x' }, 400],
  ])('%s', async (path, form, usual) => {
    const { within, over, other } = await beyond({ path, form }, path.length)
    expect([...within, other].map(({ status }) => status)).toEqual(Array(4).fill(usual))
    expect(over.status).toBe(429)
    expect(over.retryAfter).toBeGreaterThan(0)
    expect(JSON.parse(over.body)).toEqual({
      error: 'temporarily_unavailable',
      error_description: expect.stringContaining('slow things down'),
      code: 'rate.exceeded',
      reference: expect.stringMatching(/^DB-/),
    })
  })
})

describe('to a person, as a page', () => {
  const uid = 'A'.repeat(21)
  test.each([
    ['/authorize', `/authorize?${new URLSearchParams(parameters)}`, undefined, 303],
    ['a page of a sign-in', `/interaction/${uid}`, undefined, 400],
    ['an answer to consent', `/interaction/${uid}/consent`, { do: 'allow' }, 403],
  ])('%s', async (what, path, form, usual) => {
    const { within, over, other } = await beyond({ path, ...(form && { form }) }, 100 + what.length)
    expect([...within, other].map(({ status }) => status)).toEqual(Array(4).fill(usual))
    expect(over.status).toBe(429)
    expect(over.retryAfter).toBeGreaterThan(0)
    expect(over.body).toContain('<code>rate.exceeded</code>')
    expect(over.body).toMatch(/DB-[2-9A-Z]{4}-[2-9A-Z]{4}/)
  })
})

test('authorization requests beyond the budget open no record and write no event', async () => {
  const counts = () => Promise.all(['login_transaction', 'oidc_payload', 'audit_event'].map(rows))
  const path = `/authorize?${new URLSearchParams(parameters)}`
  const from = '203.0.113.9'
  for (let i = 0; i < 3; i++) expect((await ask({ path, from })).status).toBe(303)
  const before = await counts()
  expect(before.every((count) => count > 0)).toBe(true)
  for (let i = 0; i < 5; i++) expect((await ask({ path, from })).status).toBe(429)
  expect(await counts()).toEqual(before)
})
