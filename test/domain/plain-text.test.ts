// Text that reads as it is: what is refused, and what people really write.
import { describe, expect, test } from 'vitest'
import { foreignAlphabets, textFault, wordsFault } from '../../src/domain/plain-text.ts'

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
