// What is waiting for a device: an app on an enrolled phone asks, and may wait for an answer.
import type Router from '@koa/router'
import type { Context } from 'koa'
import { z } from 'zod'
import { deviceScope } from '../domain/institution.ts'
import { Refusal } from '../domain/refusal.ts'
import type { BoundToken } from '../ports/access-tokens.ts'
import type { Clock } from '../ports/clock.ts'
import type { DeviceMessages, PlacedMessage } from '../ports/device-messages.ts'
import type { RateLimits } from '../ports/stores.ts'
import type { UnitOfWork } from '../ports/unit-of-work.ts'
import type { Authorize } from './authorize.ts'
import { fitting, once } from './body.ts'
import { customerCall } from './customer-call.ts'
import type { MessageWaiting } from './message-waiting.ts'
import { iso, replyOnce } from './reply.ts'

export interface MessagePorts {
  readonly authorize: Authorize
  /** The customer's active device with this key. */
  readonly present: (
    institution: string,
    subject: string,
    jkt: string | undefined,
  ) => Promise<string | undefined>
  readonly deviceMessages: Pick<DeviceMessages, 'since'>
  readonly messageWaiting: MessageWaiting
  readonly rateLimits: RateLimits
  readonly unit: UnitOfWork
  readonly clock: Clock
}

// Less than what proxies between wait for an answer.
const longestWait = 25

const query = z.strictObject({
  after: z
    .string()
    .regex(/^\d{1,15}$/)
    .default('0')
    .transform(Number),
  wait: z.coerce.number().int().min(0).max(longestWait).default(0),
})

export function messageRoutes(router: Router, ports: MessagePorts): void {
  router.get('/messages', async (ctx) => {
    const call = { scope: deviceScope, acr: undefined, read: async () => asked(ctx) }
    const { token, hold, request } = await customerCall(ctx, ports, call)
    const device = await presentDevice(ports, token)
    const place = { institution: token.institution, device, after: request.after }
    let found = await ports.deviceMessages.since([place], ports.clock.now())
    if (found.length === 0 && request.wait > 0) {
      // Whoever waits holds no connection: the proof is recorded by now.
      await ports.unit.checkpoint()
      found = await waited(ctx, ports, { place, ms: request.wait * 1000 })
      // A token or a device that was ended meanwhile is told nothing more.
      if (!(await hold())) throw new Refusal('token.invalid')
      await presentDevice(ports, token)
    }
    const cursor = String(found.at(-1)?.seq ?? request.after)
    replyOnce(ctx, { messages: found.map(shown), cursor })
  })
}

async function presentDevice({ present }: MessagePorts, token: BoundToken): Promise<string> {
  const device = await present(token.institution, token.subject, token.jkt)
  if (device === undefined) throw new Refusal('device.required')
  return device
}

const asked = (ctx: Context): z.infer<typeof query> =>
  fitting(query, Object.fromEntries(once(new URLSearchParams(ctx.querystring))))

interface Asked {
  readonly place: { readonly institution: string; readonly device: string; readonly after: number }
  readonly ms: number
}

async function waited(ctx: Context, { messageWaiting }: MessagePorts, { place, ms }: Asked) {
  const gone = new AbortController()
  const leave = () => gone.abort()
  ctx.res.once('close', leave)
  try {
    return await messageWaiting.wait(place, { ms, signal: gone.signal })
  } finally {
    ctx.res.off('close', leave)
  }
}

/** That there is something to ask for: whoever reads it over a shoulder learns no more (attack 140). */
const shown = ({ id, purpose, handle, sentAt, expiresAt }: PlacedMessage) => ({
  ...{ id, purpose, ...(handle !== undefined && { handle }) },
  ...{ sent_at: iso(sentAt), expires_at: iso(expiresAt) },
})
