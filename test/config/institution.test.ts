// The file of an institution: the example becomes rows, and everything that is wrong is told at once.
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { institutionRules, institutionSet } from '../../src/cli/institution-set.ts'
import { ConfigFault } from '../../src/config/faults.ts'
import { parseInstitution, readInstitution } from '../../src/config/institution-reader.ts'
import { samlSettings } from '../../src/plugins/connectors/saml.ts'
import { data, goodPng } from '../plugins/made-pictures.ts'

const examples = join(import.meta.dirname, '../../config/institutions')

const good = {
  institution: '{ id: oak, name: Oak }',
  connections: '[{ id: idp, name: IdP, settings: { sso_url: x }, claims: { email: mail } }]',
  relying_parties: "[{ id: app, name: App, redirect_uris: ['https://app.oak.example/cb'] }]",
  cores:
    '[{ id: pay, name: Pay, endpoint: https://core.example, audience: a, operations: [{ namespace: n, name: Get, acr: device }] }]',
}

const yamlOf = (parts: Record<string, string>) =>
  Object.entries(parts)
    .map(([part, text]) => `${part}: ${text}`)
    .join('\n')

const read = (parts: Record<string, string>) => parseInstitution(yamlOf(parts), examples, institutionRules)

function faultsOf(
  change: Partial<typeof good> & { readonly channels?: string; readonly line_facts?: string },
): string[] {
  try {
    read({ ...good, ...change })
  } catch (error) {
    if (error instanceof ConfigFault) return error.message.split('\n')
    throw error
  }
  return []
}

const party = (fields: string) => ({ relying_parties: `[{ id: app, name: App, ${fields} }]` })
const redirect = (uri: string) => party(`redirect_uris: ['${uri}']`)

