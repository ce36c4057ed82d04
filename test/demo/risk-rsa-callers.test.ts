// The demo's AA-compatible engine lets nobody in who does not show who they are, and takes no request that is not of the schema.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  checkAnswer,
  event,
  type RsaPeer,
  type RsaRig,
  rsaCaller,
  rsaPeer,
  startRsa,
  usernameToken,
} from './risk-rsa-rig.ts'

let rig: RsaRig
let peer: RsaPeer

beforeAll(async () => {
  rig = await startRsa({ users: [{ name: 'alice' }] })
  peer = await rsaPeer('site-to-user', rig.url)
})
afterAll(() => rig.stop())

const signIn = (given: Record<string, unknown> = {}, by = peer) =>
  by.call('analyze', given, event('SESSION_SIGNIN'))

describe('callers', () => {
  test('by the body: only with the right credential', async () => {
    expect((await signIn())('statusHeader.statusCode')).toBe(200)
    expect(rig.simulator.calls.at(-1)?.style).toBe('body')
    await expect(signIn({ credential: 'wrong' })).rejects.toThrow('unknown caller')
    expect(rig.simulator.refused.at(-1)).toMatchObject({ side: 'wsse', code: 'AUTHENTICATION_FAILED' })
  })

  test.each(['site-to-user', '7.x'] as const)('by a UsernameToken, in the dialect %s', async (dialect) => {
    const other = await rsaPeer(dialect, rig.url)
    other.client.setSecurity(usernameToken())
    // 7.x needs no securityHeader then; the schema of the other wants one all the same, which is not looked at.
    const given = { credential: dialect === '7.x' ? null : 'not looked at' }
    expect((await signIn(given, other))('statusHeader.statusCode')).toBe(200)
    expect(rig.simulator.calls.at(-1)?.style).toBe('username-token')
    other.client.setSecurity(usernameToken('wrong'))
    await expect(signIn(given, other)).rejects.toThrow('unknown caller')
    await expect(signIn({}, other)).rejects.toThrow('unknown caller')
  })

  test('where one style is demanded, the other is no way in', async () => {
    const strict = await startRsa({ style: 'username-token' })
    try {
      await expect(signIn({}, await rsaPeer('site-to-user', strict.url))).rejects.toThrow('show themselves')
    } finally {
      await strict.stop()
    }
  })

  test.each([
    ['that was used before', (xml: string) => xml, 'used before'],
    [
      'of an hour ago',
      (xml: string) => xml.replace(/(<wsu:Created>)[^<]+/g, '$12026-01-01T00:00:00Z'),
      'not of now',
    ],
    ['with a short nonce', (xml: string) => xml.replace(/(<wsse:Nonce[^>]*>)[^<]+/, '$1YWJj'), 'too short'],
    [
      'without Created',
      (xml: string) => xml.replace(/<wsu:Created>[^<]+<\/wsu:Created>/g, ''),
      'Created is due',
    ],
    ['as a digest', (xml: string) => xml.replace('#PasswordText', '#PasswordDigest'), 'PasswordText'],
  ])('a token %s is none', async (_name, change, why) => {
    const other = await rsaPeer('7.x', rig.url)
    other.client.setSecurity(usernameToken())
    await signIn({ credential: null }, other)
    const answer = await post(change(String(other.client.lastRequest)))
    expect(answer.status).toBe(500)
    expect(await answer.text()).toContain(why)
  })
})

const post = (body: string | Uint8Array, soapAction = '"rsa:analyze:Analyze"', url = rig.url) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'text/xml; charset=utf-8', soapaction: soapAction },
    body: body as BodyInit,
  })

