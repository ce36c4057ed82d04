// The policy on transactions as people write it in the file of an institution: rules, limits and what they lead to.
import { z } from 'zod'
import { currencyFault, isCurrency, noRate, type RateRules, rateFaults } from './institution-rates.ts'

/** What the domain knows of policies, for this folder, which imports nothing. */
export interface PolicyRules extends RateRules {
  /** Is this a decimal amount with no more digits than its currency has? */
  isMoney(amount: string, currency: string): boolean
  /** What is wrong with a condition of the policy language; undefined when it can be used. */
  conditionFault(text: string): string | undefined
  /** Levels that a step-up can ask for, lowest first: what every sign-in reaches is none. */
  readonly stepUpLevels: readonly [string, ...string[]]
  /** How customers approve: all methods, and those that reach a level by its short name (the usual one where none is given). */
  readonly approvalMethods: readonly ['pin', 'approval', 'sms']
  methodsFor(level: string | undefined): readonly string[]
}

/** ISO 4217 currency -> decimal amount. Checked as a whole, so that one wrong entry does not hide the next. */
export const amounts = (rules: Pick<PolicyRules, 'isMoney'>) =>
  z
    .record(z.string(), z.unknown())
    .superRefine((entries, ctx) => {
      for (const [currency, amount] of Object.entries(entries)) {
        const message = amountFault(rules, currency, amount)
        if (message !== undefined) ctx.addIssue({ code: 'custom', path: [currency], message })
      }
    })
    .pipe(z.record(z.string(), z.string()))

function amountFault(
  rules: Pick<PolicyRules, 'isMoney'>,
  currency: string,
  amount: unknown,
): string | undefined {
  if (!isCurrency(currency)) return currencyFault
  // YAML would read 500.10 as a float; money never is one.
  if (typeof amount !== 'string') return "write amounts in quotes: '500.00'"
  if (rules.isMoney(amount, currency)) return undefined
  return `"${amount}" is no amount of ${currency}: digits, and a point before the minor units`
}

const policyId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,39}$/, 'lower-case letters, digits, - and _ are needed')
  .refine((text) => text !== 'step_up_over', 'this name is taken by institution.step_up_over')

// Who signs is asked for one by one: more than this nobody waits for.
const mostOfARole = 10

/** How many of which role must sign as well. */
const signatories = z
  .record(z.string(), z.int().min(1).max(mostOfARole))
  .refine(
    (roles) => Object.keys(roles).every((role) => /^[a-z0-9-]{2,32}$/.test(role)),
    'a role has 2 to 32 lower-case letters, digits and hyphens',
  )
  .refine((roles) => Object.keys(roles).length > 0, 'one role at least is needed')
  .refine((roles) => Object.keys(roles).length <= 5, 'five roles at most')

const leadsTo = ({ stepUpLevels, approvalMethods }: PolicyRules) => ({
  outcome: z.enum(['allow', 'step-up', 'review', 'deny']).default('step-up'),
  acr: z.enum(stepUpLevels).optional(),
  by: z.array(z.enum(approvalMethods)).min(1, 'one method at least is needed').max(3).optional(),
  signatories: signatories.optional(),
})

interface LeadsTo {
  readonly outcome: string
  readonly acr?: string | undefined
  readonly by?: readonly string[] | undefined
  readonly signatories?: object | undefined
}

/** What a step-up can be, and nothing else. */
const stepUpFaults =
  (rules: PolicyRules) =>
  ({ outcome, acr, by = [], signatories }: LeadsTo, ctx: z.RefinementCtx) => {
    const fault = (path: string, message: string) => ctx.addIssue({ code: 'custom', path: [path], message })
    if (outcome !== 'step-up' && acr !== undefined) fault('acr', 'only a step-up has a level')
    if (outcome !== 'step-up' && by.length > 0) fault('by', 'only a step-up has methods')
    if (outcome !== 'step-up' && signatories !== undefined)
      fault('signatories', 'only a step-up has signatories')
    const able = rules.methodsFor(acr)
    const unable = by.filter((method) => !able.includes(method))
    if (unable.length > 0) fault('by', `${unable.join(', ')} cannot reach this level; ${able.join(', ')} can`)
  }

const ruleShape = (rules: PolicyRules) =>
  z
    .strictObject({
      id: policyId,
      when: z.string().superRefine((text, ctx) => {
        const message = rules.conditionFault(text)
        if (message !== undefined) ctx.addIssue({ code: 'custom', message })
      }),
      ...leadsTo(rules),
      reason: z
        .string()
        .regex(/^[a-z0-9][a-z0-9_.-]{0,59}$/, 'lower-case letters, digits, . - and _ are needed')
        .optional(),
    })
    .superRefine(stepUpFaults(rules))

