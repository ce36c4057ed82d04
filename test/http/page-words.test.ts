// The words of pages: every refusal in every language, amounts and times as a customer reads them.
import { describe, expect, test } from 'vitest'
import { amountText } from '../../src/domain/display-values.ts'
import { refusalCodes } from '../../src/domain/refusal.ts'
import { digitsOf } from '../../src/domain/transaction.ts'
import { textsOf, wordsOf } from '../../src/http/words/catalogue.ts'
import { httpStatusOf, oauthErrorOf } from '../../src/http/words/codes.ts'
import { fill, fillParts, slotsOf } from '../../src/http/words/fill.ts'
import { clockText, counted, dateTimeText } from '../../src/http/words/format.ts'
import { groupOf, type PageCode } from '../../src/http/words/groups.ts'
import { chooseLanguage, type Language, languageOf, languages } from '../../src/http/words/language.ts'

const codes: readonly PageCode[] = [...refusalCodes, 'unexpected']

/** All texts below a node of the catalogue, by path. */
function texts(node: object, path = ''): [string, string][] {
  return Object.entries(node).flatMap(([key, value]): [string, string][] =>
    typeof value === 'string' ? [[`${path}.${key}`, value]] : texts(value, `${path}.${key}`),
  )
}

describe.each(languages)('words in %s', (language) => {
  test.each(codes)('%s: what happened, what did not, what to do', (code) => {
    const words = wordsOf(language, code)
    for (const text of Object.values(words)) {
      expect(text.trim()).toBe(text)
      expect(text.length).toBeGreaterThan(4)
      // Protocol names belong to the details for support; slots would be printed as they are.
      expect(text).not.toMatch(/\b(SAML|OAuth|OIDC|DPoP|SOAP|token|cookie|JSON|error|invalid|oops)\b|[{}<>]/i)
    }
    for (const text of [words.happened, words.unchanged, words.meaning, words.next])
      expect(text).toMatch(/[.?]$/)
  })

  test('pages have the same texts with the same slots as in English', () => {
    const own = texts(textsOf(language))
    const english = texts(textsOf('en'))
    expect(own.map(([path]) => path)).toEqual(english.map(([path]) => path))
    for (const [i, [path, text]] of own.entries())
      expect([path, slotsOf(text)]).toEqual([path, slotsOf(english[i]![1])])
  })
})

test('two languages do not share a sentence', () => {
  const spanish = new Map(texts(textsOf('es')))
  expect(texts(textsOf('en')).filter(([path, text]) => spanish.get(path) === text)).toEqual([])
  for (const code of codes) expect(wordsOf('es', code).title).not.toBe(wordsOf('en', code).title)
})

test('words never reassure where we do not know what happened', () => {
  for (const code of ['core.timeout', 'core.unreachable', 'core.answer'] as const) {
    expect(groupOf[code]).toBe('outcome-unknown')
    expect(wordsOf('en', code).unchanged).not.toMatch(/nothing/i)
  }
})

test('every code has a status and an OAuth error', () => {
  for (const code of codes) {
    expect(httpStatusOf(code)).toBeGreaterThanOrEqual(400)
    expect(httpStatusOf(code)).toBeLessThan(600)
    // RFC 6749 4.1.2.1: the error is printable ASCII without quote and backslash.
    expect(oauthErrorOf(code)).toMatch(/^[a-z_]+$/)
  }
})

test.each([
  ['rate.exceeded', 429, 'temporarily_unavailable'],
  ['busy', 503, 'temporarily_unavailable'],
  ['institution.unknown', 404, 'invalid_request'],
  ['interaction.expired', 410, 'invalid_request'],
  ['interaction.foreign', 400, 'invalid_request'],
  ['request.too_large', 413, 'invalid_request'],
  ['request.media_type', 415, 'invalid_request'],
  ['token.invalid', 401, 'invalid_token'],
  ['token.scope', 403, 'insufficient_scope'],
  ['acr.insufficient', 401, 'insufficient_user_authentication'],
  ['dpop.replayed', 401, 'invalid_dpop_proof'],
  ['core.timeout', 504, 'temporarily_unavailable'],
  ['core.answer', 502, 'server_error'],
  ['pin.locked', 423, 'access_denied'],
  ['transaction.malformed', 400, 'invalid_authorization_details'],
  ['saml.replayed', 400, 'access_denied'],
  ['unexpected', 500, 'server_error'],
] as const)('%s is told as %i %s', (code, status, error) => {
  expect([httpStatusOf(code), oauthErrorOf(code)]).toEqual([status, error])
})

