// A type of an institution's own: what it may be written in, and that what it allows is shown in every language.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { languages } from '../../src/domain/language.ts'
import { transactionOf } from '../../src/domain/transaction.ts'
import { displayOf } from '../../src/domain/transaction-display.ts'
import { schemaFaults } from '../../src/domain/transaction-schema.ts'
import { transactionTypeFaults } from '../../src/domain/transaction-type-faults.ts'
import { builtInTypes } from '../../src/domain/transaction-types/known.ts'
import { misfitIn } from '../../src/domain/transaction-validator.ts'
import { effortOf } from '../effort.ts'
import { cardControl } from './transaction-samples.ts'

type Tree = { [key: string]: unknown }

/** The type with one place of it changed; undefined takes it away. */
function changed(value: object, path: string, to: unknown): Tree {
  const [step = '', ...rest] = path.split('.')
  const copy: Tree = Array.isArray(value) ? ([...value] as unknown as Tree) : { ...(value as Tree) }
  if (rest.length === 0 && to === undefined) delete copy[step]
  else copy[step] = rest.length === 0 ? to : changed((copy[step] ?? {}) as object, rest.join('.'), to)
  return copy
}

const told = (type: unknown, earlier: readonly unknown[] = []) =>
  transactionTypeFaults(type, earlier).map(({ path, message }) => `${path.join('.')}: ${message}`)

test('the types that are built in are written by the same rules', () => {
  for (const [i, type] of builtInTypes.entries()) {
    const faults = told({ ...type, type: `${type.type}_2` }, [])
    // Its own title is taken by itself, and by nothing else.
    expect(faults.every((fault) => fault.endsWith(`this is the title of ${type.type}`))).toBe(true)
    expect(faults.length).toBe(languages.length)
    expect(builtInTypes.findIndex((other) => other.type === type.type)).toBe(i)
  }
})

test('a type of an institution is taken', () => expect(told(cardControl)).toEqual([]))

