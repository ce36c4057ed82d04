// What a reading of metadata changes, as a table: which keys take over, what waits, and when it is read again.
import { describe, expect, test } from 'vitest'
import type { ConnectionContent } from '../../src/domain/institution.ts'
import { effectiveContent, sameCertificate, sameTrust, withLearned } from '../../src/domain/learned-keys.ts'
import {
  byUnknownKey,
  nextAttempt,
  nextRefresh,
  rebased,
  refreshDecision,
  sameButKeys,
} from '../../src/domain/metadata-refresh.ts'

const content = (certificates: readonly string[], more: object = {}): ConnectionContent => ({
  name: 'IdP',
  type: 'saml',
  settings: { idpEntityId: 'urn:idp', ssoUrl: 'https://a.example', certificates, ...more },
  claims: {},
})
const keysOf = (one: ConnectionContent | undefined) =>
  (one?.settings.certificates as string[] | undefined)?.join('')
const present = content(['A', 'B'])

interface Row {
  published: string
  trust: 'signed' | 'declared' | 'none'
  file?: string
  /** No longer there at the reading before. */
  gone?: string
  takes: string
  waits?: string
  leaving?: true
}

describe('keys', () => {
  // Present are A and B.
  test.each<Row>([
    { trust: 'none', published: 'AB', takes: 'AB' },
    { trust: 'none', published: 'BA', takes: 'AB' },
    { trust: 'none', published: 'ABC', takes: 'AB', waits: 'ABC' },
    { trust: 'none', published: 'A', takes: 'AB', waits: 'A' },
    { trust: 'none', published: 'C', takes: 'AB', waits: 'C' },
    { trust: 'none', published: '', takes: 'AB' },
    { trust: 'declared', published: 'ABC', takes: 'ABC' },
    { trust: 'signed', published: 'ABC', takes: 'ABC' },
    { trust: 'declared', published: 'A', takes: 'AB', leaving: true },
    { trust: 'signed', published: 'A', takes: 'AB', leaving: true },
    { trust: 'declared', published: 'A', gone: 'B', takes: 'A' },
    { trust: 'signed', published: 'A', gone: 'B', takes: 'A' },
    { trust: 'signed', published: 'C', gone: 'B', takes: 'AC', leaving: true },
    { trust: 'signed', published: 'C', gone: 'AB', takes: 'C' },
    { trust: 'none', published: 'A', gone: 'B', takes: 'AB', waits: 'A' },
    { trust: 'signed', published: 'C', takes: 'ABC', leaving: true },
    { trust: 'declared', published: 'AC', takes: 'ABC', leaving: true },
    { trust: 'signed', published: '', takes: 'AB' },
    { trust: 'signed', file: 'A', published: 'A', takes: 'AB', leaving: true },
    { trust: 'signed', file: 'A', published: 'A', gone: 'B', takes: 'A' },
    { trust: 'signed', file: 'A', published: 'B', takes: 'AB', leaving: true },
    { trust: 'signed', file: 'A', published: 'B', gone: 'A', takes: 'AB', waits: 'B' },
    { trust: 'signed', file: 'A', published: 'C', takes: 'ABC', leaving: true },
    { trust: 'none', file: 'AB', published: 'ABC', takes: 'AB', waits: 'ABC' },
  ])(
    '$trust, published "$published", by a file "$file", gone before "$gone": "$takes" counts, "$waits" waits',
    (row) => {
      const trusting = row.trust === 'declared' ? { trustNewKeys: true } : {}
      const decision = refreshDecision({
        present: content(['A', 'B'], trusting),
        published: content(row.published.split('').filter(Boolean), trusting).settings,
        signed: row.trust === 'signed',
        file: row.file?.split(''),
        gone: row.gone?.split('') ?? [],
      })
      expect({
        takes: keysOf(decision.apply),
        waits: keysOf(decision.propose),
        leaving: decision.leaving,
      }).toEqual({ takes: row.takes, waits: row.waits, leaving: row.leaving ?? false })
    },
  )
  test('whatever is published, some key is left', () => {
    for (const published of [[], ['C']])
      for (const signed of [true, false])
        for (const file of [undefined, [], ['A']]) {
          const { apply, propose } = refreshDecision({
            present,
            published: { ...present.settings, certificates: published },
            signed,
            file,
            gone: ['A', 'B'],
          })
          expect([keysOf(apply), propose && keysOf(propose)]).not.toContain('')
          expect(keysOf(apply)).toBeTruthy()
        }
  })
})

