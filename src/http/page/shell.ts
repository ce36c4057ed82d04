// The frame of every page: head, bank, arch, skip link, sprite, footer.
import { textsOf } from '../words/catalogue.ts'
import { clockText } from '../words/format.ts'
import { type Language, languageFacts } from '../words/language.ts'
import { stylesheets } from './assets.ts'
import { type Html, html, textOf } from './html.ts'
import { safeLink } from './link.ts'
import { arch, filled, referenceText, sprite } from './parts.ts'

/** What the customer knows the answering side by; a row of `Institution` fits. */
export interface Answering {
  readonly name: string
  /** `#rrggbb`; brand.css is made from it. */
  readonly accent: string
  readonly help?: string | undefined
}

/** What every customer page shares: who answers, who asks, in which language. */
export interface Asking {
  readonly language: Language
  /** The institution's path prefix, `/alder`, or '' on a host of its own. */
  readonly base: string
  readonly institution?: Answering | undefined
  /** The asking app's name as the institution registered it. */
  readonly relyingParty?: string | undefined
  readonly reference?: string | undefined
  /** IANA zone for printed times; UTC where none is given. */
  readonly timeZone?: string | undefined
}

export interface PageView extends Asking {
  readonly title: string
  /** `ask` for customers; `room` and `console` bring their own header in `header`. */
  readonly bodyClass: 'ask' | 'room' | 'console'
  readonly skipTo: 'question' | 'message' | 'content'
  /** Below the arch, above the rest: the `h1`. */
  readonly heading?: Html | undefined
  readonly main: Html
  /** Instead of the bank's name and logo. */
  readonly header?: Html | undefined
  /** Instead of the help link and the reference. */
  readonly footer?: Html | undefined
  readonly head?: Html | undefined
  /** After the footer: a script with the response's nonce, where a page has one. */
  readonly tail?: Html | undefined
}

/** The whole document as text. Needs the headers of `pageHeaders`; holds no inline style. */
export function page(view: PageView): string {
  const { language, institution } = view
  const title = institution ? `${view.title} – ${institution.name}` : view.title
  return textOf(html`<!doctype html>
<html lang="${language}" dir="${languageFacts[language].dir}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title}</title>
<link rel="icon" href="data:,">
${stylesheets(view.base, institution?.accent).map((href) => html`<link rel="stylesheet" href="${href}">\n`)}${view.head}
</head>
<body class="${view.bodyClass}">
${sprite}
<a class="skip" href="#main">${skipText(view)}</a>
${view.header ?? html`<header>${bank(institution)}</header>`}
${view.bodyClass === 'ask' ? askMain(view) : html`<main id="main">${view.heading}${view.main}</main>`}
${view.bodyClass === 'ask' && html`<footer class="foot">${view.footer ?? standardFooter(view)}</footer>`}
${view.tail}
</body>
</html>
`)
}

function skipText({ language, skipTo }: PageView): string {
  const { shell } = textsOf(language)
  if (skipTo === 'question') return shell.skipToQuestion
  return skipTo === 'message' ? shell.skipToMessage : shell.skipToContent
}

function askMain({ language, relyingParty, institution, heading, main }: PageView): Html {
  const span = relyingParty && institution && arch(language, relyingParty, institution.name)
  return html`<main id="main" class="stack-l">
<div>${span}${heading}</div>
${main}
</main>`
}

// Until a bank's own logo can be uploaded, its initial stands on a plate in its colour.
export function bank(institution: Answering | undefined, place?: string): Html {
  const name = institution?.name ?? 'Drawbridge'
  const [first] = new Intl.Segmenter().segment(name.trim())
  return html`<span class="bank"><svg class="logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false"><rect class="a" width="32" height="32" rx="8"/><text class="b" x="16" y="22.500" text-anchor="middle" font-size="18" font-weight="650">${first?.segment.toLocaleUpperCase() ?? ''}</text></svg>${place === undefined ? html`<bdi>${name}</bdi>` : html`<span><bdi>${name}</bdi> <small>${place}</small></span>`}</span>`
}

/** The footer's link to help, where the institution gave one that is safe to link. */
export function helpLink({ language, institution }: Asking): Html | undefined {
  const href = safeLink(institution?.help)
  return href === undefined ? undefined : html`<a href="${href}">${textsOf(language).shell.help}</a>`
}

interface Deadline {
  /** Epoch milliseconds; undefined where the page waits for nothing. */
  readonly answerBy: number | undefined
}

/** The footer of a page that is to be answered in time. */
export function deadlineFooter(view: Asking, { answerBy }: Deadline): Html {
  const { language, timeZone, reference } = view
  const time = answerBy !== undefined && clockText({ at: answerBy, timeZone }, language)
  const deadline = time && filled(textsOf(language).shell.answerBy, { time })
  return html`${helpLink(view)}<span>${deadline}${deadline && reference && ' · '}${reference && referenceText(language, reference)}</span>`
}

const standardFooter = (view: PageView): Html =>
  html`${helpLink(view)}<span>${view.reference && referenceText(view.language, view.reference)}</span>`
