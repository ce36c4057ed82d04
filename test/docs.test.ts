// The documents keep their word: links lead somewhere, every code is explained, the README's bank is a bank.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { institutionRules, institutionSet } from '../src/cli/institution-set.ts'
import { parseInstitution, readInstitution } from '../src/config/institution-reader.ts'
import { approvalSettings } from '../src/domain/institution.ts'
import { defaultPolicy, policyOf } from '../src/domain/policy-default.ts'
import { factTypes } from '../src/domain/policy-facts.ts'
import { refusalCodes } from '../src/domain/refusal.ts'
import { askedKinds } from '../src/domain/risk-event.ts'
import { httpStatusOf, oauthErrorOf } from '../src/http/words/codes.ts'
import { samlSettings } from '../src/plugins/connectors/saml.ts'
import { camaraSimSwap } from '../src/plugins/lines/camara.ts'

const root = join(import.meta.dirname, '..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

const pages = [
  'README.md',
  'CHANGELOG.md',
  'SECURITY.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
]

const withoutCode = (text: string): string => text.replace(/^```[\s\S]*?^```$/gm, '')

/** What GitHub makes of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s-]/gu, '')
    .trim()
    .replace(/\s/g, '-')

const anchorsOf = (text: string): string[] =>
  [...withoutCode(text).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading]) => anchorOf(heading as string))

/** Links of a page that lead nowhere: a file that is not there, or a heading that the file does not have. */
function deadLinks(page: string, text: string): string[] {
  return [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => {
    if (/^https?:/.test(link)) return []
    const [path = '', anchor] = link.split('#')
    const file = path === '' ? join(root, page) : join(root, dirname(page), path)
    const outside = relative(root, file).startsWith('..')
    if (outside || !existsSync(file)) return [`${page}: ${link}`]
    if (anchor === undefined) return []
    const target = path === '' ? text : readFileSync(file, 'utf8')
    return anchorsOf(target).includes(anchor) ? [] : [`${page}: ${link}`]
  })
}

describe('links', () => {
  test.each(pages)('%s', (page) => expect(deadLinks(page, read(page))).toEqual([]))
  test('there are some to look at', () => {
    const all = pages.flatMap((page) => [...withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)])
    expect(all.length).toBeGreaterThan(100)
  })
  test('a dead file, a dead heading and a way out of the tree are found', () => {
    const text = '# One\n[a](src/nothing.ts) [b](#two) [c](../other.md) [d](#one) [e](LICENSE)\n'
    expect(deadLinks('README.md', text)).toEqual([
      'README.md: src/nothing.ts',
      'README.md: #two',
      'README.md: ../other.md',
    ])
  })
})

