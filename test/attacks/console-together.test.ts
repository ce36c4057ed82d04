// Two people at one connection, old versions and sealed forms: nothing is lost, and nothing that does not hold slips in.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { alder } from '../journeys/parts.ts'
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
