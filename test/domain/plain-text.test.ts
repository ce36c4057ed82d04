// Text that reads as it is: what is refused, and what people really write.
import { describe, expect, test } from 'vitest'
import { foreignAlphabets, messageFault, textFault, wordsFault } from '../../src/domain/plain-text.ts'

describe('a text that a customer could misread', () => {
  test.each([
    ['', 'empty'],
    ['Nord\u202ehaven', 'unseen'],
    ['Nord\u200dhaven', 'unseen'],
    ['Nord\u034fhaven', 'unseen'],
    ['Nord\u115fhaven', 'unseen'],
    ['Nord\u2800haven', 'unseen'],
    ['\ue000', 'unseen'],
    ['\udc00', 'unseen'],
    ['a\tb', 'unseen'],
    [' a', 'spaces'],
    ['a ', 'spaces'],
    ['a  b', 'spaces'],
    ['a\u2003b', 'spaces'],
    ['a\u3000b', 'spaces'],
    ['Cafe\u0301', 'unusual'],
    ['\u212b', 'unusual'],
    ['Ａlder', 'unusual'],
    ['𝐀lder', 'unusual'],
    ['ﬁn', 'unusual'],
    ['room ４', 'unusual'],
    ['1\u2024240', 'unusual'],
    ['1\uff0e240', 'unusual'],
    ['room ৪', 'unusual'],
    ['room ٤', 'unusual'],
    ['Аlder', 'mixed'],
    ['Alder Bаnk', 'mixed'],
    ['pαypal', 'mixed'],
    ['Αlder', 'mixed'],
    ['Ꭺlder', 'mixed'],
    ['с\u0301o', 'mixed'],
  ])('%j is %s', (text, fault) => expect(textFault(text)).toBe(fault))

  test.each([
    'Nordhaven Energy',
    'José Mª Núñez, 1º B',
    'Łódź – Straße 5 & Söhne (2026)',
    'Яндекс Go',
    'α-Systems',
    'ΔΕΗ ΑΕ',
    'חברת החשמל (2026)',
    'شركة الكهرباء',
    '東京 Tシャツ',
    '한국전력',
    'ไฟฟ้า',
    'น้ำประปา',
    '½ rent … ²',
    'विद्युत',
    'Ünïcødé',
    'µ-Chip 5 €',
    'Rent 🏠',
    '+37255512345',
    'a@b.example',
  ])('%s is plain', (text) => expect(textFault(text)).toBeUndefined())
})

describe('#131 a message of an app', () => {
  test.each([
    ...['see https://evil.example', 'www.evil', 'see evil.com/pay', 'EVIL.COM', 'evil.com.', '12.example'],
    ...['mailto:x@evil', 'mailto:x@evil.com', 'x@evil', 'x@[2001:db8::1]', 'https:evil', 'https:2130706433'],
    ...['javascript:alert', 'tel:112', 'sms:+34600', 'SIP:1', '192.0.2.1/pay', '192.0.2.1:80'],
    ...['evil.xn--p1ai', 'пример.рф', 'evil\u3002com', 'invoice.pdf', 'now.Then'],
  ])('%j leads somewhere', (text) => expect(messageFault(text)).toBe('address'))

  test.each([
    ...[
      'Order 4712',
      'Order:4712',
      'Order 2026-11/4712',
      'A-4712.3',
      'No.12',
      '12.11.2026, 10:30',
      'e.g. this',
    ],
    ...[
      'EUR 1.234,50',
      '3 @ 4.50',
      '3@4.50',
      'Pay to: Bob',
      'St. Gallen',
      'Done. Thanks',
      'v1.2.3.4',
      'です。次',
    ],
    ...['Call +34 600 123 456', '@alder', 'Заказ:4712'],
  ])('%j does not', (text) => expect(messageFault(text)).toBeUndefined())

  test('is judged fast, however long it is', () => {
    // Each would take minutes if a pattern began anew at each letter of it.
    for (const text of ['a', 'a.', 'a@', '1.', 'a:1'])
      expect(messageFault(text.repeat(100_000))).toBe(text === 'a@' ? 'address' : undefined)
  })
})

test('letters that look like Latin ones are known by their alphabet', () => {
  expect(foreignAlphabets('сосо and ΝΟ')).toEqual(['Cyrillic', 'Greek'])
  expect(foreignAlphabets('coco 東京 חברת')).toEqual([])
})

test('words of a page are told why they are not taken', () => {
  expect(wordsFault('Approve', 10)).toBeUndefined()
  expect(wordsFault('Approve this', 10)).toBe('at most 10 characters')
  expect(wordsFault('Аpprove', 10)).toBe('letters of one alphabet in a word')
  expect(wordsFault(5, 10)).toBe('a text is needed')
})
