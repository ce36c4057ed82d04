// Attacks on the pages of connections: forged forms, other institutions, missing roles, hostile text, detours to loosen.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Asking } from '../journeys/console-visitors.ts'
import { alder, answerTo, bareBrowser } from '../journeys/parts.ts'
import {
  actor,
  birch,
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
  visitors,
} from './console-connections-rig.ts'

beforeAll(start)
afterAll(stop)

describe('#198 forms of connections', () => {
  test('are posted by our own page alone', async () => {
    await made('forged')
    const path = '/connections/forged/disable'
    const form = await formFor('forged')
    const foreign = await visitors.tokenOf((await visitors.somebody(['owner'])).cookie)
    const forged: Asking[] = [
      { form: { version: form.version } },
      { form: { ...form, form_token: foreign } },
      { form, headers: { origin: 'https://evil.example' } },
      { form, headers: { 'sec-fetch-site': 'cross-site' } },
      { form, headers: { 'sec-fetch-site': 'same-site' } },
    ]
    for (const asking of forged) {
      const { status, text } = await go(path, { cookie: owner, ...asking })
      expect([status, text.includes('form.forged')]).toEqual([403, true])
    }
    for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=x']) {
      const body = type.includes('json') ? JSON.stringify(form) : new URLSearchParams(form).toString()
      const { status } = await go(path, { cookie: owner, body, headers: { 'content-type': type } })
      expect([type, status]).toEqual([type, 415])
    }
    expect((await get('forged')).state).toBe('draft')
    // The control.
    expect((await go(path, { cookie: owner, form })).location).toBe(
      '/alder/console/connections/forged?done=disabled',
    )
    expect((await get('forged')).state).toBe('disabled')
  })
  test('a form with a file, which any page could post, needs the token too, and says nothing twice', async () => {
    const upload = (fields: readonly [string, string][]) => {
      const body = new FormData()
      for (const [name, value] of fields) body.append(name, value)
      return go('/connections/new', { cookie: owner, body })
    }
    const fields: [string, string][] = [
      ['do', 'look'],
      ['name', 'X'],
    ]
    expect((await upload(fields)).status).toBe(403)
    expect((await upload([...fields, ['form_token', token], ['name', 'Y']])).status).toBe(400)
    const control = await upload([...fields, ['form_token', token]])
    expect([control.status, control.text.includes('Say where the IdP describes itself')]).toEqual([422, true])
  })
  test('a field that no form of ours has is refused', async () => {
    await made('extra')
    const form = { ...(await formFor('extra')), do: 'check', name: 'Extra', 'settings.trustEverybody': 'on' }
    const asked = await go('/connections/extra/edit', { cookie: owner, form })
    expect([asked.status, asked.text.includes('request.malformed')]).toEqual([400, true])
  })
  test('what a form carries is sealed, and for that form of that connection alone', async () => {
    await made('sealed-a')
    await made('sealed-b', { name: 'B' })
    const edit = await go('/connections/sealed-a/edit', { cookie: owner })
    const carried = /name="carried" value="([^"]+)"/.exec(edit.text)?.[1] as string
    const save = async (id: string, sealed: string) => {
      const form = { ...(await formFor(id)), do: 'save', carried: sealed }
      return (await go(`/connections/${id}/edit`, { cookie: owner, form })).status
    }
    const changed = `${carried.slice(0, -4)}AAAA`
    expect([await save('sealed-b', carried), await save('sealed-a', changed)]).toEqual([400, 400])
    expect(await save('sealed-a', carried)).toBe(303)
    expect((await get('sealed-b')).name).toBe('B')
  })
})