describe('a fault is told for', () => {
  const string = { type: 'string', maxLength: 20 }
  const properties = 'schema.properties'
  const row = 'display.en.rows.0'
  test.each<[string, string, unknown, string]>([
    ['a name that is built in', 'type', 'payment_initiation', 'type: payment_initiation is there already'],
    ['a name with capitals', 'type', 'Card', 'type: 2 to 50 lower-case letters'],
    ['no kind of risk', 'risk', 'other', 'risk: one of payment, payee,'],
    ['a member of nobody', 'colour', 'red', 'colour: no such member'],
    ['no schema', 'schema', undefined, 'schema: the schema of an object is needed'],
    [
      'an open object',
      'schema.additionalProperties',
      undefined,
      'schema.additionalProperties: must be false',
    ],
    [
      'an object open by a schema',
      'schema.additionalProperties',
      string,
      'schema.additionalProperties: must be false',
    ],
    [
      'an open object inside',
      `${properties}.card`,
      { type: 'object', properties: { a: string } },
      `${properties}.card.additionalProperties: must be false`,
    ],
    ['its own `type`', `${properties}.type`, string, `${properties}.type: every detail has`],
    [
      'members by pattern',
      'schema.patternProperties',
      { '.*': {} },
      'schema.patternProperties: is not supported',
    ],
    ['a choice of schemas', 'schema.anyOf', [{}], 'schema.anyOf: is not supported'],
    [
      'a reference',
      `${properties}.card`,
      { $ref: 'https://evil.example/schema' },
      `${properties}.card.type: string, integer`,
    ],
    [
      'a reference beside a type',
      `${properties}.card.$ref`,
      '#',
      `${properties}.card.$ref: is not supported`,
    ],
    ['a pattern', `${properties}.card.pattern`, '^(a+)+$', `${properties}.card.pattern: no pattern`],
    [
      'a format of nobody',
      `${properties}.card.format`,
      'uri',
      `${properties}.card.format: no such format; known are amount`,
    ],
    [
      'a format of every object',
      `${properties}.card.format`,
      'constructor',
      `${properties}.card.format: no such format`,
    ],
    [
      'a text without end',
      `${properties}.card`,
      { type: 'string' },
      `${properties}.card.maxLength: 1 to 500`,
    ],
    [
      'a text too long',
      `${properties}.card`,
      { type: 'string', maxLength: 501 },
      `${properties}.card.maxLength: 1 to 500`,
    ],
    ['any value', `${properties}.card`, {}, `${properties}.card.type: string, integer`],
    [
      'several types',
      `${properties}.card`,
      { type: ['string', 'null'] },
      `${properties}.card.type: string, integer`,
    ],
    ['a float', `${properties}.days`, { type: 'number' }, `${properties}.days.type: string, integer`],
    [
      'a number without end',
      `${properties}.days`,
      { type: 'integer', minimum: 1 },
      `${properties}.days.maximum: a whole number`,
    ],
    [
      'a list without end',
      `${properties}.merchants.maxItems`,
      undefined,
      `${properties}.merchants.maxItems: 1 to 20`,
    ],
    [
      'a list in a list',
      `${properties}.merchants.items`,
      { type: 'array', maxItems: 2, items: string },
      `${properties}.merchants.items: a list inside a list`,
    ],
    [
      'items of two values',
      `${properties}.merchants.items`,
      {
        type: 'object',
        additionalProperties: false,
        required: ['a', 'b'],
        properties: { a: string, b: string },
      },
      `${properties}.merchants.items: an item holds exactly one value`,
    ],
    [
      'items that may be empty',
      `${properties}.merchants.items`,
      { type: 'object', additionalProperties: false, properties: { a: string } },
      `${properties}.merchants.items: an item holds exactly one value`,
    ],
    ['a name of every object', `${properties}.toString`, string, `${properties}.toString: a name of letters`],
    ['a name with a slash', `${properties}.a/b`, string, `${properties}.a/b: a name of letters`],
    [
      'a requirement of nobody',
      'schema.required',
      ['card', 'cord'],
      'schema.required: names a member that is not there',
    ],
    ['a `not` of another kind', 'schema.not', { properties: {} }, 'schema.not: only `required`'],
    [
      'a choice that is not seen',
      `${properties}.card`,
      { type: 'string', enum: ['a', 'a\u200b'] },
      `${properties}.card.enum.1: no characters that cannot be seen`,
    ],
    ['a fact where nothing is', 'facts.creditorName', '/name', 'facts.creditorName: no text stands at /name'],
    [
      'an account without its format',
      'facts.debtorAccount',
      '/card',
      'facts.debtorAccount: a text with the format iban',
    ],
    ['a fact of nobody', 'facts.payee', '/card', 'facts.payee: no such member'],
    ['an amount alone', 'facts.amount', '/card', 'facts: amount and currency go together'],
    ['a payment without amount', 'risk', 'payment', 'facts.amount: a payment always has'],
    ['a language that is missing', 'display.es', undefined, 'display.es: is required'],
    ['a language of nobody', 'display.fr', {}, 'display.fr: no such member'],
    ['a value that is not shown', `${properties}.fee`, string, 'display.en.rows: /fee is not shown'],
    [
      'a value that one language does not show',
      'display.es.rows',
      cardControl.display.es.rows.slice(1),
      'display.es.rows: /card is not shown',
    ],
    [
      'a row of a value that is not there',
      `${row}.value`,
      '{/cord}',
      `${row}.value: the schema has no value at /cord`,
    ],
    ['a row without a value', `${row}.value`, 'Card', `${row}.value: one value is needed`],
    ['a row of two values', `${row}.value`, '{/card} {/days}', `${row}.value: one value is needed`],
    ['words that turn round', `${row}.value`, '\u202e{/card}', `${row}.value: only plain words`],
    ['a label with a value', `${row}.label`, 'Card {/card}', `${row}.label: no braces`],
    [
      'a label that another row has',
      `${row}.label`,
      'Abroad',
      'display.en.rows.1.label: Abroad is there twice',
    ],
    ['a kind of nobody', `${row}.as`, 'html', `${row}.as: one of text, money`],
    ['money that is none', `${row}.as`, 'money', `${row}.value: one value is needed; for money`],
    ['a day that is none', `${row}.as`, 'date', `${row}.value: the format date is needed`],
    ['an account that is none', `${row}.as`, 'account', `${row}.value: the format iban or account`],
    ['a list shown as text', 'display.en.rows.3.as', 'text', 'display.en.rows.3.value: the values of a list'],
    ['a text shown as list', `${row}.as`, 'list', `${row}.value: a list is needed there`],
    [
      'a word too few',
      'display.en.rows.1.words',
      { true: 'Works' },
      'display.en.rows.1.words: words are needed for exactly true, false',
    ],
    [
      'two choices that read the same',
      'display.en.rows.1.words',
      { true: 'Works', false: 'Works' },
      'display.en.rows.1.words: two choices read the same',
    ],
    [
      'a boolean without words',
      'display.en.rows.1.words',
      undefined,
      'display.en.rows.1.words: words for true and false',
    ],
    ['words for a text', `${row}.words`, { a: 'b' }, `${row}.words: words are for an enum`],
    [
      'the title of another',
      'display.en.title',
      'Add this payee?',
      'display.en.title: this is the title of add_payee',
    ],
    [
      'an amount on the button that is not shown',
      'display.en.approve',
      'Change {amount}',
      'display.en.approve: no money is always shown',
    ],
    ['another value on the button', 'display.en.approve', 'Change {/card}', 'display.en.approve: no braces'],
    ['no title', 'display.en.title', undefined, 'display.en.title: a text is needed'],
    [
      'markup that is no matter, but too long',
      'display.en.title',
      'x'.repeat(101),
      'display.en.title: at most 100',
    ],
  ])('%s', (_, path, to, expected) => {
    expect(told(changed(cardControl, path, to)).join('\n')).toContain(expected)
  })

  test('too deep, too many', () => {
    const deep = (levels: number): Tree =>
      levels === 0
        ? string
        : {
            type: 'object',
            additionalProperties: false,
            required: ['a'],
            properties: { a: deep(levels - 1) },
          }
    expect(schemaFaults(deep(4)).faults).toEqual([])
    expect(schemaFaults(deep(5)).faults[0]?.message).toContain('deeper than 4')
    const wide = (n: number) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`m${i}`, string]))
    const object = (n: number) => ({ type: 'object', additionalProperties: false, properties: wide(n) })
    expect(schemaFaults(object(31)).faults[0]?.message).toContain('1 to 30 members')
    const many = { ...object(1), properties: { a: object(25), b: object(25) } }
    expect(schemaFaults(many).faults[0]?.message).toContain('more than 40')
  })

  test('a second type of the same name, or title', () => {
    expect(told(cardControl, [cardControl])).toEqual([
      'type: card_control is there already',
      'display.en.title: this is the title of card_control',
      'display.es.title: this is the title of card_control',
    ])
  })

  test('whatever is written instead of a type', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(told(value).length).toBeGreaterThan(0)
      }),
    )
    fc.assert(
      fc.property(
        fc.constantFrom(
          'schema',
          'facts',
          'display',
          'display.en',
          'display.en.rows',
          'schema.properties.card',
          'schema.properties.merchants.items',
          'display.en.rows.0',
        ),
        fc.jsonValue(),
        (path, value) => {
          told(changed(cardControl, path, value))
        },
      ),
    )
  })
})

