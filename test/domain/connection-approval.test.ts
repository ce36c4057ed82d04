// What a change asks of the person who makes it live: nothing for what asks more, the permission for what proves less.
import { describe, expect, test } from 'vitest'
import { usualClaim } from '../../src/domain/claim-names.ts'
import { approvalOf } from '../../src/domain/connection-approval.ts'

const change = (path: string, before: string | undefined, after: string | undefined) => ({
  path,
  before,
  after,
})

describe('approval', () => {
  test.each([
    ['a name', change('name', 'A', 'B'), false, false],
    ['a certificate less', change('settings.certificates[]', 'a', undefined), false, false],
    ['a certificate more', change('settings.certificates[]', undefined, 'a'), true, false],
    ['domains', change('domains[]', undefined, 'a.example'), true, false],
    ['an allowance', change('settings.compat.until', undefined, '2026-12-01'), true, true],
    ['new keys trusted', change('settings.trustNewKeys', undefined, 'true'), true, true],
    ['new keys no longer trusted', change('settings.trustNewKeys', 'true', 'false'), false, false],
    ['metadata that is over taken', change('settings.expiredMetadata', 'refuse', 'warn'), true, true],
    ['a class that counts as a level', change('levels.device[]', undefined, 'urn:a'), true, true],
    ['a class that counts no longer', change('levels.device[]', 'urn:a', undefined), false, false],
    ['who signs in by it', change('audience', undefined, 'workforce'), true, true],
  ])('of %s', (_, one, recent, weaken) => expect(approvalOf([one])).toMatchObject({ recent, weaken }))
})

test('attributes are recognised by their usual names, and by no name of an object’s own', () => {
  expect(usualClaim('displayName')).toBe('name')
  expect(usualClaim('urn:oid:0.9.2342.19200300.100.1.3')).toBe('email')
  expect(usualClaim('constructor')).toBeUndefined()
})
