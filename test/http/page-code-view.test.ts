// XML shown with marks: only what the verifier's ranges cover whole, whatever the layout and the masks do.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { markedCode, type Range } from '../../src/http/page/code-view.ts'
import { textOf } from '../../src/http/page/html.ts'
import { effortOf } from '../effort.ts'

const view = { caption: 'SAML response', key: 'Covered by signature', label: 'SAML response' }

const xml =
  '<p:Response ID="_r"><Issuer>idp</Issuer><Assertion ID="_a"><Subject><NameID>alice-316</NameID></Subject>' +
  '<Signature><SignatureValue>AAAA</SignatureValue></Signature><Attr n="iban" v="EE382200221020144821"/></Assertion></p:Response>'

const rangeOf = (from: string, to: string): Range => ({
  start: xml.indexOf(from),
  end: xml.indexOf(to) + to.length,
})

const entities: Record<string, string> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&amp;': '&',
}

/** The lines as a reader sees them, each with its mark. */
function lines(text: string, ranges: readonly Range[], mask?: Parameters<typeof markedCode>[2]['mask']) {
  const code = /<code>([\s\S]*)<\/code>/.exec(textOf(markedCode(text, ranges, { ...view, mask })))![1]!
  return [...code.matchAll(/<mark>([\s\S]*?)<\/mark>|([\s\S]*?)\n/g)].map(([, marked, bare]) => ({
    marked: marked !== undefined,
    text: (marked ?? bare ?? '').replace(/&(?:lt|gt|quot|#39|amp);/g, (e) => entities[e]!),
  }))
}

const marked = (ranges: readonly Range[]) =>
  lines(xml, ranges)
    .filter((line) => line.marked)
    .map((line) => line.text.trim())

describe('marks', () => {
  test('cover what the signature covers, without the signature itself', () => {
    const signed = [rangeOf('<Assertion', '</Subject>'), rangeOf('<Attr', '</Assertion>')]
    expect(marked(signed)).toEqual([
      '<Assertion ID="_a">',
      '<Subject>',
      '<NameID>alice-316</NameID>',
      '</Subject>',
      '<Attr n="iban" v="EE382200221020144821"/>',
      '</Assertion>',
    ])
  })

  test('leave out a line that is covered in part', () => {
    const whole = rangeOf('<NameID>', '</NameID>')
    expect(marked([whole])).toEqual(['<NameID>alice-316</NameID>'])
    expect(marked([{ ...whole, end: whole.end - 1 }])).toEqual(['<NameID>', 'alice-316'])
    expect(marked([{ ...whole, start: whole.start + 1 }])).toEqual(['alice-316', '</NameID>'])
  })

  test('take touching ranges for one, and nothing for nothing', () => {
    const start = xml.indexOf('<NameID>')
    expect(
      marked([
        { start: start + 4, end: start + 26 },
        { start, end: start + 4 },
      ]),
    ).toEqual(['<NameID>alice-316</NameID>'])
    expect(marked([])).toEqual([])
    expect(textOf(markedCode(xml, [], view))).not.toContain(view.key)
  })

  test.each([
    { start: -1, end: 5 },
    { start: 5, end: 5 },
    { start: 0, end: xml.length + 1 },
    { start: 0.5, end: 3 },
    { start: Number.NaN, end: 3 },
  ])('of another text are refused: %j', (range) => {
    expect(() => markedCode(xml, [range], view)).toThrow(RangeError)
  })

  test('do not move when values are masked', () => {
    const signed = [rangeOf('<Assertion', '</Subject>')]
    const shape = (all: { marked: boolean }[]) => all.map((line) => line.marked)
    expect(shape(lines(xml, signed, () => '••••'))).toEqual(shape(lines(xml, signed)))
  })

  test('never reach a character outside the ranges, whatever they are', () => {
    const covered = fc.tuple(fc.nat(xml.length - 1), fc.integer({ min: 1, max: xml.length }))
    fc.assert(
      fc.property(fc.array(covered, { maxLength: 4 }), (pairs) => {
        const ranges = pairs.map(([start, length]) => ({ start, end: Math.min(xml.length, start + length) }))
        const inside = [...xml].map((_, i) => ranges.some((r) => r.start <= i && i < r.end))
        let at = 0
        for (const line of lines(xml, ranges)) {
          const text = line.text.trim()
          at = xml.indexOf(text, at)
          expect(at).toBeGreaterThanOrEqual(0)
          if (line.marked) expect(inside.slice(at, at + text.length)).not.toContain(false)
          at += text.length
        }
      }),
    )
  })
})

describe('the display', () => {
  test('is indented, one part a line', () => {
    expect(lines(xml, []).map((line) => line.text)).toEqual([
      '<p:Response ID="_r">',
      '  <Issuer>idp</Issuer>',
      '  <Assertion ID="_a">',
      '    <Subject>',
      '      <NameID>alice-316</NameID>',
      '    </Subject>',
      '    <Signature>',
      '      <SignatureValue>AAAA</SignatureValue>',
      '    </Signature>',
      '    <Attr n="iban" v="EE382200221020144821"/>',
      '  </Assertion>',
      '</p:Response>',
    ])
  })

  test('masks by element and attribute, by local name, in CDATA and mixed text too', () => {
    const seen: string[] = []
    const text = '<s:A x:v="1">one<B/>two<![CDATA[three]]></s:A>'
    const shown = lines(text, [], (value, { element, attribute }) => {
      seen.push(`${element}/${attribute ?? ''}=${value}`)
      return '•'
    })
    expect(seen).toEqual(['A/v=1', 'A/=one', 'A/=two', 'A/=<![CDATA[three]]>'])
    expect(shown.map((line) => line.text).join('')).not.toMatch(/one|two|three/)
  })

  test('shows hostile text as text, and what is no XML as it is', () => {
    for (const text of [
      '<a><script>alert(1)</script></a>',
      '<a b="</code><img src=x>"/>',
      '<a',
      '<a <b',
      '</a></b>',
      '<!-- x',
      '<a b="\'>',
    ]) {
      const printed = textOf(markedCode(text, [{ start: 0, end: text.length }], view))
      expect(printed).not.toMatch(/<script|<img/)
      expect(
        lines(text, [])
          .map((l) => l.text.trim())
          .join(''),
      ).toBe(text)
    }
  })

  // A ratio, since machines differ: sixteen times the input is 256 times the work where it is quadratic. What takes next to
  // nothing, a compilation or a collection of memory multiplies: the lesser work counts as five milliseconds at least.
  test.each(['<', '<!--', '<a "', '<a>', '</a>', '<![CDATA['])('is linear in hostile input: %s', (piece) => {
    const effort = (count: number) => effortOf(() => markedCode(piece.repeat(count), [], view))
    effort(1000)
    expect(effort(40_000) / Math.max(effort(2500), 5)).toBeLessThan(128)
  })

  test('shortens long values and breaks long tags', () => {
    const value = 'A'.repeat(500)
    const [first] = lines(`<SignatureValue>${value}</SignatureValue>`, [])
    expect(first!.text.length).toBeLessThan(110)
    const tag = `<a one="${'1'.repeat(40)}" two="${'2'.repeat(40)}"/>`
    expect(lines(tag, [{ start: 0, end: tag.length }])).toEqual([
      { marked: true, text: `<a\n    one="${'1'.repeat(40)}"\n    two="${'2'.repeat(40)}"/>` },
    ])
  })
})