describe('#199 a connection of another institution', () => {
  test('is not there by any address, and who asked is recorded', async () => {
    await made('birch-idp', { name: 'Birch secret' }, 'birch')
    const { cookie, subject } = await visitors.somebody(['owner'])
    const form = { form_token: await visitors.tokenOf(cookie), version: '1', do: 'check' }
    const pages = ['', '/edit', '/history', '/tests', '/keys', '/disable', '/remove'].map((path) =>
      go(`/connections/birch-idp${path}`, { cookie }),
    )
    const forms = [
      '/test',
      '/activate',
      '/discard',
      '/disable',
      '/remove',
      '/edit',
      '/refresh',
      '/keys/prepare',
      '/keys/promote',
      '/keys/remove',
      '/history/1/restore',
    ].map((path) => go(`/connections/birch-idp${path}`, { cookie, form }))
    for (const { status, text } of await Promise.all([...pages, ...forms]))
      expect([status, /Birch secret|connection\.unknown/.test(text)]).toEqual([404, false])
    const detail = { by: `administrator:${subject}` }
    const refused = (await visitors.events('console.refused')).filter(
      (event) => JSON.stringify(event.detail) === JSON.stringify(detail),
    )
    expect(refused.length).toBe(pages.length + forms.length)
    expect(new Set(refused.map(({ institution }) => institution))).toEqual(new Set(['alder']))
    expect((await parts.flows.connections.get('birch', 'birch-idp')).state).toBe('draft')
    // The control.
    const own = await visitors.somebody(['viewer'], { institution: 'birch' })
    const seen = await go('/connections/birch-idp', { cookie: own.cookie, issuer: birch })
    expect([seen.status, seen.text.includes('Birch secret')]).toEqual([200, true])
  })
  test('a test login is found at its own connection alone', async () => {
    await made('one')
    await made('two')
    const id = await passed('one')
    expect((await go(`/connections/two/tests/${id}`, { cookie: owner })).status).toBe(404)
    expect((await go(`/connections/one/tests/${id}`, { cookie: owner })).status).toBe(200)
  })
})

