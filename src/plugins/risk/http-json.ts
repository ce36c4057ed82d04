// Any risk engine that is asked in JSON over HTTP: an institution describes what is sent and what the answer means.
import { z } from 'zod'
import type { RiskEvent, RiskFact } from '../../domain/risk-event.ts'
import type { MappingFault } from '../../domain/risk-expression.ts'
import { eventText, eventTextFault, requestFaults, requestMapping } from '../../domain/risk-mapping.ts'
import { type AnswerMapping, answerFaults, answerReading } from '../../domain/risk-reading.ts'
import {
  RiskAnswerMalformed,
  type RiskPlace,
  type RiskPlugin,
  type RiskPluginPorts,
  type RiskProvider,
} from '../../ports/risk.ts'
import { checkSettings } from '../settings.ts'
import { settingFields } from '../settings-form.ts'
import { createAccess } from './engine-access.ts'
import { askEngine, type Engine, tellEngine } from './engine-call.ts'
import {
  accessFaults,
  accessLabels,
  accessSecrets,
  accessShape,
  authentications,
  engineUrl,
} from './engine-settings.ts'
import { CodedFailure } from './failure.ts'

const expression = z.string().min(1)
// Its shape is a matter of the mapping's own check, which knows each place.
const body = z.custom<unknown>((given) => given !== undefined, 'a mapping is needed').meta({ type: 'object' })

const forbidden: ReadonlySet<string> = new Set([
  ...['authorization', 'host', 'connection', 'content-length', 'content-type', 'transfer-encoding'],
  ...['accept-encoding', 'cookie', 'te', 'trailer', 'upgrade', 'expect'],
])

const headers = z
  .record(
    z
      .string()
      .regex(/^[A-Za-z0-9-]{1,64}$/, 'a name of a header is needed')
      .refine((name) => !forbidden.has(name.toLowerCase()), 'this header is ours to say'),
    z.string().regex(/^[\x20-\x7e]{0,500}$/, 'a plain text is needed'),
  )
  .default({})
  .describe('Headers that are the same each time; no secrets.')

const shape = z.strictObject({
  url: engineUrl.describe('Where events are sent to; http only on loopback.'),
  method: z.enum(['POST', 'PUT']).default('POST'),
  headers,
  authentication: z.enum(authentications).default('none').describe('How we prove ourselves to the engine.'),
  ...accessShape,
  request: body.describe('The body: its members, each an expression over the event.'),
  response: z
    .strictObject({
      answered: expression.optional(),
      action: expression,
      score: expression.optional(),
      band: expression.optional(),
      reasons: expression.optional(),
      correlation: expression.optional(),
      device_token: expression.optional(),
      reference: z.record(z.string().regex(/^\w{1,64}$/, 'a name is needed'), expression).optional(),
    })
    .describe('What the answer means: an expression over it for each thing that we want to know.'),
  correlation: expression
    .default('event.id')
    .describe('What names the event, over there too: what the answer says of it must be this.'),
  report: z
    .strictObject({ url: engineUrl, request: body })
    .optional()
    .describe('Where outcomes are told, and the body of that; nothing is told unless it is there.'),
})

type Settings = z.infer<typeof shape>

const secretsOf = ({ apiKey }: Pick<Settings, 'apiKey'>): Readonly<Record<string, string>> =>
  apiKey === undefined ? {} : { apiKey }

/** In the names of the domain. */
const answerMapping = ({ device_token: deviceToken, ...response }: Settings['response']): AnswerMapping => ({
  ...response,
  deviceToken,
})

const fileName = (part: string | number) => (part === 'deviceToken' ? 'device_token' : part)

const settings = shape.superRefine((given, ctx) => {
  const add = (before: readonly string[], faults: readonly MappingFault[]) => {
    for (const { path, message } of faults)
      ctx.addIssue({ code: 'custom', path: [...before, ...path.map(fileName)], message })
  }
  const secrets = Object.keys(secretsOf(given))
  const correlation = eventTextFault(given.correlation)
  add([], accessFaults(given))
  add(['request'], requestFaults(given.request, secrets))
  add(['response'], answerFaults(answerMapping(given.response)))
  if (correlation !== undefined) add(['correlation'], [{ path: [], message: correlation }])
  if (given.report !== undefined) add(['report', 'request'], requestFaults(given.report.request, secrets))
})

/** Nothing that names a person outside; an institution lists what else its engine is to know. */
const facts: readonly RiskFact[] = [
  ...(['subject.id', 'app.id', 'device.id', 'device.present', 'device.ageDays', 'device.count'] as const),
  ...([
    'session.level',
    'session.ageSeconds',
    'network.address',
    'network.country',
    'client.userAgent',
  ] as const),
  ...(['client.language', 'transaction.type', 'transaction.amount', 'transaction.minor'] as const),
  ...(['transaction.currency', 'transaction.debtorAccount', 'transaction.creditorAccount'] as const),
  ...(['history.knownPayee', 'result.of', 'result.kind', 'result.outcome'] as const),
  ...(['result.method', 'result.attempts'] as const),
]

export const httpJsonEngine = (ports: Pick<RiskPluginPorts, 'fetch'>): RiskPlugin => ({
  type: 'http-json',
  meaning: 'Any engine that is asked in JSON over HTTP, by a mapping of your own.',
  facts,
  fields: settingFields(shape, {
    labels: { ...accessLabels, request: 'Body', 'response.device_token': 'Response: device token' },
    secrets: accessSecrets,
    asked: [],
  }),
  check: (given) => checkSettings(settings, given),
  open: (place) => openEngine(ports, place),
})

function openEngine({ fetch }: Pick<RiskPluginPorts, 'fetch'>, place: RiskPlace): RiskProvider {
  const given = settings.parse(place.settings)
  const engine: Engine = { fetch, access: createAccess(given, { fetch, now: place.now }) }
  const bodyOf = requestMapping(given.request, secretsOf(given))
  const read = answerReading(answerMapping(given.response))
  const named = eventText(given.correlation)
  const { url, method } = given
  return {
    async assess(event, deadline) {
      const sent = named(event)
      // Whatever came back could not be told from an answer to another.
      if (sent === undefined && given.response.correlation !== undefined)
        throw new CodedFailure('correlation_absent')
      const json = await askEngine(
        engine,
        { url, method, headers: given.headers, json: bodyOf(event) },
        deadline,
      )
      const { said, fault } = read(json, sent)
      if (fault !== undefined) throw new RiskAnswerMalformed(fault)
      return { event: event.id, ...said }
    },
    ...(given.report !== undefined && reporting(engine, given, given.report)),
  }
}

function reporting(engine: Engine, given: Settings, { url, request }: NonNullable<Settings['report']>) {
  const bodyOf = requestMapping(request, secretsOf(given))
  const report: NonNullable<RiskProvider['report']> = (event: RiskEvent, deadline) =>
    tellEngine(engine, { url, headers: given.headers, json: bodyOf(event) }, deadline)
  return { report }
}
