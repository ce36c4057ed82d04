// What a template lets through, and where a page may send a customer.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { html, textOf, trusted } from '../../src/http/page/html.ts'
import { safeLink } from '../../src/http/page/link.ts'
import { masked } from '../../src/http/page/parts.ts'

const entities: Record<string, string> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&amp;': '&',
}
const unescaped = (text: string) => text.replace(/&(?:lt|gt|quot|#39|amp);/g, (entity) => entities[entity]!)

describe('a template', () => {
  test('prints any text as that text and nothing else (attacks 83, 201)', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const printed = textOf(html`${text}`)
        expect(printed).not.toMatch(/[<>"']/)
        expect(unescaped(printed)).toBe(text)
      }),
    )
  })

  test('keeps quotes inside an attribute', () => {
    expect(textOf(html`<a title="${'" onclick="x'}">`)).toBe('<a title="&quot; onclick=&quot;x">')
  })

  test('prints markup of its own once, lists in order, nothing for nothing', () => {
    const inner = html`<b>${'<'}</b>`
    expect(textOf(html`${inner}${[html`1`, '&', 2]}${undefined}${false}`)).toBe('<b>&lt;</b>1&amp;2')
    expect(textOf(html`${trusted('<i>')}`)).toBe('<i>')
  })

  test('does not take an object from outside for markup', () => {
    const forged = JSON.parse('{"markup":"<script>","text":"<script>","toString":"<script>"}')
    expect(() => textOf(html`${forged}`)).toThrow()
  })
})

describe('an address', () => {
  test.each([
    'https://app.example/cb?a=b#c',
    'http://127.0.0.1:4711/cb',
    'http://[::1]:4711/cb',
    'http://localhost:8080/',
    'tel:+3725551234',
    'mailto:help@alder.example',
    'com.alder.pay:/cb',
    '/alder/again',
    '#main',
    '?lang=es',
  ])('may be linked: %s', (address) => {
    expect(safeLink(address)).toBe(address)
  })

  test.each([
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    ' javascript:alert(1)',
    'java\tscript:alert(1)',
    'data:text/html,<script>',
    'vbscript:x',
    'file:///etc/passwd',
    'blob:https://x/1',
    'http://bank.example/',
    '//evil.example/x',
    '/\\evil.example',
    '/\t/evil.example',
    '\\\\evil.example',
    'nodotscheme:/cb',
    'relative/path',
    'https://',
  ])('must not be linked: %s (attack 82)', (address) => {
    expect(safeLink(address)).toBeUndefined()
  })
})

test('an account number never reaches the page whole', () => {
  expect(textOf(masked('en', 'EE382200221020144821'))).not.toContain('20144821')
  expect(textOf(masked('en', 'EE382200221020144821'))).toBe(textOf(masked('en', '••••4821')))
  expect(textOf(masked('en', '12345'))).not.toMatch(/\d/)
})
