// Attacks by whoever was an owner, or holds an old link: coming back, becoming the second first owner, outrunning a removal.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { consoleVisitors } from '../journeys/console-visitors.ts'
import { alder, type Parts, startParts } from '../journeys/parts.ts'

let parts: Parts
let visitors: ReturnType<typeof consoleVisitors>

beforeAll(async () => {
  parts = await startParts()
  visitors = consoleVisitors(parts)
})
afterAll(() => parts.stop())

let next = 0
/** An institution of its own, so that nobody owns its console yet. */
async function house(): Promise<string> {
  next += 1
  const id = `house-${next}`
  const rows = { institution: { ...alder, id }, relyingParties: [], connections: [], cores: [] }
  await parts.stores.directory.put(rows, 'file')
  return id
}

const inHouse = <T>(institution: string, work: () => Promise<T>) =>
  parts.base.unit.run({ institution, reference: 'DB-TEST-0001' }, work)
const firstLink = async (institution: string) =>
  (await inHouse(institution, () => parts.flows.consoleAccess.first(institution))) as string
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'in',
    (error) => error.code,
  )
const join = (institution: string, subject: string, invitation: string) =>
  codeOf(
    inHouse(institution, () =>
      parts.flows.consoleAccess.signIn(institution, {
        ...{ subject, authenticatedAt: Date.now(), invitation, before: undefined },
      }),
    ),
  )
const rolesOf = async (institution: string, subject: string) =>
  (await inHouse(institution, () => parts.stores.administrators.get(institution, subject)))?.roles
const openOnes = (institution: string) =>
  inHouse(institution, () => parts.flows.administratorFlows.invitations(institution))
const withdrawn = async (institution: string) =>
  (await visitors.events('administrator.invitation_withdrawn')).filter(
    (event) => event.institution === institution,
  )

describe('#200 links of the start', () => {
  test('make one first owner: those of other starts are taken back', async () => {
    const id = await house()
    const links = [await firstLink(id), await firstLink(id), await firstLink(id)]
    expect(await openOnes(id)).toHaveLength(3)
    expect(await join(id, 'ann', links[1] as string)).toBe('in')
    expect(await rolesOf(id, 'ann')).toEqual(['owner'])
    expect(await openOnes(id)).toEqual([])
    expect((await withdrawn(id)).map(({ detail }) => detail)).toEqual([
      { by: 'start', invited_by: 'start', count: 2 },
    ])
    for (const link of [links[0], links[2]])
      expect(await join(id, 'eve', link as string)).toBe('console.invitation')
    expect(await rolesOf(id, 'eve')).toBeUndefined()
  })
  test('of two who take two links at once, one becomes the owner', async () => {
    const id = await house()
    const links = [await firstLink(id), await firstLink(id)]
    const tries = await Promise.all(links.map((link, i) => join(id, `rival-${i}`, link)))
    expect(tries.sort()).toEqual(['console.invitation', 'in'])
  })
  test('one that was made before there was an owner opens nothing, even where it was left lying', async () => {
    const id = await house()
    const link = await firstLink(id)
    const put = { institution: id, roles: ['owner'] as const, addedBy: 'test', addedAt: Date.now() }
    await inHouse(id, () => parts.stores.administrators.put({ ...put, subject: 'ann' }))
    expect(await openOnes(id)).toHaveLength(1)
    expect(await join(id, 'eve', link)).toBe('console.invitation')
    // The control: a link of the operator's command, which is for whomever they give it to.
    const invite = () => parts.flows.consoleAccess.invite(id, { roles: ['viewer'], by: 'command' })
    expect(await join(id, 'bob', await inHouse(id, invite))).toBe('in')
  })
})

describe('#202 nobody comes back by a link of their own', () => {
  /** Two owners, and a link that the second has made. */
  async function twoOwners() {
    const id = await house()
    for (const subject of ['ann', 'eve']) {
      const put = {
        institution: id,
        subject,
        roles: ['owner'] as const,
        addedBy: 'test',
        addedAt: Date.now(),
      }
      await inHouse(id, () => parts.stores.administrators.put(put))
    }
    const invite = (by: string) => () => parts.flows.consoleAccess.invite(id, { roles: ['owner'], by })
    return {
      id,
      link: await inHouse(id, invite('administrator:eve')),
      others: await inHouse(id, invite('administrator:ann')),
      invite,
    }
  }
  const flows = () => parts.flows.administratorFlows
  test('after they were removed', async () => {
    const { id, link, others } = await twoOwners()
    await inHouse(id, () => flows().remove({ institution: id, subject: 'eve', by: 'administrator:ann' }))
    expect((await withdrawn(id)).map(({ detail }) => detail)).toEqual([
      { by: 'administrator:ann', invited_by: 'administrator:eve', count: 1 },
    ])
    expect(await join(id, 'eve', link)).toBe('console.invitation')
    expect(await rolesOf(id, 'eve')).toBeUndefined()
    // The control: the link of the owner who stays.
    expect(await join(id, 'bob', others)).toBe('in')
  })
  test('after they were made less', async () => {
    const { id, link } = await twoOwners()
    const less = { institution: id, subject: 'eve', roles: ['viewer'] as const, by: 'administrator:ann' }
    await inHouse(id, () => flows().change(less))
    expect(await join(id, 'eve', link)).toBe('console.invitation')
    expect(await rolesOf(id, 'eve')).toEqual(['viewer'])
  })
  test('nor by one that was still on its way when they were removed', async () => {
    const { id, invite } = await twoOwners()
    await inHouse(id, () => flows().remove({ institution: id, subject: 'eve', by: 'administrator:ann' }))
    const late = await inHouse(id, invite('administrator:eve'))
    expect(await join(id, 'eve', late)).toBe('console.invitation')
  })
  test('a change of roles that was slower than the removal brings nobody back', async () => {
    const { id } = await twoOwners()
    const change = { institution: id, subject: 'eve', by: 'administrator:ann' }
    const outcomes = await Promise.all([
      codeOf(inHouse(id, () => flows().remove(change))),
      codeOf(inHouse(id, () => flows().change({ ...change, roles: ['viewer', 'owner'] }))),
    ])
    // Whichever came first: removed is removed.
    expect(outcomes[0]).toBe('in')
    expect(['in', 'subject.unknown']).toContain(outcomes[1])
    expect(await rolesOf(id, 'eve')).toBeUndefined()
    const stores = parts.stores.administrators
    expect(
      await inHouse(id, () => stores.change({ institution: id, subject: 'eve', roles: ['owner'] })),
    ).toBe(false)
    expect(await rolesOf(id, 'eve')).toBeUndefined()
    expect(
      await inHouse(id, () => stores.change({ institution: id, subject: 'ann', roles: ['owner'] })),
    ).toBe(true)
  })
})

