// XML as people read it, with the lines that a checked signature covers marked: by the verifier's ranges, never by guess.
import { type Html, html } from './html.ts'

/** Offsets into the very string that is shown, in UTF-16 units; `end` is exclusive. */
export interface Range {
  readonly start: number
  readonly end: number
}

/** Where a value stands: local names. Without an attribute it is the element's text. */
export interface Place {
  readonly element: string
  readonly attribute: string | undefined
}

export interface CodeView {
  readonly caption: string
  /** What a mark means: "Covered by signature". Printed only when something is marked. */
  readonly key: string
  /** The name of the scrolling region for assistive technology. */
  readonly label: string
  /** Gives what may be shown of a value (still escaped as in the XML). Marks do not depend on it. */
  readonly mask?: ((value: string, place: Place) => string) | undefined
}

interface Token {
  readonly kind: 'open' | 'close' | 'empty' | 'text' | 'other'
  readonly text: string
  readonly covered: boolean
}

interface Line {
  readonly depth: number
  /** Local name of the element that the line's text belongs to. */
  readonly element: string
  /** Of the element that opens here, by local names from the root; empty elsewhere, and deeper than anything is looked for. */
  readonly path: string
  readonly tokens: readonly Token[]
}

/**
 * The figure. A line is marked only when every character of all its parts lies inside a range; what is covered in part
 * is not marked. Layout and masking come after that decision and cannot change it. Throws a RangeError for a range that
 * does not fit the text: then it was made for another one.
 */
export function markedCode(xml: string, ranges: readonly Range[], view: CodeView): Html {
  const lines = linesOf(tokensOf(xml, joined(ranges, xml.length)))
  const print = printer(view)
  const marked = lines.some(isCovered)
  return html`<figure class="code">
<figcaption><span>${view.caption}</span>${marked && html`<span class="key">${view.key}</span>`}</figcaption>
<pre tabindex="0" role="region" aria-label="${view.label}"><code>${lines.map((line) => {
    const text = print(line)
    return isCovered(line) ? html`<mark>${text}</mark>` : html`${text}\n`
  })}</code></pre>
</figure>`
}

export interface PrintedLine {
  readonly text: string
  /** Of the element whose start tag, or part of it, stands here: `Response/Assertion/Issuer`. */
  readonly path: string
}

/** The XML as the figure would print it, a line each, without marks; text that is no XML stays as it is. */
export function printedLines(xml: string): PrintedLine[] {
  const print = printer({ caption: '', key: '', label: '' })
  return linesOf(tokensOf(xml, [])).flatMap((line) =>
    print(line)
      .split('\n')
      .map((text) => ({ text, path: line.path })),
  )
}

const isCovered = ({ tokens }: Line): boolean => tokens.every((token) => token.covered)

function joined(ranges: readonly Range[], length: number): Range[] {
  const out: Range[] = []
  for (const range of [...ranges].sort((a, b) => a.start - b.start)) {
    const fits = Number.isInteger(range.start) && Number.isInteger(range.end)
    if (!fits || range.start < 0 || range.end <= range.start || range.end > length) {
      throw new RangeError('a mark lies outside the text')
    }
    const last = out.at(-1)
    if (last && range.start <= last.end) {
      out[out.length - 1] = { start: last.start, end: Math.max(last.end, range.end) }
    } else out.push(range)
  }
  return out
}

