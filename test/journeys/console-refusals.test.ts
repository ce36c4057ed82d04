// What an administrator reads where something is not there, or a form is no longer good: the console's own words.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { get, go, made, owner, start, stop, token, visitors } from '../attacks/console-connections-rig.ts'

beforeAll(start)
afterAll(stop)

const inConsole = (text: string) => [/<nav aria-label="Console">/.test(text), /your bank/i.test(text)]

test.each([
  ['/connections/never-made', 'There is no such connection', '/connections'],
  ['/connections/never-made/remove', 'There is no such connection', '/connections'],
  ['/connections/kept/tests/test-of-old', 'There is no such test login', '/connections'],
  ['/relying-parties/never-made', 'There is no such app', '/relying-parties'],
  ['/exchanges/of-old', 'There is no such exchange', '/exchanges'],
])('%s: the console says what is not there, and leads on', async (path, heading, on) => {
  if (path.includes('kept')) await made('kept')
  const { status, text } = await go(path, { cookie: owner })
  expect([status, ...inConsole(text)]).toEqual([404, true, false])
  expect(text).toContain(`<h1>${heading}</h1>`)
  expect(text).toContain('Code request.not_found.')
  expect(text).toContain(`class="btn primary" href="/alder/console${on}"`)
  // Who asked is recorded, as it was.
  expect(await visitors.events('console.refused')).toContainEqual(
    expect.objectContaining({ detail: { by: expect.any(String) } }),
  )
})

test('a draft that was removed is not there any more, nor is the page that asks', async () => {
  await made('gone')
  const { version } = await get('gone')
  const form = { form_token: token, version: String(version) }
  expect((await go('/connections/gone/remove', { cookie: owner, form })).status).toBe(303)
  for (const path of ['/connections/gone', '/connections/gone/remove', '/connections/gone/edit']) {
    const { status, text } = await go(path, { cookie: owner })
    expect([status, ...inConsole(text)], path).toEqual([404, true, false])
  }
})

test('a preview of another start of the bridge is told as that, with the way to begin again', async () => {
  const form = { form_token: token, do: 'save', carried: 'of-old' }
  const { status, text } = await go('/connections/new', { cookie: owner, form })
  expect([status, ...inConsole(text)]).toEqual([400, true, false])
  expect(text).toContain('Code request.malformed.')
  expect(text).toContain('href="/alder/console/connections/new">Begin again')
})

test('whoever is not signed in sees no page of the console, and an app gets its JSON', async () => {
  expect((await go('/connections/never-made')).location).toContain('/console/sign-in')
  const headers = { accept: 'application/json' }
  const { status, text } = await go('/connections/never-made', { cookie: owner, headers })
  expect([status, JSON.parse(text).code]).toEqual([404, 'request.not_found'])
})

test('a page that the role does not open keeps its navigation, and offers what it does open', async () => {
  const { cookie } = await visitors.somebody(['viewer'])
  const { status, text } = await go('/administrators', { cookie })
  expect([status, ...inConsole(text)]).toEqual([403, true, false])
  expect(text).toContain('Code console.forbidden.')
  expect(text).not.toContain('href="/alder/console/administrators"')
})
