// What a set of rows would change, field by field.
import { expect, test } from 'vitest'
import { changesBetween } from '../../src/flows/apply.ts'
import type { InstitutionSet } from '../../src/ports/stores.ts'

const oak: InstitutionSet = {
  institution: {
    id: 'oak',
    name: 'Oak',
    host: undefined,
    accent: '#123456',
    language: 'en',
    help: undefined,
    stepUpOver: { EUR: '500.00' },
    pin: { length: 6, attempts: 5, lockSeconds: 900 },
    devicesPerSubject: 5,
  },
  relyingParties: [],
  connections: [
    {
      institution: 'oak',
      id: 'idp',
      name: 'IdP',
      type: 'saml',
      state: 'active',
      version: 0,
      settings: { certificates: ['a'] },
      claims: {},
    },
  ],
  cores: [],
}

/** As it comes back from a jsonb column: members that are undefined are gone, keys in another order. */
const stored = (set: InstitutionSet): InstitutionSet =>
  JSON.parse(JSON.stringify(set), (_, value) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).reverse())
      : value,
  )

const change = (set: object) => changesBetween(stored(oak), { ...oak, ...set })

test('what is stored already is no change', () => {
  expect(changesBetween(stored(oak), oak)).toEqual([])
})

test('a new institution is added row by row', () => {
  expect(changesBetween(undefined, oak).map(({ kind, id, change }) => `${change} ${kind} ${id}`)).toEqual([
    'added institution oak',
    'added connection idp',
  ])
})

test.each([
  [{ institution: { ...oak.institution, stepUpOver: { EUR: '500.00', GBP: '1.00' } } }, ['stepUpOver.GBP']],
  [
    { institution: { ...oak.institution, host: 'a.example', pin: { ...oak.institution.pin, attempts: 3 } } },
    ['host', 'pin.attempts'],
  ],
  [
    { connections: [{ ...oak.connections[0], settings: { certificates: ['a', 'b'] } }] },
    ['settings.certificates[1]'],
  ],
  [{ connections: [{ ...oak.connections[0], settings: { certificates: 'a' } }] }, ['settings.certificates']],
  [{ connections: [{ ...oak.connections[0], settings: {} }] }, ['settings.certificates']],
])('a change names its fields, without their values: %j', (set, fields) => {
  const changes = change(set)
  expect(changes).toHaveLength(1)
  expect(changes[0]?.fields.toSorted()).toEqual([...fields].sort())
})

test('a row that is no longer named is removed; a renamed one is one of each', () => {
  expect(
    change({ connections: [{ ...oak.connections[0], id: 'idp2' }] }).map((c) => `${c.change} ${c.id}`),
  ).toEqual(['added idp2', 'removed idp'])
})
