// What a change changes, line by line: what goes with a minus, what comes with a plus, and words for those who hear it.
import type { FieldChange } from '../domain/connection.ts'
import { type Html, html } from '../http/page/html.ts'
import type { ConnectorPlugin } from '../ports/connector.ts'
import { valueText } from './certificates.ts'
import { levelLabels, raisedByLabel } from './connection-words.ts'

/** The name of a path as the form has it. */
export function pathLabel(plugins: readonly ConnectorPlugin[], type: string): (path: string) => string {
  const fields = plugins.find((plugin) => plugin.type === type)?.form ?? []
  return (path) => {
    const bare = path.replace(/\[\]$/, '')
    const field = fields.find(({ path: own }) => `settings.${own}` === bare)
    if (field !== undefined) return field.label
    if (bare.startsWith('claims.')) return `Claim ${bare.slice('claims.'.length)}`
    return contentLabels[bare] ?? bare
  }
}

const contentLabels: Readonly<Record<string, string>> = {
  name: 'Name',
  type: 'Protocol',
  domains: 'Mail domains',
  audience: 'Who signs in by it',
  ...Object.fromEntries(Object.entries(levelLabels).map(([name, label]) => [`levels.${name}`, label])),
  raisedBy: raisedByLabel,
}

export interface DifferenceView {
  readonly caption: string
  readonly changes: readonly FieldChange[]
  readonly label: (path: string) => string
}

/** Nothing but a sentence where nothing differs. */
export function difference({ caption, changes, label }: DifferenceView): Html {
  if (changes.length === 0) return html`<p class="quiet">Nothing differs.</p>`
  const labels = changes.map(({ path }) => label(path))
  return html`<figure class="code diff"><figcaption><span>${caption}</span></figcaption><pre tabindex="0" role="region" aria-label="${caption}"><code>${changes.map((change, i) => lines(change, labels[i] === labels[i - 1] ? undefined : labels[i]))}</code></pre></figure>`
}

const lines = ({ before, after }: FieldChange, label: string | undefined): Html =>
  html`${label !== undefined && `${label}:\n`}${before !== undefined && html`<del><span class="vh">removed </span>${shown(before)}</del>`}${after !== undefined && html`<ins><span class="vh">added </span>${shown(after)}</ins>`}`

const longest = 600

function shown(value: string): string {
  const text = valueText(value).replace(/\s+/g, ' ')
  if (text === '') return '(empty)'
  return text.length <= longest ? text : `${text.slice(0, longest)}…`
}
