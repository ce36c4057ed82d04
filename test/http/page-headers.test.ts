// The headers of a page: what its policy lists, and that nothing breaks out of it.
import { describe, expect, test } from 'vitest'
import { formActionOf, pageHeaders } from '../../src/http/security-headers.ts'

const directives = (headers: Record<string, string>): Map<string, string> =>
  new Map(
    headers['Content-Security-Policy']!.split('; ').map((d) => {
      const [name = '', ...values] = d.split(' ')
      return [name, values.join(' ')]
    }),
  )

describe('a page', () => {
  test('runs no script, is framed by nobody, is not remembered', () => {
    const headers = pageHeaders({ formActions: [], https: true })
    const policy = directives(headers)
    expect(policy.get('default-src')).toBe("'none'")
    expect(policy.get('script-src')).toBe("'none'")
    expect(policy.get('frame-ancestors')).toBe("'none'")
    expect(policy.get('base-uri')).toBe("'none'")
    expect(policy.get('form-action')).toBe("'self'")
    expect(policy.get('style-src')).toBe("'self'")
    expect(headers['Cache-Control']).toBe('no-store')
    expect(headers['Strict-Transport-Security']).toMatch(/^max-age=31536000/)
    expect(pageHeaders({ formActions: [], https: false })).not.toHaveProperty('Strict-Transport-Security')
  })

  test('lists where its form may lead, and runs the one script of its nonce', () => {
    const formActions = [formActionOf('com.alder.pay:/cb'), 'https://idp.example', 'https://idp.example']
    const policy = directives(pageHeaders({ formActions, nonce: 'dGVzdC1ub25jZS0wMDAx', https: true }))
    expect(policy.get('form-action')).toBe("'self' com.alder.pay: https://idp.example")
    expect(policy.get('script-src')).toBe("'nonce-dGVzdC1ub25jZS0wMDAx'")
  })

  test('of the demo may run its own scripts and fetch where it says', () => {
    const ownScripts = { connect: ['http://localhost:4000'] }
    const policy = directives(pageHeaders({ formActions: [], https: false, ownScripts }))
    expect(policy.get('script-src')).toBe("'self'")
    expect(policy.get('connect-src')).toBe("'self' http://localhost:4000")
  })

  test.each([
    "https://a.example; script-src 'unsafe-inline'",
    '*',
    "'unsafe-inline'",
    'https://a b',
    'https://a,b',
    '',
  ])('never takes %j for a source', (source) => {
    expect(() => pageHeaders({ formActions: [source], https: true })).toThrow()
    expect(() => pageHeaders({ formActions: [], https: true, ownScripts: { connect: [source] } })).toThrow()
  })

  test.each(["x' 'unsafe-inline", 'short', 'dGVzdC1ub25jZS0wMDAx; img-src *'])(
    'never takes %j for a nonce',
    (nonce) => {
      expect(() => pageHeaders({ formActions: [], nonce, https: true })).toThrow()
    },
  )
})

test.each([
  ['https://app.example:8443/cb?x=1', 'https://app.example:8443'],
  ['http://127.0.0.1:4711/cb', 'http://127.0.0.1:4711'],
  ['http://[::1]:4711/cb', 'http:'],
  ['com.alder.pay:/cb', 'com.alder.pay:'],
  ['https://EXÄMPLE.com/cb', 'https://xn--exmple-cua.com'],
])('the way back to %s is %s', (redirectUri, wanted) => {
  expect(formActionOf(redirectUri)).toBe(wanted)
  expect(() => pageHeaders({ formActions: [wanted], https: true })).not.toThrow()
})

test.each(['javascript:alert(1)', 'data:text/html,x', 'nodot:/cb', '/cb', ''])(
  '%j is no way back',
  (address) => {
    expect(() => formActionOf(address)).toThrow()
  },
)
