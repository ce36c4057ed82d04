// What a change changes, line by line: what goes with a minus, what comes with a plus, and words for those who hear it.
import type { FieldChange } from '../domain/connection.ts'
import { type Html, html } from '../http/page/html.ts'
import type { ConnectorPlugin } from '../ports/connector.ts'
import { valueText } from './certificates.ts'
import { audienceChoices, levelLabels, raisedByChoices, raisedByLabel } from './connection-words.ts'
import { protocolName } from './words.ts'

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
  logo: 'Logo',
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

const lines = ({ path, before, after }: FieldChange, label: string | undefined): Html =>
  html`${label !== undefined && `${label}:\n`}${before !== undefined && html`<del><span class="vh">removed </span>${shown(path, before)}</del>`}${after !== undefined && html`<ins><span class="vh">added </span>${shown(path, after)}</ins>`}`

/** What the console calls a value, where it does not show it as it is. */
function named(path: string, value: string): string {
  if (path === 'audience') return audienceChoices[value === 'workforce' ? 'workforce' : 'customers']
  if (path === 'raisedBy') return raisedByChoices[value === 'idp' ? 'idp' : 'bridge']
  if (path === 'type') return protocolName(value)
  if (path.startsWith('settings.') && !path.endsWith('[]'))
    return { true: 'Yes', false: 'No' }[value] ?? value
  return value
}

const longest = 600

function shown(path: string, value: string): string {
  const text = valueText(named(path, value)).replace(/\s+/g, ' ')
  if (text === '') return '(empty)'
  return text.length <= longest ? text : `${text.slice(0, longest)}…`
}