/** Schemas at random, most of them with a fault. */
const leaf = fc.oneof(
  fc.record({ type: fc.constant('string'), maxLength: fc.integer({ min: 0, max: 600 }) }),
  fc.record({
    type: fc.constant('string'),
    format: fc.constantFrom('date', 'iban', 'amount', 'digits', 'uri'),
  }),
  fc.record({
    type: fc.constant('string'),
    enum: fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 3 }),
  }),
  fc.record({
    type: fc.constant('integer'),
    minimum: fc.integer({ max: 3 }),
    maximum: fc.integer({ min: 1 }),
  }),
  fc.constant({ type: 'boolean' }),
)
const members = (inner: fc.Arbitrary<unknown>) =>
  fc.record(
    {
      type: fc.constant('object'),
      additionalProperties: fc.constantFrom(false, false, false, true),
      required: fc.subarray(['a', 'b']),
      properties: fc.record({ a: inner, b: inner }),
      minProperties: fc.integer({ min: 0, max: 2 }),
      dependentRequired: fc.constantFrom({}, { a: ['b'] }),
      ...{ not: fc.constant({ required: ['a', 'b'] }) },
    },
    { requiredKeys: ['type', 'additionalProperties', 'properties'] },
  )
const list = (items: fc.Arbitrary<unknown>) =>
  fc.record({
    type: fc.constant('array'),
    items,
    maxItems: fc.integer({ min: 0, max: 25 }),
    uniqueItems: fc.boolean(),
  })
const schema = members(fc.oneof(leaf, list(leaf), members(fc.oneof(leaf, list(leaf)))))

test('a schema that is taken compiles, and takes only what its leaves name', () => {
  let taken = 0
  fc.assert(
    fc.property(schema, fc.jsonValue(), (candidate, value) => {
      const { faults, leaves } = schemaFaults(candidate)
      fc.pre(faults.length === 0)
      taken++
      const type = { ...cardControl, type: 'any_type', schema: candidate as never }
      expect(misfitIn(type, { type: 'any_type', stranger: value })).toBeDefined()
      const detail = { type: 'any_type', a: value }
      if (misfitIn(type, detail) === undefined)
        expect(leaves.some(({ pointer }) => pointer.startsWith('/a'))).toBe(true)
    }),
    { numRuns: 200 },
  )
  expect(taken).toBeGreaterThan(50)
})

test('the schema is compiled once a type, however often its row is read anew', () => {
  const copies = Array.from({ length: 300 }, () => structuredClone(cardControl))
  const detail = { type: 'card_control', card: '4821', abroad: true, days: 3 }
  misfitIn(cardControl, detail)
  const others = Array.from(
    { length: 5 },
    (_, i) => changed(cardControl, 'schema.properties.card', { type: 'string', maxLength: 50 + i }) as never,
  )
  const compiled = others.map((type) => effortOf(() => misfitIn(type, detail), 1))
  const all = effortOf(() => {
    for (const type of copies) misfitIn(type, detail)
  })
  for (const type of copies) expect(misfitIn(type, detail)).toBeUndefined()
  expect(all).toBeLessThan((copies.length / 4) * Math.min(...compiled))
})

test('another schema under the same name is another schema', () => {
  const wider = changed(cardControl, 'schema.properties.card', { type: 'string', maxLength: 40 }) as never
  const detail = { type: 'card_control', card: 'gold', abroad: true, days: 3 }
  expect(misfitIn(wider, detail)).toBeUndefined()
  expect(misfitIn(cardControl, detail)).toBe('card')
  expect(displayOf(transactionOf(detail, [wider]), wider, 'en').rows[0]?.value).toBe('ending in gold')
})
