// What the IdP's administrator is to be given, one click to select each.
import { type Html, html } from '../http/page/html.ts'
import type { OurAddress } from '../ports/connector-settings.ts'

/** A card; each value is selected whole by one click, and can then be copied. */
export const oursView = (all: readonly OurAddress[]): Html =>
  html`<section class="card stack" id="ours" aria-labelledby="h-ours"><h2 id="h-ours">For the IdP’s administrator</h2>
<p class="hint">A click selects a whole value.</p>
<dl class="kv ours">${all.map(({ name, meaning, value }) => html`<div><dt>${name}</dt><dd><code class="copy">${value}</code><span class="hint">${meaning}</span></dd></div>`)}</dl></section>`