describe('a good file', () => {
  test('Alder, the example, becomes rows that its connector takes', () => {
    const file = readInstitution(join(examples, 'alder.yaml'), institutionRules)
    const set = institutionSet(file, { coreMs: 10_000 })
    expect(set.institution).toMatchObject({ id: 'alder', stepUpOver: { GBP: '500.00' }, pin: { length: 6 } })
    expect(set.relyingParties[0]).toMatchObject({
      connections: ['sign-in'],
      requirePar: true,
      requireDpop: true,
    })
    expect(set.cores[0]).toMatchObject({ timeoutMs: 10_000, assertionSeconds: 60 })
    expect(set.cores[0]?.operations[1]).toMatchObject({
      acr: 'urn:drawbridge:acr:device',
      transaction: { amount: ['Amount', 'Value'], creditorName: ['CreditorName'] },
    })
    const settings = samlSettings.parse(set.connections[0]?.settings)
    expect(settings.certificates[0]).toMatch(/^-----BEGIN CERTIFICATE-----/)
  })

  test('channels are part of the institution, with their settings as plugins have them', () => {
    const channels =
      '[{ id: sms, type: http-sms, settings: { answer_begins: OK } }, { id: phones, type: push }]'
    const set = institutionSet(read({ ...good, channels }), { coreMs: 7 })
    expect(set.institution.channels).toEqual([
      { id: 'sms', type: 'http-sms', settings: { answerBegins: 'OK' } },
      { id: 'phones', type: 'push', settings: {} },
    ])
    expect(institutionSet(read(good), { coreMs: 7 }).institution).not.toHaveProperty('channels')
  })

  test('whom to ask about lines is part of the institution, with what holds unless it says otherwise', () => {
    const line_facts = '{ type: camara-sim-swap, settings: { url: "https://o.example/v2", client_id: a } }'
    const set = institutionSet(read({ ...good, line_facts }), { coreMs: 7 })
    expect(set.institution.lineFacts).toEqual({
      ...{ type: 'camara-sim-swap', maxAgeHours: 72, onFailure: 'refuse' },
      settings: { url: 'https://o.example/v2', clientId: 'a' },
    })
    expect(institutionSet(read(good), { coreMs: 7 }).institution).not.toHaveProperty('lineFacts')
  })

  test('an api is pinged at one address, or looks by itself', () => {
    const key = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }
    const partyOf = (backchannel: string) => {
      const more = `kind: api, keys: [${JSON.stringify(key)}], backchannel: ${backchannel}`
      return institutionSet(read({ ...good, ...party(more) }), { coreMs: 7 }).relyingParties[0]?.backchannel
    }
    const usual = { number: 'required', userCode: false, signed: false }
    expect(partyOf('{}')).toEqual(usual)
    expect(partyOf('{ token_delivery_mode: poll }')).toEqual(usual)
    const address = 'client_notification_endpoint: https://shop.example/pings'
    expect(partyOf(`{ token_delivery_mode: ping, ${address} }`)).toEqual({
      ...usual,
      ping: 'https://shop.example/pings',
    })
  })

  test('the smallest file is taken, with its defaults', () => {
    const set = institutionSet(read(good), { coreMs: 7 })
    expect(set.connections[0]).toEqual({
      institution: 'oak',
      id: 'idp',
      name: 'IdP',
      type: 'saml',
      state: 'active',
      version: 0,
      settings: { ssoUrl: 'x' },
      claims: { email: 'mail' },
    })
  })

  test('how long what is held waits, and what was released may be sent again', () => {
    const hours = (fields: string) => {
      const institution = `{ id: oak, name: Oak${fields} }`
      const row = institutionSet(read({ ...good, institution }), { coreMs: 1 }).institution
      return [row.reviewHours, row.releaseHours]
    }
    expect(hours('')).toEqual([24, 24])
    expect(hours(', review_hours: 4, release_hours: 168')).toEqual([4, 168])
    for (const wrong of ['review_hours: 0', 'review_hours: 169', 'release_hours: 0', 'release_hours: 1.5']) {
      const said = faultsOf({ institution: `{ id: oak, name: Oak, ${wrong} }` }).join()
      expect(said).toContain(`institution.${wrong.split(':')[0]}`)
    }
  })

  test('a table of levels, and who raises first, come with the connection', () => {
    const levels = "{ device: ['https://refeds.org/profile/mfa'] }"
    const text = `[{ id: idp, name: IdP, settings: {}, levels: ${levels}, raised_by: idp }]`
    const set = institutionSet(read({ ...good, connections: text }), { coreMs: 1 })
    const expected = { levels: { device: ['https://refeds.org/profile/mfa'] }, raisedBy: 'idp' }
    expect(set.connections[0]).toMatchObject(expected)
  })

  test.each([
    ['look', undefined],
    ['consume', 'consume'],
  ])('an api whose introspection is %s', (introspection, stored) => {
    const key = '{ kty: EC, crv: P-256, x: a, y: b }'
    const api = party(`kind: api, keys: [${key}], scopes: [transactions], introspection: ${introspection}`)
    const [row] = institutionSet(read({ ...good, ...api }), { coreMs: 1 }).relyingParties
    expect(row?.introspection).toBe(stored)
  })

  test.each(['https://a.example/cb', 'com.example.app:/cb', 'http://127.0.0.1/cb', 'http://[::1]:9/cb'])(
    'a redirect to %s is taken',
    (uri) => expect(faultsOf(redirect(uri))).toEqual([]),
  )
})

