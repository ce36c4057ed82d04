// Levels that an IdP grants, as tables: what counts as what, when it is asked, what a token keeps, what is next.
import { describe, expect, test } from 'vitest'
import {
  type Acr,
  delegated,
  levelReached,
  meets,
  withDevice,
  withDeviceAndPin,
} from '../../src/domain/acr.ts'
import { fieldChanges, loosened, needsTest } from '../../src/domain/connection.ts'
import type { ConnectionContent } from '../../src/domain/institution.ts'
import { type LoginTransaction, nextStep } from '../../src/domain/login.ts'
import {
  type Asking,
  acceptedClasses,
  amrOfGrant,
  askedOf,
  classesFor,
  grantAt,
  grantIn,
  grantSeconds,
  levelFaults,
  levelOfClass,
  strongestOf,
} from '../../src/domain/upstream-level.ts'
import { login } from '../storage/rig.ts'

const mfa = 'https://refeds.org/profile/mfa'
const card = 'urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI'
const password = 'urn:oasis:names:tc:SAML:2.0:ac:classes:Password'
const table = { delegated: [password], device: [mfa], 'device-pin': [card] }

describe('what a class counts as', () => {
  test.each<[string, Acr]>([
    [mfa, withDevice],
    [card, withDeviceAndPin],
    [password, delegated],
    ['urn:unmapped', delegated],
    ['', delegated],
    [mfa.toUpperCase(), delegated],
    [`${mfa} `, delegated],
    [` ${mfa}`, delegated],
    [`${mfa}/`, delegated],
    [mfa.slice(0, -1), delegated],
    ['device', delegated],
    [withDevice, delegated],
    ['__proto__', delegated],
    ['constructor', delegated],
  ])('#70 %j: %s', (one, level) => expect(levelOfClass(table, one)).toBe(level))
  test('without a table nothing counts; a class in two rows counts as the weaker; one that says nothing never', () => {
    expect(levelOfClass(undefined, mfa)).toBe(delegated)
    expect(levelOfClass({ device: [mfa], 'device-pin': [mfa] }, mfa)).toBe(withDevice)
    const nothing = 'urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified'
    expect(levelOfClass({ device: [nothing, '0', ''] }, nothing)).toBe(delegated)
    expect(levelOfClass({ device: [nothing, '0', ''] }, '0')).toBe(delegated)
    expect(levelOfClass({ device: [nothing, '0', ''] }, '')).toBe(delegated)
  })
  test('it counts for an hour from when the IdP asked', () => {
    const grant = { acr: withDevice, authenticatedAt: 1000 }
    expect(grantAt(grant, 1000)).toBe(withDevice)
    expect(grantAt(grant, grantSeconds * 1000 + 999)).toBe(withDevice)
    expect(grantAt(grant, grantSeconds * 1000 + 1000)).toBe(delegated)
    // A clock that is ahead within the skew.
    expect(grantAt(grant, 0)).toBe(withDevice)
    // One that is ahead by more would let a level last for ever.
    expect(grantAt({ acr: withDevice, authenticatedAt: 180_001 }, 0)).toBe(delegated)
    expect(grantAt({ acr: withDevice, authenticatedAt: Number.NaN }, 0)).toBe(delegated)
  })
  test('mfa is said only of more than delegated', () => {
    expect(amrOfGrant(delegated)).toEqual(['fed'])
    expect(amrOfGrant(withDevice)).toEqual(['fed', 'mfa'])
  })
})

describe('tables that are not taken', () => {
  const faults = (given: Record<string, string[]>) => levelFaults(given).map(({ path }) => path)
  test.each<[string, Record<string, string[]>, string[]]>([
    ['a good one', table, []],
    ['a level of nobody', { gold: [mfa] }, ['gold']],
    ['the long name of a level', { [withDevice]: [mfa] }, [withDevice]],
    ['a class twice', { device: [mfa], 'device-pin': [mfa] }, ['device-pin']],
    ['an empty class', { device: [''] }, ['device']],
    ['a class with a space', { device: [`${mfa} ${card}`] }, ['device']],
    ['one that says nothing', { device: ['urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified'] }, ['device']],
    ['level 0 of OpenID Connect', { device: ['0'] }, ['device']],
    ['level 0 as what it is', { delegated: ['0'] }, []],
    ['too many', { device: Array.from({ length: 21 }, (_, i) => `c${i}`) }, ['device']],
  ])('%s', (_, given, paths) => expect(faults(given)).toEqual(paths))
})

