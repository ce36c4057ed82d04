// An administrator reads an IdP again for a connection that is there, and tries it for a level, by pages alone.

import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { data, goodPng } from '../plugins/made-pictures.ts'
import { makeKey } from '../xml/hostile/idp.ts'
import { type Administrator, createAdministrator, formTo, type Page, withoutWayIn } from './administrator.ts'
import { startBridge, type TestBridge } from './bridge.ts'
import { metadataXml, type Published, startMetadataServer } from './metadata-server.ts'

let bridge: TestBridge
let first: Administrator
let document = ''

beforeAll(async () => {
  bridge = await startBridge()
  await withoutWayIn(bridge)
  first = createAdministrator(bridge)
  await first.join(bridge.world.invitation as string, 'nobody')
  document = await (await fetch(`${bridge.world.url}/idp/metadata`)).text()
})
afterAll(() => bridge.stop())

const heading = (page: { body: string }): string =>
  (/<h1>([\s\S]*?)<\/h1>/.exec(page.body)?.[1] ?? '').replace(/<[^>]+>/g, '')
const fact = (page: { body: string }, name: string): string =>
  (new RegExp(`<dt>${name}</dt><dd>([\\s\\S]*?)</dd>`).exec(page.body)?.[1] ?? '').replace(/<[^>]+>/g, '')

async function made(fields: Readonly<Record<string, string>>): Promise<Page> {
  const begin = await first.get('/connections/new')
  const preview = await first.press(begin, { action: /\/new$/, fields: { ...fields, do: 'look' } })
  return first.press(preview, { action: /\/new$/, fields: { do: 'save' } })
}
/** The page of a new connection, asked with these fields. */
const asked = async (fields: Readonly<Record<string, string>>) =>
  first.press(await first.get('/connections/new'), { action: /\/new$/, fields: { ...fields, do: 'look' } })
/** At its field, in plain words and no error's own, and once the code. */
function expectWorded(page: Page, words: string, code: string) {
  const [, fault = ''] = /<p class="error"[^>]*>([\s\S]*?)<\/p>/.exec(page.body) ?? []
  expect([page.status, fault]).toEqual([422, expect.stringContaining(words)])
  expect(fault.split(`Code ${code}.`)).toHaveLength(2)
  expect(fault).not.toMatch(/Error|ECONN|EPROTO|undefined|, was /)
}
const look = async (id: string, fields: Readonly<Record<string, string>> = {}) =>
  first.press(await first.get(`/connections/${id}/import`), { action: /\/import$/, fields })
const save = (page: Page) => first.press(page, { action: /\/edit$/, fields: { do: 'save' } })
const tested = async (page: Page, fields: Readonly<Record<string, string>> = {}, button = '') =>
  first.throughIdp(await first.press(page, { action: /\/test$/, fields, button }), 'alice')

