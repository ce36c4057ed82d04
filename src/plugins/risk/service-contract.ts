// The contract between the bridge and a risk engine that somebody writes for it: what is sent, and what may come back, to the letter.
import { z } from 'zod'
import { type Assessment, riskActions, worstScore } from '../../domain/risk.ts'
import type { RiskEvent } from '../../domain/risk-event.ts'
import {
  RiskAnswerMalformed,
  type RiskChallenge,
  type RiskChallengeResult,
  RiskChallengeUnable,
} from '../../ports/risk.ts'

const text = z.string()
const reference = z.record(text, text)

// Its form alone: how long each may be is judged of every provider alike.
const assessment = z.strictObject({
  event: text,
  action: z.enum(riskActions),
  score: z.int().min(0).max(worstScore).optional(),
  band: text.optional(),
  reasons: z.array(z.strictObject({ code: text, text: text.optional() })).default([]),
  reference: reference.optional(),
  device_token: text.optional(),
})

const challenge = z.discriminatedUnion('kind', [
  z.strictObject({ event: text, kind: z.literal('code'), code: text, reference }),
  z.strictObject({ event: text, kind: z.literal('unable') }),
  z.strictObject({ event: text, kind: z.literal('out-of-band'), token: text, reference }),
  z.strictObject({
    ...{ event: text, kind: z.literal('questions'), reference },
    questions: z.array(z.strictObject({ id: text, text })),
  }),
])

const challengeResult = z.strictObject({
  event: text,
  state: z.enum(['pending', 'passed', 'failed', 'locked']),
  device_token: text.optional(),
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
    throw new RiskAnswerMalformed(`answer: ${error?.issues[0]?.code}`)
  }
  if (data.event !== id) throw new RiskAnswerMalformed('event: it is about another one')
  return data
}

export function assessmentFrom(json: unknown, id: string): Assessment {
  const { device_token: token, ...said } = taken(assessment, json, id)
  return { ...said, ...(token !== undefined && { deviceToken: token }) }
}

/** Throws RiskChallengeUnable where it says that it has none for this customer. */
export function challengeFrom(json: unknown, id: string): RiskChallenge {
  const { event: _, ...said } = taken(challenge, json, id)
  if (said.kind === 'unable') throw new RiskChallengeUnable('the service has none for this customer')
  return said
}

export function challengeResultFrom(json: unknown, id: string): RiskChallengeResult {
  const { state, device_token: token } = taken(challengeResult, json, id)
  return { state, ...(token !== undefined && { deviceToken: token }) }
}
