// Attacks by an IdP, or in its name, over HTTP: repeated, misdirected, look-alike and hostile answers; event and alert.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type AtIdp, type HostileWorld, startHostileWorld } from '../journeys/hostile-world.ts'
import { base64, genuine, responseXml, signed } from '../xml/hostile/idp.ts'

let world: HostileWorld
beforeAll(async () => {
  world = await startHostileWorld()
})
afterAll(() => world.stop())
beforeEach(() => {
  world.events.length = 0
  world.lines.length = 0
})

const codeOn = (body: string): string | undefined => /<code>([a-z_]+\.[a-z_]+)<\/code>/.exec(body)?.[1]
const refusals = () =>
  world.events
    .filter(({ type, outcome }) => type === 'login.upstream_answered' && outcome === 'refused')
    .map(({ code }) => code)

/** Delivers, and tells all that the outside and the operator see of it. */
async function outcome(at: AtIdp, SAMLResponse: string, to = at.acs) {
  const page = await at.deliver(SAMLResponse, to)
  const code = codeOn(page.body)
  const asks = page.body.includes('form_token')
  return { status: page.status, code, asks, events: refusals() }
}
const accepted = { status: 200, code: undefined, asks: true, events: [] }
const refusedAs = (code: string) => ({ status: 400, code, asks: false, events: [code] })

test('control: a genuine answer leads to the question, without a refusal', async () => {
  const at = await world.begin()
  expect(await outcome(at, at.answer())).toEqual(accepted)
})

describe('what a refusal leaves behind', () => {
  test('R+A: a signature that does not hold is an event and one alert', async () => {
    const at = await world.begin()
    const before = await world.alerts('saml.signature_invalid')
    const forged = Buffer.from(at.answer({ nameId: 'alice' }), 'base64')
      .toString()
      .replace('>alice<', '>alicf<')
    expect(await outcome(at, base64(forged))).toEqual(refusedAs('saml.signature_invalid'))
    expect(await world.alerts('saml.signature_invalid')).toBe(before + 1)
    expect(world.lines.filter((line) => line.includes('"event":"alert"'))).toHaveLength(1)
    // The sign-in itself is unharmed, and the genuine answer still counts.
    world.events.length = 0
    expect(await outcome(at, at.answer())).toEqual(accepted)
  })
  test('R: an answer for another audience is an event and no alert', async () => {
    const at = await world.begin()
    expect(await outcome(at, at.answer({ audiences: [['https://else.example']] }))).toEqual(
      refusedAs('saml.audience'),
    )
    expect(await world.alerts('saml.audience')).toBe(0)
    expect(world.lines.filter((line) => line.includes('"event":"alert"'))).toEqual([])
  })
})

describe('#59 an assertion that was accepted once', () => {
  test('comes again in answer to another request: refused by its ID, with event and alert', async () => {
    const [first, second, third] = [await world.begin(), await world.begin(), await world.begin()]
    const assertionId = `_repeated${Date.now()}`
    expect(await outcome(first, first.answer({ assertionId }))).toEqual(accepted)
    const before = await world.alerts('saml.replayed')
    expect(await outcome(second, second.answer({ assertionId }))).toEqual(refusedAs('saml.replayed'))
    expect(await world.alerts('saml.replayed')).toBe(before + 1)
    // Told with all that held before it: nothing else was wrong with it.
    const { exchanges } = world.parts.stores
    const [kept] = await exchanges.list('alder', { code: 'saml.replayed', limit: 1 })
    const checks = (await exchanges.get('alder', kept?.id as string))?.checks ?? []
    expect(checks.filter(({ ok }) => !ok).map(({ name }) => name)).toEqual(['used once'])
    expect(checks.length).toBeGreaterThan(20)
    world.events.length = 0
    expect(await outcome(third, third.answer({ assertionId: `${assertionId}x` }))).toEqual(accepted)
  })
  test('the IDs of one IdP say nothing of those of another', async () => {
    const [here, there] = [await world.begin(world.main), await world.begin(world.other)]
    const assertionId = `_shared${Date.now()}`
    expect(await outcome(here, here.answer({ assertionId }))).toEqual(accepted)
    expect(await outcome(there, there.answer({ assertionId }))).toEqual(accepted)
  })
})

describe('#33 two IdPs', () => {
  const acsOf = (connection: string) => `${world.parts.issuer}/saml/${connection}/acs`
  test('the answer of one, posted to the ACS of the other: nobody is signed in', async () => {
    const at = await world.begin(world.main)
    const good = at.answer()
    expect(await outcome(at, good, acsOf('other'))).toEqual(refusedAs('upstream.unsolicited'))
    world.events.length = 0
    expect(await outcome(at, good)).toEqual(accepted)
  })
  test('a sign-in at one, answered by the other in its own name or in the name of the one', async () => {
    const [at, elsewhere] = [await world.begin(world.main), await world.begin(world.other)]
    const before = await world.alerts('saml.signature_invalid')
    const rightPlace = { destination: at.acs, recipient: at.acs, inResponseTo: at.requestId }
    const facts = { ...rightPlace, confirmationInResponseTo: at.requestId }
    const audiences = [[at.acs.replace(/acs$/, 'metadata')]]
    expect(await outcome(at, elsewhere.answer({ ...facts, audiences }))).toEqual(
      refusedAs('saml.signature_invalid'),
    )
    world.events.length = 0
    const name = { issuer: world.main.entityId, responseIssuer: world.main.entityId }
    expect(await outcome(at, elsewhere.answer({ ...facts, ...name, audiences }))).toEqual(
      refusedAs('saml.signature_invalid'),
    )
    expect(await world.alerts('saml.signature_invalid')).toBe(before + 2)
  })
})

