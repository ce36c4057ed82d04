// SIM swap by the API of CAMARA, which operators and brokers offer: https://github.com/camaraproject/SimSwap, of any version.
import { z } from 'zod'
import type { SimSaid } from '../../domain/sim.ts'
import type { GuardedFetch } from '../../ports/guarded-fetch.ts'
import type { Line, LinePlugin, SimQuestion } from '../../ports/line-facts.ts'
import { RiskAnswerMalformed } from '../../ports/risk.ts'
import { createAccess } from '../risk/engine-access.ts'
import { askEngine, type Engine } from '../risk/engine-call.ts'
import { accessFaults, accessShape, authentications, engineUrl } from '../risk/engine-settings.ts'
import { checkSettings } from '../settings.ts'

const settings = z
  .strictObject({
    url: engineUrl
      .refine((text) => !text.includes('?'), 'an address without a query is needed')
      .describe('Up to the version, https://api.operator.example/sim-swap/v2; http only on loopback.'),
    operation: z
      .enum(['check', 'retrieve-date'])
      .default('check')
      .describe('Operators may offer only one. By the date, reasons can say how long ago it was.'),
    timeoutMs: z.int().min(100).max(10_000).default(1500).describe('For token and answer together.'),
    authentication: z.enum(authentications).default('oauth').describe('How we prove ourselves.'),
    ...accessShape,
  })
  .superRefine((given, ctx) => {
    for (const { path, message } of accessFaults(given)) ctx.addIssue({ code: 'custom', path, message })
  })

type CamaraSettings = z.infer<typeof settings>

export interface CamaraPorts {
  readonly fetch: GuardedFetch
  readonly now: () => number
}

export const camaraSimSwap = ({ fetch, now }: CamaraPorts): LinePlugin => ({
  type: 'camara-sim-swap',
  check: (given) => checkSettings(settings, given),
  open: (given) => openCamara(settings.parse(given), { fetch, now }),
})

function openCamara(given: CamaraSettings, { fetch, now }: CamaraPorts): Line {
  const engine = { fetch, access: createAccess(given, { fetch, now }) }
  const asking = { engine, base: given.url.replace(/\/+$/, '') }
  return {
    async sim(question) {
      const deadline = { ms: given.timeoutMs, signal: AbortSignal.timeout(given.timeoutMs) }
      if (given.operation === 'check') return checked(asking, question, deadline)
      return dated(asking, question, { ...deadline, now: now() })
    },
  }
}

interface Asking {
  readonly engine: Engine
  readonly base: string
}

interface Deadline {
  readonly ms: number
  readonly signal: AbortSignal
}

const checkAnswer = z.object({ swapped: z.boolean() })

async function checked(
  { engine, base }: Asking,
  question: SimQuestion,
  deadline: Deadline,
): Promise<SimSaid> {
  const json = { phoneNumber: question.number, maxAge: question.maxAgeHours }
  const { data } = checkAnswer.safeParse(await askEngine(engine, { url: `${base}/check`, json }, deadline))
  if (data === undefined) throw new RiskAnswerMalformed('it does not say whether it was swapped')
  return { state: data.swapped ? 'swapped' : 'kept' }
}

const dateAnswer = z.object({
  latestSimChange: z.iso.datetime({ offset: true }).nullable(),
  monitoredPeriod: z.int().nonnegative().nullish(),
})

const hourMs = 3_600_000

async function dated(
  { engine, base }: Asking,
  { number, maxAgeHours }: SimQuestion,
  { now, ...deadline }: Deadline & { readonly now: number },
): Promise<SimSaid> {
  const question = { url: `${base}/retrieve-date`, json: { phoneNumber: number } }
  const { data } = dateAnswer.safeParse(await askEngine(engine, question, deadline))
  if (data === undefined) throw new RiskAnswerMalformed('it does not say when it was swapped')
  if (data.latestSimChange === null) {
    // None that it knows of: it may not look as far back as we do.
    const days = data.monitoredPeriod
    return { state: typeof days === 'number' && days * 24 < maxAgeHours ? 'unknown' : 'kept' }
  }
  const changedAt = Date.parse(data.latestSimChange)
  // One that is still to come is no old one.
  return { state: now - changedAt < maxAgeHours * hourMs ? 'swapped' : 'kept', changedAt }
}