describe('what an IdP says now, against a connection', () => {
  test('that is live waits as a proposal, after the difference was looked at', async () => {
    const draft = await made({ name: 'Live', document })
    const live = await first.press(await tested(draft), { action: /\/activate$/ })
    expect(live.body).toContain('/connections/live/import"')
    const moved = document.replaceAll('/idp/sso', '/idp/sso-moved')
    const difference = await look('live', { document: moved })
    expect(heading(difference)).toBe('Save this change of Live?')
    expect(difference.body).toMatch(/<del>[^<]*<span[^>]*>removed <\/span>[^<]*\/idp\/sso<\/del>/)
    expect(difference.body).toMatch(/<ins>[^<]*<span[^>]*>added <\/span>[^<]*\/idp\/sso-moved<\/ins>/)
    expect(difference.body).toContain('It waits as a proposal until it was tested and activated.')
    expect(difference.body).toContain('What was read')
    // Looking saved nothing.
    expect(heading(await first.get('/connections/live'))).toBe('Live is live')
    expect(heading(await save(difference))).toBe('Live is live, and a change is waiting')
  })
  test('that says the same changes nothing', async () => {
    const same = await look('live', { document })
    expect(heading(same)).toBe('Nothing would change')
    expect(same.body).toContain('Saving this one takes its place.')
  })
  test('and goes on waiting when a picture is chosen meanwhile', async () => {
    const logo = data('png', goodPng)
    const page = await first.get('/connections/live/logo')
    expect(page.body).toContain('A picture joins it')
    const after = await first.press(page, { action: /\/logo$/, fields: { logo } })
    expect(heading(after)).toBe('Live is live, and a change is waiting')
    expect(after.body).toContain('/idp/sso-moved')
  })
  test('that is a draft is saved in it, read at its own address without typing, or at another', async () => {
    const [key, next] = await Promise.all([makeKey(), makeKey()])
    const idp = await startMetadataServer({ keys: [key] })
    try {
      await made({ name: 'Draft', address: idp.url })
      const ask = await first.get('/connections/draft/import')
      expect(formTo(ask, /\/import$/).fields.address).toBe(idp.url)
      idp.published.keys = [key, next]
      const difference = await look('draft')
      expect(difference.body).toMatch(/<ins><span[^>]*>added <\/span>[^<]*([0-9A-F]{2}:){31}[0-9A-F]{2}/)
      expect(difference.body).not.toContain('<del>')
      expect(heading(await save(difference))).toBe('Draft is not tested yet')
      const elsewhere = await look('draft', { address: `${idp.url}?other` })
      expect(elsewhere.body).toContain(`${idp.url}?other</ins>`)
      expect(elsewhere.body).not.toMatch(/[0-9A-F]{2}:[^<]*<\/ins>/)
    } finally {
      await idp.stop()
    }
  })
  test('of several in one document asks which', async () => {
    const idp = (entityId: string, key: Awaited<ReturnType<typeof makeKey>>) => ({
      ...{ entityId, keys: [key], sso: 'https://idp.example/sso', slo: undefined, signer: undefined },
      ...{ nameIdFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent' },
      ...{ attributes: '', instead: undefined },
    })
    const key = await makeKey()
    const both = ['urn:one', 'urn:two'].map((name) =>
      metadataXml(idp(name, key)).replace('ID="_m1"', `ID="_${name.slice(4)}"`),
    )
    const federation = `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">${both.join('')}</md:EntitiesDescriptor>`
    const which = await look('draft', { document: federation })
    expect(heading(which)).toBe('The metadata describes 2 IdPs')
    const difference = await first.press(which, { action: /\/import$/, fields: { identifier: 'urn:two' } })
    expect(difference.body).toContain('urn:two</ins>')
  })
  test.each([
    ['nothing', { address: '' }, 'Say where the IdP describes itself'],
    ['an address inside', { address: 'http://10.0.0.1/metadata' }, 'The bridge may not go to'],
    ['a document that is none', { document: '<html/>' }, 'no SAML metadata'],
  ])('says what is wrong at its field: %s', async (_, fields, words) => {
    const page = await look('draft', fields)
    expect([page.status, page.body]).toEqual([
      422,
      expect.stringMatching(new RegExp(`aria-invalid="true"[\\s\\S]*${words}`)),
    ])
  })
  test.each([
    [
      'a redirect',
      (res: ServerResponse) => res.writeHead(302, { location: '/there' }).end(),
      'leads on to another one',
      'fetch.refused',
    ],
    ['nothing', (res: ServerResponse) => res.writeHead(404).end(), 'has nothing for us', 'fetch.failed'],
    ['silence', () => undefined, 'No answer came in time', 'fetch.failed'],
    ['a connection that breaks off', (res: ServerResponse) => res.destroy(), 'broke off', 'fetch.failed'],
    [
      'a compressed answer',
      (res: ServerResponse) => res.writeHead(200, { 'content-encoding': 'br' }).end('x'),
      'came compressed',
      'fetch.refused',
    ],
  ])(
    '%s at the address is told in words that say what to do, with its code',
    async (_, answer, words, code) => {
      const idp = await startMetadataServer({ keys: [await makeKey()] })
      idp.published.instead = (_req, res) => void answer(res)
      try {
        expectWorded(await look('draft', { address: idp.url }), words, code)
      } finally {
        await idp.stop()
      }
    },
  )
  test.each([
    ['a file', 'file:///etc/passwd', 'Only https addresses are read', 'fetch.refused'],
    ['a scheme of old', 'gopher://idp.example/', 'Only https addresses are read', 'fetch.refused'],
    ['no address', 'https://idp .example', 'This is no web address', 'fetch.refused'],
    ['a user name in it', 'https://me@idp.example/', 'This is no web address', 'fetch.refused'],
    ['a closed port', 'http://127.0.0.1:1/', 'Nothing answers at this address', 'fetch.failed'],
    ['a name that is none', 'https://idp.invalid/', 'The name in this address is not found', 'fetch.failed'],
    [
      'an address inside',
      'https://10.1.2.3/',
      'It must be public, or allowed by the operator',
      'fetch.refused',
    ],
  ])('%s in place of an address', async (_, address, words, code) => {
    for (const page of [await look('draft', { address }), await asked({ name: 'Nowhere', address })])
      expectWorded(page, words, code)
  })
  test('https where http is spoken', async () => {
    const idp = await startMetadataServer({ keys: [await makeKey()] })
    try {
      const address = idp.url.replace('http:', 'https:')
      expectWorded(await look('draft', { address }), 'does not speak the protocol', 'fetch.failed')
    } finally {
      await idp.stop()
    }
  })
  test('a document in UTF-16 costs nothing of what was typed', async () => {
    const page = await asked({ name: 'Wide', id: 'wide', document: '<\0E\0/\0>\0' })
    expectWorded(page, 'Save it as UTF-8', 'metadata.malformed')
    expect(formTo(page, /\/new$/).fields).toMatchObject({ name: 'Wide', id: 'wide', document: '<␀E␀/␀>␀' })
    // What is kept as a text still has none (attack 205).
    expect((await asked({ name: 'Wi\0de', document: '<x/>' })).status).toBe(400)
  })
  test('that a file rules is refused', async () => {
    const page = await first.get('/connections/alder-staff/import')
    expect([page.status, page.body]).toEqual([409, expect.stringContaining('connection.managed')])
  })
  test('that somebody else changed meanwhile is not saved over theirs', async () => {
    const difference = await look('draft', { document })
    const edit = await first.get('/connections/draft/edit')
    await save(await first.press(edit, { action: /\/edit$/, fields: { do: 'check', name: 'Theirs' } }))
    const stale = await save(difference)
    expect([stale.status, heading(stale)]).toEqual([409, 'Somebody changed it meanwhile'])
  })
})

describe('whoever must sign the metadata', () => {
  test('is asked for it where a new connection says so, and before it is saved', async () => {
    const [key, signer, stranger] = await Promise.all([makeKey(), makeKey(), makeKey()])
    const idp = await startMetadataServer({ keys: [key] })
    const saved = async (name: string, pem: string) => {
      const begin = await first.get('/connections/new')
      const fields = { name, address: idp.url, do: 'look' }
      const preview = await first.press(begin, { action: /\/new$/, fields })
      const pinned = { 'settings.metadataSigners': pem, do: 'save' }
      return first.press(preview, { action: /\/new$/, fields: pinned })
    }
    try {
      const unsigned = await saved('Pinned', signer.pem)
      expect(unsigned.body).toContain('The metadata is not signed as it must be')
      expect(unsigned.body).toContain('Code metadata.signature.')
      idp.published.signer = signer
      expect((await saved('Pinned', stranger.pem)).body).toContain('Code metadata.signature.')
      expect((await first.get('/connections/pinned')).status).toBe(404)
      expect(heading(await saved('Pinned', signer.pem))).toBe('Pinned is not tested yet')
    } finally {
      await idp.stop()
    }
  })
})

describe('signed metadata that is not what was looked at', () => {
  /** Looks at the unsigned document, saves with a signer after `meanwhile` has changed what is published. */
  async function saved(meanwhile: Partial<Published>, typed: Readonly<Record<string, string>> = {}) {
    const [key, signer, other] = await Promise.all([makeKey(), makeKey(), makeKey()])
    const idp = await startMetadataServer({ keys: [key], slo: 'https://idp.example/slo' })
    try {
      const name = `Looked ${Object.keys({ ...meanwhile, ...typed }).join(' ')}`
      const begin = await first.get('/connections/new')
      const look = { name, address: idp.url, do: 'look' }
      const preview = await first.press(begin, { action: /\/new$/, fields: look })
      Object.assign(idp.published, { signer }, meanwhile, 'keys' in meanwhile && { keys: [other] })
      const fields = { 'settings.metadataSigners': signer.pem, do: 'save', ...typed }
      const page = await first.press(preview, { action: /\/new$/, fields })
      // A second press of the same form is judged as the first.
      const again = page.status === 422 ? await first.press(page, { action: /\/new$/, fields }) : page
      return { page, again }
    } finally {
      await idp.stop()
    }
  }
  test.each([
    ['keys', { keys: [] }, 'other signing keys'],
    ['the sign-in address', { sso: 'https://elsewhere.example/sso' }, 'another sign-in address'],
    ['the sign-out address', { slo: 'https://elsewhere.example/slo' }, 'another sign-out address'],
    ['no sign-out address any more', { slo: undefined }, 'another sign-out address'],
  ])('is refused, and named: %s', async (_, meanwhile, words) => {
    const { page, again } = await saved(meanwhile)
    for (const { status, body } of [page, again]) {
      expect(status).toBe(422)
      expect(body).toContain(`does not say what you looked at (${words}). Read it again`)
      expect(body).toContain('Code metadata.changed.')
    }
  })
  test('but what a person typed in its place is theirs', async () => {
    const typed = { 'settings.ssoUrl': 'https://proxy.example/sso' }
    expect(heading((await saved({ sso: 'https://elsewhere.example/sso' }, typed)).page)).toContain(
      'is not tested yet',
    )
    const { again } = await saved({ slo: 'https://elsewhere.example/slo' }, typed)
    expect(again.body).toContain('looked at (another sign-out address). Read')
  })
})

describe('a test login for a level', () => {
  const password = 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport'
  test('asks for it, and says which class came and what it counts as', async () => {
    const draft = await made({ name: 'Levels', document })
    expect(draft.body).not.toContain('Level to ask for')
    const edit = await first.get('/connections/levels/edit')
    const fields = { do: 'check', 'levels.device': password }
    const page = await save(await first.press(edit, { action: /\/edit$/, fields }))
    expect(fact(page, 'Counts as a sign-in with a device')).toBe(password)
    expect(fact(page, 'Who asks for more, where both could')).toBe('The bridge')
    const device = 'urn:drawbridge:acr:device'
    const plain = await tested(page, {}, 'Level to ask for')
    expect([fact(plain, 'Level asked for'), fact(plain, 'Class \\(AuthnContext, acr\\)')]).toEqual([
      '',
      password,
    ])
    const asked = await tested(plain, { acr: device })
    expect(fact(asked, 'Level asked for')).toContain(device)
    expect(fact(asked, 'Counts as')).toContain(device)
    expect(asked.body).toContain('RequestedAuthnContext')
    expect(formTo(asked, /\/test$/).fields.acr).toBe(device)
  })
  test('of an OpenID provider measures its clock by the ID token', async () => {
    // What a file rules is not for the first link; its holder, come in by what is live by now, may try it.
    const owner = createAdministrator(bridge)
    await owner.join(bridge.world.invitation as string, 'alice')
    const page = await owner.get('/connections/alder-staff')
    const result = await owner.throughIdp(await owner.press(page, { action: /\/test$/ }), 'marta')
    expect(fact(result, 'Clock of the IdP')).toMatch(/^[+-][0-9]\.\d s against ours$/)
    expect(fact(result, 'Counts as')).toContain('urn:drawbridge:acr:delegated')
  })
})
