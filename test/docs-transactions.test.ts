// The examples of transactions in the documents are taken as they stand there.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { institutionRules, institutionSet } from '../src/cli/institution-set.ts'
import { ConfigFault } from '../src/config/faults.ts'
import { parseInstitution } from '../src/config/institution-reader.ts'
import { transactionOf } from '../src/domain/transaction.ts'
import { displayOf } from '../src/domain/transaction-display.ts'
import { isFormat } from '../src/domain/transaction-formats.ts'
import { leavesIn, typeNamed } from '../src/domain/transaction-type.ts'
import { builtInTypes, typesOf } from '../src/domain/transaction-types/known.ts'
import { details } from './domain/transaction-samples.ts'

const read = (name: string) => readFileSync(join(import.meta.dirname, '../docs', name), 'utf8')
const guide = read('transactions.md')
const app = read('app-developer.md')
const [own = '', operations = ''] = [...guide.matchAll(/```yaml\n([\s\S]*?)```/g)].map(
  ([, yaml]) => yaml as string,
)
const bank = 'institution: { id: oak, name: Oak }\nconnections: [{ id: idp, name: IdP, settings: {} }]\n'
const parsed = (yaml: string) =>
  institutionSet(parseInstitution(`${bank}${yaml}`, '.', institutionRules), { coreMs: 1 })

const faultOf = (yaml: string): string => {
  try {
    parsed(yaml)
    return 'none'
  } catch (error) {
    if (error instanceof ConfigFault) return error.message
    throw error
  }
}

test('what an app sends: each line of the block is a detail of its type', () => {
  const [, block = ''] = /```json\n(\{"type":"payment_initiation"[\s\S]*?)```/.exec(app) ?? []
  const sent = block.split(/\n(?=\{)/).map((text) => JSON.parse(text))
  expect(sent).toEqual(Object.values(details))
})

test('the answer of introspection names the hash of the payee above it', () => {
  expect(app).toContain(`"transaction":"${transactionOf(details.add_payee, builtInTypes).hash}"`)
})

test('the tables name every type with its members, and every format', () => {
  for (const { type, schema } of builtInTypes)
    for (const page of [guide, app]) {
      const row = page.split('\n').find((line) => line.startsWith(`| \`${type}\``)) ?? ''
      for (const member of Object.keys(schema.properties)) expect(row).toContain(`\`${member}\``)
    }
  const [, formats = ''] = /Formats: ([\s\S]*?)\*\*There/.exec(guide) ?? []
  const named = [...formats.matchAll(/`(\w+)`/g)].map(([, name]) => name)
  expect(named.length).toBe(9)
  expect(named.filter((name) => !isFormat(name))).toEqual([])
})

describe('a type of the bank’s own', () => {
  test('is taken, becomes part of the institution, and is shown whole', () => {
    const { institution } = parsed(own)
    expect(institution.transactionTypes?.[0]).toMatchObject({
      type: 'card_limit',
      facts: { amount: '/limit/amount' },
    })
    const types = typesOf(institution)
    const detail = { type: 'card_limit', card: '4821', limit: { amount: '300.00', currency: 'EUR' } }
    const shown = displayOf(transactionOf(detail, types), typeNamed(types, 'card_limit'), 'en')
    expect(shown.approve).toBe('Change to €300.00')
    expect(shown.text).toBe(
      'Change the limit of this card?\nNew limit: €300.00\nCard: ending in 4821\nWhere: Everywhere',
    )
    expect(leavesIn(detail)).toHaveLength(4)
  })

  test('without a row, the fault is the one that the page tells', () => {
    const row = /\n *- \{ label: Dónde.*$/m
    expect(own).toMatch(row)
    expect(faultOf(own.replace(row, ''))).toContain(
      'transaction_types[0].display.es.rows: /where is not shown: what is not shown is not approved',
    )
  })

  test.each([
    [
      'a fact in the words of the file',
      own.replace('currency: /limit/currency }', 'creditor_account: /card }'),
      'transaction_types[0].facts.creditor_account: a text with the format iban or account',
    ],
    [
      'a fact of nobody',
      own.replace('facts: {', 'facts: { payee: /card,'),
      'transaction_types[0].facts.payee: no such member; known are amount, currency, debtor_account',
    ],
    [
      'a name that is built in',
      own.replace('card_limit', 'add_payee'),
      'transaction_types[0].type: add_payee is there already',
    ],
    [
      'the same twice',
      `${own}${own.replace('transaction_types:\n', '')}`,
      'transaction_types[1].type: card_limit is there already',
    ],
    ['no list', 'transaction_types: 5', 'transaction_types: Invalid input'],
    [
      'an app for a type that is not there',
      "relying_parties: [{ id: app, name: A, redirect_uris: ['https://a.example/'], transaction_types: [pay] }]",
      'relying_parties[0].transaction_types[0]: no such type; known are payment_initiation',
    ],
  ])('a fault is told for %s', (_, yaml, expected) => expect(faultOf(yaml)).toContain(expected))
})

describe('at a core', () => {
  const core = (text: string) =>
    `cores:\n  - id: pay\n    name: Pay\n    endpoint: https://core.example\n    audience: a\n    ${text.trim().replaceAll('\n', '\n    ')}\n`
  test('the operation of the page is taken', () => {
    expect(parsed(core(operations)).cores[0]?.operations[0]?.transaction).toEqual({
      type: 'add_payee',
      creditorAccount: ['Account'],
      creditorName: ['Name'],
    })
    expect(parsed(core(operations)).cores[0]?.operations[1]?.transaction).toEqual({
      type: 'change_contact',
      also: { '/kind': ['Kind'], '/newValue': ['Contact', 'Value'] },
    })
  })
  const at = 'cores[0].operations[0].transaction'
  test.each([
    [
      'a fact that is not compared',
      'creditor_account: Account, ',
      '',
      `${at}.creditor_account: is required: add_payee has this value`,
    ],
    [
      'a fact that it has not',
      'creditor_name: Name',
      'creditor_name: Name, amount: A',
      `${at}.amount: add_payee has no such value`,
    ],
    ['no type', 'add_payee', 'add_nobody', `${at}.type: no such type`],
    ['a type with lists', 'add_payee', 'account_access', `${at}.type: account_access has lists`],
    [
      'a value that is no fact and not compared',
      'add_payee',
      'change_contact',
      `${at}.also./kind: is required: change_contact has this value`,
    ],
    [
      'a value that is not there',
      '{ type',
      '{ also: { /name: N }, type',
      `${at}.also./name: add_payee has no such value`,
    ],
  ])('a fault is told for %s', (_, from, to, expected) => {
    expect(operations).toContain(from)
    expect(faultOf(core(operations.replace(from, to)))).toContain(expected)
  })
})
