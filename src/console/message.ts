// A kept message as a figure, with what failed marked: where the check says that it stands, else by the very value found.
import type { Check } from '../domain/exchange.ts'
import { type PrintedLine, printedLines } from '../http/page/code-view.ts'
import { type Html, html } from '../http/page/html.ts'

/** A value shorter than this stands everywhere and would mark what is not meant. */
const shortestMark = 4

/** Where a message travels stands in front of it; the XML itself is laid out in lines. */
function readable(message: string): PrintedLine[] {
  const plain = (text: string) => text.split('\n').map((line) => ({ text: line, path: '' }))
  const start = message.search(/^</m)
  if (start < 0) return plain(message)
  const before = message.slice(0, start).trimEnd()
  return [...(before === '' ? [] : plain(before)), ...printedLines(message.slice(start))]
}

/** The lines of what failed; of an attribute its own line, and where it is missing the element that should have it. */
function atFault(lines: readonly PrintedLine[], { place, actual }: Check): ReadonlySet<PrintedLine> {
  const [path, attribute] = place?.split('@') ?? []
  const there = lines.filter((line) => path !== undefined && line.path === path)
  const own = there.filter(({ text }) => attribute !== undefined && text.includes(` ${attribute}=`))
  if (own.length > 0) return new Set(own)
  if (there.length > 0) return new Set(attribute === undefined ? there : there.slice(0, 1))
  return new Set(lines.filter(({ text }) => actual.length >= shortestMark && text.includes(actual)))
}

/** The lines of a message, those of the failed check marked: none where it does not say where, and nothing holds its value. One of a page may have marks. */
export function messageFigure(caption: string, message: string, failed: Check | undefined): Html {
  const lines = readable(message)
  const marked = failed === undefined ? new Set<PrintedLine>() : atFault(lines, failed)
  const [first] = marked
  return html`<figure class="code"><figcaption><span>${caption}</span>${marked.size > 0 && html`<a class="key fault" href="#at-fault">${failed?.name}: this is what failed</a>`}</figcaption>
<pre tabindex="0" role="region" aria-label="${caption}"><code>${lines.map((line) =>
    marked.has(line)
      ? html`<span class="fault"${line === first && html` id="at-fault"`}><span class="vh">at fault: </span>${line.text}</span>`
      : html`${line.text}\n`,
  )}</code></pre></figure>`
}
