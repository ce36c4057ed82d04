// The contract between the bridge and a risk engine that somebody writes for it: what is sent, and what may come back, to the letter.
import { z } from 'zod'
import { type Assessment, riskActions, worstScore } from '../../domain/risk.ts'
import type { RiskEvent } from '../../domain/risk-event.ts'
import { RiskAnswerMalformed, type RiskChallenge, type RiskChallengeResult } from '../../ports/risk.ts'

const name = z.string().regex(/^[\w.:-]{1,64}$/)
const text = z.string().min(1).max(500)
const reference = z.record(name, z.string().max(500))
const deviceToken = z.string().min(1).max(4096)
const event = z.string()

const assessment = z.strictObject({
  event,
  action: z.enum(riskActions),
  score: z.int().min(0).max(worstScore).optional(),
  band: name.optional(),
  reasons: z
    .array(z.strictObject({ code: name, text: text.optional() }))
    .max(50)
    .default([]),
  reference: reference.optional(),
  device_token: deviceToken.optional(),
})

const challenge = z.discriminatedUnion('kind', [
  z.strictObject({ event, kind: z.literal('code'), code: text, reference }),
  z.strictObject({ event, kind: z.literal('out-of-band'), token: text, reference }),
  z.strictObject({
    ...{ event, kind: z.literal('questions'), reference },
    questions: z
      .array(z.strictObject({ id: name, text }))
      .min(1)
      .max(10),
  }),
])

const challengeResult = z.strictObject({
  event,
  state: z.enum(['pending', 'passed', 'failed', 'locked']),
  device_token: deviceToken.optional(),
})

/** An event as it is written there: facts by their names, and those that are absent left out. */
export const eventJson = ({
  id,
  kind,
  institution,
  at,
  facts,
  deviceToken: token,
  reference: named,
}: RiskEvent) => ({
  ...{ id, kind, institution, at, facts },
  ...(token !== undefined && { device_token: token }),
  ...(named !== undefined && { reference: named }),
})

/** Whatever is not as it should be, or more than that, is no answer; so is one to another event. */
function taken<T extends { event: string }>(schema: z.ZodType<T>, json: unknown, id: string): T {
  const { data, error } = schema.safeParse(json)
  if (data === undefined) {
    const { path = [], code } = error?.issues[0] ?? {}
    throw new RiskAnswerMalformed(`${path.join('.') || 'the answer'}: ${code}`)
  }
  if (data.event !== id) throw new RiskAnswerMalformed('event: it is about another one')
  return data
}

export function assessmentFrom(json: unknown, id: string): Assessment {
  const { device_token: token, ...said } = taken(assessment, json, id)
  return { ...said, ...(token !== undefined && { deviceToken: token }) }
}

export function challengeFrom(json: unknown, id: string): RiskChallenge {
  const { event: _, ...said } = taken(challenge, json, id)
  return said
}

export function challengeResultFrom(json: unknown, id: string): RiskChallengeResult {
  const { state, device_token: token } = taken(challengeResult, json, id)
  return { state, ...(token !== undefined && { deviceToken: token }) }
}
