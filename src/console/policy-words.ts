// Rules, limits and decisions in sentences; account numbers in them are masked, as everywhere in the console.
import { withDevice } from '../domain/acr.ts'
import { amountText } from '../domain/display-values.ts'
import { localeOf } from '../domain/language.ts'
import {
  type AmountThreshold,
  type Limit,
  type Measure,
  minutesOf,
  purseOf,
  type Threshold,
} from '../domain/limit.ts'
import { mask } from '../domain/mask.ts'
import { type ApprovalMethod, type Outcome, type OutcomeKind, payeeFrozen } from '../domain/outcome.ts'
import type { Policy, PolicyInputs, Rule } from '../domain/policy.ts'
import { defaultPolicy } from '../domain/policy-default.ts'
import { rolesOf } from '../domain/signatories.ts'
import { decimal } from '../domain/transaction.ts'
import type { Html } from '../http/page/html.ts'
import { badge } from './words.ts'

const both = new Intl.ListFormat(localeOf.en, { type: 'conjunction' })
const either = new Intl.ListFormat(localeOf.en, { type: 'disjunction' })

const [defaultRule] = defaultPolicy.rules

/** Is this the rule that decides where an institution has written none? */
export const isDefaultRule = ({ id, when, outcome, reason }: Rule): boolean =>
  defaultRule !== undefined &&
  reason === undefined &&
  id === defaultRule.id &&
  when === defaultRule.when &&
  outcomeText(outcome) === outcomeText(defaultRule.outcome)

export const outcomeNames: Readonly<Record<OutcomeKind, string>> = {
  allow: 'Passes',
  'step-up': 'Step-up',
  review: 'Held',
  deny: 'Refused',
}

const methodNames: Readonly<Record<ApprovalMethod, string>> = {
  pin: 'PIN on the page',
  approval: 'an answer signed on a phone',
  sms: 'a code from a text message',
}

function methodsOf({ acr, by, signatories }: Extract<Outcome, { kind: 'step-up' }>): string {
  const level = acr === withDevice ? 'with the device' : 'with device and PIN'
  const ways = by === undefined ? '' : `, by ${either.format(by.map((one) => methodNames[one]))}`
  const others = rolesOf(signatories).map(([role, count]) => `${count} ${role}`)
  return `${level}${ways}${others.length === 0 ? '' : `, and signed by ${both.format(others)}`}`
}

/** `Step-up with device and PIN`. */
export const outcomeText = (outcome: Outcome): string =>
  outcome.kind === 'step-up'
    ? `${outcomeNames[outcome.kind]} ${methodsOf(outcome)}`
    : outcomeNames[outcome.kind]

const tones = { allow: 'ok', 'step-up': 'info', review: 'warn', deny: 'bad' } as const

export const outcomeBadge = ({ kind }: Pick<Outcome, 'kind'>): Html => badge(tones[kind], outcomeNames[kind])

/** What becomes of it, after a subject: `… is refused`. */
function leadsTo(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'allow':
      return 'passes'
    case 'step-up':
      return `is approved by the customer ${methodsOf(outcome)}`
    case 'review':
      return 'is held'
    case 'deny':
      return 'is refused'
  }
}

const longestList = 6

/** Masked; of a long list the first, and how many there are. */
function accountsText(accounts: readonly string[]): string {
  const shown = accounts.slice(0, longestList).map(mask)
  const more = accounts.length - shown.length
  return either.format(more > 0 ? [...shown, `one of ${more} others`] : shown)
}

const between = ({ from, to }: Limit): string =>
  `${from.length > 0 ? ` from ${accountsText(from)}` : ''}${to.length > 0 ? ` to ${accountsText(to)}` : ''}`

const whatOf = ({ types }: Limit): string =>
  types.length === 0 ? 'payment' : `transaction of type ${either.format(types)}`

const amountsText = (over: Readonly<Record<string, string>>): string =>
  either.format(Object.entries(over).map(([currency, amount]) => amountText(amount, currency, 'en')))

