// `drawbridge saml explain` over answers that a real SimpleSAMLphp sent, captured with its metadata.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { run } from '../../src/cli/commands.ts'

const captured = join(import.meta.dirname, '../xml/captured')
const folder = mkdtempSync(join(tmpdir(), 'drawbridge-explain-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

type Name = 'plain' | 'encrypted' | 'sha1'
const requests: Readonly<Record<Name, string>> = {
  plain: '_plain8b0316f351d0d2b9',
  encrypted: '_encryptedfd3cba054f4d8724',
  sha1: '_sha187b52c31f3d9f15d',
}
const bridge = 'https://bridge.example/alder/saml/main'

async function typed(args: readonly string[]) {
  let [out, error] = ['', '']
  const code = await run(['saml', 'explain', ...args], {
    env: {},
    out: (text) => {
      out += text
    },
    error: (text) => {
      error += text
    },
  })
  return { code, out, error }
}

const options = (change: Record<string, string | undefined>): string[] =>
  Object.entries({
    metadata: join(captured, 'idp.xml'),
    sp: `${bridge}/metadata`,
    acs: `${bridge}/acs`,
    at: '2026-11-24T16:38:30Z',
    ...change,
  }).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]))

async function explain(name: Name, change: Record<string, string | undefined> = {}, ...flags: string[]) {
  const response = join(captured, `${name}.b64`)
  const asked = { response, 'in-response-to': requests[name], ...change }
  const { code, out, error } = await typed([...options(asked), ...flags])
  expect(error).toBe('')
  const told = JSON.parse(out)
  return { ...told, exit: code }
}
const key = join(captured, 'sp-key.pem')
const alice = 'adf6ee16a4e0165e8810599e2d6a6d95831abf4e'

describe('a genuine answer', () => {
  test('is taken, with every check that was made', async () => {
    const { checks, ...rest } = await explain('plain')
    expect(rest).toMatchObject({ exit: 0, code: null, ok: true, detail: {}, nameId: alice })
    expect(rest.attributes).toMatchObject({ uid: ['alice'], memberOf: ['teller', 'approver'] })
    expect(checks.length).toBeGreaterThan(20)
    expect(checks.every((check: { ok: boolean }) => check.ok)).toBe(true)
    expect(checks).toContainEqual({
      name: 'Audience',
      ok: true,
      expected: `${bridge}/metadata`,
      actual: `${bridge}/metadata`,
      place: 'Response/Assertion/Conditions/AudienceRestriction/Audience',
    })
    const names = checks.map(({ name }: { name: string }) => name)
    expect(names).toEqual([...new Set(names)])
    expect(checks.filter((one: Record<string, string>) => one.expected === '' || one.actual === '')).toEqual(
      [],
    )
  })
  test('the same as XML', async () => {
    const response = join(folder, 'answer.xml')
    writeFileSync(response, Buffer.from(readFileSync(join(captured, 'plain.b64'), 'utf8'), 'base64'))
    expect(await explain('plain', { response })).toEqual(await explain('plain'))
  })
  test('exit codes: 0 taken, 1 refused, 2 wrongly asked', async () => {
    const given = { response: join(captured, 'plain.b64'), 'in-response-to': requests.plain }
    expect((await typed(options(given))).code).toBe(0)
    expect((await typed(options({ ...given, at: '2026-11-24T17:38:30Z' }))).code).toBe(1)
    expect((await typed(options({ ...given, at: undefined }))).code).toBe(2)
  })
})

