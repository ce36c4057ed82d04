// Whom the bridge believes about a client's address, and whom not (attack 224).
import type { IncomingHttpHeaders } from 'node:http'
import { describe, expect, test } from 'vitest'
import { createTrustedProxies } from '../../src/http/trusted-proxy.ts'

const proxies = createTrustedProxies(['10.0.0.0/8', '192.0.2.7', '2001:db8::/32'])

describe('a peer that is not trusted', () => {
  test('is the client itself, and its forwarding headers are gone', () => {
    const headers: IncomingHttpHeaders = {
      host: 'login.bank.example',
      'x-forwarded-for': '10.0.0.1',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
      'x-forwarded-prefix': '/x',
      'x-real-ip': '10.0.0.1',
      forwarded: 'for=10.0.0.1;host=evil.example',
      'x-original-url': '/admin',
      'x-request-id': 'kept',
    }
    expect(proxies.clientAddress('203.0.113.9', headers)).toBe('203.0.113.9')
    expect(headers).toEqual({ host: 'login.bank.example', 'x-request-id': 'kept' })
  })

  test.each(['11.0.0.1', '192.0.2.8', '2001:db9::1', '::ffff:11.0.0.1', undefined])('%s is none', (peer) => {
    const headers = { 'x-forwarded-for': '198.51.100.1' }
    expect(proxies.clientAddress(peer, headers)).not.toBe('198.51.100.1')
    expect(headers).toEqual({})
  })
})

describe('a trusted peer', () => {
  test.each(['10.1.2.3', '192.0.2.7', '2001:db8::9', '::ffff:10.1.2.3'])('%s is believed', (peer) => {
    const headers = { 'x-forwarded-for': '198.51.100.1', 'x-forwarded-proto': 'https' }
    expect(proxies.clientAddress(peer, headers)).toBe('198.51.100.1')
    expect(headers['x-forwarded-proto']).toBe('https')
  })

  test.each([
    ['what the client invented stands to the left', '1.2.3.4, 198.51.100.1', '198.51.100.1'],
    ['trusted hops are passed over', '198.51.100.1, 10.0.0.2, 192.0.2.7', '198.51.100.1'],
    ['only trusted hops: the farthest', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['what cannot be read ends the walk', '198.51.100.1, unknown, 10.0.0.2', '10.0.0.2'],
    ['octal, hexadecimal and short forms cannot be read', '0300.0250.0.1', '10.1.1.1'],
    ['one number for an address cannot be read', '3232235521', '10.1.1.1'],
    ['a port is no part of the address', '198.51.100.1:4711', '198.51.100.1'],
    ['IPv6 in brackets', '[2001:db9::1]:4711', '2001:db9::1'],
    ['IPv4 in IPv6 is IPv4', '::ffff:198.51.100.1', '198.51.100.1'],
    ['nothing', '', '10.1.1.1'],
  ])('%s', (_, list, expected) => {
    expect(proxies.clientAddress('10.1.1.1', { 'x-forwarded-for': list })).toBe(expected)
  })

  test('a list without end costs nothing and names nobody beyond twenty hops', () => {
    const list = `198.51.100.1, ${Array.from({ length: 100_000 }, () => '10.0.0.1').join(', ')}`
    expect(proxies.clientAddress('10.1.1.1', { 'x-forwarded-for': list })).toBe('10.0.0.1')
  })
})

test('without a list nobody is trusted, not even loopback', () => {
  const headers = { 'x-forwarded-for': '198.51.100.1' }
  expect(createTrustedProxies([]).clientAddress('127.0.0.1', headers)).toBe('127.0.0.1')
  expect(headers).toEqual({})
})