describe('README', () => {
  const text = read('README.md')
  test('is under 150 lines', () => expect(text.split('\n').length).toBeLessThan(150))
  test('names the two commands', () => {
    expect(text).toContain('npm ci && npm start')
    expect(text).toContain('npm ci && npm test')
  })
  test('its bank is in thirty lines and says what the example says', () => {
    const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(text) ?? []
    expect(yaml.trimEnd().split('\n').length).toBeLessThanOrEqual(31)
    const examples = join(root, 'config/institutions')
    const { cores, connections, ...rest } = institutionSet(
      parseInstitution(yaml, examples, institutionRules),
      {
        coreMs: 10_000,
      },
    )
    const example = institutionSet(readInstitution(join(examples, 'alder.yaml'), institutionRules), {
      coreMs: 10_000,
    })
    expect({ cores, connections }).toEqual({ cores: example.cores, connections: example.connections })
    expect(rest.institution.stepUpOver).toEqual(example.institution.stepUpOver)
    expect(() => samlSettings.parse(connections[0]?.settings)).not.toThrow()
  })
  test('the bank of docs/policy.md can be applied', () => {
    const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(read('docs/policy.md')) ?? []
    const { institution } = institutionSet(parseInstitution(yaml, root, institutionRules), { coreMs: 10_000 })
    expect(institution.policy?.rules.map(({ id }) => id)).toEqual(['at-night', 'closed-account', 'huge'])
    expect(institution.policy?.limits.map(({ threshold }) => threshold.kind)).toEqual([
      'amount',
      'count',
      'new-payee',
      'always',
    ])
    expect(read('docs/policy.md')).toContain(defaultPolicy.rules[0]?.when)
    const facts = Object.entries(factTypes).flatMap(([group, names]) =>
      Object.keys(names).map((name) => [group, name] as const),
    )
    for (const [group, name] of facts)
      expect(read('docs/policy.md')).toMatch(new RegExp(`\`(${group})?\\.${name}\``))
  })
  test('the bank of docs/policy.md converts', () => {
    const yaml = [...read('docs/policy.md').matchAll(/```yaml\n([\s\S]*?)```/g)].find(([, one]) =>
      one?.includes('rates:'),
    )
    const file = parseInstitution(yaml?.[1] ?? '', root, institutionRules)
    const { institution } = institutionSet(file, { coreMs: 10_000 })
    expect(institution.rates).toMatchObject({ base: 'EUR', validHours: 120, perBase: { USD: '1.0840' } })
    expect(policyOf(institution).limits.map(({ threshold }) => threshold)).toMatchObject([
      { over: institution.stepUpOver, in: 'EUR' },
      { over: { EUR: '2000.00' }, in: 'EUR' },
      { over: { USD: '6000.00' }, in: 'EUR' },
    ])
  })
  test('the bank of docs/operator.md says how long it keeps what', () => {
    const yaml = [...read('docs/operator.md').matchAll(/```yaml\n([\s\S]*?)```/g)].find(([, one]) =>
      one?.includes('retention:'),
    )
    const file = parseInstitution(yaml?.[1] ?? '', root, institutionRules)
    const { retention } = institutionSet(file, { coreMs: 10_000 }).institution
    expect(retention).toEqual({ evidence: 3650, transactions: 1825, risk: 400 })
  })
  test('the bank of docs/risk.md asks its engines', () => {
    const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(read('docs/risk.md')) ?? []
    // The password of the example is in a file, which nobody has here.
    const text = yaml.replace('file:aa-password', 'secret')
    const { risk } = institutionSet(parseInstitution(text, root, institutionRules), {
      coreMs: 10_000,
    }).institution
    expect(risk?.providers.map(({ type }) => type)).toEqual(['signals', 'rsa-aa'])
    expect(Object.keys(risk?.events ?? {})).toEqual(['sign-in', 'enrolment', 'payment'])
    const [, entry = ''] = [...read('docs/risk.md').matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, one]) => one)
    const oak = 'institution: { id: oak, name: Oak }\nrisk:\n  events: {}\n  providers:\n'
    const challenging = parseInstitution(
      `${oak}${entry.replace('file:aa-password', 'secret')}`,
      root,
      institutionRules,
    )
    expect(challenging.risk?.providers[0]?.challenge).toEqual(['code', 'out-of-band'])
    for (const kind of askedKinds) expect(read('docs/risk.md')).toContain(`\`${kind}\``)
  })
  test('the bank of docs/operator.md asks its customers', () => {
    const [, section = ''] = read('docs/operator.md').split('\n## Approvals\n')
    const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(section) ?? []
    const set = institutionSet(parseInstitution(yaml, root, institutionRules), { coreMs: 10_000 })
    expect(approvalSettings(set.institution)).toEqual(approvalSettings({}))
    expect(set.relyingParties[0]?.backchannel).toEqual({
      number: 'required',
      userCode: false,
      signed: false,
      ping: 'https://shop.alder.example/pings',
    })
    expect(set.institution.channels?.map(({ type }) => type)).toEqual(['push'])
  })
  test('the operator of docs/operator.md can be asked', () => {
    const [, section = ''] = read('docs/operator.md').split('### Asking the telephone operator\n')
    const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(section) ?? []
    const text = `institution: { id: oak, name: Oak }\n${yaml.replace('file:operator-secret', 'secret')}`
    const { lineFacts } = institutionSet(parseInstitution(text, root, institutionRules), {
      coreMs: 10_000,
    }).institution
    const plugin = camaraSimSwap({ fetch: undefined as never, now: Date.now })
    expect(() => plugin.check(lineFacts?.settings ?? {})).not.toThrow()
    expect(lineFacts).toMatchObject({ maxAgeHours: 72, onFailure: 'refuse' })
  })
  test('the commands that documents name exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    const named = pages.flatMap((page) =>
      [...read(page).matchAll(/npm run ([a-z:]+)/g)].map(([, name]) => name),
    )
    expect(named.length).toBeGreaterThan(5)
    expect(named.filter((name) => !Object.hasOwn(scripts, name as string))).toEqual([])
  })
})

/** code -> the cells of its row in a table. */
function rowsIn(page: string): Map<string, string[]> {
  const rows = read(page)
    .split('\n')
    .flatMap((line) => {
      const [first = '', ...cells] = line.split('|').slice(1, -1)
      const code = /^`([a-z_.]+)`$/.exec(first.trim())?.[1]
      return code === undefined ? [] : [[code, cells.map((cell) => cell.trim())] as const]
    })
  return new Map(rows)
}