describe('a fault is told for', () => {
  test.each([
    ['an id with capitals', { institution: '{ id: Oak, name: Oak }' }, 'institution.id: 2 to 32'],
    ['a reserved word', { institution: '{ id: console, name: Oak }' }, 'institution.id: 2 to 32'],
    ['a fragment', redirect('https://a.example/cb#x'), 'redirect_uris[0]: a redirect has no fragment'],
    ['a wildcard', redirect('https://*.a.example/cb'), 'redirect_uris[0]: a redirect is matched exactly'],
    ['plain http', redirect('http://a.example/cb'), 'redirect_uris[0]: http is for loopback only'],
    [
      'look-alike loopback',
      redirect('http://127.0.0.1.a.example/cb'),
      'redirect_uris[0]: http is for loopback',
    ],
    [
      'a host that no policy can name',
      redirect('https://my_app.example/cb'),
      'redirect_uris[0]: the host is named',
    ],
    ['an address for a host', redirect('https://[2001:db8::1]/cb'), 'redirect_uris[0]: the host is named'],
    ['a script', redirect('javascript:alert(1)'), 'redirect_uris[0]: a private scheme'],
    ['userinfo', redirect('https://bank@evil.example/cb'), 'redirect_uris[0]: a redirect holds no user name'],
    ['no redirect at all', party('kind: app'), 'redirect_uris: an app needs one'],
    [
      'an app that uses transactions up',
      party("redirect_uris: ['https://a.example/'], scopes: [openid, transactions]"),
      'scopes: transactions is for an api',
    ],
    [
      'an app that introspects',
      party("redirect_uris: ['https://a.example/'], introspection: consume"),
      'introspection: only an api introspects',
    ],
    ['an api without keys', party('kind: api'), 'keys: an api signs in'],
    [
      'a back end that asks for pairwise names',
      party(
        'kind: api, keys: [{ kty: EC, crv: P-256, x: x, y: y }], backchannel: {}, subject_type: pairwise',
      ),
      'subject_type: what asks by CIBA knows customers by their public names',
    ],
    [
      'a private key',
      party('kind: api, keys: [{ kty: EC, crv: P-256, x: a, y: b, d: c }]'),
      'keys[0]: this holds a private key',
    ],
    [
      'an unknown connection',
      party("redirect_uris: ['https://a.example/'], connection: ipd"),
      'connection: no connection ipd; this file has idp',
    ],
    [
      'an unknown scope',
      party("redirect_uris: ['https://a.example/'], scopes: [openid, 'core:pya']"),
      'scopes[1]: no such scope',
    ],
    [
      'a protected claim',
      { connections: '[{ id: idp, name: x, settings: {}, claims: { acr: level } }]' },
      'connections[0].claims.acr: no upstream attribute may set this claim',
    ],
    [
      'a level of nobody',
      { connections: '[{ id: idp, name: x, settings: {}, levels: { gold: [a] } }]' },
      'connections[0].levels.gold: no such level; known are delegated, device, device-pin',
    ],
    [
      'a class for two levels',
      { connections: '[{ id: idp, name: x, settings: {}, levels: { device: [a], device-pin: [a] } }]' },
      'connections[0].levels.device-pin: a stands for one level only',
    ],
    [
      'somebody else who raises',
      { connections: '[{ id: idp, name: x, settings: {}, raised_by: app }]' },
      'connections[0].raised_by',
    ],
    [
      'a missing file',
      { connections: "[{ id: idp, name: x, settings: { certificates: ['file:none.pem'] } }]" },
      'connections[0].settings.certificates[0]: the file none.pem cannot be read (ENOENT)',
    ],
    [
      'a float as money',
      { institution: '{ id: oak, name: Oak, step_up_over: { EUR: 500.10 } }' },
      'step_up_over.EUR: write amounts in quotes',
    ],
    [
      'too many decimals',
      { institution: "{ id: oak, name: Oak, step_up_over: { JPY: '5.1' } }" },
      'step_up_over.JPY: "5.1" is no amount of JPY',
    ],
    [
      'a transaction without a path',
      {
        cores:
          '[{ id: pay, name: P, endpoint: https://c.example, audience: a, operations: [{ namespace: n, name: T, acr: device, transaction: { amount: A, currency: C, debtor_account: D, creditor_account: E } }] }]',
      },
      'cores[0].operations[0].transaction.creditor_name: is required: payment_initiation has this value',
    ],
    [
      'a connection whose name turns the direction of text',
      { connections: '[{ id: idp, name: "\\u202eknaB redlA", settings: { sso_url: x } }]' },
      'connections[0].name: no characters that cannot be seen, or turn the direction of text (name.hidden)',
    ],
    [
      'an app whose name nobody sees',
      { relying_parties: good.relying_parties.replace('App', '"A\\u200bpp"') },
      'relying_parties[0].name: no characters',
    ],
    [
      'a logo with something after its end',
      {
        connections: `[{ id: idp, name: IdP, settings: { sso_url: x }, logo: '${data('png', Buffer.concat([goodPng, goodPng]))}' }]`,
      },
      'connections[0].logo: Something follows the end of the picture. (logo.trailing)',
    ],
    ['an institution that is called nothing', { institution: '{ id: oak, name: " – " }' }, '(name.empty)'],
    ['a core with a long name', { cores: good.cores.replace('Pay', 'P'.repeat(101)) }, '(name.length)'],
    [
      'an unknown level',
      {
        cores:
          '[{ id: pay, name: P, endpoint: https://c.example, audience: a, operations: [{ namespace: n, name: T, acr: high }] }]',
      },
      'cores[0].operations[0].acr',
    ],
    [
      'an unknown key',
      { institution: '{ id: oak, name: Oak, acent: red }' },
      'institution.acent: no such setting; did you mean accent?',
    ],
    [
      'one operation twice',
      {
        cores:
          '[{ id: pay, name: P, endpoint: https://c.example, audience: a, operations: [{ namespace: n, name: T, acr: device }, { namespace: n, name: T, acr: delegated }] }]',
      },
      'cores[0].operations[1].name: {n}T is there twice',
    ],
    [
      'a channel of a kind that there is no plugin for',
      { channels: '[{ id: fax, type: fax }]' },
      'channels[0].type: Invalid option: expected one of "push"|"http-sms"',
    ],
    [
      'two channels of one name',
      { channels: '[{ id: one, type: push }, { id: one, type: http-sms }]' },
      'channels[1].id: one is there twice',
    ],
    [
      'more hours than an operator looks back',
      { line_facts: '{ type: camara-sim-swap, max_age_hours: 2401 }' },
      'line_facts.max_age_hours: Too big',
    ],
    [
      'a card that is neither refused nor sent to',
      { line_facts: '{ type: camara-sim-swap, on_failure: allow }' },
      'line_facts.on_failure: Invalid option: expected one of "refuse"|"send"',
    ],
  ])('%s', (_, change, expected) => {
    const found = faultsOf(change)
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(expected)
  })

  test('all of it at once, each with its line', () => {
    const found = faultsOf({
      institution: "{ id: X, name: '', step_up_over: { EUR: 1, gbp: '1' } }",
      ...redirect('http://a.example/'),
    })
    expect(found.map((line) => line.replace(/^(institution:\d+: [^:]+).*/, '$1'))).toEqual([
      'institution:1: institution.id',
      'institution:1: institution.name',
      'institution:1: institution.step_up_over.EUR',
      'institution:1: institution.step_up_over.gbp',
      'institution:3: relying_parties[0].redirect_uris[0]',
    ])
  })
})