const type = z
  .string()
  .regex(/^[^\p{Cc}]+$/u, 'the name of a type is needed')
  .max(60)

const account = z.string().regex(/^[A-Z]{2}\d{2}[A-Z0-9]{10,30}$/, 'an IBAN without spaces is needed')

const limitShape = (rules: PolicyRules) =>
  z
    .strictObject({
      id: policyId,
      types: z.array(type).max(20).default([]),
      from: z.array(account).max(200).default([]),
      to: z.array(account).max(200).default([]),
      over: amounts(rules).optional(),
      in: z.string().optional(),
      per: z.enum(['payment', 'day', 'week', 'month']).optional(),
      more_than: z.int().min(1).max(1000).optional(),
      within_minutes: z.int().min(1).max(43_200).optional(),
      first_payment: z.literal(true).optional(),
      ...leadsTo(rules),
    })
    .superRefine(stepUpFaults(rules))
    .superRefine((entry, ctx) => {
      for (const [key, message] of thresholdFaults(entry))
        ctx.addIssue({ code: 'custom', path: [key], message })
    })

interface Threshold {
  readonly over?: Readonly<Record<string, string>> | undefined
  readonly in?: string | undefined
  readonly per?: string | undefined
  readonly more_than?: number | undefined
  readonly within_minutes?: number | undefined
  readonly first_payment?: true | undefined
  readonly from: readonly string[]
  readonly to: readonly string[]
}

/** A limit measures one thing; without any it is about its accounts, which must then be named. */
function thresholdFaults(entry: Threshold): [string, string][] {
  const given = (['over', 'more_than', 'first_payment'] as const).filter((name) => entry[name] !== undefined)
  const faults: [string, string][] = []
  if (given.length > 1)
    faults.push([given[1] as string, `a limit has one of over, more_than and first_payment`])
  if (given.length === 0 && entry.from.length + entry.to.length === 0)
    faults.push(['over', 'say over, more_than or first_payment, or the accounts that it is about'])
  if (entry.per !== undefined && entry.over === undefined)
    faults.push(['per', 'only an amount is summed over a time'])
  if (entry.in !== undefined && !Object.hasOwn(entry.over ?? {}, entry.in))
    faults.push(['in', `over has no amount of ${entry.in}, which others are converted to`])
  if ((entry.more_than === undefined) !== (entry.within_minutes === undefined))
    faults.push(['within_minutes', 'more_than and within_minutes go together'])
  if (entry.over !== undefined && Object.keys(entry.over).length === 0)
    faults.push(['over', 'one currency at least is needed'])
  return faults
}

const oneEach = (entries: readonly { readonly id: string }[]): boolean =>
  new Set(entries.map(({ id }) => id)).size === entries.length

/** `policy:` of an institution. Rules that are written replace the rules of the default policy. */
export const policyShape = (rules: PolicyRules) =>
  z.strictObject({
    rules: z.array(ruleShape(rules)).max(100).refine(oneEach, 'two rules have the same id').optional(),
    limits: z.array(limitShape(rules)).max(100).refine(oneEach, 'two limits have the same id').default([]),
  })

export type PolicyEntry = z.infer<ReturnType<typeof policyShape>>

/** What the institution says beside its policy. */
export interface CurrencyTerms {
  readonly stepUpOver: Readonly<Record<string, string>>
  /** Currencies that its rates know. */
  readonly rated: readonly string[]
}

/**
 * A limit that forgets a currency in which small payments pass would not hold for it; one that converts without a rate would
 * hold for everything.
 */
export function currencyFaults(
  policy: PolicyEntry | undefined,
  { stepUpOver, rated }: CurrencyTerms,
  rules: Pick<PolicyRules, 'conditionCurrencies'>,
) {
  const forgotten = (policy?.limits ?? []).flatMap(({ id, over, in: into }, i) => {
    const missing =
      over === undefined || into !== undefined
        ? []
        : Object.keys(stepUpOver).filter((currency) => !Object.hasOwn(over, currency))
    const message = `${missing.join(', ')} of step_up_over is not limited by ${id}: say an amount`
    return missing.length === 0 ? [] : [{ path: ['policy', 'limits', i, 'over'], message }]
  })
  return [...forgotten, ...rateFaults(policy, rated, rules)]
}

/** `step_up_over_in` names one of the amounts, and what can be converted to. */
export function stepUpInFault(into: string | undefined, { stepUpOver, rated }: CurrencyTerms) {
  if (into === undefined) return []
  const message = Object.hasOwn(stepUpOver, into)
    ? rated.includes(into)
      ? undefined
      : noRate(into)
    : `step_up_over has no amount of ${into}, which others are converted to`
  return message === undefined ? [] : [{ path: ['step_up_over_in'], message }]
}
