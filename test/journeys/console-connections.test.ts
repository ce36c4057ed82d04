// An administrator who has never seen Drawbridge connects an IdP, changes it, and takes a change back, by pages alone.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Administrator, createAdministrator, formTo, withoutWayIn } from './administrator.ts'
import { startBridge, type TestBridge } from './bridge.ts'
import { customer, signIn } from './customer.ts'

let bridge: TestBridge
let first: Administrator

beforeAll(async () => {
  bridge = await startBridge()
  await withoutWayIn(bridge)
  first = createAdministrator(bridge)
})
afterAll(() => bridge.stop())

const metadataUrl = () => `${bridge.world.url}/idp/metadata`
const heading = (page: { body: string }): string =>
  (/<h1>([\s\S]*?)<\/h1>/.exec(page.body)?.[1] ?? '').replace(/<[^>]+>/g, '')

/** From the list to a saved draft; three fields are typed. */
async function connect(who: Administrator, fields: Readonly<Record<string, string>>) {
  const begin = await who.get('/connections/new')
  const preview = await who.press(begin, { action: /\/new$/, fields: { ...fields, do: 'look' } })
  return { preview, saved: () => who.press(preview, { action: /\/new$/, fields: { do: 'save' } }) }
}

async function tested(who: Administrator, page: Parameters<Administrator['press']>[0], button = '') {
  return who.throughIdp(await who.press(page, { action: /\/test$/, button }), 'alice')
}

describe('the first link opens the console to connect the staff’s IdP', () => {
  test('from its metadata URL to a live connection, in three fields', async () => {
    const list = await first.join(bridge.world.invitation as string, 'nobody')
    expect(list.url).toBe(`${bridge.issuer}/console/connections`)
    const fields = { name: 'Alder Works', address: metadataUrl(), audience: 'workforce' }
    const { preview, saved } = await connect(first, fields)
    expect(heading(preview)).toBe('This is what the IdP says of itself')
    expect(preview.body).toContain(`${bridge.world.url}/idp/sso`)
    expect(preview.body).toMatch(/([0-9A-F]{2}:){31}[0-9A-F]{2}/)
    expect(preview.body).toContain(`${bridge.issuer}/saml/alder-works/metadata`)
    const draft = await saved()
    expect(draft.url).toBe(`${bridge.issuer}/console/connections/alder-works?done=created`)
    expect(heading(draft)).toBe('Alder Works is not tested yet')
    const result = await tested(first, draft)
    expect(heading(result)).toMatch(/^(\d+) of \1 checks passed$/)
    expect(result.body).toContain('Alice Alder')
    const live = await first.press(result, { action: /\/activate$/ })
    expect(heading(live)).toBe('Alder Works is live')
    expect(live.body).toContain('Open your invitation link again')
  })
  test('the link then makes its holder the owner, who is known by name once the mapping says so', async () => {
    const page = await first.join(bridge.world.invitation as string, 'alice')
    expect(page.url).toBe(`${bridge.issuer}/console`)
    expect(page.body).toContain('Owner')
    // What the test login brought is filled in for whoever asks for it, and for nobody else.
    const bare = formTo(await first.get('/connections/alder-works/edit'), /\/edit$/).fields
    expect([bare['claim.0'], bare['attribute.0']]).toEqual(['', 'displayName'])
    const edit = await first.get('/connections/alder-works/edit?suggest=yes')
    expect(formTo(edit, /\/edit$/).fields).toMatchObject({
      'claim.0': 'name',
      'attribute.0': 'displayName',
      'claim.1': 'email',
      'attribute.1': 'mail',
    })
    const check = await first.press(edit, { action: /\/edit$/, fields: { do: 'check' } })
    expect(check.body).toContain('<ins><span class="vh">added </span>displayName</ins>')
    const waiting = await first.press(check, {
      action: /\/edit$/,
      fields: { do: 'save', why: 'names, please' },
    })
    expect(heading(waiting)).toBe('Alder Works is live, and a change is waiting')
    const result = await tested(first, waiting, 'value="proposal"')
    const live = await first.press(result, { action: /\/activate$/ })
    expect(heading(live)).toBe('Alder Works is live')
    expect((await first.get('/connections/alder-works/history')).body).toContain('names, please')
  })
})

