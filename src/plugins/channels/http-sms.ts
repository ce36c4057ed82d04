// SMS through a gateway that is asked over HTTP; to the number of the bank's own record, and to no other.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { Refusal } from '../../domain/refusal.ts'
import type {
  Channel,
  ChannelMessage,
  ChannelNews,
  ChannelPlace,
  ChannelPlugin,
} from '../../ports/channel.ts'
import type { GuardedAnswer, GuardedFetch } from '../../ports/guarded-fetch.ts'
import type { KeyStore } from '../../ports/key-store.ts'
import { checkSettings } from '../settings.ts'
import { phoneNumber } from './phone-number.ts'
import { type SmsFields, type SmsGateway, smsGateways } from './sms-gateways.ts'

const fieldName = z.string().regex(/^[\w.-]{1,64}$/, 'a name of a field is needed')

const settings = z.strictObject({
  gateway: z.enum(['kannel', 'generic']).default('kannel').describe('Whose words are spoken.'),
  url: z
    .string()
    .refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''), 'an http or https address is needed')
    .describe('Where messages are sent to; http only on loopback.'),
  method: z.enum(['GET', 'POST']).optional().describe('As the gateway has it unless told.'),
  username: z.string().trim().min(1).max(200).optional(),
  // A file often ends with a line break that is no part of the secret.
  password: z.string().trim().min(1).max(1024).optional(),
  from: z.string().trim().min(1).max(20).optional().describe('The sender that phones show.'),
  countries: z
    .array(z.string().regex(/^[A-Z]{2}$/, 'a country of two letters is needed: EE'))
    .min(1, 'say to which countries messages may go')
    .max(250)
    .describe('ISO 3166 codes; nothing goes to a number of any other.'),
  receipts: z.boolean().default(true).describe('Ask for receipts, where the gateway gives some.'),
  fields: z
    .partialRecord(z.enum(['username', 'password', 'from', 'to', 'text']), fieldName)
    .default({})
    .describe('What the gateway calls them, where it is not as usual.'),
  answerBegins: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .describe('How the answer to a message that was taken begins.'),
})

type SmsSettings = z.infer<typeof settings>

export interface HttpSmsPorts {
  readonly fetch: GuardedFetch
  readonly keys: Pick<KeyStore, 'secret'>
}

export function httpSmsChannel(ports: HttpSmsPorts): ChannelPlugin {
  return {
    type: 'http-sms',
    kind: 'sms',
    addressed: 'number',
    costs: true,
    check: (given) => checkSettings(settings, given),
    open: (place) => openGateway(ports, place),
  }
}

function openGateway(ports: HttpSmsPorts, place: ChannelPlace): Channel {
  const given = settings.parse(place.settings)
  const gateway: SmsGateway = smsGateways[given.gateway]
  const { receipts } = gateway
  const wanted = receipts !== undefined && given.receipts
  const proof = (delivery: string) => receiptProof(ports, place, delivery)
  return {
    async send(message) {
      if (message.address.kind !== 'number') throw new Error('an SMS goes to a number')
      const found = await phoneNumber(message.address.number, given.countries)
      if ('code' in found) return { outcome: 'refused', code: found.code }
      const { id } = message
      const receipt = wanted ? `${place.receipts}/${id}/${proof(id)}?${receipts.query}` : undefined
      return asked(ports.fetch, { given, gateway, message, to: found.number, receipt })
    },
    ...(wanted && {
      heard({ path, fields }): ChannelNews {
        const [delivery = '', mac = '', ...more] = path
        if (more.length > 0 || !same(mac, proof(delivery))) throw new Refusal('channel.forged')
        const said = fields.get(receipts.field) ?? ''
        if (receipts.confirmed.includes(said)) return { delivery, receipt: 'confirmed' }
        return { delivery, receipt: receipts.failed.includes(said) ? 'failed' : undefined }
      },
    }),
  }
}

interface Asking {
  readonly given: SmsSettings
  readonly gateway: SmsGateway
  readonly message: ChannelMessage
  readonly to: string
  readonly receipt: string | undefined
}

async function asked(fetch: GuardedFetch, asking: Asking) {
  const { given, gateway } = asking
  const fields = fieldsOf(asking)
  const url = new URL(given.url)
  const post = (given.method ?? gateway.method) === 'POST'
  if (!post) for (const [name, value] of fields) url.searchParams.set(name, value)
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const answer = await fetch(url.href, post ? { method: 'POST', headers: form, body: String(fields) } : {})
  return judged(answer, asking)
}

function fieldsOf({ given, gateway, message: { text }, to, receipt }: Asking): URLSearchParams {
  const { username, password, from } = given
  const named: SmsFields = { username, password, from, to, text }
  const fields = new URLSearchParams(gateway.extra({ text, receipt }))
  for (const [name, value] of Object.entries(named) as [keyof SmsFields, string | undefined][])
    if (value !== undefined) fields.set(given.fields[name] ?? gateway.names[name], value)
  return fields
}

function judged({ status, body }: GuardedAnswer, { given, gateway }: Asking) {
  const text = Buffer.from(body).toString('utf8').trimStart()
  const begins = given.answerBegins === undefined || text.startsWith(given.answerBegins)
  if (gateway.taken(status, text) && begins) return { outcome: 'sent' as const }
  // It does not like this message; whatever else is wrong may be mended while the message is still good.
  if (status === 400) return { outcome: 'refused' as const, code: 'channel.refused' }
  throw new Error(`the gateway answered ${status}`)
}

/** Only the gateway was told it: whoever shows it says what the gateway says (attack 134). */
function receiptProof({ keys }: HttpSmsPorts, { institution, channel }: ChannelPlace, delivery: string) {
  return createHmac('sha256', keys.secret(institution.id, 'receipts'))
    .update(JSON.stringify([institution.id, channel, delivery]))
    .digest('base64url')
}

function same(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}