describe('what is asked', () => {
  test('the classes that reach the level, weakest first', () => {
    expect(classesFor(table, withDevice)).toEqual([mfa, card])
    expect(classesFor(table, withDeviceAndPin)).toEqual([card])
    expect(classesFor({ device: [mfa] }, withDeviceAndPin)).toEqual([])
    expect(classesFor(undefined, withDevice)).toEqual([])
    expect(strongestOf({ delegated: [password] })).toBeUndefined()
    expect(strongestOf({ device: [mfa], 'device-pin': [] })).toBe(withDevice)
  })
  const base: Asking = {
    needed: withDevice,
    approval: undefined,
    gives: withDeviceAndPin,
    ours: undefined,
    raisedBy: 'bridge',
    spent: false,
  }
  test.each<[string, Partial<Asking>, Acr | undefined]>([
    ['nothing of ours could', {}, withDevice],
    ['no level is needed', { needed: undefined }, undefined],
    ['any answer would do', { needed: delegated }, undefined],
    ['the IdP has no such class', { gives: undefined }, undefined],
    ['its classes are too weak', { gives: withDevice, needed: withDeviceAndPin }, undefined],
    ['our device could', { ours: withDevice }, undefined],
    ['our device could not', { ours: withDevice, needed: withDeviceAndPin }, withDeviceAndPin],
    ['our PIN could', { ours: withDeviceAndPin, needed: withDeviceAndPin }, undefined],
    ['our PIN could, the IdP first', { ours: withDeviceAndPin, raisedBy: 'idp' }, withDevice],
    ['it was asked in vain', { spent: true }, undefined],
    ['in vain, the IdP first', { spent: true, raisedBy: 'idp' }, undefined],
    ['a payment is over the limit', { needed: withDeviceAndPin, approval: withDeviceAndPin }, undefined],
    ['a payment, the IdP first', { approval: withDeviceAndPin, raisedBy: 'idp' }, undefined],
  ])('%s', (_, change, asked) => expect(askedOf({ ...base, ...change })).toBe(asked))
  test.each<[string, Parameters<typeof acceptedClasses>[0], string[]]>([
    ['any', { usual: [], comparison: 'exact', table, asked: withDevice }, []],
    ['the usual', { usual: [password], comparison: 'exact', table, asked: undefined }, [password]],
    [
      'and asked',
      { usual: [password], comparison: 'exact', table, asked: withDevice },
      [password, mfa, card],
    ],
    [
      'a minimum',
      { usual: [password], comparison: 'minimum', table, asked: undefined },
      [password, mfa, card],
    ],
  ])('accepted are %s', (_, given, classes) => expect(acceptedClasses(given)).toEqual(classes))
})

describe('#241 what of a token rests on the IdP is never more than it was', () => {
  test.each<[Acr | undefined, string[], Acr]>([
    [delegated, ['fed'], delegated],
    [withDevice, ['fed', 'mfa'], withDevice],
    [withDeviceAndPin, ['fed', 'mfa'], withDeviceAndPin],
    [withDevice, ['fed', 'pop'], delegated],
    [withDeviceAndPin, ['fed', 'pop', 'pin'], delegated],
    [withDevice, ['fed', 'mfa', 'pop'], withDevice],
    [withDeviceAndPin, ['fed', 'mfa', 'pop'], withDeviceAndPin],
    // Which of both gave it cannot be told: the least that `mfa` can mean.
    [withDeviceAndPin, ['fed', 'mfa', 'pop', 'pin'], withDevice],
    [delegated, ['fed', 'mfa'], delegated],
    [undefined, ['fed', 'mfa'], delegated],
  ])('%s by %j: %s', (acr, amr, granted) => {
    expect(grantIn({ acr, amr })).toBe(granted)
    if (acr !== undefined) expect(levelReached(amr, granted)).toBe(acr)
  })
})