describe('the language of a page', () => {
  const cases: [string | undefined, string | undefined, Language, Language][] = [
    ['es', 'en', 'en', 'es'],
    ['fr-CA es-MX en', undefined, 'en', 'es'],
    ['fr', 'de, es;q=0.8, en;q=0.9', 'es', 'en'],
    [undefined, 'es-ES,es;q=0.9,en;q=0.8', 'en', 'es'],
    [undefined, 'en;q=0, es;q=0.1', 'en', 'es'],
    [undefined, 'en;q=0', 'es', 'es'],
    [undefined, '*', 'es', 'es'],
    [undefined, undefined, 'es', 'es'],
    ['', '', 'en', 'en'],
    ['ES', undefined, 'en', 'es'],
    [';;,<script>', ',;q=,;;q=9', 'es', 'es'],
    ['x'.repeat(100_000), ','.repeat(100_000), 'es', 'es'],
  ]
  test.each(cases)(
    'ui_locales %j, Accept-Language %j, else %s: %s',
    (uiLocales, accept, fallback, wanted) => {
      expect(chooseLanguage(uiLocales, accept, fallback)).toBe(wanted)
    },
  )

  test('is known by the primary subtag only', () => {
    expect(languageOf('es-419')).toBe('es')
    expect(languageOf('est')).toBeUndefined()
    expect(languageOf('constructor')).toBeUndefined()
  })
})

describe('an amount', () => {
  test.each([
    ['1240.00', 'EUR', 'en', '€1,240.00'],
    ['1240', 'EUR', 'en', '€1,240.00'],
    ['1240.00', 'EUR', 'es', '1240,00 €'],
    ['12400.50', 'EUR', 'es', '12.400,50 €'],
    ['5.00', 'USD', 'en', 'US$5.00'],
    ['5', 'JPY', 'en', 'JP¥5'],
    ['1.234', 'BHD', 'en', 'BHD 1.234'],
    // ICU would round these two to whole dinars and pesos.
    ['1.234', 'IQD', 'en', 'IQD 1.234'],
    ['0.5', 'COP', 'en', 'COP 0.50'],
    // As a float it would be 999999999999999.9 or round up.
    ['999999999999999.99', 'EUR', 'en', '€999,999,999,999,999.99'],
    ['90071992547409.93', 'EUR', 'en', '€90,071,992,547,409.93'],
  ] as const)('%s %s in %s is %s', (amount, currency, language, wanted) => {
    expect(amountText(amount, currency, language).replace(/[\u00a0\u202f]/g, ' ')).toBe(wanted)
  })

  test('shows every digit that was sent, in every currency', () => {
    for (const currency of Intl.supportedValuesOf('currency')) {
      const digits = digitsOf(currency)
      const amount = digits === 0 ? '1234567' : `1234567.${'123'.slice(0, digits)}`
      for (const language of languages) {
        expect(amountText(amount, currency, language).replace(/\D/g, ''), currency).toBe(
          amount.replace('.', ''),
        )
      }
    }
  })

  test.each(['1e3', '-5', '1,000.00', 'NaN', '', '0x10', ' 1'])('is not %j', (amount) => {
    expect(() => amountText(amount, 'EUR', 'en')).toThrow(RangeError)
  })
})

test('times say their zone', () => {
  const moment = { at: Date.UTC(2026, 10, 24, 12, 21, 7), timeZone: 'Europe/Tallinn' }
  expect(clockText(moment, 'en')).toBe('14:21 EET')
  expect(dateTimeText(moment, 'en')).toBe('24 Nov 2026, 14:21:07 EET')
  expect(clockText({ ...moment, timeZone: undefined }, 'es')).toBe('12:21 UTC')
  expect(clockText({ at: Date.UTC(2026, 0, 1), timeZone: undefined }, 'en')).toBe('00:00 UTC')
})

test('counts take their form', () => {
  const forms = textsOf('en').pin.triesLeft
  expect(fill(counted(forms, 1, 'en'), { left: 1 })).toBe('1 try left.')
  expect(fill(counted(forms, 2, 'en'), { left: 2 })).toBe('2 tries left.')
  expect(fill(counted(forms, 0, 'en'), { left: 0 })).toBe('0 tries left.')
})

test('a value is never filled in a second time, and a missing one is a fault', () => {
  expect(fill('{app} asks', { app: '{app} $& $1' })).toBe('{app} $& $1 asks')
  expect(fillParts<number>('a {x} b', { x: 1 })).toEqual(['a ', 1, ' b'])
  expect(() => fill('{app}', {})).toThrow('{app}')
  expect(() => fill('{constructor}', {})).toThrow()
})
