// The approval API of apps: a device registers its approval key, lists what waits for its customer, and answers.
import type Router from '@koa/router'
import type { Context } from 'koa'
import { z } from 'zod'
import { withDevice } from '../domain/acr.ts'
import { type ApprovalEnd, approvalTyp } from '../domain/approval.ts'
import { placeText } from '../domain/approval-display.ts'
import { approvalScope } from '../domain/institution.ts'
import type { Language } from '../domain/language.ts'
import { Refusal } from '../domain/refusal.ts'
import type { Answers, ShownApproval } from '../flows/answer-approval.ts'
import type { ApprovalKeys } from '../flows/approval-key.ts'
import type { BoundToken } from '../ports/access-tokens.ts'
import type { Clock } from '../ports/clock.ts'
import { addedIn, claimsToSign, jtiOfKeyProof, languageOfProof } from './approval-proof.ts'
import { readJson } from './body.ts'
import { stateOf, tenantOf } from './context.ts'
import { type CustomerCallPorts, customerCall } from './customer-call.ts'
import { publicKey, thumbprint } from './device-key.ts'
import { askingOf } from './page-context.ts'
import { iso, replyOnce } from './reply.ts'

export interface ApprovalRoutePorts extends CustomerCallPorts {
  readonly answers: Answers
  readonly approvalKeys: ApprovalKeys
  readonly clock: Clock
  readonly jsonBytes: number
}

const pin = z.string().max(32)
const jws = z.string().min(1).max(8192)

const keyBody = z.strictObject({ jwk: publicKey, proof: jws, pin })

const answerBody = z.discriminatedUnion('answer', [
  z.strictObject({ answer: z.literal('approve'), proof: jws, pin: pin.optional() }),
  z.strictObject({ answer: z.literal('deny') }),
  z.strictObject({ answer: z.literal('report') }),
])

export function approvalRoutes(router: Router, ports: ApprovalRoutePorts): void {
  const posted = <T>(ctx: Context, schema: z.ZodType<T>) =>
    asked(ctx, ports, () => readJson(ctx, schema, ports.jsonBytes))
  router.put('/devices/:id/approval-key', async (ctx) => {
    const { token, request } = await posted(ctx, keyBody)
    const device = ctx.params.id as string
    const { kty, crv, x, y } = request.jwk
    const publicJwk = { kty, crv, x, y }
    const proof = { jws: request.proof, publicJwk, device, deviceJkt: token.jkt, now: ports.clock.now() }
    const jkt = await thumbprint(publicJwk)
    const { institution, issuer } = tenantOf(ctx)
    const jti = await jtiOfKeyProof({ ...proof, issuer })
    const given = { device, jkt, publicJwk, jti, pin: request.pin }
    const key = await ports.approvalKeys.register(institution, token, given)
    replyOnce(ctx, {
      id: device,
      approval_key: { registered_at: iso(key.registeredAt), usable_from: iso(key.usableFrom) },
    })
  })
  router.get('/approvals', async (ctx) => {
    const { token } = await asked(ctx, ports, async () => undefined)
    const { language } = askingOf(ctx, [])
    const waiting = await ports.answers.list(tenantOf(ctx).institution, token, language)
    replyOnce(ctx, { approvals: waiting.map((one) => shownTo(ctx, one)) })
  })
  router.get('/approvals/:id', async (ctx) => {
    const { token } = await asked(ctx, ports, async () => undefined)
    replyOnce(ctx, shownTo(ctx, await one(ctx, ports, { token })))
  })
  router.post('/approvals/:id', async (ctx) => {
    const { token, request } = await posted(ctx, answerBody)
    const language = request.answer === 'approve' ? languageOfProof(request.proof) : undefined
    const shown = await one(ctx, ports, { token, language })
    await answered(ctx, ports, { shown, request }).catch((error: unknown) => {
      if (error instanceof Refusal) ports.answers.refused(shown, error)
      throw error
    })
  })
}

const asked = <T>(ctx: Context, ports: ApprovalRoutePorts, read: () => Promise<T>) =>
  customerCall(ctx, ports, { scope: approvalScope, acr: withDevice, read })

interface Wanted {
  readonly token: BoundToken
  /** The one that this request reads, unless told. */
  readonly language?: Language | undefined
}

function one(
  ctx: Context,
  { answers }: ApprovalRoutePorts,
  { token, language }: Wanted,
): Promise<ShownApproval> {
  const wanted = { id: ctx.params.id as string, language: language ?? askingOf(ctx, []).language }
  return answers.of(tenantOf(ctx).institution, token, wanted)
}

interface Answering {
  readonly shown: ShownApproval
  readonly request: z.infer<typeof answerBody>
}

async function answered(
  ctx: Context,
  ports: ApprovalRoutePorts,
  { shown, request }: Answering,
): Promise<void> {
  const { answers, clock } = ports
  const { institution, issuer } = tenantOf(ctx)
  const reply = (state: ApprovalEnd) => replyOnce(ctx, { id: shown.approval.id, state })
  if (request.answer === 'deny') {
    await answers.deny(shown)
    return reply('denied')
  }
  if (request.answer === 'report') {
    await answers.report(shown)
    return reply('reported')
  }
  const { number, from } = await addedIn({ jws: request.proof, shown, issuer, now: clock.now() })
  const yes = { shown, number, pin: request.pin, signature: request.proof }
  const address = stateOf(ctx).clientAddress
  reply(await answers.approve(institution, { ...yes, from: { ...from, address } }))
}

/** Nothing of it opens anything: the answer needs the approval key, and the number stands where it began. */
function shownTo(ctx: Context, shown: ShownApproval) {
  const { approval, display, requester, language } = shown
  const { title, approve, rows, text } = display
  const place = placeText(approval.place)
  return {
    id: approval.id,
    requester: { client_id: approval.relyingParty, name: requester },
    ...(place !== '' && { place }),
    requested_at: iso(approval.createdAt),
    expires_at: iso(approval.expiresAt),
    language,
    display: {
      ...{ title, approve, text },
      rows: rows.map(({ label, value, kind, prominent, note }) => ({
        ...{ label, value, kind, prominent },
        ...(note !== undefined && { note }),
      })),
    },
    number_needed: approval.number !== undefined,
    acr: approval.acr,
    to_sign: { typ: approvalTyp, claims: claimsToSign(shown, tenantOf(ctx).issuer) },
  }
}
