// A bank that wants an authority's certificate for its bridge: the request from the console, and back into our metadata.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startAuthority } from '../plugins/authority.ts'
import { consoleVisitors } from './console-visitors.ts'
import { type Parts, startIdp, startParts } from './parts.ts'

let parts: Parts
let visitors: ReturnType<typeof consoleVisitors>
let authority: Awaited<ReturnType<typeof startAuthority>>
const actor = { by: 'test', why: '' }

beforeAll(async () => {
  const [started, { content }, made] = await Promise.all([startParts(), startIdp(), startAuthority()])
  parts = started
  authority = made
  visitors = consoleVisitors(parts)
  await parts.flows.connections.create({ institution: 'alder', id: 'people', content }, actor)
})
afterAll(() => parts.stop())

/** But for its end, which is another each time. */
const metadata = async () =>
  (await (await fetch(`${parts.issuer}/saml/people/metadata`)).text()).replace(/ validUntil="[^"]*"/, '')
const bare = (pem: string) => pem.replace(/-----[^-]+-----|\s/g, '')

test('asks by the console, brings back what was issued, and the metadata has it in place of ours', async () => {
  const { cookie } = await visitors.somebody(['federation-admin'])
  const form_token = await visitors.tokenOf(cookie)
  await visitors.go('/connections/people/keys/prepare', { cookie, form: { form_token } })
  const keys = (await visitors.go('/connections/people/keys', { cookie })).text
  const [, path = ''] =
    /href="[^"]*\/console(\/connections\/people\/keys\/certificate\?kid=[\w-]+)"/.exec(keys) ?? []
  const page = await visitors.go(path, { cookie })
  const [csr = ''] =
    /-----BEGIN CERTIFICATE REQUEST-----[\s\S]*-----END CERTIFICATE REQUEST-----/.exec(page.text) ?? []
  const [, kid = ''] = /kid=([\w-]+)/.exec(path) ?? []
  const take = (certificate: string, who = cookie, token = form_token) =>
    visitors.go('/connections/people/keys/certificate', {
      cookie: who,
      form: { form_token: token, kid, certificate },
    })
  const before = await metadata()
  const wrong = await take(authority.pem)
  expect([wrong.status, wrong.text]).toEqual([
    422,
    expect.stringContaining('none is for this key. Code key.certificate.'),
  ])
  expect(await metadata()).toBe(before)
  const pem = await authority.issue(csr, { now: Date.now() })
  const taken = await take(pem)
  expect([taken.status, taken.location]).toEqual([303, expect.stringMatching(/\/keys\?done=certified$/)])
  const after = await metadata()
  expect([before.includes(bare(pem)), after.includes(bare(pem))]).toEqual([false, true])
  expect(after.match(/use="signing"/g)).toHaveLength(2)
  const [event] = await visitors.events('key.certified')
  expect(event).toMatchObject({ connection: 'people', detail: { kid } })
})
test('is not for who may only look, nor for the key that signs', async () => {
  const viewer = await visitors.somebody(['viewer'])
  const { cookie } = await visitors.somebody(['federation-admin'])
  const keys = await parts.flows.keyFlows.list('alder', 'people')
  const kid = (state: string) =>
    keys.find((key) => key.state === state && key.purpose === 'saml-signing')?.kid
  const at = (state: string) => `/connections/people/keys/certificate?kid=${kid(state)}`
  expect((await visitors.go(at('next'), viewer)).status).toBe(403)
  expect((await visitors.go('/connections/people/keys', viewer)).text).not.toContain('keys/certificate')
  expect((await visitors.go(at('next'), { cookie })).status).toBe(200)
  expect((await visitors.go(at('active'), { cookie })).status).toBe(409)
})
