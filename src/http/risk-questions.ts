// Questions of the bank's risk engine, and a customer's answers to them: read and set by their own app.
import type Router from '@koa/router'
import { z } from 'zod'
import { withDeviceAndPin } from '../domain/acr.ts'
import { deviceScope } from '../domain/institution.ts'
import { isStorable } from '../domain/plain-text.ts'
import type { RiskQuestionFlows } from '../flows/risk-questions.ts'
import { readJson } from './body.ts'
import { tenantOf } from './context.ts'
import { type CustomerCallPorts, customerCall } from './customer-call.ts'
import { replyOnce } from './reply.ts'

export interface RiskQuestionRoutePorts extends CustomerCallPorts {
  readonly riskQuestions: RiskQuestionFlows
  readonly jsonBytes: number
}

const answer = z.string().min(1).max(200).refine(isStorable)
const body = z.strictObject({
  answers: z
    .record(z.string().regex(/^[\w.-]{1,64}$/), answer)
    .refine((answers) => Object.keys(answers).length <= 20),
})

export function riskQuestionRoutes(router: Router, ports: RiskQuestionRoutePorts): void {
  // What a token that is too weak is told to reach (RFC 9470).
  const call = { scope: deviceScope, acr: withDeviceAndPin }
  router.get('/questions', async (ctx) => {
    const { token } = await customerCall(ctx, ports, { ...call, read: async () => undefined })
    replyOnce(ctx, { questions: await ports.riskQuestions.list(tenantOf(ctx).institution, token) })
  })
  router.put('/questions', async (ctx) => {
    const read = () => readJson(ctx, body, ports.jsonBytes)
    const { token, request } = await customerCall(ctx, ports, { ...call, read })
    await ports.riskQuestions.set(tenantOf(ctx).institution, token, request.answers)
    ctx.status = 204
  })
}
