// The gate, case by case: what may pass, what may not, and where each limit stands.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonical, withDocument } from '../../src/xml/document.ts'
import { type GateLimits, gate, XmlRefused } from '../../src/xml/gate.ts'
import { NS } from '../../src/xml/names.ts'
import { canonicalTree, parseTree } from '../../src/xml/tree.ts'
import { effortOf } from '../effort.ts'
import { largestHonest } from './hostile/large.ts'

function reasonOf(input: string | Uint8Array, limits: Partial<GateLimits> = {}): string {
  try {
    gate(input, limits)
    return 'passed'
  } catch (error) {
    expect(error).toBeInstanceOf(XmlRefused)
    return (error as XmlRefused).reason
  }
}

describe('passes, unchanged', () => {
  test.each([
    '<a/>',
    '<?xml version="1.0"?><a/>',
    `<?xml version='1.0' encoding='utf-8' standalone="no" ?>\n<a/>\n`,
    '<a b="&lt;&amp;&quot;">&#13;&#x1F600; é 日本</a>',
    '<a xmlns="u" xmlns:b="v"><b:c b:d="1" d="2"/><c xmlns=""/></a>',
    '<a xml:lang="en">\r\n\t</a>',
    `<a xmlns:wsu="${NS.wsu}" wsu:Id="x"><b ID="y"/></a>`,
  ])('%j', (xml) => {
    expect(gate(xml)).toBe(xml)
    expect(gate(Buffer.from(xml))).toBe(xml)
  })
})

describe('is refused for what it is', () => {
  test.each([
    ['', /not well-formed/],
    ['<a>', /not well-formed/],
    ['<a/><b/>', /not well-formed/],
    ['<a></b>', /not well-formed/],
    ['<a b=1/>', /not well-formed/],
    ['<a b="1" b="2"/>', /not well-formed/],
    ['<a xmlns:x="u" xmlns:y="u" x:b="1" y:b="2"/>', /not well-formed/],
    ['<x:a/>', /not well-formed/],
    ['<a>&b;</a>', /not well-formed/],
    ['<a>&#0;</a>', /not well-formed/],
    ['<a>&#xD800;</a>', /not well-formed/],
    ['<a>]]></a>', /not well-formed/],
    ['<a xmlns:b=""/>', /not well-formed/],
    ['<a xmlns:xml="u"/>', /not well-formed/],
    ['<a xmlns:x="http://www.w3.org/XML/1998/namespace"/>', /not well-formed/],
    ['<a:b:c xmlns:a="u"/>', /not well-formed/],
    ['<!DOCTYPE a><a/>', /declaration, comment or CDATA/],
    ['<a><!-- --></a>', /declaration, comment or CDATA/],
    ['<a><![CDATA[x]]></a>', /declaration, comment or CDATA/],
    ['<a><?p?></a>', /processing instruction/],
    [' <?xml version="1.0"?><a/>', /processing instruction/],
    ['<?xml version="1.1"?><a/>', /processing instruction/],
    ['<?xml version="1.0" encoding="latin1"?><a/>', /processing instruction/],
    ['\ufeff<a/>', /byte order mark/],
    ['<a>\u0000</a>', /forbidden character/],
    ['<a>\u000b</a>', /forbidden character/],
    ['<a>\ud800</a>', /lone surrogate/],
    ['<a xmlnsx="u"/>', /named like a declaration/],
    ['<a XMLNS="u"/>', /named like a declaration/],
    ['<a xmlns:x="u" x:xmlns="v"/>', /named like a declaration/],
    ['<a xmlns:x="u" x:xmlnsfoo="v"/>', /named like a declaration/],
    ['<a xml:id="x"/>', /xml namespace/],
    ['<a xml:base="http://evil.example"/>', /xml namespace/],
  ])('%j', (xml, reason) => expect(reasonOf(xml)).toMatch(reason))
  test.each([
    ['not UTF-8', Buffer.of(0x3c, 0x61, 0xff, 0x2f, 0x3e)],
    ['overlong', Buffer.of(0x3c, 0x61, 0x3e, 0xc0, 0xaf, 0x3c, 0x2f, 0x61, 0x3e)],
    ['UTF-16', Buffer.from('<a/>', 'utf16le')],
  ])('bytes: %s', (_, bytes) => expect(reasonOf(bytes)).not.toBe('passed'))
})

describe('identities', () => {
  const pairs = ['ID', 'Id', 'id', 'AssertionID', 'w:Id', 'w:ID']
  test.each(pairs.flatMap((one) => pairs.map((two) => [one, two])))('%s and %s', (one, two) => {
    const xml = (second: string) => `<r xmlns:w="${NS.wsu}"><a ${one}="x"/><b ${two}="${second}"/></r>`
    expect(reasonOf(xml('y'))).toBe('passed')
    expect(reasonOf(xml('x'))).toBe('identity used twice')
  })
  test('two on one element, or one that is no name', () => {
    expect(reasonOf('<a ID="x" Id="y"/>')).toBe('two identities on one element')
    for (const value of ['', ' x', '1', 'a b', "a'b", '#a', 'a'.repeat(257)]) {
      expect(reasonOf(`<a ID="${value}"/>`)).toBe('malformed identity')
    }
  })
})

