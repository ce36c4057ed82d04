// The parts that pages are made of, named as their classes in the stylesheet.
import { mask } from '../../domain/mask.ts'
import { textsOf } from '../words/catalogue.ts'
import { fillParts } from '../words/fill.ts'
import type { Language } from '../words/language.ts'
import { type Html, html, type Part, trusted } from './html.ts'

export type IconName = 'info' | 'warn' | 'ok' | 'stop'

/** The drawings that `icon` refers to; once a page. */
export const sprite: Html =
  trusted(`<svg class="sprite" width="0" height="0" aria-hidden="true" focusable="false">
<symbol id="i-info" viewBox="0 0 24 24"><circle cx="12" cy="12" r="9"/><path d="M12 11v5M12 7.6v.1"/></symbol>
<symbol id="i-warn" viewBox="0 0 24 24"><path d="M12 4 2.8 20h18.4L12 4Z"/><path d="M12 10v4.5M12 17.2v.1"/></symbol>
<symbol id="i-ok" viewBox="0 0 24 24"><path d="m5 12.5 4.5 4.5L19 7.5"/></symbol>
<symbol id="i-stop" viewBox="0 0 24 24"><circle cx="12" cy="12" r="9"/><path d="m8.8 8.8 6.4 6.4M15.2 8.8l-6.4 6.4"/></symbol>
</svg>`)

export const icon = (name: IconName): Html =>
  html`<svg class="icon" aria-hidden="true" focusable="false"><use href="#i-${name}"/></svg>`

/** A name or a value from elsewhere, kept from turning the direction of the words around it. */
export const bdi = (text: string): Html => html`<bdi>${text}</bdi>`

/** A catalogue text whose filled-in values are each isolated. */
export const filled = (text: string, values: Readonly<Record<string, string>>): Html =>
  html`${fillParts<Part>(text, isolated(values))}`

const isolated = (values: Readonly<Record<string, string>>): Record<string, Html> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, bdi(value)]))

/** The arch between who asks and who answers: the signature of every customer page. */
export const arch = (language: Language, asking: string, answering: string): Html =>
  html`<p class="span"><span>${bdi(asking)}</span><i aria-hidden="true"></i><span><span class="vh">${textsOf(language).shell.asks}</span>${bdi(answering)}</span></p>`

/** One outcome in bold and what it means; at most one a page. */
export function notice(tone: 'info' | 'ok' | 'warn' | 'bad', outcome: string, meaning?: Part): Html {
  const name = tone === 'bad' ? 'stop' : tone
  return html`<div class="notice${tone !== 'info' && ` ${tone}`}">${icon(name)}<p><strong>${outcome}</strong>${meaning && html` ${meaning}`}</p></div>`
}

/** A fact as label and value. */
export type Row = readonly [label: string, value: Part]

/** Facts; rows that are undefined are left out. */
export const keyValues = (rows: readonly (Row | undefined)[]): Html =>
  html`<dl class="kv">${rows.map((row) => row && html`<div><dt>${row[0]}</dt><dd>${row[1]}</dd></div>`)}</dl>`

/**
 * A value of which only the end is shown, as `mask` in the domain gives it. What was not masked yet is masked here, so that
 * the page does not hold it. Assistive technology hears "ending in 4821". Not for what is being approved: that is shown whole.
 */
export function masked(language: Language, value: string): Html {
  const { shell } = textsOf(language)
  const ending = (value.startsWith('••••') ? value : mask(value)).replaceAll('•', '')
  const spoken = ending === '' ? shell.hidden : shell.endingIn
  return html`<bdi class="masked" dir="ltr"><i aria-hidden="true">••••</i><span class="vh">${spoken}</span> ${ending}</bdi>`
}

/** Fields that go back as they came: the form's token and the like. */
export const hiddenFields = (fields: Readonly<Record<string, string>>): Html =>
  html`${Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}`

export const referenceText = (language: Language, reference: string): Html =>
  html`<span class="vh">${textsOf(language).shell.reference} </span><span class="ref">${reference}</span>`

/** What support asks for, folded: the stable code, and more lines of protocol facts, never of personal values. */
export function supportDetails(
  language: Language,
  code: string,
  more: readonly (readonly [label: string, value: string])[] = [],
): Html {
  const texts = textsOf(language).error
  return html`<details class="more"><summary>${texts.details}</summary>
${keyValues([
  [texts.code, html`<code>${code}</code>`],
  ...more.map(([label, value]) => [label, html`<code>${value}</code>`] as const),
])}
</details>`
}
