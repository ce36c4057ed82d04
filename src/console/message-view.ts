// One message of an exchange, decoded: XML laid out, parameters as they are, where it went in the caption.
import { markedCode } from '../http/page/code-view.ts'
import { type Html, html } from '../http/page/html.ts'

/** Nothing of it is marked: which lines a signature covers is not kept with it, and is never guessed. */
export function messageView(caption: string, text: string): Html {
  const [first = '', ...others] = text.split('\n')
  const addressed = /^(GET|POST) \S+$/.test(first)
  const body = addressed ? others.join('\n') : text
  const title = addressed ? `${caption}: ${first}` : caption
  if (body.trimStart().startsWith('<'))
    return markedCode(body, [], { caption: title, key: '', label: caption })
  return html`<figure class="code"><figcaption><span>${title}</span></figcaption><pre tabindex="0" role="region" aria-label="${caption}"><code>${body}</code></pre></figure>`
}
