// The life of a connection as tables: which step leads where, what a change is, what loosens.
import { describe, expect, test } from 'vitest'
import {
  type ConnectionEvent,
  digestOf,
  fieldChanges,
  loosened,
  needsTest,
  stateAfter,
} from '../../src/domain/connection.ts'
import {
  type ConnectionContent,
  type ConnectionState,
  connectionStates,
} from '../../src/domain/institution.ts'

const content: ConnectionContent = {
  name: 'IdP',
  type: 'saml',
  settings: { ssoUrl: 'https://a.example', certificates: ['one', 'two'], secret: 'hush', skewSeconds: 60 },
  claims: { email: 'mail' },
}
const withSettings = (settings: object): ConnectionContent => ({
  ...content,
  settings: { ...content.settings, ...settings },
})

describe('states', () => {
  const events: readonly ConnectionEvent[] = ['edit', 'relabel', 'test-passed', 'activate', 'disable']
  const table: Record<ConnectionState, readonly (ConnectionState | undefined)[]> = {
    draft: ['draft', 'draft', 'tested', undefined, 'disabled'],
    tested: ['draft', 'tested', 'tested', 'active', 'disabled'],
    active: [undefined, 'active', 'active', undefined, 'disabled'],
    disabled: ['disabled', 'disabled', 'tested', undefined, undefined],
  }
  test.each(connectionStates)('from %s', (state) =>
    expect(events.map((event) => stateAfter(state, event))).toEqual(table[state]),
  )
  test('nothing but a tested connection is ever activated', () =>
    expect(connectionStates.filter((state) => stateAfter(state, 'activate') !== undefined)).toEqual([
      'tested',
    ]))
})

describe('changes', () => {
  test('values before and after; entries of a list come and go; secrets are masked', () => {
    const after = withSettings({ ssoUrl: 'https://b.example', certificates: ['two', 'three'], secret: 'new' })
    expect(fieldChanges(content, after, ['secret'])).toEqual([
      { path: 'settings.certificates[]', before: 'one', after: undefined },
      { path: 'settings.certificates[]', before: undefined, after: 'three' },
      { path: 'settings.secret', before: '••••••', after: '••••••' },
      { path: 'settings.ssoUrl', before: 'https://a.example', after: 'https://b.example' },
    ])
  })
  test('the same again is no change, whatever the order of members', () => {
    const again = { ...content, settings: Object.fromEntries(Object.entries(content.settings).reverse()) }
    expect(fieldChanges(content, again, [])).toEqual([])
    expect(digestOf(again)).toBe(digestOf(content))
    expect(digestOf(withSettings({ skewSeconds: 61 }))).not.toBe(digestOf(content))
  })
  test('a first version is all new, and its lists entry by entry', () =>
    expect(fieldChanges(undefined, content, []).map(({ path }) => path)).toEqual([
      'claims.email',
      'name',
      'settings.certificates[]',
      'settings.certificates[]',
      'settings.secret',
      'settings.skewSeconds',
      'settings.ssoUrl',
      'type',
    ]))
  test('a list in another order differs', () =>
    expect(fieldChanges(content, withSettings({ certificates: ['two', 'one'] }), [])).toHaveLength(1))
})

describe('what needs a new test login', () => {
  const needs = (after: ConnectionContent) => needsTest(fieldChanges(content, after, []))
  test('its name does not', () => expect(needs({ ...content, name: 'New' })).toBe(false))
  test.each([
    ['an address', withSettings({ ssoUrl: 'https://b.example' })],
    ['a certificate', withSettings({ certificates: ['one'] })],
    ['a claim', { ...content, claims: { email: 'eMail' } }],
    ['a setting nobody knows here', withSettings({ unheardOf: true })],
  ])('%s does', (_, after) => expect(needs(after)).toBe(true))
})

describe('loosening is what is not proven to be a tightening (R-34)', () => {
  const of = (after: ConnectionContent, before = content) => loosened(fieldChanges(before, after, []))
  test.each([
    ['another name', { ...content, name: 'New' }],
    ['a certificate less', withSettings({ certificates: ['one'] })],
    ['a smaller skew', withSettings({ skewSeconds: 10 })],
    ['more signatures', withSettings({ signed: 'both' })],
    ['being asked anew', withSettings({ forceAuthn: true })],
  ])('%s tightens', (_, after) => expect(of(after)).toEqual([]))
  test.each([
    ['a certificate more', withSettings({ certificates: ['one', 'two', 'x'] }), 'settings.certificates[]'],
    ['a greater skew', withSettings({ skewSeconds: 61 }), 'settings.skewSeconds'],
    ['another address', withSettings({ ssoUrl: 'https://b.example' }), 'settings.ssoUrl'],
    ['another mapping of the subject', { ...content, claims: { email: 'x' } }, 'claims.email'],
    ['what nobody knows here', withSettings({ unheardOf: true }), 'settings.unheardOf'],
  ])('%s does not', (_, after, path) => expect(of(after)).toEqual([path]))
  test.each([
    ['both', 'either', false],
    ['response', 'assertion', false],
    ['response', 'both', true],
    ['either', 'nonsense', false],
  ])('signed %s -> %s tightens: %s', (before, after, tightens) =>
    expect(of(withSettings({ signed: after }), withSettings({ signed: before }))).toEqual(
      tightens ? [] : ['settings.signed'],
    ),
  )
})
