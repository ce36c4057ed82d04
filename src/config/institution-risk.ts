// Risk providers as people write them in the file of an institution: who there is, and who is asked about what.
import { z } from 'zod'

/** What the domain knows of risk, for this folder, which imports nothing. */
export interface RiskRules {
  readonly riskKinds: readonly [string, ...string[]]
  readonly riskFacts: readonly [string, ...string[]]
  /** What a provider may say, weakest first. */
  readonly riskActions: readonly [string, ...string[]]
  readonly riskFallbacks: readonly [string, ...string[]]
  readonly riskCombinings: readonly [string, ...string[]]
  readonly riskChallenges: readonly [string, ...string[]]
  /** Levels that a step-up can ask for, lowest first. */
  readonly stepUpLevels: readonly [string, ...string[]]
}

const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'lower-case letters, digits and hyphens are needed')

// `risk.{provider}` is the reason of what a provider decided: these are reasons of our own.
const taken: ReadonlySet<string> = new Set(['allowed', 'weighted', 'unanswered', 'denied', 'held'])

/** What its own plugin makes of the settings is judged where they are applied. */
const providerShape = (rules: RiskRules) =>
  z.strictObject({
    id: name.refine((id) => !taken.has(id), 'this name is taken by a reason of our own: risk.weighted'),
    type: z.string().min(1).max(60),
    settings: z.record(z.string(), z.unknown()).default({}),
    facts: z.array(z.enum(rules.riskFacts)).max(100).optional(),
    challenge: z
      .array(z.enum(rules.riskChallenges))
      .default([])
      .refine((kinds) => new Set(kinds).size === kinds.length, 'each kind once'),
  })

const askedShape = z.union([
  name.transform((provider) => ({ provider, weight: 1, optional: false })),
  z.strictObject({
    provider: name,
    weight: z.number().positive().max(1000).default(1),
    optional: z.boolean().default(false),
  }),
])

const eventShape = (rules: RiskRules, onFailure: string) =>
  z
    .strictObject({
      ask: z.array(askedShape).min(1, 'name one provider at least').max(20),
      combine: z.enum(rules.riskCombinings).default(rules.riskCombinings[0]),
      on_failure: z.enum(rules.riskFallbacks).default(onFailure),
      bands: z.partialRecord(z.enum(rules.riskActions), z.int().min(0).max(1000)).default({}),
      shadow: z.array(name).max(20).default([]),
    })
    .superRefine(({ ask, combine, bands, shadow }, ctx) => {
      const fault = (path: string, message: string) => ctx.addIssue({ code: 'custom', path: [path], message })
      const names = ask.map(({ provider }) => provider)
      if (new Set([...names, ...shadow]).size !== names.length + shadow.length)
        fault('ask', 'a provider is asked once about an event, with effect or in shadow')
      const weighted = combine === 'weighted'
      if (weighted && Object.keys(bands).every((action) => action === rules.riskActions[0]))
        fault('bands', 'weighted scores need the least score of an action at least: step-up: 400')
      if (!weighted && Object.keys(bands).length > 0) fault('bands', 'only weighted scores have bands')
      const least = rules.riskActions.flatMap((action) => bands[action] ?? [])
      if (least.some((score, i) => i > 0 && score <= (least[i - 1] ?? 0)))
        fault('bands', 'a stronger action needs a higher score')
    })

/** What moves money is stopped where nobody can say what it is; everything else is stepped up. */
const failsSafe = (kind: string): string => (kind === 'payment' ? 'deny' : 'step-up')

interface Naming {
  readonly ask: readonly { readonly provider: string }[]
  readonly shadow: readonly string[]
}

/** Every provider that an event names, and where. */
const namedIn = (event: Naming | undefined) => [
  ...(event?.ask ?? []).map(({ provider }, i) => ({ provider, path: ['ask', i] })),
  ...(event?.shadow ?? []).map((provider, i) => ({ provider, path: ['shadow', i] })),
]

/** `risk:` of an institution's file. */
export const riskShape = (rules: RiskRules) =>
  z
    .strictObject({
      budget_ms: z.int().min(50).max(10_000).default(800),
      step_up: z.enum(rules.stepUpLevels).default(rules.stepUpLevels.at(-1) ?? rules.stepUpLevels[0]),
      providers: z.array(providerShape(rules)).min(1, 'name one provider at least').max(20),
      events: z.strictObject(
        Object.fromEntries(
          rules.riskKinds.map((kind) => [kind, eventShape(rules, failsSafe(kind)).optional()]),
        ),
      ),
    })
    .superRefine(({ providers, events }, ctx) => {
      const ids = providers.map(({ id }) => id)
      if (new Set(ids).size !== ids.length)
        ctx.addIssue({ code: 'custom', path: ['providers'], message: 'two providers have the same id' })
      for (const [kind, event] of Object.entries(events))
        for (const { provider, path } of namedIn(event))
          if (!ids.includes(provider))
            ctx.addIssue({
              code: 'custom',
              path: ['events', kind, ...path],
              message: `there is no provider ${provider}; there are ${ids.join(', ')}`,
            })
    })

export type RiskEntry = z.infer<ReturnType<typeof riskShape>>
