// The device API: an app enrols the key that it signs in with, proves it, lists and ends what the customer has.
import type Router from '@koa/router'
import { compactVerify, importJWK } from 'jose'
import type { Context } from 'koa'
import { z } from 'zod'
import { type Device, enrolmentProofTyp, proofSeconds } from '../domain/device.ts'
import { deviceScope } from '../domain/institution.ts'
import { Refusal } from '../domain/refusal.ts'
import type { Enrolment } from '../flows/devices.ts'
import type { Clock } from '../ports/clock.ts'
import { readJson } from './body.ts'
import { tenantOf } from './context.ts'
import { type CustomerCallPorts, customerCall } from './customer-call.ts'
import { publicKey, thumbprint } from './device-key.ts'
import { iso } from './reply.ts'

export interface DevicePorts extends CustomerCallPorts {
  readonly enrolment: Enrolment
  readonly clock: Clock
  readonly jsonBytes: number
}

const enrolmentBody = z.strictObject({
  name: z
    .string()
    .trim()
    .min(1)
    .max(60)
    .regex(/^[^\p{Cc}\p{Cf}]+$/u),
  jwk: publicKey,
  pin: z.string().max(32),
})

const proofBody = z.strictObject({ proof: z.string().max(4096) })

const claims = z.object({ nonce: z.string(), aud: z.string(), sub: z.string(), iat: z.number() })

export function deviceRoutes(router: Router, ports: DevicePorts): void {
  const asked = <T>(ctx: Context, read: () => Promise<T>) =>
    customerCall(ctx, ports, { scope: deviceScope, acr: undefined, read })
  const posted = <T>(ctx: Context, schema: z.ZodType<T>) =>
    asked(ctx, () => readJson(ctx, schema, ports.jsonBytes))
  const caller = async (ctx: Context) => (await asked(ctx, async () => undefined)).token
  router.post('/devices', async (ctx) => {
    const { token, request: body } = await posted(ctx, enrolmentBody)
    const { kty, crv, x, y } = body.jwk
    const jwk = { kty, crv, x, y }
    const jkt = await thumbprint(jwk)
    // The device key is the key that the token is bound to: who holds only the token enrols nothing.
    if (jkt !== token.jkt) throw new Refusal('device.key')
    const request = { name: body.name, jkt, publicJwk: jwk, pin: body.pin }
    const device = await ports.enrolment.enrol(tenantOf(ctx).institution, token, request)
    reply(ctx, 201, { ...shown(device), nonce: device.nonce, nonce_expires_at: iso(device.nonceExpiresAt) })
  })
  router.post('/devices/:id/proof', async (ctx) => {
    const { token, request } = await posted(ctx, proofBody)
    const device = await ports.enrolment.of(token, ctx.params.id as string)
    try {
      const { institution, issuer } = tenantOf(ctx)
      const nonce = await provenNonce(request.proof, { device, issuer, now: ports.clock.now() })
      reply(ctx, 200, shown(await ports.enrolment.activate(institution, token, { id: device.id, nonce })))
    } catch (error) {
      if (error instanceof Refusal) ports.enrolment.refused(token, device.id, error)
      throw error
    }
  })
  router.get('/devices', async (ctx) => {
    const devices = await ports.enrolment.list(await caller(ctx))
    reply(ctx, 200, { devices: devices.map(shown) })
  })
  router.get('/devices/:id', async (ctx) => {
    reply(ctx, 200, shown(await ports.enrolment.of(await caller(ctx), ctx.params.id as string)))
  })
  router.delete('/devices/:id', async (ctx) => {
    await ports.enrolment.revoke(await caller(ctx), ctx.params.id as string)
    ctx.status = 204
  })
}

interface ProofContext {
  readonly device: Device
  readonly issuer: string
  readonly now: number
}

/**
 * The nonce that this proof signs: by the device's own key, with the `typ` that only enrolment has (ruling R-19), for
 * this issuer and this device, made just now. Refuses with `device.proof {check}`.
 */
async function provenNonce(proof: string, { device, issuer, now }: ProofContext): Promise<string> {
  const bad = (check: string) => new Refusal('device.proof', { check, device: device.id })
  const key = await importJWK({ ...device.publicJwk }, 'ES256')
  const { payload, protectedHeader } = await compactVerify(proof, key, { algorithms: ['ES256'] }).catch(
    () => {
      throw bad('signature')
    },
  )
  if (protectedHeader.typ !== enrolmentProofTyp) throw bad('typ')
  let content: unknown
  try {
    content = JSON.parse(new TextDecoder().decode(payload))
  } catch {
    throw bad('payload')
  }
  const parsed = claims.safeParse(content)
  if (!parsed.success) throw bad(`payload ${parsed.error.issues[0]?.path.join('.')}`)
  const { nonce, aud, sub, iat } = parsed.data
  if (aud !== issuer) throw bad('aud')
  if (sub !== device.id) throw bad('sub')
  if (Math.abs(now / 1000 - iat) > proofSeconds) throw bad('iat')
  if (nonce !== device.nonce) throw bad('nonce')
  return nonce
}

function shown(device: Device) {
  return {
    id: device.id,
    name: device.name,
    state: device.state,
    created_at: iso(device.createdAt),
    ...(device.activatedAt !== undefined && { activated_at: iso(device.activatedAt) }),
  }
}

function reply(ctx: Context, status: number, body: object): void {
  ctx.set('Cache-Control', 'no-store')
  ctx.status = status
  ctx.body = body
}