describe('#200 who may', () => {
  test('a viewer reads, and changes nothing', async () => {
    await made('seen')
    const { cookie } = await visitors.somebody(['viewer'])
    const form = await formFor('seen', await visitors.tokenOf(cookie))
    const page = await go('/connections/seen', { cookie })
    expect([page.status, page.text.includes('/seen/disable')]).toEqual([200, false])
    for (const path of [
      '/seen/test',
      '/seen/activate',
      '/seen/disable',
      '/seen/edit',
      '/new',
      '/seen/history/1/restore',
      '/seen/keys/prepare',
    ]) {
      const { status, text } = await go(`/connections${path}`, { cookie, form })
      expect([path, status, text.includes('console.forbidden')]).toEqual([path, 403, true])
    }
    for (const path of ['/seen/edit', '/new'])
      expect((await go(`/connections${path}`, { cookie })).status).toBe(403)
    expect((await get('seen')).state).toBe('draft')
  })
  test('loosening what is live needs a sign-in of the last minutes', async () => {
    await live('loose', { domains: ['old.example'] })
    const late = await visitors.somebody(['federation-admin'], { age: 600 })
    const early = await visitors.somebody(['federation-admin'])
    const save = async (cookie: string) => {
      const form_token = await visitors.tokenOf(cookie)
      const fields = { name: 'Sign-in', audience: 'customers', domains: 'new.example' }
      const said = { 'settings.idpEntityId': String(idp.content.settings.idpEntityId) }
      const settings = {
        'settings.ssoUrl': 'https://idp.example/sso',
        'settings.certificates': idp.key.pem,
        'settings.signed': 'both',
      }
      const claims = { 'claim.0': 'name', 'attribute.0': 'displayName' }
      const form = {
        ...(await formFor('loose', form_token)),
        ...fields,
        ...said,
        ...settings,
        ...claims,
        do: 'check',
      }
      const check = await go('/connections/loose/edit', { cookie, form })
      const carried = /name="carried" value="([^"]+)"/.exec(check.text)?.[1] ?? ''
      return go('/connections/loose/edit', {
        cookie,
        form: { ...(await formFor('loose', form_token)), carried, do: 'save' },
      })
    }
    const first = await save(late.cookie)
    expect([first.status, first.location]).toEqual([
      303,
      expect.stringContaining('/console/sign-in?fresh=yes&then='),
    ])
    // The way back has what was typed.
    expect(decodeURIComponent(decodeURIComponent(first.location ?? ''))).toContain('domains=new.example')
    expect((await get('loose')).domains).toEqual(['old.example'])
    expect((await save(early.cookie)).location).toBe('/alder/console/connections/loose?done=saved')
    expect((await get('loose')).domains).toEqual(['new.example'])
  })
  test('letting the IdP prove less needs the permission, also by the detour over switching off', async () => {
    const present = await live('weak')
    const settings = { ...idp.content.settings, compat: { until: soonDay(), allow: ['sha1-signatures'] } }
    await parts.flows.connections.disable(present, actor)
    await parts.flows.connections.save(await get('weak'), { ...idp.content, settings }, actor)
    await passed('weak')
    const activate = async (cookie: string) =>
      go('/connections/weak/activate', {
        cookie,
        form: await formFor('weak', await visitors.tokenOf(cookie)),
      })
    const admin = await visitors.somebody(['federation-admin'])
    const refused = await activate(admin.cookie)
    expect([refused.status, refused.text.includes('console.forbidden')]).toEqual([403, true])
    expect((await get('weak')).state).toBe('tested')
    const security = await visitors.somebody(['security-admin'])
    expect((await activate(security.cookie)).status).toBe(303)
    expect((await get('weak')).state).toBe('active')
  })
  test('what another has changed since is not activated by a page that did not show it', async () => {
    await made('moved')
    await passed('moved')
    const form = await formFor('moved')
    const { version } = await get('moved')
    await parts.flows.connections.save(
      { institution: 'alder', id: 'moved', version },
      { ...idp.content, name: 'Other' },
      actor,
    )
    const stale = await go('/connections/moved/activate', { cookie: owner, form })
    expect([stale.status, stale.text.includes('Nothing was done.')]).toEqual([409, true])
    expect((await get('moved')).state).toBe('tested')
    const control = await go('/connections/moved/activate', { cookie: owner, form: await formFor('moved') })
    expect(control.status).toBe(303)
    // What is left to do once it is live stands on the page that follows.
    const after = await go(String(control.location).replace('/alder/console', ''), { cookie: owner })
    expect(after.text).toMatch(/It is live\.[\s\S]*Apps offer it once they list it \(see Apps\)/)
  })
})

const soonDay = () => new Date(Date.now() + 7 * 24 * 3600_000).toISOString().slice(0, 10)

describe('#201 hostile text', () => {
  const attack = `"><img src=x onerror=alert(1)><script>alert(2)</script>'--></textarea></title>`
  test('in names, settings, attributes and values is text on every page', async () => {
    const change = {
      name: attack,
      settings: { ...idp.content.settings, nameIdFormat: attack, authnContexts: [] },
      claims: { name: attack },
    }
    await made('hostile', change)
    const value = attack.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
    const name = attack.replaceAll('<', '&lt;').replaceAll('"', '&quot;')
    const attributes = `<saml:Attribute Name="${name}"><saml:AttributeValue>${value}</saml:AttributeValue></saml:Attribute>`
    const id = await passed('hostile', attributes)
    await parts.flows.connections.save(
      await get('hostile'),
      { ...idp.content, ...change, name: `${attack}2` },
      { by: 'test', why: attack },
    )
    const paths = ['', '/edit', '/history', '/tests', `/tests/${id}`]
    const pages = [await go('/connections', { cookie: owner }), await go('', { cookie: owner })]
    for (const path of paths) pages.push(await go(`/connections/hostile${path}`, { cookie: owner }))
    for (const { status, text } of pages) {
      expect(status).toBe(200)
      expect(text).toContain('&lt;img src=x onerror=alert(1)&gt;')
      expect(text).not.toMatch(/<img|<script/)
    }
  })
  test('in what an IdP says of itself is text in the preview', async () => {
    const display = attack.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
    const document = `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://evil.example/"><md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><md:Extensions><mdui:UIInfo xmlns:mdui="urn:oasis:names:tc:SAML:metadata:ui"><mdui:DisplayName xml:lang="en">${display}</mdui:DisplayName></mdui:UIInfo></md:Extensions><md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>${idp.key.base64}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor><md:NameIDFormat>${display}</md:NameIDFormat><md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://evil.example/sso"/></md:IDPSSODescriptor></md:EntityDescriptor>`
    const form = { form_token: token, do: 'look', name: attack, audience: 'customers', document }
    const page = await go('/connections/new', { cookie: owner, form })
    expect([page.status, page.text.includes('This is what the IdP says of itself')]).toEqual([200, true])
    expect(page.text).toContain('&lt;img src=x onerror=alert(1)&gt;')
    expect(page.text).not.toMatch(/<img|<script/)
  })
  test('an address that would be a script becomes neither a link nor a departure', async () => {
    const script = 'javascript:alert(1)'
    const form = { form_token: token, do: 'look', name: 'Script', audience: 'customers', address: script }
    const page = await go('/connections/new', { cookie: owner, form })
    expect([page.status, page.text.includes(`href="${script}`)]).toEqual([422, false])
    await expect(
      made('script', { settings: { ...idp.content.settings, ssoUrl: script } }),
    ).rejects.toMatchObject({
      code: 'connection.settings',
    })
  })
})

