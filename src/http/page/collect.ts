// A page that passes by: its script says what the browser tells of its device, and the form goes on, with or without.
import { textsOf } from '../words/catalogue.ts'
import { html, trusted } from './html.ts'
import { hiddenFields } from './parts.ts'
import { type Answering, type Asking, page } from './shell.ts'

export interface CollectView extends Asking {
  readonly institution: Answering
  /** Where the form posts to: `signals` is JSON, or empty. */
  readonly action: string
  readonly hidden: Readonly<Record<string, string>>
  readonly nonce: string
}

/**
 * What any page is told without asking the customer, and nothing that is found out by drawing, by sounds, by fonts or by timing.
 * Nothing is kept in the browser. What fails is left out, and the form goes on all the same.
 */
const script = `
const said = {}
const say = (name, tell) => {
  try {
    const value = tell()
    if (value !== undefined) said[name] = value
  } catch {}
}
say('screen_width', () => Math.round(screen.width))
say('screen_height', () => Math.round(screen.height))
say('color_depth', () => screen.colorDepth)
say('pixel_ratio', () => Math.round(devicePixelRatio * 100) / 100)
say('time_zone', () => Intl.DateTimeFormat().resolvedOptions().timeZone)
say('utc_offset', () => -new Date().getTimezoneOffset())
say('languages', () => [...navigator.languages].slice(0, 10))
say('platform', () => navigator.userAgentData?.platform || undefined)
say('touch_points', () => navigator.maxTouchPoints)
say('storage', () => {
  try {
    return navigator.cookieEnabled && localStorage.length >= 0
  } catch {
    return false
  }
})
say('webdriver', () => navigator.webdriver === true)
document.querySelector('#collect [name=signals]').value = JSON.stringify(said)
HTMLFormElement.prototype.submit.call(document.getElementById('collect'))
`

/** Works without the script: a button does the same. */
export function collectPage(view: CollectView): string {
  const { language, action, hidden, nonce } = view
  const texts = textsOf(language).collect
  return page({
    ...view,
    title: texts.title,
    bodyClass: 'ask',
    skipTo: 'message',
    heading: html`<h1>${texts.title}</h1>`,
    main: html`<p>${texts.happens}</p>
<form method="post" action="${action}" class="stack-l" id="collect">
${hiddenFields({ ...hidden, signals: '' })}
<noscript><div class="stack"><p>${texts.press}</p><div class="actions"><button class="btn primary"><span>${texts.go}</span></button></div></div></noscript>
</form>`,
    tail: html`<script nonce="${nonce}">${trusted(script)}</script>`,
  })
}
