// Risk engines that run outside of the bridge, as a service or as a program that we start, by a contract of our own (ruling R-31).
import { z } from 'zod'
import { collectedFacts } from '../../domain/client-signals.ts'
import { challengeKinds } from '../../domain/risk.ts'
import { type RiskFact, riskFactNames } from '../../domain/risk-event.ts'
import {
  RiskAnswerMalformed,
  type RiskDeadline,
  type RiskPlace,
  type RiskPlugin,
  type RiskPluginPorts,
  type RiskProvider,
} from '../../ports/risk.ts'
import { checkSettings } from '../settings.ts'
import { settingFields } from '../settings-form.ts'
import { createAccess } from './engine-access.ts'
import { askEngine, type Engine, tellEngine } from './engine-call.ts'
import { type Program, startProgram } from './engine-program.ts'
import { accessFaults, accessLabels, accessSecrets, accessShape, engineUrl } from './engine-settings.ts'
import { assessmentFrom, challengeFrom, challengeResultFrom, eventJson } from './service-contract.ts'

/** Programs that the operator lets institutions have started, by name: whoever edits an institution names one, and writes none. */
export type Programs = Readonly<Record<string, readonly string[]>>

const { keyId, hmacSecret, tlsCertificate, tlsKey, tlsAuthority } = accessShape

const shape = z.strictObject({
  url: engineUrl.optional().describe('Of the service: below it are /assess and the others.'),
  program: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe('In place of a service: a program of the operator’s list.'),
  authentication: z.enum(['none', 'hmac']).default('none').describe('How we prove ourselves to the engine.'),
  ...{ keyId, hmacSecret, tlsCertificate, tlsKey, tlsAuthority },
  offers: z
    .array(z.enum(['report', 'challenge']))
    .default(['report'])
    .describe('What it does beside judging: learn outcomes, run challenges of its own.'),
})

const settingsFor = (programs: Programs) =>
  shape.superRefine((given, ctx) => {
    const fault = (path: string[], message: string) => ctx.addIssue({ code: 'custom', path, message })
    if ((given.url === undefined) === (given.program === undefined))
      fault([given.program === undefined ? 'url' : 'program'], 'either an address or a program is needed')
    if (given.program !== undefined && !Object.hasOwn(programs, given.program))
      fault(['program'], 'the configuration has no such program')
    if (URL.parse(given.url ?? '')?.search) fault(['url'], 'an address without a query is needed')
    for (const { path, message } of accessFaults(given)) fault(path, message)
  })

/**
 * An engine is the institution's own, made for this: yet nothing leaves for it unasked that names a customer outside, that an
 * operator is paid for, or that tells one device from another.
 */
const onlyWhereListed: ReadonlySet<RiskFact> = new Set<RiskFact>([
  ...(['subject.username', 'transaction.creditorName', 'subject.sim', 'subject.simHours'] as const),
  ...collectedFacts,
])

export const riskService = (ports: Pick<RiskPluginPorts, 'fetch'>, programs: Programs = {}): RiskPlugin => ({
  type: 'service',
  meaning: 'An engine of your own, as a service or a program that speaks the contract of the bridge.',
  facts: riskFactNames.filter((name) => !onlyWhereListed.has(name)),
  fields: settingFields(shape, { labels: accessLabels, secrets: accessSecrets, asked: [] }),
  check: (given) => checkSettings(settingsFor(programs), given),
  challenges: ({ offers }) => (Array.isArray(offers) && offers.includes('challenge') ? challengeKinds : []),
  open: (place) => openService(ports, programs, place),
})

function openService(
  { fetch }: Pick<RiskPluginPorts, 'fetch'>,
  programs: Programs,
  place: RiskPlace,
): RiskProvider {
  const given = settingsFor(programs).parse(place.settings)
  const argv = given.program === undefined ? undefined : programs[given.program]
  const program: Program | undefined = argv && startProgram({ argv })
  const reach = program?.fetch ?? fetch
  const engine: Engine = { fetch: reach, access: createAccess(given, { fetch: reach, now: place.now }) }
  const at = (name: string) => `${(given.url ?? 'http://engine').replace(/\/$/, '')}/${name}`
  const ask = (name: string, json: unknown, deadline: RiskDeadline) =>
    askEngine(engine, { url: at(name), json }, deadline)
  const { offers } = given
  return {
    assess: async (event, deadline) =>
      assessmentFrom(await ask('assess', { event: eventJson(event) }, deadline), event.id),
    ...(offers.includes('report') && {
      report: (event, deadline) =>
        tellEngine(engine, { url: at('report'), json: { event: eventJson(event) } }, deadline),
    }),
    ...(offers.includes('challenge') && challenging(ask)),
    ...(program && { close: () => program.close() }),
  }
}

type Ask = (name: string, json: unknown, deadline: RiskDeadline) => Promise<unknown>

const challenging = (ask: Ask): Pick<RiskProvider, 'challenge' | 'authenticate'> => ({
  async challenge(event, kind, deadline) {
    const said = challengeFrom(await ask('challenge', { event: eventJson(event), kind }, deadline), event.id)
    if (said.kind !== kind) throw new RiskAnswerMalformed('kind: another one was asked for')
    return said
  },
  async authenticate(event, { reference, answers }, deadline) {
    const json = { event: eventJson(event), reference, ...(answers !== undefined && { answers }) }
    return challengeResultFrom(await ask('authenticate', json, deadline), event.id)
  },
})
