// HTML by tagged template: whatever is put in is escaped, unless it came out of `html` itself.

const markup: unique symbol = Symbol('markup')

/** Finished markup. Only `html` and `trusted` make it; no JSON from outside can carry the symbol. */
export interface Html {
  readonly [markup]: string
}

/** What a template may hold; `undefined` and `false` print nothing, lists print their parts. */
export type Part = string | number | Html | undefined | false | readonly Part[]

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text as HTML: safe between tags and inside quoted attributes (attacks 83, 201). */
export const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => entities[sign] ?? sign)

/** Says that this text is markup already: for constants of our own, never for a value. */
export const trusted = (text: string): Html => ({ [markup]: text })

function print(part: Part): string {
  if (part === undefined || part === false) return ''
  if (typeof part === 'string') return escaped(part)
  if (typeof part === 'number') return String(part)
  return markup in part ? part[markup] : part.map(print).join('')
}

/** A template of markup. Attributes must be quoted in the template; the values need no care. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return trusted(strings.reduce((text, string, i) => text + print(parts[i - 1]) + string))
}

/** The markup as text, for the response. */
export const textOf = (value: Html): string => value[markup]
