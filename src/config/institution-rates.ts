// What currencies are worth, as people write it in the file of an institution, and what must have a rate.
import { z } from 'zod'

/** What the domain knows of rates, for this folder, which imports nothing. */
export interface RateRules {
  /** Is this a rate, as a decimal text? */
  isRate(text: string): boolean
  /** Currencies that a condition converts to. */
  conditionCurrencies(text: string): readonly string[]
}

// ICU leaves out metals and units of account, in which banks keep accounts too. Codes for tests and for none (XTS, XXX) are no money.
const beyond = 'XAU XAG XPT XPD BOV CHE CHW CLF COU MXV USN UYI UYW VED XAD XUA'
const currencies: ReadonlySet<string> = new Set([...Intl.supportedValuesOf('currency'), ...beyond.split(' ')])

/** Is this a currency in which something may be paid? */
export const isCurrency = (text: string): boolean => currencies.has(text)

export const currencyFault = 'a currency of ISO 4217 is needed: EUR'

const currency = z.string().refine(isCurrency, currencyFault)

const mostRates = 60

const perBase = (rules: RateRules) =>
  z
    .record(z.string(), z.unknown())
    .superRefine((entries, ctx) => {
      const fault = (path: string[], message: string) => ctx.addIssue({ code: 'custom', path, message })
      if (Object.keys(entries).length > mostRates) fault([], `has at most ${mostRates} currencies`)
      for (const [key, rate] of Object.entries(entries)) {
        if (!isCurrency(key)) fault([key], currencyFault)
        // YAML would read 1.0840 as a float, and forget its last digit.
        if (typeof rate !== 'string') fault([key], 'write rates in quotes: "1.0840"')
        else if (!rules.isRate(rate))
          fault([key], `"${rate}" is no rate: digits, a point, at most 12 more, and more than 0`)
      }
    })
    .pipe(z.record(z.string(), z.string()))

// Days that the calendar has: the 30th of February is none.
const moment = z.union([z.iso.date(), z.iso.datetime({ offset: true })])

/** `rates:` of an institution. */
export const ratesShape = (rules: RateRules) =>
  z
    .strictObject({
      base: currency,
      as_of: z
        .string()
        .refine((text) => moment.safeParse(text).success, 'a date or a time is needed: 2026-11-26T15:00:00Z'),
      // From Thursday before Easter to Tuesday after it a central bank publishes none.
      valid_hours: z.int().min(1).max(8760).default(120),
      per_base: perBase(rules),
    })
    .superRefine(({ base, per_base }, ctx) => {
      if (Object.hasOwn(per_base, base))
        ctx.addIssue({
          code: 'custom',
          path: ['per_base', base],
          message: 'one of the base is one of the base',
        })
    })

export type RatesEntry = z.infer<ReturnType<typeof ratesShape>>

/** Currencies that a table knows. */
export const ratedIn = (rates: RatesEntry | undefined): readonly string[] =>
  rates === undefined ? [] : [rates.base, ...Object.keys(rates.per_base)]

interface Converting {
  readonly rules?: readonly { readonly when: string }[] | undefined
  readonly limits: readonly { readonly in?: string | undefined }[]
}

interface Fault {
  readonly path: (string | number)[]
  readonly message: string
}

/** What a policy converts to must be in the table, or it would stop whatever is paid in another currency. */
export function rateFaults(
  policy: Converting | undefined,
  rated: readonly string[],
  rules: Pick<RateRules, 'conditionCurrencies'>,
): Fault[] {
  const inLimits = (policy?.limits ?? []).flatMap(({ in: into }, i) =>
    into === undefined ? [] : [{ path: ['policy', 'limits', i, 'in'], into }],
  )
  const inRules = (policy?.rules ?? []).flatMap(({ when }, i) =>
    rules.conditionCurrencies(when).map((into) => ({ path: ['policy', 'rules', i, 'when'], into })),
  )
  return [...inLimits, ...inRules].flatMap(({ path, into }) =>
    rated.includes(into) ? [] : [{ path, message: noRate(into) }],
  )
}

export const noRate = (currency: string): string =>
  `rates of the institution have no ${currency} to convert to`
