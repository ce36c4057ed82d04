// A kept message as a figure, with the line at fault marked: by the very value that the check found, never by guess.
import type { Check } from '../domain/exchange.ts'
import { printedLines } from '../http/page/code-view.ts'
import { type Html, html } from '../http/page/html.ts'

/** A value shorter than this stands everywhere and would mark what is not meant. */
const shortestMark = 4

const holds = (line: string, { actual }: Check): boolean =>
  actual.length >= shortestMark && line.includes(actual)

/** Where a message travels stands in front of it; the XML itself is laid out in lines. */
function readable(message: string): string[] {
  const start = message.search(/^</m)
  if (start < 0) return message.split('\n')
  const before = message.slice(0, start).trimEnd()
  return [...(before === '' ? [] : before.split('\n')), ...printedLines(message.slice(start))]
}

/** The lines of a message, and those that hold what the failed check found there. */
export function messageFigure(caption: string, message: string, failed: Check | undefined): Html {
  const lines = readable(message)
  const marked = failed === undefined ? [] : lines.filter((line) => holds(line, failed))
  return html`<figure class="code"><figcaption><span>${caption}</span>${marked.length > 0 && html`<span class="key fault">${failed?.name}: this is what failed</span>`}</figcaption>
<pre tabindex="0" role="region" aria-label="${caption}"><code>${lines.map((line) =>
    marked.includes(line)
      ? html`<span class="fault"><span class="vh">at fault: </span>${line}</span>`
      : html`${line}\n`,
  )}</code></pre></figure>`
}
