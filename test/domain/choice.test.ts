// Which connection needs no asking for, as tables.
import { describe, expect, test } from 'vitest'
import { isMailDomain, mailDomain, plainChoice } from '../../src/domain/choice.ts'
import type { Connection } from '../../src/domain/institution.ts'

const connection = (id: string, domains: readonly string[] = []): Connection => ({
  institution: 'alder',
  id,
  name: id,
  type: 'saml',
  state: 'active',
  version: 1,
  settings: {},
  claims: {},
  domains,
})
const [a, b, c] = [
  connection('a'),
  connection('b', ['birch.example']),
  connection('c', ['cedar.example', 'oak.example']),
]

describe('the domain of an address', () => {
  test.each([
    ['ann@birch.example', 'birch.example'],
    ['Ann@BIRCH.Example', 'birch.example'],
    ['"odd@local"@birch.example', 'birch.example'],
    ['ann@bücher.example', 'xn--bcher-kva.example'],
    ['ann@birch.example ', 'birch.example'],
    ['@birch.example', undefined],
    ['birch.example', undefined],
    ['ann@birch', undefined],
    ['ann@birch.example/evil', undefined],
    ['ann@birch.example:443', undefined],
    ['ann@[127.0.0.1]', undefined],
    ['ann@127.0.0.1', undefined],
    ['ann@', undefined],
    [`${'x'.repeat(400)}@birch.example`, undefined],
  ])('%s -> %s', (address, domain) => expect(mailDomain(address)).toBe(domain))
  test.each(['Birch.example', 'birch', '-', '*.birch.example', 'birch.example.'])('%s is none', (text) =>
    expect(isMailDomain(text)).toBe(false),
  )
})

describe('without asking', () => {
  test.each([
    ['the only one', [a], {}, 'a'],
    ['the only one, whatever the hints', [a], { connection: 'b', login: 'x@birch.example' }, 'a'],
    ['none of several', [a, b, c], {}, undefined],
    ['the one that is named', [a, b, c], { connection: 'c' }, 'c'],
    ['a name that is not offered', [a, b], { connection: 'c' }, undefined],
    ['the home of the address', [a, b, c], { login: 'x@oak.example' }, 'c'],
    ['the name before the home', [a, b, c], { connection: 'a', login: 'x@oak.example' }, 'a'],
    ['the home where the name is not offered', [a, b, c], { connection: 'z', login: 'x@oak.example' }, 'c'],
    ['two homes are none', [b, connection('d', ['birch.example'])], { login: 'x@birch.example' }, undefined],
  ] as const)('%s', (_, offered, hints, id) =>
    expect(plainChoice(offered, { connection: undefined, login: undefined, ...hints })?.id).toBe(id),
  )
})
