// Attacks 235 to 239 on the signing gateway, and what it does when a core is slow, gone or talks nonsense.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Tokens } from '../../src/demo/app-client.ts'
import { demoRows, paymentsNamespace } from '../../src/demo/institution.ts'
import { transferBody } from '../../src/demo/journey-walk.ts'
import { startBridge, type TestBridge } from '../journeys/bridge.ts'
import { type Customer, customer, enrolled, signIn } from '../journeys/customer.ts'

let bridge: TestBridge
let who: Customer
let tokens: Tokens
let odd: Server

/** A core that misbehaves as its path says. */
function oddCore(): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.url === '/slow') return
    if (request.url === '/huge') return void response.end('x'.repeat(9_000_000))
    response.end(request.url === '/nonsense' ? '<html>oops' : '<!DOCTYPE x><s:Envelope/>')
  })
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}

beforeAll(async () => {
  bridge = await startBridge()
  odd = await oddCore()
  const { d: _private, ...apiKey } = bridge.world.apiKey as Record<string, unknown>
  const rows = demoRows({ world: bridge.world.url, idpCertificate: bridge.world.idpCertificate, apiKey })
  const [core] = rows.cores
  const at = `http://127.0.0.1:${(odd.address() as AddressInfo).port}`
  const odds = ['slow', 'huge', 'nonsense', 'doctype'].map((id) => ({
    ...core!,
    id,
    endpoint: `${at}/${id}`,
    timeoutMs: 300,
  }))
  const gone = { ...core!, id: 'gone', endpoint: 'http://127.0.0.1:1/' }
  const cores = [...rows.cores, ...odds, gone]
  const relyingParties = rows.relyingParties.map((row) =>
    row.kind === 'app'
      ? { ...row, scopes: [...row.scopes, ...[...odds, gone].map(({ id }) => `core:${id}`)] }
      : row,
  )
  await bridge.application.apply([{ ...rows, relyingParties, cores }], { dryRun: false })
  who = await enrolled(bridge)
  tokens = await signIn(who, {
    scope:
      'openid offline_access device core:payments core:slow core:huge core:nonsense core:doctype core:gone',
  })
})
afterAll(async () => {
  odd.closeAllConnections()
  odd.close()
  await bridge.stop()
})

interface Options {
  readonly core?: string
  readonly headers?: Record<string, string>
  readonly tokens?: Tokens
}

async function send(body: string, { core = 'payments', headers = {}, tokens: held = tokens }: Options = {}) {
  const url = `${bridge.issuer}/soap/${core}`
  const dpop = await who.app.proof({ method: 'POST', url, accessToken: held.accessToken })
  const response = await fetch(url, {
    method: 'POST',
    body,
    headers: { authorization: `DPoP ${held.accessToken}`, dpop, 'content-type': 'text/xml', ...headers },
  })
  const text = await response.text()
  return {
    status: response.status,
    text,
    code: /<db:code>([^<]*)/.exec(text)?.[1],
    type: response.headers.get('content-type'),
    challenge: response.headers.get('www-authenticate'),
  }
}

const envelope = (operation: string, header = '') =>
  `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">${header}<s:Body><p:${operation} xmlns:p="${paymentsNamespace}"><p:account>X</p:account></p:${operation}></s:Body></s:Envelope>`

test('control: a balance and a small payment', async () => {
  expect(await send(envelope('GetBalance'))).toMatchObject({
    status: 200,
    text: expect.stringContaining('4210.55'),
  })
  expect(await send(transferBody('25.00'))).toMatchObject({
    status: 200,
    text: expect.stringContaining('accepted'),
  })
})