describe('limits: the last that passes, the first that does not', () => {
  const nested = (depth: number) => '<a>'.repeat(depth) + '</a>'.repeat(depth)
  const children = (count: number) => `<a>${'<b/>'.repeat(count)}</a>`
  const attributes = (count: number) =>
    `<a ${Array.from({ length: count }, (_, i) => `b${i}=""`).join(' ')}/>`
  test.each([
    ['depth', nested(32), nested(33), 'too deep'],
    ['elements', children(1999), children(2000), 'too many elements'],
    ['attributes', attributes(32), attributes(33), 'too many attributes'],
    ['name', `<${'a'.repeat(256)}/>`, `<${'a'.repeat(257)}/>`, 'name too long'],
    ['attribute name', `<a ${'b'.repeat(256)}=""/>`, `<a ${'b'.repeat(257)}=""/>`, 'name too long'],
    ['value', `<a b="${'c'.repeat(16_384)}"/>`, `<a b="${'c'.repeat(16_385)}"/>`, 'attribute too long'],
    ['bytes', `<a>${'é'.repeat(65_532)}</a> `, `<a>${'é'.repeat(65_533)}</a>`, 'too large'],
  ])('%s', (_, good, bad, reason) => {
    expect(reasonOf(good)).toBe('passed')
    expect(reasonOf(bad)).toBe(reason)
  })
  test('a caller may set its own', () => {
    expect(reasonOf(nested(5), { depth: 4 })).toBe('too deep')
    expect(reasonOf(nested(40), { depth: 40 })).toBe('passed')
  })
  test('#47 a bomb costs less than a large honest message may', () => {
    const bombs = [nested(18_000), children(30_000), attributes(18_000), `<a b="${'x'.repeat(131_000)}"/>`]
    const huge = `<a>${'x'.repeat(5_000_000)}</a>`
    const declarations = `<a ${Array.from({ length: 6000 }, (_, i) => `xmlns:n${i}="u"`).join(' ')}/>`
    expect(reasonOf(largestHonest)).toBe('passed')
    const honest = effortOf(() => reasonOf(largestHonest))
    for (const bomb of [...bombs, huge, declarations]) {
      expect(reasonOf(bomb)).toMatch(/^too|^attribute too long/)
      expect(effortOf(() => reasonOf(bomb))).toBeLessThan(honest)
    }
  })
  test('#47 where a caller allows more bytes, attributes are still counted while they come', () => {
    const bomb = attributes(700_000)
    const limits = { bytes: 20_000_000 }
    expect(reasonOf(bomb, limits)).toBe('too many attributes')
    // Collecting them all first takes seconds, an honest message milliseconds.
    const honest = effortOf(() => reasonOf(largestHonest))
    expect(effortOf(() => reasonOf(bomb, limits))).toBeLessThan(40 * honest)
  })
})

test('whatever passes means the same to both parsers', () => {
  const name = fc.constantFrom('a', 'p:b', 'q:c', 'Z:d', 'é')
  const text = fc.constantFrom(
    '',
    'x',
    ' ',
    '&amp;',
    '&#10;',
    '\r\n',
    '😀',
    '<!-- -->',
    '<?p?>',
    ']]>',
    '&u;',
  )
  const attribute = fc.constantFrom(
    'k="1"',
    'k="2"',
    'p:k="3"',
    'q:k="4"',
    'xmlns="u:d"',
    'xmlns=""',
    'xmlns:p="u:q"',
    'xmlns:q="u:p"',
    'xmlns:Z="u:z"',
    'ID="i"',
    'Id="i"',
    'xmlnsx="1"',
    'xml:lang="e"',
    'j=" \t a"',
    'xmlns:p=""',
  )
  const { node } = fc.letrec<{ node: string }>((tie) => ({
    node: fc
      .tuple(
        name,
        fc.array(attribute, { maxLength: 3 }),
        fc.array(fc.oneof({ maxDepth: 3 }, text, tie('node')), { maxLength: 3 }),
      )
      .map(([tag, list, inner]) => `<${[tag, ...list].join(' ')}>${inner.join('')}</${tag}>`),
  }))
  let passed = 0
  fc.assert(
    fc.property(node, (inner) => {
      const xml = `<r xmlns:p="u:p" xmlns:q="u:q" xmlns:Z="u:Z">${inner}</r>`
      if (reasonOf(xml) !== 'passed') return
      passed += 1
      const ours = canonicalTree(parseTree(xml).root)
      const theirs = withDocument(xml, (root) => canonical(root))
      expect(ours).toBe(theirs)
    }),
    { numRuns: 1500 },
  )
  // A fuzz in which nothing passes would prove nothing.
  expect(passed).toBeGreaterThan(150)
})
