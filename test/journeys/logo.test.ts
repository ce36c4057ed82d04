// The picture of a connection: put there in the console, seen by customers who choose, and nothing but a picture.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Role } from '../../src/domain/administrator.ts'
import type { ConnectionContent } from '../../src/domain/institution.ts'
import { goodPng, png as makePng } from '../plugins/made-pictures.ts'
import { type Parts, startIdp, startParts } from './parts.ts'

let parts: Parts
const png = new Uint8Array(goodPng)
let content: ConnectionContent
const actor = { by: 'administrator:ann', why: '' }

beforeAll(async () => {
  ;[parts, { content }] = await Promise.all([startParts(), startIdp()])
  await parts.flows.connections.create({ institution: 'alder', id: 'personal', content }, actor)
})
afterAll(() => parts.stop())

async function signedIn(roles: readonly Role[]): Promise<string> {
  const subject = roles.join('-')
  return parts.inUnit(async () => {
    const record = { institution: 'alder', subject, roles, addedBy: 'test', addedAt: Date.now() }
    await parts.stores.administrators.put(record)
    const given = { subject, authenticatedAt: Date.now(), invitation: undefined, before: undefined }
    return `db_console=${await parts.flows.consoleAccess.signIn('alder', given)}`
  })
}

const at = () => `${parts.issuer}/console/connections/personal/logo`

async function put(cookie: string, file: Blob | undefined, more: Readonly<Record<string, string>> = {}) {
  const page = await (await fetch(at(), { headers: { cookie, accept: 'text/html' } })).text()
  const form = new FormData()
  for (const [, name, value] of page.matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g))
    form.set(name as string, value as string)
  for (const [name, value] of Object.entries(more)) form.set(name, value)
  if (file !== undefined) form.set('logo', file, 'logo.png')
  return fetch(at(), {
    method: 'POST',
    redirect: 'manual',
    body: form,
    headers: { cookie, accept: 'text/html' },
  })
}
const shown = () => fetch(`${parts.issuer}/connections/personal/logo`)

test('is uploaded, shown, told by its size in the history, and taken away', async () => {
  const cookie = await signedIn(['federation-admin'])
  expect((await shown()).status).toBe(404)
  expect((await put(cookie, new Blob([png], { type: 'image/png' }))).status).toBe(303)
  const answer = await shown()
  expect([answer.status, new Uint8Array(await answer.arrayBuffer())]).toEqual([200, png])
  expect(answer.headers.get('content-type')).toBe('image/png')
  expect(answer.headers.get('content-security-policy')).toBe("default-src 'none'; sandbox")
  const history = await parts.flows.connections.history('alder', 'personal')
  expect(history[0]?.changes).toEqual([
    { path: 'logo', before: undefined, after: `image/png, ${png.length} bytes` },
  ])
  expect((await put(cookie, undefined, { do: 'remove' })).status).toBe(303)
  expect((await shown()).status).toBe(404)
})

test('#201 a document that calls itself a picture is not kept, and a viewer keeps nothing', async () => {
  const cookie = await signedIn(['federation-admin'])
  for (const type of ['image/svg+xml', 'image/png', 'text/html']) {
    const evil = new Blob(['<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'], { type })
    const refused = await put(cookie, evil)
    expect([type, refused.status, (await refused.text()).includes('no PNG')]).toEqual([type, 422, true])
  }
  const cut = new Blob([png.subarray(0, -20)], { type: 'image/png' })
  const [broken, trailing] = [
    await put(cookie, cut),
    await put(cookie, new Blob([png, '<svg/>'], { type: 'image/png' })),
  ]
  expect([broken.status, await broken.text()]).toEqual([422, expect.stringContaining('Code logo.broken.')])
  expect([trailing.status, await trailing.text()]).toEqual([
    422,
    expect.stringContaining('Code logo.trailing.'),
  ])
  // Its header is good, its pixels are not: only decoding tells.
  const dark = new Blob([new Uint8Array(makePng({ width: 28, height: 28, raw: new Uint8Array(9) }))], {
    type: 'image/png',
  })
  expect(await (await put(cookie, dark)).text()).toContain('Code logo.broken.')
  expect((await put(await signedIn(['viewer']), new Blob([png], { type: 'image/png' }))).status).toBe(403)
  expect((await shown()).status).toBe(404)
})