const form =
  /<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>|<\/?[^\s<>/!?"'](?:[^<>"']|"[^"]*"|'[^']*')*>|[^<]+/y

/** The parts of the text. From the first place that is not XML the rest is one part, shown as it is. */
function tokensOf(xml: string, ranges: readonly Range[]): Token[] {
  const tokens: Token[] = []
  for (let at = 0; at < xml.length; ) {
    form.lastIndex = at
    const found = form.exec(xml)?.[0]
    const text = found ?? xml.slice(at)
    const end = at + text.length
    const covered = ranges.some((range) => range.start <= at && end <= range.end)
    tokens.push({ kind: found === undefined ? 'other' : kindOf(text), text, covered })
    at = end
  }
  return tokens
}

function kindOf(text: string): Token['kind'] {
  if (!text.startsWith('<')) return 'text'
  if (text.startsWith('<!') || text.startsWith('<?')) return 'other'
  if (text.startsWith('</')) return 'close'
  return text.endsWith('/>') ? 'empty' : 'open'
}

// Like the indent below: written out for each level, the paths of hostile nesting would be quadratic.
const deepestPath = 12

/** One line a part; an element that holds only text stays on one, as long as all of it is covered alike. */
function linesOf(tokens: readonly Token[]): Line[] {
  const lines: Line[] = []
  const path: string[] = []
  for (let i = 0; i < tokens.length; ) {
    const leaf = leafAt(tokens, i)
    const token = tokens[i] as Token
    if (token.kind === 'close' && leaf === undefined) path.pop()
    const opens = leaf !== undefined || token.kind === 'open' || token.kind === 'empty'
    const name = opens ? localName(token.text) : (path.at(-1) ?? '')
    if (token.kind !== 'text' || token.text.trim() !== '') {
      const own = opens && path.length < deepestPath ? [...path, name].join('/') : ''
      lines.push({ depth: path.length, element: name, path: own, tokens: leaf ?? [token] })
    }
    if (token.kind === 'open' && leaf === undefined) path.push(localName(token.text))
    i += leaf?.length ?? 1
  }
  return lines
}

function leafAt(tokens: readonly Token[], at: number): readonly Token[] | undefined {
  const length = tokens[at + 1]?.kind === 'text' ? 3 : 2
  const leaf = tokens.slice(at, at + length)
  const isLeaf = leaf.length === length && leaf[0]?.kind === 'open' && leaf.at(-1)?.kind === 'close'
  return isLeaf && leaf.every((token) => token.covered === leaf[0]?.covered) ? leaf : undefined
}

const longestValue = 64
const longestTag = 72

// Deeper levels stand under one another: indenting each further would make hostile nesting quadratic.
const deepestIndent = 40

function printer({ mask = (value) => value }: CodeView): (line: Line) => string {
  const shown = (value: string, place: Place): string => shortened(mask(value, place))
  return ({ depth, element, tokens }) => {
    const indent = '  '.repeat(Math.min(depth, deepestIndent))
    const parts = tokens.map(({ kind, text }) => {
      if (kind === 'close') return shortened(text)
      if (kind === 'open' || kind === 'empty') return tagText(text, indent, shown)
      return shown(text.replace(/\s+/g, ' ').trim(), { element, attribute: undefined })
    })
    return indent + parts.join('')
  }
}

const attribute = /([^\s=<>/"']+)\s*=\s*("[^"]*"|'[^']*')/g

/** A start tag with its values masked; attributes of a long one go on lines of their own. */
function tagText(tag: string, indent: string, shown: (value: string, place: Place) => string): string {
  const element = localName(tag)
  const name = /^<[^\s/>]+/.exec(tag)?.[0] ?? ''
  const attributes = [...tag.matchAll(attribute)].map(([, key = '', quoted = '']) => {
    const value = shown(quoted.slice(1, -1), { element, attribute: key.slice(key.indexOf(':') + 1) })
    return `${key}=${quoted[0]}${value}${quoted[0]}`
  })
  const end = tag.endsWith('/>') ? '/>' : '>'
  const flat = [name, ...attributes].join(' ') + end
  return indent.length + flat.length <= longestTag
    ? flat
    : [name, ...attributes].join(`\n${indent}    `) + end
}

const localName = (tag: string): string => /^<\/?(?:[^\s:/>]+:)?([^\s:/>]+)/.exec(tag)?.[1] ?? ''

const shortened = (text: string): string =>
  text.length <= longestValue ? text : `${text.slice(0, longestValue - 16)}…${text.slice(-12)}`
