// Two policies beside one another: of each rule and limit that differs the lines that went and those that came.
import { levelName } from '../domain/acr.ts'
import { amountText } from '../domain/display-values.ts'
import type { Limit, Threshold } from '../domain/limit.ts'
import { mask, withoutAccounts } from '../domain/mask.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { Policy, Rule } from '../domain/policy.ts'
import { type EntryChange, isUnchanged, policyChanges } from '../domain/policy-changes.ts'
import { signatoriesText } from '../domain/signatories.ts'
import { type Html, html } from '../http/page/html.ts'

/** Compared by what it is, shown as it may be seen: two accounts that end alike are two. */
interface Line {
  readonly key: string
  readonly text: string
}

const plain = (text: string): Line => ({ key: text, text })

/** A sentence where nothing differs. */
export function policyDifference(before: Policy, after: Policy): Html {
  const changes = policyChanges(before, after)
  if (isUnchanged(changes)) return html`<p class="quiet">Nothing differs: they are the same policy.</p>`
  const { rules, limits, order } = changes
  return html`<div class="stack-l">${rules.map((one) => figure('Rule', one, ruleLines))}${limits.map((one) => figure('Limit', one, limitLines))}${
    order &&
    diff('Order of the rules', [
      { sign: 'del', text: order.before.join(', ') },
      { sign: 'ins', text: order.after.join(', ') },
    ])
  }</div>`
}

interface Shown {
  readonly sign: 'del' | 'ins'
  readonly text: string
}

function figure<Entry>(kind: string, change: EntryChange<Entry>, linesOf: (entry: Entry) => Line[]): Html {
  const [was, is] = [change.before, change.after].map((entry) => (entry === undefined ? [] : linesOf(entry)))
  const only = (lines: readonly Line[] = [], others: readonly Line[] = [], sign: Shown['sign']): Shown[] =>
    lines.filter(({ key }) => !others.some((other) => other.key === key)).map(({ text }) => ({ sign, text }))
  return diff(`${kind} ${change.id}${whatOf(change)}`, [...only(was, is, 'del'), ...only(is, was, 'ins')])
}

function whatOf({ before, after }: EntryChange<unknown>): string {
  if (before === undefined) return ', new'
  return after === undefined ? ', taken out' : ''
}

const diff = (caption: string, lines: readonly Shown[]): Html =>
  html`<figure class="code diff"><figcaption><span>${caption}</span></figcaption><pre tabindex="0" role="region" aria-label="${caption}"><code>${lines.map(
    ({ sign, text }) =>
      sign === 'del'
        ? html`<del><span class="vh">removed </span>${text}</del>`
        : html`<ins><span class="vh">added </span>${text}</ins>`,
  )}</code></pre></figure>`

const outcomeLine = (outcome: Outcome): Line =>
  plain(
    outcome.kind === 'step-up'
      ? [
          `outcome: step-up, acr: ${levelName(outcome.acr)}`,
          ...(outcome.by === undefined ? [] : [`by: ${outcome.by.join(', ')}`]),
          ...(outcome.signatories === undefined
            ? []
            : [`signatories: ${signatoriesText(outcome.signatories).join(', ')}`]),
        ].join(', ')
      : `outcome: ${outcome.kind}`,
  )

const ruleLines = ({ id, when, outcome, reason }: Rule): Line[] => [
  { key: `when ${when}`, text: `when: ${withoutAccounts(when).replace(/\s+/g, ' ')}` },
  outcomeLine(outcome),
  plain(`reason: ${reason ?? `rule.${id}`}`),
]

const limitLines = ({ types, from, to, threshold, outcome }: Limit): Line[] => [
  ...(types.length === 0
    ? [plain('whatever moves money')]
    : types.map((type) => plain(`transactions of type ${type}`))),
  ...thresholdLines(threshold),
  ...from.map((account) => ({ key: `from ${account}`, text: `from ${mask(account)}` })),
  ...to.map((account) => ({ key: `to ${account}`, text: `to ${mask(account)}` })),
  outcomeLine(outcome),
]

function thresholdLines(threshold: Threshold): Line[] {
  switch (threshold.kind) {
    case 'amount':
      return [
        plain(`per: ${threshold.per}`),
        ...Object.entries(threshold.over).map(([currency, amount]) =>
          plain(`over ${amountText(amount, currency, 'en')} (${currency})`),
        ),
        ...(threshold.in === undefined ? [] : [plain(`any other currency, converted to ${threshold.in}`)]),
        ...(threshold.unlisted === 'exceeded' ? [plain('any other currency, whatever the amount')] : []),
      ]
    case 'count':
      return [plain(`more than ${threshold.over} within ${threshold.minutes} minutes`)]
    case 'new-payee':
      return [plain('the first payment to an account')]
    case 'always':
      return [plain('every one between the accounts')]
  }
}