test('a link that is taken back is recorded as that, and people are called by their names', async () => {
  const { cookie, subject } = await visitors.somebody(['owner'])
  const form_token = await visitors.tokenOf(cookie)
  await visitors.go('/administrators/invite', { cookie, form: { form_token, 'role.viewer': 'on' } })
  const key = {
    ...{ institution: 'alder', connection: 'staff', issuer: 'https://idp.example', format: 'f' },
    ...{ qualifiers: '[null,null]', value: 'ann' },
  }
  const named = await parts.inUnit(() => parts.stores.subjects.resolve(key, { name: 'Ann Alder' }, 'ann-sub'))
  await parts.inUnit(() =>
    parts.flows.consoleAccess.invite('alder', { roles: ['viewer'], by: `administrator:${named}` }),
  )
  const page = await visitors.go('/administrators', { cookie })
  expect(page.text).toContain('Ann Alder')
  expect(page.text).not.toContain(`administrator:${named}`)
  const invitation = /name="invitation" value="([^"]+)"/.exec(page.text)?.[1] as string
  const before = (await visitors.events('administrator.invited')).length
  const form = { form_token, invitation }
  expect((await visitors.go('/administrators/withdraw', { cookie, form })).status).toBe(303)
  expect(await visitors.events('administrator.invitation_withdrawn')).toContainEqual(
    expect.objectContaining({ outcome: 'ok', detail: { by: `administrator:${subject}` } }),
  )
  expect((await visitors.events('administrator.invited')).length).toBe(before)
})

describe('what was ticked while somebody had to sign in once more', () => {
  const ticked = (text: string, prefix: string) =>
    [...text.matchAll(new RegExp(`id="${prefix}-([a-z-]+)"[^>]* checked`, 'g'))].map(([, role]) => role)
  const proving = async (path: string, form: Record<string, string>) => {
    const late = await visitors.somebody(['owner'], { age: 600 })
    const form_token = await visitors.tokenOf(late.cookie)
    const { location } = await visitors.go(path, { ...late, form: { form_token, ...form } })
    const then = new URL(location ?? '', parts.issuer).searchParams.get('then') ?? ''
    return { ...late, back: then.slice('/console'.length) }
  }
  test('comes back in its form, for that person and that form alone, and is saved by the button only', async () => {
    const bob = await visitors.somebody(['viewer'])
    const boxes = { form: 'roles', 'role.security-admin': 'on', 'role.federation-admin': 'on' }
    const { back, cookie } = await proving(`/administrators/${bob.subject}/roles`, boxes)
    expect(back).toMatch(/^\/administrators\?typed=/)
    const { text } = await visitors.go(back, { cookie })
    expect(text).toContain('Nothing was changed yet.')
    expect(ticked(text, bob.subject)).toEqual(['federation-admin', 'security-admin'])
    expect(ticked(text, 'invite')).toEqual(['viewer'])
    expect(await rolesOf('alder', bob.subject)).toEqual(['viewer'])
    // Somebody else who is led to the same address sees what is so.
    const other = await visitors.somebody(['owner'])
    expect(ticked((await visitors.go(back, other)).text, bob.subject)).toEqual(['viewer'])
  })
  test('also where every box was cleared, and for a link to be made', async () => {
    const bob = await visitors.somebody(['viewer', 'federation-admin'])
    const cleared = await proving(`/administrators/${bob.subject}/roles`, { form: 'roles' })
    const none = (await visitors.go(cleared.back, cleared)).text
    expect([ticked(none, bob.subject), none.includes('Nothing was changed yet.')]).toEqual([[], true])
    const link = await proving('/administrators/invite', { form: 'invite', 'role.owner': 'on' })
    expect(ticked((await visitors.go(link.back, link)).text, 'invite')).toEqual(['owner'])
    const own = (await openOnes('alder')).filter(({ by }) => by === `administrator:${link.subject}`)
    expect(own).toEqual([])
  })
})
