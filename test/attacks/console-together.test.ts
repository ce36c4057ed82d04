// Two people at one connection, old versions and sealed forms: nothing is lost, and nothing that does not hold slips in.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Role } from '../../src/domain/administrator.ts'
import { startMetadataServer } from '../journeys/metadata-server.ts'
import { alder } from '../journeys/parts.ts'
import { makeKey } from '../xml/hostile/idp.ts'
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
  visitors,
} from './console-connections-rig.ts'

beforeAll(start)
afterAll(stop)

describe('two people at one connection', () => {
  test('a version is not restored over what somebody else did meanwhile; the page says so', async () => {
    await made('twice')
    const form = await formFor('twice')
    await parts.flows.connections.save(await get('twice'), { ...idp.content, name: 'By another' }, actor)
    const path = '/connections/twice/history/1/restore'
    const stale = await go(path, { cookie: owner, form })
    expect([stale.status, stale.text.includes('Nothing was restored.')]).toEqual([409, true])
    expect((await get('twice')).name).toBe('By another')
    expect((await go(path, { cookie: owner, form: await formFor('twice') })).status).toBe(303)
  })
  test('a domain stands at one connection, by an old version and by an old proposal too', async () => {
    await live('home', { domains: ['home.example'] })
    const first = (await get('home')).version
    await parts.flows.connections.save(await get('home'), { ...idp.content, domains: [] }, actor)
    const settings = { ...idp.content.settings, ssoUrl: 'https://idp.example/other' }
    const proposed = { ...idp.content, settings, domains: ['home.example'] }
    await parts.flows.connections.save(await get('home'), proposed, actor)
    await passed('home', '', 'proposal')
    await made('guest', { name: 'Guest', domains: ['home.example'] })
    const restored = await go(`/connections/home/history/${first}/restore`, {
      ...{ cookie: owner, form: await formFor('home') },
    })
    const activated = await go('/connections/home/activate', { cookie: owner, form: await formFor('home') })
    for (const { status, text } of [restored, activated])
      expect([status, text.includes('home.example stands at Guest already')]).toEqual([422, true])
    expect((await get('home')).domains).toEqual([])
    // The control: once the other has given it up.
    await parts.flows.connections.save(await get('guest'), { ...idp.content, name: 'Guest' }, actor)
    const done = await go('/connections/home/activate', { cookie: owner, form: await formFor('home') })
    expect([done.status, (await get('home')).domains]).toEqual([303, ['home.example']])
  })
  test('a form that was found at fault is not saved by its own sealed content', async () => {
    await made('sealed-fault')
    const save = async (change: Readonly<Record<string, string>>) => {
      const said = { name: 'Sign-in', audience: 'customers', 'settings.signed': 'both' }
      const settings = {
        'settings.idpEntityId': String(idp.content.settings.idpEntityId),
        'settings.ssoUrl': 'https://idp.example/sso',
        'settings.certificates': idp.key.pem,
      }
      const version = await formFor('sealed-fault')
      const form = { ...version, ...said, ...settings, do: 'check', ...change }
      const { status, text } = await go('/connections/sealed-fault/edit', { cookie: owner, form })
      const carried = /name="carried" value="([^"]+)"/.exec(text)?.[1] as string
      const again = { ...version, carried, do: 'save' }
      return [status, (await go('/connections/sealed-fault/edit', { cookie: owner, form: again })).status]
    }
    expect(await save({ name: 'x'.repeat(101) })).toEqual([422, 422])
    expect(await save({ 'claim.0': 'sub', 'attribute.0': 'uid' })).toEqual([422, 422])
    expect((await get('sealed-fault')).claims).toEqual(idp.content.claims)
    expect(await save({ 'claim.0': 'name', 'attribute.0': 'cn' })).toEqual([200, 303])
  })
  test('of two who take the next keys into use at once one does, and the other sees the page', async () => {
    await made('keys')
    const form = { form_token: token, early: 'yes' }
    await go('/connections/keys/keys/prepare', { cookie: owner, form })
    const both = [1, 2].map(() => go('/connections/keys/keys/promote', { cookie: owner, form }))
    const answers = (await Promise.all(both)).sort((a, b) => a.status - b.status)
    expect(answers.map(({ status }) => status)).toEqual([303, 409])
    expect(answers[1]?.text).toContain('Nothing was changed.')
  })
})

test('what a page offers is what the person may, and what this very test has made ready', async () => {
  const viewer = await visitors.somebody(['viewer'])
  const connect = async (cookie: string) => (await go('', { cookie })).text.includes('Connect an IdP')
  const birch = { institution: { ...alder, id: 'bare' }, relyingParties: [], connections: [], cores: [] }
  await parts.stores.directory.put(birch, 'file')
  const issuer = parts.issuer.replace(/alder$/, 'bare')
  const bare = async (role: 'viewer' | 'federation-admin') => {
    const { cookie } = await visitors.somebody([role], { institution: 'bare' })
    return (await go('', { cookie, issuer })).text.includes('Connect an IdP')
  }
  expect([await bare('viewer'), await bare('federation-admin')]).toEqual([false, true])
  expect(await connect(viewer.cookie)).toBe(false)
  await live('offer')
  const settings = { ...idp.content.settings, signed: 'either' }
  await parts.flows.connections.save(await get('offer'), { ...idp.content, settings }, actor)
  const proposal = await passed('offer', '', 'proposal')
  const present = await passed('offer')
  const offers = async (id: string, cookie = owner) =>
    (await go(`/connections/offer/tests/${id}`, { cookie })).text.includes('/offer/activate')
  expect([await offers(proposal), await offers(present)]).toEqual([true, false])
  // It weakens: who may not take the step is not offered it.
  expect(await offers(proposal, (await visitors.somebody(['federation-admin'])).cookie)).toBe(false)
  expect(await offers(proposal, (await visitors.somebody(['security-admin'])).cookie)).toBe(true)
})