describe('pings', () => {
  const key = '{ kty: EC, crv: P-256, x: x, y: y }'
  const faults = (backchannel: string) =>
    faultsOf(party(`kind: api, keys: [${key}], backchannel: { ${backchannel} }`)).map((line) =>
      line.replace(/^institution:\d+: /, ''),
    )
  const at = 'relying_parties[0].backchannel.'
  const https = `${at}client_notification_endpoint: a https address without fragment is needed (http on loopback)`
  test.each([
    // CIBA 10.3 sends the tokens themselves to an address: never.
    ['token_delivery_mode: push', `${at}token_delivery_mode: poll or ping is needed`],
    ['token_delivery_mode: ping', `${at}client_notification_endpoint: say where it is pinged`],
    [
      'client_notification_endpoint: https://shop.example/p',
      `${at}client_notification_endpoint: only an api that is pinged has one`,
    ],
    ['token_delivery_mode: ping, client_notification_endpoint: http://shop.example/p', https],
    ['token_delivery_mode: ping, client_notification_endpoint: "https://shop.example/p#x"', https],
    ['token_delivery_mode: ping, client_notification_endpoint: "https://me:pw@shop.example/p"', https],
    ['token_delivery_mode: ping, client_notification_endpoint: "ftp://shop.example/p"', https],
  ])('%s', (backchannel, fault) => expect(faults(backchannel)).toEqual([fault]))
})