const spanOf = (minutes: number): string => {
  if (minutes % (24 * 60) === 0 && minutes > 24 * 60) return `${minutes / (24 * 60)} days`
  if (minutes % 60 === 0 && minutes > 60) return `${minutes / 60} hours`
  return minutes === 1 ? 'minute' : `${minutes} minutes`
}

/** `A payment over €500.00 is approved by the customer with device and PIN.` */
export function limitSentence(limit: Limit): string {
  return `${subjectOf(limit, limit.threshold)} ${leadsTo(limit.outcome)}.`
}

function subjectOf(limit: Limit, threshold: Threshold): string {
  const what = `${whatOf(limit)}${between(limit)}`
  switch (threshold.kind) {
    case 'amount':
      return amountSubject(what, threshold)
    case 'count':
      return `A ${what} after ${threshold.over} others within the last ${spanOf(threshold.minutes)}`
    case 'new-payee':
      return `A ${what} to an account that the customer never stepped up for`
    case 'always':
      return `Every ${what}`
  }
}

function amountSubject(what: string, { per, over, in: into, unlisted }: AmountThreshold): string {
  if (Object.keys(over).length === 0) return `Every ${what}`
  const converted = into === undefined ? '' : `, other currencies converted to ${into},`
  const others = unlisted === 'exceeded' ? ', or in any other currency,' : converted
  const amounts = `${amountsText(over)}${others}`
  return per === 'payment'
    ? `A ${what} over ${amounts}`
    : `A ${what} that brings the last ${spanOf(minutesOf[per])} over ${amounts}`
}

/** What was measured for a limit, in its own unit. */
export function measuredText({ threshold }: Limit, measured: Measure, currency: string): string {
  if (measured === 'unconvertible') return 'an amount without a rate'
  if (threshold.kind === 'amount') return moneyText(measured, purseOf(threshold, currency) ?? currency)
  if (threshold.kind === 'count') return `${measured} with this one`
  return measured > 0n ? 'yes' : 'no'
}

/** `€2,500.00`; without a currency the bare minor units. */
export const moneyText = (minor: bigint, currency: string): string =>
  currency === '' ? minor.toString() : amountText(decimal({ minor, currency }), currency, 'en')

/** Where the risk engines had the strongest say. */
function riskText(reason: string): string {
  if (reason === 'risk.weighted')
    return 'The risk engines asked for it, by the weighted mean of their scores.'
  if (reason === 'risk.unanswered')
    return 'A risk engine gave no answer, and the institution says what is to be done then.'
  return `The risk engine ${reason.slice('risk.'.length)} asked for it.`
}

/** Why it was decided so, for people; the code stands beside it. */
export function reasonText(reason: string, policy: Policy | undefined, own: PolicyInputs['own']): string {
  if (reason === 'case.released') return 'It was held before, and two people let it be sent again.'
  if (reason === 'approval.held') return 'The customer approved it far from where it was asked for.'
  if (reason === 'allowed') return 'No rule applied, and no limit was exceeded.'
  if (reason === payeeFrozen.reason) return 'The bank has frozen the account that it goes to.'
  const rule = policy?.rules.find((one) => (one.reason ?? `rule.${one.id}`) === reason)
  if (rule !== undefined)
    return isDefaultRule(rule)
      ? 'It is no payment: the default rule has every other transaction approved.'
      : `The rule ${rule.id} applied.`
  if (reason.startsWith('rule_failed.'))
    return `The rule ${reason.slice('rule_failed.'.length)} could not be worked out; then the strongest counts that any rule could say.`
  const limit = policy?.limits.find(({ id }) => reason === `limit.${id}`)
  if (limit !== undefined) return limitSentence(limit)
  const mine = own.find((one) => reason === `own.${one.limit.threshold.kind}`)
  if (mine !== undefined) return `The customer’s own limit: ${limitSentence(mine.limit)}`
  if (reason.startsWith('risk.')) return riskText(reason)
  return 'Its rule or limit is not known here any more.'
}
