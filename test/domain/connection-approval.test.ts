// What a change asks of the person who makes it live: nothing for what asks more, the permission for what proves less.
import { describe, expect, test } from 'vitest'
import { usualClaim } from '../../src/domain/claim-names.ts'
import {
  activationAgain,
  approvalOf,
  firstActivation,
  hindrance,
} from '../../src/domain/connection-approval.ts'

const change = (path: string, before: string | undefined, after: string | undefined) => ({
  path,
  before,
  after,
})

const customers = {}
const staff = { audience: 'workforce' } as const

describe('approval', () => {
  test.each([
    ['a name', change('name', 'A', 'B'), false, undefined],
    ['a certificate less', change('settings.certificates[]', 'a', undefined), false, undefined],
    ['a certificate more', change('settings.certificates[]', undefined, 'a'), true, undefined],
    ['domains', change('domains[]', undefined, 'a.example'), true, undefined],
    [
      'where the IdP is',
      change('settings.ssoUrl', 'https://a.example', 'https://b.example'),
      true,
      undefined,
    ],
    ['what apps learn', change('claims.name', 'cn', 'displayName'), true, undefined],
    ['our secret there', change('settings.clientSecret', 'a', 'b'), true, undefined],
    ['an allowance', change('settings.compat.until', undefined, '2026-12-01'), true, 'weaken'],
    ['new keys trusted', change('settings.trustNewKeys', undefined, 'true'), true, 'weaken'],
    ['new keys no longer trusted', change('settings.trustNewKeys', 'true', 'false'), false, undefined],
    ['metadata that is over taken', change('settings.expiredMetadata', 'refuse', 'warn'), true, 'weaken'],
    ['a class that counts as a level', change('levels.device[]', undefined, 'urn:a'), true, 'weaken'],
    ['a class that counts no longer', change('levels.device[]', 'urn:a', undefined), false, undefined],
    ['who vouches for its metadata', change('settings.metadataSigners[]', undefined, 'a'), true, 'weaken'],
    ['a class no longer asked for', change('settings.authnContexts[]', 'urn:a', undefined), true, 'weaken'],
    ['nobody asked anew', change('settings.forceAuthn', 'true', 'false'), true, 'weaken'],
    ['everybody asked anew', change('settings.forceAuthn', 'false', 'true'), false, undefined],
    ['one signature of two', change('settings.signed', 'both', 'either'), true, 'weaken'],
    ['encryption no longer needed', change('settings.encrypted', 'required', 'optional'), true, 'weaken'],
    ['encryption needed', change('settings.encrypted', 'optional', 'required'), false, undefined],
    ['another authority for TLS', change('settings.tlsAuthority', undefined, 'a'), true, 'weaken'],
    ['another origin', change('settings.otherOrigins[]', undefined, 'https://b.example'), true, 'weaken'],
    ['an origin less', change('settings.otherOrigins[]', 'https://b.example', undefined), false, undefined],
    ['a level no longer asked for', change('settings.acrValues[]', 'high', undefined), true, 'weaken'],
    ['nobody asked anew by OpenID', change('settings.forceLogin', 'true', 'false'), true, 'weaken'],
    ['logout by frames', change('settings.frontchannelLogout', 'false', 'true'), true, 'weaken'],
    ['another IdP', change('settings.issuer', 'https://a.example', 'https://b.example'), true, 'weaken'],
    ['a setting of tomorrow', change('settings.leniency', undefined, 'all'), true, 'weaken'],
    ['who signs in by it', change('audience', undefined, 'other'), true, 'weaken'],
  ])('of %s', (_, one, recent, needs) => {
    expect(approvalOf([one], [customers, customers])).toMatchObject({ recent, needs })
    // Where staff come in by it, nothing that loosens is small.
    const way = recent ? 'way-in' : undefined
    for (const audiences of [
      [staff, staff],
      [customers, staff],
      [staff, customers],
    ])
      expect(approvalOf([one], audiences)).toMatchObject({ recent, needs: way })
  })
  test('of what goes live the first time, and of what comes back', () => {
    expect(firstActivation(customers)).toMatchObject({ recent: true, needs: undefined })
    expect(firstActivation(staff)).toMatchObject({ recent: true, needs: 'way-in' })
    expect(activationAgain([], [customers, customers])).toMatchObject({ recent: false, needs: undefined })
    expect(activationAgain([], [staff, staff])).toMatchObject({ recent: true, needs: 'way-in' })
  })
  test.each([
    [['viewer'], ['console.forbidden', 'console.forbidden']],
    [['federation-admin'], ['console.forbidden', 'console.forbidden']],
    [['security-admin'], [undefined, 'console.forbidden']],
    [['owner'], [undefined, undefined]],
  ] as const)('a %s is kept from weakening and from the way in', (roles, expected) => {
    const now = 1_000_000_000
    const visitor = { kind: 'workforce', roles, authenticatedAt: now } as const
    const at = (needs: 'weaken' | 'way-in', more = {}) =>
      hindrance({ ...visitor, ...more }, { loosened: [], recent: true, needs }, now)
    expect([at('weaken'), at('way-in')]).toEqual(expected)
    if (roles[0] === 'owner') expect(at('way-in', { authenticatedAt: now - 300_001 })).toBe('console.recent')
  })
})

test('attributes are recognised by their usual names, and by no name of an object’s own', () => {
  expect(usualClaim('displayName')).toBe('name')
  expect(usualClaim('urn:oid:0.9.2342.19200300.100.1.3')).toBe('email')
  expect(usualClaim('constructor')).toBeUndefined()
})