describe('addresses', () => {
  const published = content(['A', 'B'], {
    ssoUrl: 'https://b.example',
    sloUrl: 'https://b.example/slo',
  }).settings
  const decide = (signed: boolean, file?: string[], trustNewKeys = false) =>
    refreshDecision({
      present: content(['A', 'B'], { trustNewKeys }),
      published: { ...published, trustNewKeys },
      signed,
      file,
      gone: [],
    })
  test('take over under a pinned signature alone', () => {
    expect(decide(true)).toMatchObject({ apply: { settings: published }, propose: undefined })
    expect(decide(false, undefined, true)).toMatchObject({ applied: [], propose: { settings: published } })
    expect(decide(false)).toMatchObject({ apply: { settings: present.settings } })
  })
  test('never over a file’s words', () => {
    const { applied, waits } = decide(true, ['A', 'B'])
    expect([applied, waits.map(({ path }) => path)]).toEqual([[], ['settings.sloUrl', 'settings.ssoUrl']])
  })
  test('what metadata cannot speak of is a person’s, whatever the reading says', () => {
    const before = content(['A'], { signed: 'assertion', skewSeconds: 60 })
    const read = content(['A'], { signed: 'either', metadataSigners: ['Z'], ssoUrl: 'https://b.example' })
    const { apply } = refreshDecision({
      present: before,
      published: read.settings,
      signed: true,
      file: undefined,
      gone: [],
    })
    expect(apply.settings).toEqual({ ...before.settings, ssoUrl: 'https://b.example' })
  })
  test('one that is gone is gone', () => {
    const before = content(['A'], { sloUrl: 'https://a.example/slo' })
    const after = { ...before.settings, sloUrl: undefined }
    const { apply } = refreshDecision({
      present: before,
      published: after,
      signed: true,
      file: undefined,
      gone: [],
    })
    expect(apply.settings).not.toHaveProperty('sloUrl')
  })
})

describe('an edit that waits', () => {
  const [before, after] = [
    content(['A'], { metadataUrl: 'https://m' }),
    content(['A', 'B'], { metadataUrl: 'https://m', ssoUrl: 'https://b.example' }),
  ]
  test('gets the keys and the addresses that it left as they were', () =>
    expect(
      rebased(content(['A'], { metadataUrl: 'https://m', skewSeconds: 9 }), before, after).settings,
    ).toEqual({
      ...after.settings,
      skewSeconds: 9,
    }))
  test('keeps what it changed itself', () =>
    expect(
      rebased(content(['A'], { metadataUrl: 'https://m', ssoUrl: 'https://own' }), before, after).settings,
    ).toMatchObject({
      certificates: ['A', 'B'],
      ssoUrl: 'https://own',
    }))
  test('that trusts somebody else is left alone', () => {
    const edit = content(['Z'], { metadataUrl: 'https://else' })
    expect(rebased(edit, before, after)).toBe(edit)
  })
})

describe('learned keys', () => {
  const place = { institution: 'alder', id: 'idp', state: 'active', version: 1 } as const
  test('stand beside the others, each once', () => {
    expect(keysOf(withLearned(content(['A']), ['A', 'B']))).toBe('AB')
    expect(effectiveContent({ ...content(['A']), ...place, learned: ['B'], metadataUntil: 5 })).toEqual(
      content(['A', 'B']),
    )
    expect(withLearned(present, [])).toBe(present)
  })
  test('a certificate is the same however its lines are broken', () => {
    const [a, b] = ['-----BEGIN CERTIFICATE-----\nAB\nCD\n-----END CERTIFICATE-----\n', 'ABCD']
    expect([sameCertificate(a, b), sameCertificate(a, 'ABCE')]).toEqual([true, false])
  })
  test.each(['idpEntityId', 'metadataUrl', 'metadataSigners', 'trustNewKeys'])(
    'another %s is another trust',
    (name) => {
      expect(sameTrust(present, content(['A'], { [name]: 'other' }))).toBe(false)
      expect(sameTrust(present, content(['Z'], { ssoUrl: 'other' }))).toBe(true)
    },
  )
  test('the same but for keys', () => {
    expect(sameButKeys(present, content(['Z']))).toBe(true)
    expect(sameButKeys(present, content(['A', 'B'], { ssoUrl: 'x' }))).toBe(false)
  })
})

describe('when it is read again', () => {
  const [minute, hour] = [60_000, 3_600_000]
  const times = {
    now: 0,
    refreshMs: 24 * hour,
    cacheSeconds: undefined,
    validUntil: undefined,
    leaving: false,
  }
  test.each([
    ['as the setting says', {}, 24 * hour],
    ['sooner where the document says so', { cacheSeconds: 3600 }, hour],
    ['not later where it says so', { cacheSeconds: 999_999 }, 24 * hour],
    ['well before it ends', { validUntil: 4 * hour }, 2 * hour],
    ['soon, when a key is leaving', { leaving: true }, 15 * minute],
    ['never sooner than in five minutes', { cacheSeconds: 1, validUntil: 1 }, 5 * minute],
  ])('%s', (_, change, at) => expect(nextRefresh({ ...times, ...change })).toBe(at))
  test.each([
    [1, 5],
    [2, 10],
    [3, 20],
    [9, 1280],
    [10, 24 * 60],
    [999, 24 * 60],
  ])('after %i failures in %i minutes', (failures, minutes) =>
    expect(nextAttempt(0, failures, 24 * hour)).toBe(minutes * minute),
  )
})

test('an unknown key is told from a changed message', () => {
  expect(byUnknownKey('saml.signature_invalid', { check: 'signing key' })).toBe(true)
  expect(byUnknownKey('saml.signature_invalid', { check: 'digest' })).toBe(false)
  expect(byUnknownKey('saml.signature_missing', { check: 'signing key' })).toBe(false)
})