describe('a connection of customers', () => {
  test('whose name is taken gets an id of its own, and says that the IdP is known already', async () => {
    const { preview, saved } = await connect(first, { name: 'Alder Works', address: metadataUrl() })
    expect(preview.body).toContain('There is a connection to this IdP already')
    expect((await saved()).url).toContain('/connections/alder-works-2')
  })
  test('is made from a pasted document, and from a file', async () => {
    const document = await (await fetch(metadataUrl())).text()
    const { preview } = await connect(first, { name: 'Pasted', document })
    expect(heading(preview)).toBe('This is what the IdP says of itself')
    const begin = formTo(await first.get('/connections/new'), /\/new$/)
    const form = new FormData()
    for (const [name, value] of Object.entries({ ...begin.fields, name: 'From a file', do: 'look' }))
      form.set(name, value)
    form.set('file', new Blob([document], { type: 'text/xml' }), 'idp.xml')
    const answer = await fetch(begin.to, {
      method: 'POST',
      body: form,
      headers: { cookie: await first.cookies() },
    })
    expect([answer.status, heading({ body: await answer.text() })]).toEqual([
      200,
      'This is what the IdP says of itself',
    ])
  })
  test.each([
    ['an empty name', { name: '', address: 'https://idp.example/' }, '1 to 100 characters'],
    ['no address', { name: 'None' }, 'Say where the IdP describes itself'],
    ['an id that cannot be', { name: 'Id', address: 'https://idp.example/', id: 'Äh!' }, '2 to 32 of'],
    ['a document that is none', { name: 'Junk', document: '<html/>' }, 'no SAML metadata'],
    [
      'an address inside',
      { name: 'Inside', address: 'http://10.0.0.1/metadata' },
      'The bridge may not go to',
    ],
  ])('says what is wrong at its field, and keeps the rest: %s', async (_, fields, words) => {
    const { preview } = await connect(first, fields)
    expect(preview.status).toBe(422)
    expect(preview.body).toMatch(new RegExp(`aria-invalid="true"[\\s\\S]*${words}`))
    expect(formTo(preview, /\/new$/).fields.name).toBe(fields.name)
  })
  test('cannot go live without a test login that passed', async () => {
    const page = await first.get('/connections/alder-works-2')
    expect(page.body).not.toContain('/alder-works-2/activate"')
    const { fields } = formTo(page, /\/test$/)
    const forced = await first.follow(`${bridge.issuer}/console/connections/alder-works-2/activate`, fields)
    expect([forced.status, forced.body]).toEqual([409, expect.stringContaining('connection.state')])
    expect((await first.get('/connections/alder-works-2')).body).toContain('is not tested yet')
  })
  test('keeps what does not hold in its form, with the fault at its field', async () => {
    const edit = await first.get('/connections/alder-works-2/edit')
    const fields = {
      do: 'check',
      name: 'Alder Customers',
      domains: 'Birch.Example not_a_domain',
      'settings.ssoUrl': 'javascript:alert(1)',
      'settings.skewSeconds': '999',
      'claim.0': 'sub',
    }
    const page = await first.press(edit, { action: /\/edit$/, fields })
    expect(page.status).toBe(422)
    for (const id of ['domains', 'settings-ssoUrl', 'settings-skewSeconds'])
      expect(page.body).toMatch(new RegExp(`id="f-${id}" name="[^"]*" aria-invalid="true"`))
    expect(page.body).toContain('sub is no claim that an IdP may set')
    expect(formTo(page, /\/edit$/).fields).toMatchObject({
      name: 'Alder Customers',
      domains: 'birch.example\nnot_a_domain',
      'settings.ssoUrl': 'javascript:alert(1)',
      'settings.skewSeconds': '999',
      'claim.0': 'sub',
    })
  })
})

