// A policy as people read it: its rules in their order with their conditions, and its limits as sentences.
import { withoutAccounts } from '../domain/mask.ts'
import type { Policy, Rule } from '../domain/policy.ts'
import { builtInLimit } from '../domain/policy-default.ts'
import { type Html, html } from '../http/page/html.ts'
import { isDefaultRule, limitSentence, outcomeBadge, outcomeText } from './policy-words.ts'
import { dataTable } from './table.ts'
import { badge } from './words.ts'

/** Two cards of a grid. */
export const policyView = (policy: Policy): Html =>
  html`<section class="card fill" aria-labelledby="rules"><header><h2 id="rules">Rules</h2></header>${rulesOf(policy)}</section>
<section class="card fill" aria-labelledby="limits"><header><h2 id="limits">Limits</h2></header>${limitsOf(policy)}</section>`

/** A condition as it was written, but for the account numbers in it. */
export const conditionText = ({ when }: Pick<Rule, 'when'>): Html =>
  html`<code>${withoutAccounts(when)}</code>`

/** The rule's name, and whether anybody wrote it. */
export const ruleName = (rule: Rule): Html =>
  html`<code>${rule.id}</code>${isDefaultRule(rule) && html` ${badge('info', 'Default rule')}`}`

export const limitName = (id: string): Html =>
  html`<code>${id}</code>${id === builtInLimit && html` ${badge('info', 'Built in')}`}`

function rulesOf({ rules }: Policy): Html {
  if (rules.length === 0)
    return html`<p class="quiet">None. Not even the default rule, by which whatever is no payment is approved.</p>`
  return dataTable({
    caption: 'Rules in their order: of two equally strong ones the first gives the reason',
    label: 'Rules table',
    columns: [{ name: 'Rule' }, { name: 'When' }, { name: 'Then' }, { name: 'Reason code', as: 'opt' }],
    rows: rules.map((rule, n) => [
      html`${n + 1}. ${ruleName(rule)}`,
      conditionText(rule),
      outcomeText(rule.outcome),
      html`<code>${rule.reason ?? `rule.${rule.id}`}</code>`,
    ]),
  })
}

const limitsOf = ({ limits }: Policy): Html =>
  dataTable({
    caption: 'Limits, each as a sentence',
    label: 'Limits table',
    columns: [{ name: 'Limit' }, { name: 'What it says' }, { name: 'Then' }],
    rows: limits.map((limit) => [limitName(limit.id), limitSentence(limit), outcomeBadge(limit.outcome)]),
  })
