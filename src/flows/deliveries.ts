// Reaching customers out of band: owed by the unit that says so, tried until it is sent or too late, told in the audit.
import type { AuditEvent } from '../domain/audit.ts'
import { Refusal } from '../domain/refusal.ts'
import type { ChannelAddress, Channels, OpenChannel } from '../ports/channel.ts'
import type { Chance, Clock } from '../ports/clock.ts'
import type { Deliveries, Delivery, DeliveryRecord, DeliveryRecords } from '../ports/deliveries.ts'
import type { FieldSeal } from '../ports/field-seal.ts'
import type { Job, Jobs } from '../ports/jobs.ts'
import type { Log } from '../ports/log.ts'
import type { Devices, Directory, RateLimits, Subjects } from '../ports/stores.ts'
import type { Audit, UnitOfWork } from '../ports/unit-of-work.ts'

export interface DeliveryPorts {
  readonly jobs: Jobs
  readonly deliveryRecords: DeliveryRecords
  readonly channels: Channels
  readonly directory: Directory
  readonly devices: Pick<Devices, 'list'>
  readonly subjects: Pick<Subjects, 'claims'>
  readonly rateLimits: RateLimits
  readonly seal: FieldSeal
  readonly unit: UnitOfWork
  readonly audit: Audit
  readonly clock: Clock
  readonly chance: Chance
  readonly log: Log
}

type OwingPorts = Pick<DeliveryPorts, 'jobs' | 'deliveryRecords' | 'seal' | 'unit'>

export function createDeliveries({ jobs, deliveryRecords, seal, unit }: OwingPorts): Deliveries {
  return {
    async enqueue(delivery) {
      // By itself it would be owed whether or not what it tells of came to be.
      if (!unit.active()) throw new Error('a delivery outside a unit of work')
      const { institution } = delivery
      const id = await jobs.put(institution, seal.seal(institution, JSON.stringify(delivery)))
      await deliveryRecords.put(id, delivery)
    },
  }
}

/** How an attempt ended: `again` for one that may be repeated. */
type Outcome =
  | { readonly kind: 'sent'; readonly channel: string }
  | { readonly kind: 'failed'; readonly code: string; readonly channel: string | undefined }
  | { readonly kind: 'again' }

const failed = (code: string, channel?: string): Outcome => ({ kind: 'failed', code, channel })

/** Makes one attempt, and says in a unit of its own what came of it. */
export function createDeliveryAttempt(ports: DeliveryPorts) {
  return async (job: Job): Promise<void> => {
    const { institution } = job
    const outcome = await attempt(ports, job)
    // Nothing is sent inside: what the other side said is here before the unit begins (ruling R-1).
    await ports.unit.run({ institution, reference: ports.chance.reference() }, () =>
      settle(ports, job, outcome),
    )
  }
}

async function attempt(ports: DeliveryPorts, job: Job): Promise<Outcome> {
  const delivery: Delivery = JSON.parse(ports.seal.open(job.institution, job.sealed))
  if (delivery.expiresAt <= ports.clock.now())
    return failed(job.tries === 1 ? 'delivery.expired' : 'channel.unreachable')
  const institution = await ports.directory.institution(job.institution)
  const open = institution && ports.channels.of(institution, delivery.kind)
  if (open === undefined) return failed('channel.none')
  const addresses = await addressesOf(ports, delivery, open.plugin.addressed)
  if (addresses.length === 0) return failed('channel.no_address', open.id)
  if (open.plugin.costs && job.tries === 1 && !(await affordable(ports, delivery)))
    return failed('channel.budget', open.id)
  return sent(ports, { job, delivery, open, addresses })
}

/** What has a budget is counted once, however often it is tried (attack 139). */
async function affordable({ rateLimits }: DeliveryPorts, { institution, subject, kind }: Delivery) {
  return (await rateLimits.take('channel', `${institution}|${subject}|${kind}`)).allowed
}