test('a test login at an OpenID provider, of a connection that a file rules, shows its checks and changes nothing', async () => {
  const page = await first.get('/connections/alder-staff')
  expect(page.body).toContain('A file of the operator rules this connection.')
  expect(page.body).not.toContain('/alder-staff/edit"')
  const result = await first.throughIdp(await first.press(page, { action: /\/test$/ }), 'marta')
  expect(heading(result)).toMatch(/^(\d+) of \1 checks passed$/)
  expect(result.body).toContain('marta.oja@alder.example')
  expect(result.body).not.toContain('/activate"')
  const refused = await first.get('/connections/alder-staff/edit')
  expect([refused.status, refused.body]).toEqual([409, expect.stringContaining('connection.managed')])
})

describe('two administrators with the same page', () => {
  test('the second is told, sees both differences, and loses nothing of what was typed', async () => {
    const edit = await first.get('/connections/alder-works-2/edit')
    const theirs = await first.press(edit, { action: /\/edit$/, fields: { do: 'check', name: 'Theirs' } })
    const mine = await first.press(edit, {
      action: /\/edit$/,
      fields: { do: 'check', name: 'Mine', domains: 'mine.example' },
    })
    expect((await first.press(theirs, { action: /\/edit$/, fields: { do: 'save' } })).status).toBe(200)
    const stale = await first.press(mine, { action: /\/edit$/, fields: { do: 'save' } })
    expect([stale.status, heading(stale)]).toEqual([409, 'Somebody changed it meanwhile'])
    expect(stale.body).toContain('Code connection.stale.')
    expect(stale.body).toMatch(/What they changed[\s\S]*<ins>[^<]*<span[^>]*>added <\/span>Theirs<\/ins>/)
    expect(stale.body).toMatch(/What you changed[\s\S]*added <\/span>Mine<\/ins>/)
    expect(formTo(stale, /\/edit$/).fields).toMatchObject({ name: 'Mine', domains: 'mine.example' })
    const check = await first.press(stale, { action: /\/edit$/, fields: { do: 'check' } })
    const saved = await first.press(check, { action: /\/edit$/, fields: { do: 'save' } })
    expect(heading(saved)).toBe('Mine is not tested yet')
  })
  test('a step on a page that is old is not taken', async () => {
    const page = await first.get('/connections/alder-works-2/disable')
    const edit = await first.get('/connections/alder-works-2/edit')
    const check = await first.press(edit, { action: /\/edit$/, fields: { do: 'check', name: 'Once more' } })
    await first.press(check, { action: /\/edit$/, fields: { do: 'save' } })
    const stale = await first.press(page, { action: /\/disable$/ })
    expect([stale.status, stale.body]).toEqual([409, expect.stringContaining('Nothing was done.')])
    expect(stale.body).toContain('Code connection.stale.')
    expect(stale.body).toContain('added </span>Once more</ins>')
    const asked = await first.get('/connections/alder-works-2/disable')
    const again = await first.press(asked, { action: /\/disable$/ })
    expect(heading(again)).toBe('Once more is switched off')
  })
})

test('an earlier version is restored through the same checks', async () => {
  const history = await first.get('/connections/alder-works-2/history')
  expect(history.body).toContain('Version 1: Made')
  const restored = await first.press(history, { action: /\/history\/1\/restore$/ })
  expect(heading(restored)).toBe('Alder Works is switched off')
  const after = await first.get('/connections/alder-works-2/history')
  expect(after.body).toContain('Earlier version restored')
})

