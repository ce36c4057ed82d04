// What people met who had nothing but the documentation: each thing that went wrong says what it was, and what to do.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RelyingParty } from '../../src/domain/institution.ts'
import type { TestLogin } from '../../src/ports/test-logins.ts'
import {
  actor,
  formFor,
  get,
  go,
  idp,
  live,
  made,
  owner,
  parts,
  passed,
  start,
  stop,
  token,
} from '../attacks/console-connections-rig.ts'
import { formTo } from './administrator.ts'
import { alder, bareBrowser } from './parts.ts'

let site: Server
const html = '<!DOCTYPE html><html><head><title>Sign in</title></head><body>Welcome</body></html>'

beforeAll(async () => {
  await start()
  site = createServer((_request, response) => response.end(html))
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  site.closeAllConnections()
  site.close()
  await stop()
})

const here = () => `127.0.0.1:${(site.address() as AddressInfo).port}`
const words = (text: string) =>
  text
    .replace(/<[^>]+>/g, ' ')
    .replace(/&#39;/g, "'")
    .replace(/\s+/g, ' ')
const wizard = async (fields: Readonly<Record<string, string>>) => {
  const form = { form_token: token, name: 'Newcomer', do: 'look', ...fields }
  const answer = await go('/connections/new', { cookie: owner, form })
  return { ...answer, words: words(answer.text) }
}
const entity = (inside: string) =>
  `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://sp.example/"><md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">${inside}</md:SPSSODescriptor></md:EntityDescriptor>`
const consumer = `<md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://sp.example/acs" index="0"/>`
const idpDocument = () => {
  const [certificate] = idp.content.settings.certificates as string[]
  const bare = String(certificate)
    .replace(/-----[^-]+-----/g, '')
    .replace(/\s/g, '')
  return `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.newcomer.example/"><md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>${bare}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor><md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.newcomer.example/sso"/></md:IDPSSODescriptor></md:EntityDescriptor>`
}

describe('a document that is something else is called what it is', () => {
  test.each([
    ['a web page', html, 'This is a web page (HTML), and no SAML metadata.'],
    ['one in XML', `<?xml version="1.0"?>\n${html}`, 'This is a web page (HTML)'],
    [
      'a certificate',
      '-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----',
      'This is a certificate or a key (PEM)',
    ],
    ['JSON', '{"issuer":"https://idp.example"}', 'This is JSON, and no SAML metadata.'],
    ['PHP', "<?php $metadata['x'] = [];", 'This is PHP code, and no SAML metadata.'],
    ['a text', 'Please find our metadata at the address above.', 'This is plain text'],
    ['a picture', `data:image/png;base64,${'A'.repeat(80)}`, 'This is a picture, and no SAML metadata.'],
    ['metadata of an application', entity(consumer), 'The metadata describes no SAML 2.0 IdP. It may be'],
    ['too much', `<a>${'x'.repeat(1024 * 1024)}</a>`, 'The document is too large: at most 1 MiB are read.'],
  ])('%s', async (_, document, said) => {
    const found = await wizard({ document })
    expect(found.status).toBe(422)
    expect(found.words).toContain(said)
    expect(found.words).toMatch(/Code metadata\.(malformed|entity)\./)
    expect(found.words).not.toContain('of this name')
    expect(found.text).not.toContain('data:image')
  })
  test('at an address too', async () => {
    expect((await wizard({ address: `http://${here()}/metadata` })).words).toContain(
      'This is a web page (HTML)',
    )
  })
  test('a picture as a file is not put where a document is pasted', async () => {
    const body = new FormData()
    for (const [name, value] of Object.entries({ form_token: token, name: 'Newcomer', do: 'look' }))
      body.set(name, value)
    body.set('file', new Blob([Buffer.from('89504e470d0a1a0a', 'hex')], { type: 'image/png' }), 'idp.png')
    const { text } = await go('/connections/new', { cookie: owner, body })
    expect(words(text)).toContain('This is a picture')
    expect(text).not.toContain('base64,')
  })
  test('an address without a scheme says that it is missing', async () => {
    const { words: said } = await wizard({ address: `${here()}/metadata` })
    expect(said).toContain('https:// is missing')
    expect(said).not.toContain('broke off')
  })
})

describe('an id', () => {
  test('that is taken and one that cannot be are told apart, each with its code', async () => {
    await made('taken')
    const taken = await wizard({ document: idpDocument(), id: 'taken' })
    expect(taken.words).toContain(
      'There is a connection of the id taken already. Choose another. Code connection.exists.',
    )
    const bad = await wizard({ document: idpDocument(), id: 'Äh!' })
    expect(bad.words).toMatch(/An id is 2 to 32 of a-z, 0-9 and -, [^.]*\. Code connection\.settings\./)
  })
  test('of a draft that another window has just saved leads to that draft', async () => {
    const preview = await wizard({ document: idpDocument(), id: 'twice' })
    const page = { url: `${parts.issuer}/console/connections/new`, status: 200, body: preview.text }
    const form = { ...formTo(page, /\/new$/).fields, do: 'save' }
    const save = () => go('/connections/new', { cookie: owner, form })
    expect((await save()).location).toContain('/connections/twice?done=created')
    const again = await save()
    expect(again.location).toContain('/connections/twice?done=already')
    expect((await get('twice')).version).toBe(1)
    // With something else in it by now it is another, and needs another id.
    await parts.flows.connections.save(await get('twice'), { ...idp.content, name: 'Another' }, actor)
    const other = await save()
    expect([other.status, words(other.text)]).toEqual([
      422,
      expect.stringContaining('Code connection.exists.'),
    ])
  })
})

test('faults of fields have a code, and each bad domain a sentence', async () => {
  await made('fields')
  const form = { ...(await formFor('fields')), do: 'check', name: 'Fields', domains: 'a_b c_d' }
  const said = words((await go('/connections/fields/edit', { cookie: owner, form })).text)
  expect(said).toContain('a_b is no mail domain. c_d is no mail domain. Code connection.settings.')
  expect((await wizard({})).words).toMatch(
    /Say where the IdP describes itself[^.]*\. Code connection\.settings\./,
  )
})

test('a name of another connection is warned of before anything is saved', async () => {
  await made('namesake', { name: 'Newcomer' })
  const { words: said } = await wizard({ document: idpDocument(), id: 'second-of-it' })
  expect(said).toMatch(/Another connection has this name\. .* cannot tell it from namesake/)
  const other = await wizard({ document: idpDocument(), id: 'third-of-it', name: 'Of its own' })
  expect(other.words).not.toContain('Another connection has this name')
})

describe('another name', () => {
  const mail = `<saml:Attribute Name="mail"><saml:AttributeValue>x@x.example</saml:AttributeValue></saml:Attribute>`
  const typed = (text: string) => {
    const inner = /<form[^>]*edit"[^>]*>([\s\S]*?)<\/form>/.exec(text)?.[1] ?? ''
    const claims = [...inner.matchAll(/name="((?:claim|attribute)\.\d+)" value="([^"]*)"/g)]
    return Object.fromEntries(claims.map(([, name, value]) => [name, value]))
  }
  test('is all that is saved: claims are filled in for whoever asks', async () => {
    await made('renamed', { claims: {} })
    await passed('renamed', mail)
    const { text } = await go('/connections/renamed/edit', { cookie: owner })
    expect(text).toContain('/connections/renamed/edit?suggest=yes')
    const form = { ...(await formFor('renamed')), ...typed(text), do: 'check', name: 'A new name' }
    const settings = Object.entries(idp.content.settings).map(([name, value]) => [
      `settings.${name}`,
      [value].flat().join('\n'),
    ])
    const check = await go('/connections/renamed/edit', {
      cookie: owner,
      form: { ...Object.fromEntries(settings), ...form },
    })
    expect(words(check.text)).toContain('The test login stays good.')
    expect(check.text).not.toContain('may let somebody in')
    const asked = await go('/connections/renamed/edit?suggest=yes', { cookie: owner })
    expect(typed(asked.text)).toMatchObject({ 'claim.0': 'email', 'attribute.0': 'mail' })
  })
  test('of a draft that nobody has tested speaks of no test, and of nobody who signs in', async () => {
    await made('untested', { claims: {} })
    const settings = Object.entries(idp.content.settings).map(([name, value]) => [
      `settings.${name}`,
      [value].flat().join('\n'),
    ])
    const form = {
      ...Object.fromEntries(settings),
      ...(await formFor('untested')),
      do: 'check',
      name: 'A new name',
    }
    const said = words((await go('/connections/untested/edit', { cookie: owner, form })).text)
    expect(said).toContain('It needs a test login before it can go live, as it did.')
    expect(said).toContain('Against what is saved now')
    expect(said).not.toMatch(/stays good|people sign in by now/)
  })
})

test('a step that another window has taken already is told as that', async () => {
  await made('windows')
  await passed('windows')
  const before = await formFor('windows')
  const press = (to: string, form: Record<string, string>) =>
    go(`/connections/windows/${to}`, { cookie: owner, form })
  expect((await press('activate', before)).status).toBe(303)
  const again = await press('activate', before)
  expect([again.status, words(again.text)]).toEqual([409, expect.stringContaining('It is live already. By ')])
  expect(again.text).not.toContain('Somebody changed this connection')
  const form = await formFor('windows')
  expect((await press('disable', form)).status).toBe(303)
  const off = await press('disable', form)
  expect([off.status, words(off.text)]).toEqual([
    409,
    expect.stringContaining('It is switched off already. By '),
  ])
  const page = await go('/connections/windows/disable', { cookie: owner })
  expect([page.status, words(page.text)]).toEqual([
    409,
    expect.stringContaining('It is switched off already.'),
  ])
})

test('an app shows its connections by name, and marks those that nobody is offered', async () => {
  await live('offered', { name: 'Offered to all' })
  await made('drafted', { name: 'Only a draft' })
  const party: RelyingParty = {
    ...{ institution: 'alder', id: 'newcomer-app', name: 'Newcomer', kind: 'app', acrFloor: undefined },
    ...{
      connections: ['offered', 'drafted'],
      redirectUris: ['https://app.example/back'],
      scopes: ['openid'],
    },
    ...{ postLogoutRedirectUris: [], requirePar: false, requireDpop: false, transactionTypes: [] },
    ...{ webOrigins: [], keys: [] },
  }
  await parts.inUnit(() => parts.flows.relyingParties.create(party, 'test'))
  const page = words((await go('/relying-parties/newcomer-app', { cookie: owner })).text)
  expect(page).toMatch(/Offered to all offered Only a draft drafted a draft, not offered/)
  const form = words((await go('/relying-parties/newcomer-app/edit', { cookie: owner })).text)
  expect(form).toContain('Only a draft (drafted, a draft, not offered)')
  expect(form).toContain('Offered to all (offered)')
})

test('a test login that does not come back says after a minute what may keep it', async () => {
  await made('silent')
  const begin = {
    connection: 'silent',
    what: 'present',
    by: 'test',
    browserHash: bareBrowser().hash,
  } as const
  const { id } = await parts.inUnit(() => parts.flows.testLogin.start(alder, begin))
  const at = `/connections/silent/tests/${id}`
  expect((await go(at, { cookie: owner })).text).not.toContain('may not know us')
  const { testLogins } = parts.stores
  const test = await testLogins.get('alder', id)
  const old = {
    ...test,
    id: `${id}-old`,
    startedAt: Date.now() - 61_000,
    upstreamRequest: undefined,
  } as TestLogin
  await parts.inUnit(() => testLogins.create(old))
  const { text } = await go(`${at}-old`, { cookie: owner })
  expect(words(text)).toContain('Then it may not know us')
  expect(text).toContain('/connections/silent#ours')
  const page = words((await go('/connections/silent', { cookie: owner })).text)
  expect(page).toContain('Waiting for the answer: does the IdP know us?')
  expect(page).toContain('at the IdP you stay signed in, in this browser')
})

test('of metadata that was looked at nobody is told that it was never read', async () => {
  await made('looked-at', {
    settings: { ...idp.content.settings, metadataUrl: 'https://idp.example/metadata' },
  })
  const page = words((await go('/connections/looked-at', { cookie: owner })).text)
  expect(page).toMatch(/Read again Not since it was looked at here; it is within a minute/)
  expect(page).not.toContain('Not yet')
})