test('#74 two names with one and the same e-mail address are two customers', async () => {
  const mail =
    '<saml:Attribute Name="mail"><saml:AttributeValue>one@alder.example</saml:AttributeValue></saml:Attribute>'
  const subjectOf = async (idp = world.main, nameId = `name-${Math.random()}`) => {
    const at = await world.begin(idp)
    const tokens = await at.finish(await at.deliver(at.answer({ nameId, attributes: mail })))
    const sub = tokens.claims.sub as string
    expect(await world.parts.stores.subjects.claims('alder', sub)).toMatchObject({
      email: 'one@alder.example',
    })
    return sub
  }
  const [one, two, there] = [
    await subjectOf(world.main, 'anna'),
    await subjectOf(world.main, 'berta'),
    await subjectOf(world.other, 'anna'),
  ]
  expect(new Set([one, two, there]).size).toBe(3)
  // Control: it is the name that makes the customer.
  expect(await subjectOf(world.main, 'anna')).toBe(one)
})

describe('#83 what the IdP says is shown inertly, on the page, in the log and in the kept exchange', () => {
  const words = '<script>alert(1)</script>\u009b31m\u2028\r\nforged: line\u202e'
  const inXml = words.replaceAll('<', '&lt;').replaceAll('\r', '&#13;').replaceAll('\n', '&#10;')

  /** Page or redirect, and what was kept; every line of the log is one record without a control character. */
  async function traces(at: AtIdp, SAMLResponse: string, code: string) {
    const page = await at.deliver(SAMLResponse)
    expect(page.body + page.returned).not.toMatch(/alert\(1\)|forged|%3Cscript/i)
    expect(world.lines.length).toBeGreaterThan(0)
    for (const line of world.lines) {
      expect(() => JSON.parse(line)).not.toThrow()
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that none is left is the point
      expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/)
    }
    expect(refusals()).toEqual([code])
    const [kept] = await world.parts.stores.exchanges.list('alder', { code, limit: 1 })
    const exchange = await world.parts.stores.exchanges.get('alder', kept?.id as string)
    // As it came, still escaped: whoever shows it escapes it once more.
    expect(exchange?.answer).toContain('&lt;script')
    expect(exchange?.answer).not.toContain('<script')
    return page
  }
  test('a signed StatusMessage', async () => {
    const at = await world.begin()
    const decoded = Buffer.from(
      at.answer({ status: 'urn:oasis:names:tc:SAML:2.0:status:Responder' }),
      'base64',
    )
    const facts = {
      ...genuine,
      responseId: `_failed${Date.now()}`,
      responseIssuer: world.main.entityId,
      destination: at.acs,
      inResponseTo: at.requestId,
      issueInstant: /IssueInstant="([^"]+)"/.exec(decoded.toString())?.[1] as string,
      status: 'urn:oasis:names:tc:SAML:2.0:status:Responder',
    }
    const failed = responseXml(facts, '')
    const message = `<samlp:StatusMessage>${inXml}</samlp:StatusMessage></samlp:Status>`
    const xml = signed(failed.replace('</samlp:Status>', message), facts.responseId, world.main.key)
    const page = await traces(at, base64(xml), 'saml.status')
    // The IdP said no: the app hears it, in our words.
    expect(new URL(page.returned as string).searchParams.get('error')).toBe('access_denied')
  })
  test('a signed Issuer', async () => {
    const at = await world.begin()
    // Line separators of Unicode are taken for line ends by the second parser: those would be refused before.
    const name = inXml.replace('\u2028', '')
    const answer = at.answer({ responseIssuer: name, issuer: name })
    const page = await traces(at, answer, 'saml.issuer')
    expect([page.status, codeOn(page.body)]).toEqual([400, 'saml.issuer'])
    // What the log needs to know it has: the words, as one escaped value.
    expect(world.lines.filter((line) => line.includes('alert(1)')).length).toBeGreaterThan(0)
  })
})

test('#49 SAMLResponse as an array, by index or by name', async () => {
  const at = await world.begin()
  const SAMLResponse = at.answer()
  for (const name of ['SAMLResponse[]', 'SAMLResponse[0]', 'SAMLResponse[a]']) {
    const response = await fetch(at.acs, {
      method: 'POST',
      redirect: 'manual',
      headers: { accept: 'text/html' },
      body: new URLSearchParams([
        [name, SAMLResponse],
        ['RelayState', at.RelayState],
      ]),
    })
    expect([response.status, response.headers.get('location')]).toEqual([400, null])
  }
  expect(await outcome(at, SAMLResponse)).toEqual(accepted)
})