describe('requests', () => {
  let good: string

  beforeAll(async () => {
    await signIn()
    good = String(peer.client.lastRequest)
  })

  test('the same bytes are taken as they are', async () => {
    const answer = await post(good)
    expect(answer.status).toBe(200)
    checkAnswer('site-to-user', await answer.text())
  })

  const header = /<ws:messageHeader>.*<\/ws:messageHeader>/s
  test.each([
    [
      'out of order',
      (xml: string) =>
        xml.replace(header, '').replace('<ws:runRiskType>', `${header.exec(xml)?.[0]}<ws:runRiskType>`),
    ],
    ['with an unknown event', (xml: string) => xml.replace('SESSION_SIGNIN', 'SIGN_IN')],
    [
      'with an unknown element',
      (xml: string) => xml.replace('<ws:runRiskType>', '<ws:more/><ws:runRiskType>'),
    ],
    ['without a requestId', (xml: string) => xml.replace(/<ws:requestId>.*<\/ws:requestId>/, '')],
    ['of another namespace', (xml: string) => xml.replaceAll('http://ws.csd.rsa.com', 'http://ws.example')],
    ['with a DOCTYPE', (xml: string) => xml.replace('<soap:Envelope', '<!DOCTYPE x><soap:Envelope')],
    ['with two operations', (xml: string) => xml.replace(/(<ws:analyze.*<\/ws:analyze>)/s, '$1$1')],
    ['that is cut off', (xml: string) => xml.slice(0, -20)],
    ['that is no XML', () => 'analyze please'],
    [
      'in SOAP 1.2',
      (xml: string) =>
        xml.replace('http://schemas.xmlsoap.org/soap/envelope/', 'http://www.w3.org/2003/05/soap-envelope'),
    ],
    [
      'of the other dialect',
      (xml: string) =>
        xml
          .replace('>6.0<', '>7.0<')
          .replace('<ws:ipAddress>', '<ws:deviceTokenCookie/><ws:ipAddress>')
          .replace(
            '<ws:request>',
            '<ws:request><ws:actionTypeList><ws:genericActionTypes>GET_IMAGE</ws:genericActionTypes></ws:actionTypeList>',
          ),
    ],
  ])('one %s is refused with a fault', async (_name, change) => {
    const bad = change(good)
    expect(bad).not.toBe(good)
    const before = rig.simulator.calls.length
    const answer = await post(bad)
    expect(answer.status).toBe(500)
    expect(await answer.text()).toContain('<ws:code>INVALID_REQUEST</ws:code>')
    expect(rig.simulator.calls).toHaveLength(before)
  })

  test('the SOAPAction must be that of the operation, and that of updateUser is misspelled', async () => {
    for (const action of ['', '"rsa:query:Query"', 'analyze'])
      expect((await post(good, action)).status).toBe(500)
    expect((await post(good, 'rsa:analyze:Analyze')).status).toBe(200)
    await peer.call('updateUser', { actions: ['GET_USER_STATUS'] })
    const update = String(peer.client.lastRequest)
    expect((await post(update, '"rsa:udpateuser:UpdateUser"')).status).toBe(200)
    expect((await post(update, '"rsa:updateuser:UpdateUser"')).status).toBe(500)
  })

  test('the one-way service takes analyze and notify, and answers nothing', async () => {
    const url = rig.url.replace(/AdaptiveAuthentication$/, 'AsyncAdaptiveAuthentication')
    const taken = await post(good, undefined, url)
    expect([taken.status, await taken.text()]).toEqual([202, 'Accepted'])
    await peer.call('query', { actions: ['GET_USER_STATUS'] })
    expect((await post(String(peer.client.lastRequest), '"rsa:query:Query"', url)).status).toBe(500)
  })

  test('one dialect alone can be spoken', async () => {
    const only = await startRsa({ dialect: '7.x', caller: rsaCaller })
    try {
      await expect(signIn({}, await rsaPeer('site-to-user', only.url))).rejects.toThrow('7.x is spoken here')
      expect((await signIn({}, await rsaPeer('7.x', only.url)))('statusHeader.statusCode')).toBe(200)
    } finally {
      await only.stop()
    }
  })
})