describe('why it is refused', () => {
  test.each([
    ['another audience', { sp: `${bridge}/other` }, 'saml.audience', 'Audience', `${bridge}/other`],
    ['another ACS', { acs: `${bridge}/other` }, 'saml.destination', 'Destination', `${bridge}/other`],
    [
      'too late',
      { at: '2026-11-24T16:44:26Z' },
      'saml.expired',
      'confirmation NotOnOrAfter',
      'after 2026-11-24T16:44:26.000Z',
    ],
    [
      'too early',
      { at: '2026-11-24T16:37:00Z' },
      'saml.not_yet_valid',
      'Response IssueInstant',
      '2026-11-24T16:26:00.000Z to 2026-11-24T16:38:00.000Z',
    ],
    [
      'another request',
      { 'in-response-to': '_x' },
      'saml.in_response_to',
      'InResponseTo of the response',
      '_x',
    ],
    [
      'no request named',
      { 'in-response-to': undefined },
      'saml.in_response_to',
      'InResponseTo of the response',
      '(the ID of a request)',
    ],
  ])('%s', async (_, change, refusal, name, wanted) => {
    const { checks, detail, ...rest } = await explain('plain', change)
    expect(rest).toMatchObject({ exit: 1, ok: false, code: refusal, nameId: null, attributes: {} })
    expect(detail).toMatchObject({ check: name, expected: wanted })
    // What held stands before what did not.
    expect(checks.at(-1)).toMatchObject({ name, ok: false, expected: wanted })
    expect(checks.slice(0, -1).every((check: { ok: boolean }) => check.ok)).toBe(true)
  })
  test('unsolicited is only what names no request', async () => {
    const found = await explain('plain', { 'in-response-to': undefined }, '--allow-unsolicited')
    expect(found.checks.at(-1)).toMatchObject({ ok: false, expected: '(none)', actual: requests.plain })
  })
  test('changed on the way, and not base64', async () => {
    const xml = Buffer.from(readFileSync(join(captured, 'plain.b64'), 'utf8'), 'base64').toString('utf8')
    const response = join(folder, 'changed.xml')
    writeFileSync(response, xml.replace('alice@bank.test', 'bob@bank.test'))
    const changed = await explain('plain', { response })
    expect(changed.detail).toMatchObject({
      check: 'digest',
      place: 'Response/Signature/SignedInfo/Reference/DigestValue',
    })
    expect(changed.checks.map(({ name }: { name: string }) => name)).toEqual(['schema', 'digest'])
    writeFileSync(response, 'a,b')
    expect((await explain('plain', { response })).checks).toMatchObject([{ name: 'base64', ok: false }])
  })
  test.each([
    ['nothing', '', 'saml.malformed', 'base64', 'nothing, 0 bytes'],
    [
      'a text',
      'not an answer, but a line',
      'saml.malformed',
      'base64',
      'a text, 25 bytes, first 6e 6f 74 20',
    ],
    [
      'no text',
      '\u0001\u0002\u0003\u0004binary',
      'saml.malformed',
      'base64',
      'no text, 10 bytes, first 01 02',
    ],
    ['a key by mistake', readFileSync(key, 'utf8'), 'saml.malformed', 'base64', 'a PEM file, '],
    [
      'base64 in lines',
      'PHNhbWw\nPHNhbWw=',
      'saml.malformed',
      'base64',
      'base64 with blanks or line breaks in it',
    ],
    [
      'base64 of no XML',
      'aGVsbG8sIHdvcmxk',
      'saml.malformed',
      'XML',
      'it is a text, 12 bytes, first 68 65 6c',
    ],
    ['a broken XML', '<a><b></a>', 'saml.malformed', 'XML', 'it is XML whose root is a'],
    ['a web page', '<!doctype html><html></html>', 'saml.malformed', 'XML', 'it is an HTML page'],
    ['another XML', '<note xmlns="urn:x"/>', 'saml.schema', 'schema', 'note of the namespace urn:x'],
    [
      'its metadata',
      readFileSync(join(captured, 'idp.xml'), 'utf8'),
      'saml.schema',
      'schema',
      'EntityDescriptor of',
    ],
  ])('%s in place of an answer', async (_, text, refusal, name, actual) => {
    const response = join(folder, 'garbage')
    writeFileSync(response, text)
    const { checks, detail, ...rest } = await explain('plain', { response })
    expect(rest).toMatchObject({ exit: 1, ok: false, code: refusal, nameId: null })
    expect(checks).toEqual([{ ...detail, name: detail.check, ok: false, check: undefined }])
    expect(detail).toMatchObject({ check: name, expected: expect.stringMatching(/./) })
    expect(detail.actual).toContain(actual)
  })
  test('the words of the one who asks wrongly', async () => {
    const both = await typed([...options({ response: key, 'in-response-to': '_x' }), '--allow-unsolicited'])
    expect(both).toMatchObject({ code: 2, out: '' })
    expect(both.error).toContain('exclude each other')
    for (const [change, words] of [
      [{ metadata: key }, 'metadata.malformed'],
      [{ idp: 'urn:x' }, 'metadata.entity'],
      [{ metadata: '/nowhere' }, 'cannot be read'],
      [{ key: join(captured, 'idp.xml') }, 'no RSA private key'],
      [{ at: '2026-11-24' }, '--at'],
      [{ policy: 'lax' }, '--policy'],
    ] as const) {
      const wrong = await typed(options({ response: join(captured, 'plain.b64'), ...change }))
      expect(wrong).toMatchObject({ code: 2, out: '' })
      expect(wrong.error).toContain(words)
    }
  })
})

describe('an IdP of yesterday', () => {
  const names = (checks: readonly { name: string }[]) => checks.map(({ name }) => name)
  test('#76 its AES-CBC is refused, and forgiven under compat with the key at hand', async () => {
    expect((await explain('encrypted')).checks.at(-1)).toMatchObject({
      name: 'content encryption',
      actual: 'aes-128-cbc',
    })
    expect((await explain('encrypted', { key })).exit).toBe(1)
    const forgiven = await explain('encrypted', { key, policy: 'compat' })
    expect(forgiven).toMatchObject({ ok: true, nameId: alice })
    expect(names(forgiven.checks)).toContain('compat: aes-cbc')
    const keyless = await explain('encrypted', { policy: 'compat' })
    expect(keyless.checks.at(-1)).toMatchObject({ name: 'decryption key', ok: false })
  })
  test('#18 #19 so are its SHA-1 signatures', async () => {
    expect((await explain('sha1')).detail).toMatchObject({
      check: 'signature',
      actual: expect.stringContaining('rsa-sha1'),
    })
    const forgiven = await explain('sha1', { policy: 'compat' })
    expect(forgiven).toMatchObject({ ok: true, nameId: alice })
    expect(names(forgiven.checks)).toContain('compat: sha1-signatures')
  })
})

test('the worked example of the documents is what is printed', async () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/fi-administrator.md'), 'utf8')
  const [, printed = ''] =
    /npm run -s drawbridge -- saml explain[\s\S]*?```json\n([\s\S]*?)```/.exec(page) ?? []
  const { exit: _exit, ...told } = await explain('sha1')
  expect(JSON.parse(printed)).toEqual(told)
})