describe('what pages say', () => {
  const edited = async (id: string, fields: Readonly<Record<string, string>>) => {
    const { settings } = idp.content
    const own = {
      'settings.idpEntityId': String(settings.idpEntityId),
      'settings.ssoUrl': String(settings.ssoUrl),
      'settings.certificates': idp.key.pem,
    }
    const said = { name: 'Sign-in', audience: 'customers', 'settings.signed': 'both', do: 'check' }
    const form = { ...(await formFor(id)), ...said, ...own, ...fields }
    return (await go(`/connections/${id}/edit`, { cookie: owner, form })).text
  }
  test('a reading that a person asked for is theirs, in the record and in the history', async () => {
    const server = await startMetadataServer({
      keys: [idp.key, await makeKey()],
      entityId: String(idp.content.settings.idpEntityId),
      sso: String(idp.content.settings.ssoUrl),
    })
    try {
      await live('by-hand', { settings: { ...idp.content.settings, metadataUrl: server.url } })
      const { subject, cookie } = await visitors.somebody(['owner'])
      const form = { form_token: await visitors.tokenOf(cookie) }
      const page = await go('/connections/by-hand/refresh', { cookie, form })
      expect([page.status, page.text.includes('Something new waits for you.')]).toEqual([200, true])
      const waits = { by: `administrator:${subject}`, why: 'read by hand', read: true }
      expect((await get('by-hand')).proposal).toMatchObject(waits)
      const { text } = await go('/connections/by-hand/history', { cookie })
      for (const shown of [page.text, text]) {
        expect(shown).toContain('<bdi>read by hand</bdi>')
        expect(shown).not.toMatch(/by schedule|administrator:/)
      }
      // It is still what the IdP says, not what a person wrote: the next reading takes it back.
      server.published.keys = [idp.key]
      await go('/connections/by-hand/refresh', { cookie, form })
      expect((await get('by-hand')).proposal).toBeUndefined()
    } finally {
      await server.stop()
    }
  })
  test('a difference has the words of the console', async () => {
    await made('worded')
    const text = await edited('worded', {
      audience: 'workforce',
      raisedBy: 'idp',
      'settings.forceAuthn': 'on',
    })
    expect(text).toMatch(/Who signs in by it:\s*<ins>[^<]*<span[^>]*>added <\/span>Staff of the bank<\/ins>/)
    expect(text).toMatch(/added <\/span>The IdP<\/ins>/)
    expect(text).toMatch(/added <\/span>Yes<\/ins>/)
    expect(text).not.toMatch(/<\/span>(workforce|idp|true)</)
    const logo = `data:image/png;base64,${Buffer.from('89504e470d0a1a0a0000000d', 'hex').toString('base64')}`
    await parts.flows.connections.save(await get('worded'), { ...idp.content, logo }, actor)
    const history = await go('/connections/worded/history', { cookie: owner })
    expect(history.text).toContain('Logo:')
    expect(history.text).not.toContain('logo:')
  })
  test('a test that passed says who may activate, where whoever reads it may not', async () => {
    await made('way-in', { audience: 'workforce' })
    const id = await passed('way-in')
    const seen = async (role: Role) => {
      const { cookie } = await visitors.somebody([role])
      const { text } = await go(`/connections/way-in/tests/${id}`, { cookie })
      return [/It counts\.<\/strong>([^<]*)/.exec(text)?.[1]?.trim(), text.includes('/activate"')]
    }
    expect(await seen('owner')).toEqual(['The connection can be activated.', true])
    const others = 'The connection is ready to be activated.'
    expect(await seen('federation-admin')).toEqual([
      `${others} Staff come in here by it: an owner must take this step.`,
      false,
    ])
    await made('for-customers')
    const test = await passed('for-customers')
    const { cookie } = await visitors.somebody(['viewer'])
    const { text } = await go(`/connections/for-customers/tests/${test}`, { cookie })
    expect(text).toContain(`${others} Whoever may change connections must take this step.`)
  })
  test('claims are suggested from the last test once, and what was saved is what the form says', async () => {
    const mail = (name: string) =>
      `<saml:Attribute Name="${name}"><saml:AttributeValue>x@x.example</saml:AttributeValue></saml:Attribute>`
    const rows = async () => {
      const { text } = await go('/connections/suggested/edit?suggest=yes', { cookie: owner })
      const values = (part: string) =>
        [...text.matchAll(new RegExp(`name="${part}\\.\\d+" value="([^"]*)"`, 'g'))].map(([, value]) => value)
      return values('claim').map((claim, i) => [claim, values('attribute')[i]])
    }
    await made('suggested', { claims: {} })
    await passed('suggested', mail('mail') + mail('displayName'))
    expect((await rows()).slice(0, 2)).toEqual([
      ['email', 'mail'],
      ['name', 'displayName'],
    ])
    const claims = { name: 'displayName' }
    await parts.flows.connections.save(await get('suggested'), { ...idp.content, claims }, actor)
    await passed('suggested', mail('mail') + mail('displayName'))
    expect((await rows()).slice(0, 2)).toEqual([
      ['name', 'displayName'],
      ['', 'mail'],
    ])
  })
})
