// A SAML answer that is refused, as an administrator reads it: every check with both its sides, and the failed one where it stands.
import { beforeAll, describe, expect, test } from 'vitest'
import { checkList } from '../../src/console/exchanges.ts'
import { messageFigure } from '../../src/console/message.ts'
import type { Check } from '../../src/domain/exchange.ts'
import type { ExpectedAnswer } from '../../src/domain/saml-answer.ts'
import { textOf } from '../../src/http/page/html.ts'
import { readableExchange } from '../../src/xml/saml/readable.ts'
import { judgeResponse } from '../../src/xml/saml/response.ts'
import { type AnswerOptions, answer, base64, expected, makeKey, type TestKey } from '../xml/hostile/idp.ts'

let key: TestKey
let rogue: TestKey

beforeAll(async () => {
  ;[key, rogue] = await Promise.all([makeKey(), makeKey()])
})

const noKey = () => {
  throw new Error('nothing is encrypted here')
}

function judged(xml: string, change: Partial<ExpectedAnswer> = {}): readonly Check[] {
  return judgeResponse(base64(xml), { ...expected, idpCertificates: [key.pem], ...change }, noKey).checks
}

/** The lines that the page marks, without their values. */
function marked(xml: string, checks: readonly Check[]): string[] {
  const kept = readableExchange(undefined, base64(xml)).answer
  const failed = checks.find(({ ok }) => !ok)
  const page = textOf(messageFigure('The answer', kept, failed))
  return [
    ...page.matchAll(
      /<span class="fault"(?: id="at-fault")?><span class="vh">at fault: <\/span>\s*([^<]*)<\/span>/g,
    ),
  ].map(([, line = '']) => line.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"'))
}

const told = (options: Partial<AnswerOptions> = {}) => answer({ key, ...options })

describe('what failed is marked where it stands', () => {
  const within = (side: 'Response' | 'Assertion', xml: string) => {
    const at = xml.indexOf('<saml:Assertion')
    return side === 'Response' ? xml.slice(0, at) : xml.slice(at)
  }
  const startOf = (name: string, xml: string) =>
    new RegExp(`<ds:${name}>([^<]{12})`).exec(xml)?.[1] ?? '(none)'

  test('a message that was changed: the digest that no longer fits, of the right one of two signatures', () => {
    const response = told().replace('alice', 'mallory')
    expect(marked(response, judged(response))).toEqual([
      expect.stringContaining(startOf('DigestValue', within('Response', response))),
    ])
    const assertion = told({ sides: 'assertion' }).replace('alice', 'mallory')
    expect(marked(assertion, judged(assertion))).toEqual([
      expect.stringContaining(startOf('DigestValue', within('Assertion', assertion))),
    ])
  })
  test('a certificate that nobody knows: that certificate', () => {
    const xml = answer({ key: rogue, sides: 'response' })
    expect(marked(xml, judged(xml))).toEqual([expect.stringMatching(/^<ds:X509Certificate>/)])
  })
  test('a value by another key than the answer names, or than it says: the value', () => {
    const twist = (signature: string) => signature.replace(rogue.base64, key.base64)
    const lying = answer({ key: rogue, sides: 'response', responseForm: { twist } })
    expect(judged(lying).at(-1)?.actual).toContain('does not hold, though')
    expect(marked(lying, judged(lying))).toEqual([expect.stringMatching(/^<ds:SignatureValue>/)])
    const silent = answer({ key: rogue, sides: 'response', responseForm: { keyInfo: '' } })
    expect(marked(silent, judged(silent))).toEqual([expect.stringMatching(/^<ds:SignatureValue>/)])
  })
  test('an algorithm, and a signature that is not there', () => {
    const old = answer({ key, sides: 'assertion', assertionForm: { digest: 'urn:x:md5' } })
    expect(marked(old, judged(old))).toEqual([expect.stringContaining('urn:x:md5')])
    const bare = told({ sides: 'none' })
    // A start tag that is too long for a line is marked in all its lines.
    expect(marked(bare, judged(bare))).toEqual(
      expect.arrayContaining(['<saml:Assertion', 'ID="_a1"', 'Version="2.0"']),
    )
  })
  test('the one of two that say the same: audience, address, issuer', () => {
    const stranger = { audiences: [['https://other.example', 'https://third.example']] }
    const elsewhere = told({ facts: stranger })
    expect(marked(elsewhere, judged(elsewhere))).toEqual([
      expect.stringContaining('https://other.example'),
      expect.stringContaining('https://third.example'),
    ])
    const xml = told()
    expect(marked(xml, judged(xml, { acsUrl: 'https://bridge.example/other' }))).toEqual([
      expect.stringMatching(/^Destination="/),
    ])
    expect(marked(xml, judged(xml, { idpEntityId: 'urn:other' }))).toEqual([
      expect.stringMatching(/^<saml:Issuer/),
    ])
  })
  test('what is missing: the element that should have it', () => {
    const xml = told({ facts: { destination: undefined } })
    expect(marked(xml, judged(xml))).toEqual([expect.stringMatching(/^<samlp:Response/)])
  })
  test('nothing in an answer that holds, and nothing by chance', () => {
    expect(marked(told(), judged(told()))).toEqual([])
    expect(marked(told(), [{ name: 'x', ok: false, expected: '1', actual: '2.0' }])).toEqual([])
  })
})

describe('the list of checks', () => {
  test('has both sides of every one, and no name twice', () => {
    const checks = judged(told())
    const names = checks.map(({ name }) => name)
    expect(names).toEqual([...new Set(names)])
    expect(names).toEqual(
      expect.arrayContaining([
        'certificate of the response',
        'certificate of the assertion',
        'Response IssueInstant',
        'Assertion IssueInstant',
      ]),
    )
    const page = textOf(checkList(checks))
    expect(page.match(/<dt>expected<\/dt><dd>[^<]+<\/dd>/g)).toHaveLength(checks.length)
    expect(page.match(/<dt>actual<\/dt><dd>[^<]+<\/dd>/g)).toHaveLength(checks.length)
    expect(checks.filter((one) => one.expected === '' || one.actual === '')).toEqual([])
  })
  test('a stale answer and one from the future have a code each, of one check', () => {
    for (const [now, code] of [
      [expected.now + 3600_000, 'saml.expired'],
      [expected.now - 3600_000, 'saml.not_yet_valid'],
    ] as const) {
      const given = { ...expected, now, idpCertificates: [key.pem] }
      const { checks, outcome } = judgeResponse(base64(told()), given, noKey)
      expect(outcome).toMatchObject({ refusal: { code } })
      expect(checks.filter(({ name }) => name.includes('IssueInstant'))).toHaveLength(1)
    }
  })
})