test.each([
  ['a level of the IdP', withDevice, ['fed', 'mfa'], { acr: withDevice, approval: undefined }, true],
  ['a weaker one', withDevice, ['fed', 'mfa'], { acr: withDeviceAndPin, approval: undefined }, false],
  [
    'a payment, by the IdP',
    withDeviceAndPin,
    ['fed', 'mfa', 'pop'],
    { acr: withDeviceAndPin, approval: withDeviceAndPin },
    false,
  ],
  [
    'a payment, by ours',
    withDeviceAndPin,
    ['fed', 'pop', 'pin'],
    { acr: withDeviceAndPin, approval: withDeviceAndPin },
    true,
  ],
])('%s meets the need: %s', (_, acr, amr, need, is) => expect(meets({ acr, amr }, need)).toBe(is))

describe('what is next', () => {
  const known: Partial<LoginTransaction> = {
    subject: 's',
    connection: 'c',
    amr: ['fed'],
    granted: delegated,
    neededAcr: withDevice,
    upstreamGives: withDeviceAndPin,
    consent: 'not-needed',
  }
  const phone: Partial<LoginTransaction> = {
    neededAcr: withDeviceAndPin,
    amr: ['fed', 'pop'],
    device: 'd',
    hasPin: true,
  }
  test.each<[string, Partial<LoginTransaction>, object]>([
    ['the IdP can', {}, { step: 'raise', acr: withDevice }],
    ['it granted it', { granted: withDevice, amr: ['fed', 'mfa'] }, { step: 'finish', acr: withDevice }],
    ['more than needed', { granted: withDeviceAndPin }, { step: 'finish', acr: withDeviceAndPin }],
    ['asked in vain', { upstreamSpent: true }, { step: 'refuse', code: 'upstream.too_weak' }],
    ['it cannot', { upstreamGives: undefined }, { step: 'refuse', code: 'device.required' }],
    [
      'it cannot so much',
      { upstreamGives: withDevice, neededAcr: withDeviceAndPin },
      { step: 'refuse', code: 'device.required' },
    ],
    ['both can, ours first', phone, { step: 'step-up', acr: withDeviceAndPin }],
    ['both can, the IdP first', { ...phone, raisedBy: 'idp' }, { step: 'raise', acr: withDeviceAndPin }],
    [
      'the IdP first, in vain',
      { ...phone, raisedBy: 'idp', upstreamSpent: true },
      { step: 'step-up', acr: withDeviceAndPin },
    ],
    ['a device without PIN', { ...phone, hasPin: false }, { step: 'raise', acr: withDeviceAndPin }],
    [
      'a payment that the IdP never saw',
      { ...phone, granted: withDeviceAndPin, approvalAcr: withDeviceAndPin, raisedBy: 'idp' },
      { step: 'step-up', acr: withDeviceAndPin },
    ],
    [
      'such a payment without a device',
      { granted: withDeviceAndPin, neededAcr: withDeviceAndPin, approvalAcr: withDeviceAndPin },
      { step: 'refuse', code: 'device.required' },
    ],
  ])('%s', (_, change, step) =>
    expect(nextStep({ ...login('uid'), ...known, ...change } as LoginTransaction)).toEqual(step),
  )
})

describe('changes of the table (R-34)', () => {
  const content = { name: 'n', type: 'saml', settings: {}, claims: {}, levels: table } as ConnectionContent
  const of = (levels: ConnectionContent['levels']) => fieldChanges(content, { ...content, levels }, [])
  test.each<[string, ConnectionContent['levels'], string[]]>([
    ['a class less', { ...table, device: [] }, []],
    ['a level less', { delegated: [password], device: [mfa] }, []],
    ['no table', undefined, []],
    ['a class more', { ...table, device: [mfa, 'x'] }, ['levels.device[]']],
    ['a class moved up', { delegated: [password], 'device-pin': [card, mfa] }, ['levels.device-pin[]']],
    ['a level of nobody', { ...table, gold: ['x'] }, ['levels.gold[]']],
  ])('%s', (_, levels, paths) => {
    expect(loosened(of(levels))).toEqual(paths)
    expect(needsTest(of(levels))).toBe(true)
  })
  test('who raises first is no tightening either way', () => {
    const first = { ...content, raisedBy: 'idp' as const }
    expect(loosened(fieldChanges(content, first, []))).toEqual(['raisedBy'])
    expect(loosened(fieldChanges(first, content, []))).toEqual(['raisedBy'])
  })
})