describe('our own keys', () => {
  const keyIds = (page: { body: string }) =>
    [...page.body.matchAll(/Key ID<\/dt><dd><code class="copy">([^<]+)/g)].map(([, kid]) => kid)
  test('the next ones are prepared and published; they take over at once only by somebody who says so', async () => {
    const before = await first.get('/connections/alder-works/keys')
    expect(keyIds(before)).toHaveLength(2)
    const prepared = await first.press(before, { action: /\/keys\/prepare$/ })
    expect(keyIds(prepared)).toHaveLength(4)
    const metadata = await (await fetch(`${bridge.issuer}/saml/alder-works/metadata`)).text()
    expect(metadata.match(/use="signing"/g)).toHaveLength(2)
    const { to, fields } = formTo(prepared, /\/keys\/promote$/)
    const { early: _early, ...plain } = fields
    const refused = await first.follow(to, plain)
    expect([refused.status, refused.body]).toEqual([409, expect.stringContaining('key.unpublished')])
    expect(keyIds(await first.get('/connections/alder-works/keys'))).toEqual(keyIds(prepared))
    const promoted = await first.follow(to, fields)
    expect(promoted.body).toContain('The next key signs from now on.')
    const [, next] = keyIds(prepared)
    expect(keyIds(promoted)[0]).toBe(next)
  })
  test('the key that signs cannot be removed', async () => {
    const page = await first.get('/connections/alder-works/keys')
    const { to, fields } = formTo(page, /\/keys\/remove$/)
    const refused = await first.follow(to, { ...fields, kid: keyIds(page)[0] ?? '' })
    expect([refused.status, refused.body]).toEqual([409, expect.stringContaining('key.active')])
    expect(keyIds(await first.follow(to, fields))).toHaveLength(3)
  })
  test('where one purpose has lost its next key, the other takes over, and the missing one can be prepared', async () => {
    const prepared = await first.press(await first.get('/connections/alder-works-2/keys'), {
      action: /\/keys\/prepare$/,
    })
    expect(prepared.body).not.toContain('/keys/prepare"')
    const removed = await first.press(prepared, { action: /\/keys\/remove$/ })
    expect(removed.body).toContain('Prepare the next keys that are missing')
    const promoted = await first.press(removed, { action: /\/keys\/promote$/ })
    expect(promoted.body).toContain('The next key signs from now on.')
  })
})

describe('levels', () => {
  test('classes of the IdP are counted as levels; what cannot be is said at its field', async () => {
    const edit = await first.get('/connections/alder-works/edit')
    const level = 'urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract'
    const twice = { do: 'check', 'levels.device': level, 'levels.device-pin': level }
    const wrong = await first.press(edit, { action: /\/edit$/, fields: twice })
    expect([wrong.status, wrong.body]).toEqual([422, expect.stringContaining('stands for one level only')])
    const check = await first.press(wrong, {
      action: /\/edit$/,
      fields: { do: 'check', 'levels.device-pin': '' },
    })
    expect(check.body).toMatch(new RegExp(`Counts as a sign-in with a device:\\s*<ins>.*${level}`))
  })
})

test('what waits is discarded, and people signed in by what was there all the time', async () => {
  const edit = await first.get('/connections/alder-works/edit')
  const check = await first.press(edit, {
    action: /\/edit$/,
    fields: { do: 'check', 'settings.forceAuthn': 'on' },
  })
  expect(check.body).not.toContain('It may let somebody in')
  const waiting = await first.press(check, { action: /\/edit$/, fields: { do: 'save' } })
  const live = await first.press(waiting, { action: /\/discard$/ })
  expect(heading(live)).toBe('Alder Works is live')
})

test('the last sign-in on the page of a connection is the last of all, as the overview has it', async () => {
  await signIn(await customer(bridge))
  const between = Date.now()
  await signIn(await customer(bridge))
  const lastSignIn = async () => {
    const { body } = await first.get('/connections/alder-idp')
    return /last sign-in <time[^>]*datetime="([^"]+)"/.exec(body)?.[1] ?? ''
  }
  await expect.poll(async () => Date.parse(await lastSignIn()), { timeout: 10_000 }).toBeGreaterThan(between)
  expect((await first.get('')).body).toContain(`datetime="${await lastSignIn()}"`)
})