describe('what is personal or secret', () => {
  test('the tester sees their own values, others see that there were some', async () => {
    await made('private')
    const { cookie, subject } = await visitors.somebody(['federation-admin'])
    const browser = bareBrowser()
    const start = {
      connection: 'private',
      what: 'present',
      by: `administrator:${subject}`,
      browserHash: browser.hash,
    } as const
    const begun = await parts.inUnit(() => parts.flows.testLogin.start(alder, start))
    const attributes =
      '<saml:Attribute Name="displayName"><saml:AttributeValue>Alice Alder</saml:AttributeValue></saml:Attribute>'
    const to = {
      issuer: parts.issuer,
      connection: 'private',
      requestId: begun.departure.requestId,
      facts: { attributes },
    }
    const SAMLResponse = answerTo(to, { key: idp.key, sides: 'both' })
    await browser.post(`${parts.issuer}/saml/private/acs`, { SAMLResponse, RelayState: begun.id })
    const path = `/connections/private/tests/${begun.id}`
    expect((await go(path, { cookie })).text).toContain('Alice Alder')
    const other = (await go(path, { cookie: owner })).text
    expect([other.includes('displayName'), other.includes('Alice Alder')]).toEqual([true, false])
  })
  test('a secret is on no page, and an empty field keeps it', async () => {
    const secret = 'correct-horse-battery'
    const settings = {
      issuer: 'https://op.example',
      clientId: 'us',
      clientAuth: 'client_secret_basic',
      clientSecret: secret,
    }
    await made('oidc', { type: 'oidc', settings, claims: {} })
    for (const path of ['', '/edit', '/history'])
      expect((await go(`/connections/oidc${path}`, { cookie: owner })).text).not.toContain(secret)
    const said = Object.fromEntries(
      Object.entries(settings).map(([name, value]) => [`settings.${name}`, value]),
    )
    const form = {
      ...(await formFor('oidc')),
      ...said,
      'settings.clientSecret': '',
      name: 'Renamed',
      do: 'check',
    }
    const check = await go('/connections/oidc/edit', { cookie: owner, form })
    expect([check.status, check.text.includes(secret), check.text.includes('Renamed')]).toEqual([
      200,
      false,
      true,
    ])
    const carried = /name="carried" value="([^"]+)"/.exec(check.text)?.[1] as string
    await go('/connections/oidc/edit', {
      cookie: owner,
      form: { ...(await formFor('oidc')), carried, do: 'save' },
    })
    const after = await get('oidc')
    expect([after.name, after.settings.clientSecret]).toEqual(['Renamed', secret])
  })
})