async function addressesOf(
  { devices, subjects }: DeliveryPorts,
  { institution, subject }: Delivery,
  kind: ChannelAddress['kind'],
): Promise<readonly ChannelAddress[]> {
  if (kind === 'queue') return [{ kind, subject }]
  if (kind === 'device')
    return (await devices.list(institution, subject))
      .filter(({ state }) => state === 'active')
      .map(({ id }) => ({ kind, device: id }))
  // As the bank's own record has it, never as the customer typed it (ruling R-33). Of several nobody knows which is meant.
  const number = (await subjects.claims(institution, subject))?.phone_number
  return typeof number === 'string' && number !== '' ? [{ kind, number }] : []
}

interface Sending {
  readonly job: Job
  readonly delivery: Delivery
  readonly open: OpenChannel
  readonly addresses: readonly ChannelAddress[]
}

/** One address that took it is enough; each is tried. */
async function sent(ports: DeliveryPorts, { job, delivery, open, addresses }: Sending): Promise<Outcome> {
  const { institution, purpose, handle, text, expiresAt } = delivery
  const sentAt = ports.clock.now()
  const message = { institution, id: job.id, purpose, handle, text, expiresAt, sentAt }
  const all = await Promise.allSettled(addresses.map((address) => open.channel.send({ ...message, address })))
  const receipts = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  if (receipts.some(({ outcome }) => outcome === 'sent')) return { kind: 'sent', channel: open.id }
  const unheard = all.find((one) => one.status === 'rejected')
  if (unheard !== undefined) {
    const reason = reasonOf(unheard.reason)
    ports.log.warn('delivery.again', {
      institution,
      delivery: job.id,
      channel: open.id,
      tries: job.tries,
      reason,
    })
    return { kind: 'again' }
  }
  const refused = receipts.find((receipt) => receipt.outcome === 'refused')
  return failed(refused?.code ?? 'channel.refused', open.id)
}

/** For the operator alone: the audit tells of it once it is given up. */
const reasonOf = (error: unknown): string | object =>
  error instanceof Refusal ? { code: error.code, ...error.detail } : String(error)

async function settle(ports: DeliveryPorts, job: Job, outcome: Outcome): Promise<void> {
  const { jobs, deliveryRecords, audit } = ports
  if (outcome.kind === 'again') {
    await jobs.again(job)
    return
  }
  // Another node has it by now, which was long; what it does is what is told.
  if (!(await jobs.done(job))) return
  const { kind: state, channel } = outcome
  const record = await deliveryRecords.ended(job.institution, job.id, { state, channel })
  if (record === undefined) return
  const event = eventOf(job.id, record, { tries: job.tries })
  if (outcome.kind === 'sent') audit.record({ type: 'delivery.sent', outcome: 'ok', ...event })
  else audit.record({ type: 'delivery.failed', outcome: 'refused', code: outcome.code, ...event })
}

/** Neither the words nor the number: the audit tells that a message went, not what it said. */
function eventOf(id: string, record: DeliveryRecord, more: { readonly tries?: number }) {
  const { kind, purpose, subject, trace, channel } = record
  const { reference, relyingParty, transaction } = trace
  return {
    reference,
    subject,
    ...(relyingParty !== undefined && { relyingParty }),
    ...(transaction !== undefined && { transaction }),
    detail: { delivery: id, kind, purpose, ...(channel !== undefined && { channel }), ...more },
  } satisfies Omit<AuditEvent, 'type' | 'outcome'>
}

export type HearReceipt = ReturnType<typeof createHearReceipt>

/** Takes what a channel has been told of a delivery; only the first that is final counts. */
export function createHearReceipt({
  deliveryRecords,
  audit,
}: Pick<DeliveryPorts, 'deliveryRecords' | 'audit'>) {
  return async (institution: string, id: string, receipt: 'confirmed' | 'failed'): Promise<void> => {
    const record = await deliveryRecords.heard(institution, id, receipt)
    if (record === undefined) return
    const event = eventOf(id, record, {})
    if (receipt === 'confirmed') audit.record({ type: 'delivery.confirmed', outcome: 'ok', ...event })
    else audit.record({ type: 'delivery.failed', outcome: 'refused', code: 'channel.undelivered', ...event })
  }
}