test('#235 an operation that is not listed, in another namespace, or other than the action says', async () => {
  expect(await send(envelope('CloseAccount'))).toMatchObject({ status: 403, code: 'core.operation' })
  expect(await send(envelope('GetBalance').replace(paymentsNamespace, 'urn:other'))).toMatchObject({
    code: 'core.operation',
  })
  expect(
    await send(envelope('GetBalance'), { headers: { soapaction: `"${paymentsNamespace}:Transfer"` } }),
  ).toMatchObject({ code: 'soap.action' })
  expect(
    await send(envelope('GetBalance'), { headers: { soapaction: `"${paymentsNamespace}:GetBalance"` } }),
  ).toMatchObject({ status: 200 })
})

test('#239 the caller’s own headers never reach the core', async () => {
  const header =
    '<s:Header><wsse:Security xmlns:wsse="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"><evil/></wsse:Security><To xmlns="http://www.w3.org/2005/08/addressing">http://evil.example</To></s:Header>'
  expect(await send(envelope('GetBalance', header))).toMatchObject({ status: 200 })
  expect(bridge.world.scene.state.verdict?.xml).not.toContain('evil')
})

describe('#236 #237 money', () => {
  const over = {
    type: 'payment_initiation',
    instructedAmount: { amount: '1240.00', currency: 'EUR' },
    debtorAccount: { iban: 'ES9121000418450200051332' },
    creditorName: 'Nordhaven Energy',
    creditorAccount: { iban: 'DE89370400440532013000' },
  }
  const approve = () =>
    signIn(who, {
      acr_values: 'urn:drawbridge:acr:device-pin',
      authorization_details: JSON.stringify([over]),
    })
  test('over the limit without approval: an RFC 9470 challenge', async () => {
    const refused = await send(transferBody('1240.00'))
    expect(refused).toMatchObject({ status: 401, code: 'transaction.missing' })
    expect(refused.challenge).toMatch(
      /^DPoP .*insufficient_user_authentication.*acr_values="urn:drawbridge:acr:device-pin"/,
    )
  })
  test('another amount or payee than approved, then the approved one once, and never again', async () => {
    const approved = await approve()
    expect(await send(transferBody('1240.01'), { tokens: approved })).toMatchObject({
      status: 403,
      code: 'transaction.mismatch',
    })
    expect(
      await send(transferBody('1240.00').replace('DE89370400440532013000', 'DE00370400440532013000'), {
        tokens: approved,
      }),
    ).toMatchObject({ code: 'transaction.mismatch' })
    expect(
      await send(transferBody('1240.00').replace('</p:amount>', '</p:amount><p:amount>1.00</p:amount>'), {
        tokens: approved,
      }),
    ).toMatchObject({ code: 'transaction.malformed' })
    // A core that goes by the namespace would see no amount at all, or another one.
    const foreign = transferBody('1240.00').replace(/<(\/?)p:amount/g, '<$1x:amount')
    const named = foreign.replace('<x:amount', '<x:amount xmlns:x="urn:other"')
    expect(named).toContain('<x:amount xmlns:x="urn:other">1240.00</x:amount>')
    expect(await send(named, { tokens: approved })).toMatchObject({
      status: 400,
      code: 'transaction.malformed',
    })
    const all = await Promise.all(
      Array.from({ length: 20 }, () => send(transferBody('1240.00'), { tokens: approved })),
    )
    expect(all.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(all.filter(({ code }) => code === 'transaction.used')).toHaveLength(19)
  })
  test('a standing order that was approved does not pass as a payment of now', async () => {
    const schedule = { frequency: 'monthly', firstDate: '2026-12-01' }
    const approved = await signIn(who, {
      acr_values: 'urn:drawbridge:acr:device-pin',
      authorization_details: JSON.stringify([{ ...over, schedule }]),
    })
    expect(await send(transferBody('1240.00'), { tokens: approved })).toMatchObject({
      status: 403,
      code: 'transaction.mismatch',
    })
  })
  test('a refresh does not carry the approval on', async () => {
    const approved = await approve()
    const later = await who.app.refresh(approved.refreshToken as string)
    expect(await send(transferBody('1240.00'), { tokens: later })).toMatchObject({
      code: 'transaction.missing',
    })
  })
})

test('a token without the scope, without the device, or none at all', async () => {
  const plain = await customer(bridge, 'bob')
  const weak = await signIn(plain)
  const url = `${bridge.issuer}/soap/payments`
  const dpop = await plain.app.proof({ method: 'POST', url, accessToken: weak.accessToken })
  const refused = await fetch(url, {
    method: 'POST',
    body: envelope('GetBalance'),
    headers: { authorization: `DPoP ${weak.accessToken}`, dpop, 'content-type': 'text/xml' },
  })
  expect([refused.status, /<db:code>([^<]*)/.exec(await refused.text())?.[1]]).toEqual([
    401,
    'acr.insufficient',
  ])
  const narrow = await signIn(who, { scope: 'openid device' })
  expect(await send(envelope('GetBalance'), { tokens: narrow })).toMatchObject({
    status: 403,
    code: 'token.scope',
  })
  const none = await fetch(url, {
    method: 'POST',
    body: envelope('GetBalance'),
    headers: { 'content-type': 'text/xml' },
  })
  expect(none.status).toBe(401)
  expect(none.headers.get('www-authenticate')).toContain('resource_metadata=')
})

test('the metadata that the challenge leads to (RFC 9728), and RFC 8414 with the path inserted', async () => {
  const { origin } = new URL(bridge.issuer)
  const resource = await (await fetch(`${origin}/.well-known/oauth-protected-resource/alder/api`)).json()
  expect(resource).toMatchObject({
    resource: `${bridge.issuer}/api`,
    authorization_servers: [bridge.issuer],
    scopes_supported: expect.arrayContaining(['core:payments']),
  })
  const server = await (await fetch(`${origin}/.well-known/oauth-authorization-server/alder`)).json()
  expect(server).toMatchObject({
    issuer: bridge.issuer,
    code_challenge_methods_supported: ['S256'],
    acr_values_supported: expect.arrayContaining(['urn:drawbridge:acr:device-pin']),
    token_endpoint_auth_methods_supported: ['none', 'private_key_jwt'],
  })
})

test('what is no SOAP', async () => {
  expect(await send('{}')).toMatchObject({ status: 400, code: 'soap.malformed' })
  expect(await send('<!DOCTYPE x><x/>')).toMatchObject({ status: 400, code: 'soap.malformed' })
  expect(
    await send(envelope('GetBalance'), { headers: { 'content-type': 'application/json' } }),
  ).toMatchObject({ status: 415 })
  expect(await send(`<a>${'x'.repeat(1_100_000)}</a>`)).toMatchObject({ status: 413 })
  expect(await send(envelope('GetBalance'), { core: 'nobody' })).toMatchObject({
    status: 404,
    code: 'core.unknown',
  })
  const soap12 = envelope('GetBalance').replace(
    'http://schemas.xmlsoap.org/soap/envelope/',
    'http://www.w3.org/2003/05/soap-envelope',
  )
  const answered = await send(soap12, {
    headers: { 'content-type': `application/soap+xml; action="${paymentsNamespace}:GetBalance"` },
  })
  expect(answered).toMatchObject({ status: 200, type: expect.stringContaining('application/soap+xml') })
})

test.each([
  ['slow', 504, 'core.timeout'],
  ['gone', 502, 'core.unreachable'],
  ['nonsense', 502, 'core.answer'],
  ['doctype', 502, 'core.answer'],
  ['huge', 502, 'core.answer'],
])('a core that is %s: %i %s, in time, and the audit tells', async (core, status, code) => {
  const started = performance.now()
  expect(await send(envelope('GetBalance'), { core })).toMatchObject({ status, code })
  expect(performance.now() - started).toBeLessThan(10_000)
  expect(
    bridge.world.scene.events.some((event) => event.includes('"call.failed"') && event.includes(code)),
  ).toBe(true)
})