describe('refusal codes', () => {
  const app = rowsIn('docs/app-developer.md')
  const idp = rowsIn('docs/fi-administrator.md')
  const administrators = new Map([...rowsIn('docs/connections.md'), ...rowsIn('docs/console.md')])
  test.each(refusalCodes)('%s is explained', (code) =>
    expect(
      (/^(saml|metadata|oidc|fetch)\./.test(code) ? idp : app).has(code) || administrators.has(code),
    ).toBe(true),
  )
  test('the statuses and OAuth errors of the table are those that are sent', () => {
    // The gateway answers it as a challenge, whatever the table of words has.
    const challenged = 'transaction.missing'
    const wrong = refusalCodes.filter((code) => {
      const [status, error] = app.get(code) ?? []
      if (status === undefined || code === challenged) return false
      const told = /^`(.+)`$/.exec(error ?? '')?.[1]
      return status !== String(httpStatusOf(code)) || (told !== undefined && told !== oauthErrorOf(code))
    })
    expect(wrong).toEqual([])
  })
  test('nothing is explained that does not exist', () => {
    const known: readonly string[] = refusalCodes
    const strangers = [...app.keys(), ...idp.keys(), ...administrators.keys()].filter(
      (code) => /^[a-z]+\.[a-z_]+$/.test(code) && !known.includes(code),
    )
    expect(strangers).toEqual([])
  })
})

describe('the security page', () => {
  const text = read('docs/security.md')
  /** A test file without its comments: a number counts in what a test is called, not in what is said of it. */
  const tested = (path: string) => read(path).replace(/^\s*(?:\/\/|\/?\*).*$/gm, '')
  const filesIn = (part: string) =>
    [...part.matchAll(/\]\(\.\.\/(test\/[^)]+\.test\.ts)\)/g)].map(([, path]) => tested(path as string))
  const isTried = (number: string, tests: readonly string[]) =>
    tests.some((source) => new RegExp(`#${number}\\b`).test(source))
  /** `34 to 50`, `74, 82`: every number that a heading or the first cell of a row names. */
  const numbersIn = (words: string) =>
    [...words.matchAll(/\b(\d{1,3})(?:(?: to |-)(\d{1,3}))?\b/g)].flatMap(([, from, to = from]) =>
      Array.from({ length: Number(to) - Number(from) + 1 }, (_, i) => String(Number(from) + i)),
    )
  const sections = text.split(/^## /m).flatMap((part) => {
    const numbers = /^[^\n]*\(([\d ,to and]+)\)\n/.exec(part)?.[1]
    return numbers === undefined ? [] : [[numbers, part] as const]
  })
  test.each(sections)(
    'attacks %s are in its tables and are tried by the tests that it names',
    (numbers, part) => {
      const cells = [...part.matchAll(/^\| ([^|]*) \|/gm)].map(([, cell]) => cell).join('\n')
      const rows = numbersIn(cells)
      const tests = filesIn(part)
      const wanted = numbersIn(numbers)
      expect(wanted.filter((number) => !rows.includes(number))).toEqual([])
      expect(wanted.filter((number) => !isTried(number, tests))).toEqual([])
    },
  )
  test('every attack that has to be held is there', () => {
    const named = sections.flatMap(([numbers]) => numbersIn(numbers))
    const held = numbersIn('1 to 74, 82, 83, 101 to 109, 115 to 118, 121')
    expect(held.filter((number) => !named.includes(number))).toEqual([])
  })
  test('numbers in its last table are in the file beside them', () => {
    const claims = [...text.matchAll(/((?:#\d+ )+)in \[[^\]]+\]\(\.\.\/(test\/[^)]+)\)/g)]
    expect(claims.length).toBeGreaterThan(6)
    const wrong = claims.flatMap(([, numbers = '', path = '']) =>
      numbersIn(numbers).filter((number) => !isTried(number, [tested(path)])),
    )
    expect(wrong).toEqual([])
  })
})

test('decisions are numbered without a gap and listed in their order in architecture.md', () => {
  const names = readdirSync(join(root, 'docs/decisions')).sort()
  expect(names.map((name) => Number(name.slice(0, 4)))).toEqual(names.map((_, i) => i + 1))
  const listed = [...read('docs/architecture.md').matchAll(/^- \[\d{4}\]\(decisions\/([^)]+)\)/gm)]
  expect(listed.map(([, name]) => name)).toEqual(names)
})
