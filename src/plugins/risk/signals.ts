// Built-in signals: an engine of ours that needs nobody else's.
import { z } from 'zod'
import { worstScore } from '../../domain/risk.ts'
import type { RiskFact } from '../../domain/risk-event.ts'
import {
  judgedBy,
  type SignalCode,
  type SignalRules,
  signalCodes,
  signalsOf,
  usualPoints,
  usualThresholds,
} from '../../domain/risk-signals.ts'
import type { RiskPlace, RiskPlugin, RiskPluginPorts, RiskProvider } from '../../ports/risk.ts'
import { checkSettings } from '../settings.ts'
import { settingFields } from '../settings-form.ts'
import { openAddressList } from './address-list.ts'

const points = () => z.number().int().min(0).max(worstScore)
const count = (usual: number) => z.number().int().min(1).max(1_000_000).default(usual)
const kilometres = (usual: number) => z.number().min(0).max(20_040).default(usual)
const countries = z
  .array(z.string().regex(/^[A-Z]{2}$/, 'a country of two letters is needed: EE'))
  .max(250)
  .default([])
const networks = z.array(z.number().int().min(1).max(4_294_967_294)).max(1000).default([])

const thresholds = z
  .strictObject({
    review: points().default(usualThresholds.review),
    'step-up': points().default(usualThresholds['step-up']),
    hold: points().default(usualThresholds.hold),
    deny: points().default(usualThresholds.deny),
  })
  .refine(
    (one) => one.review <= one['step-up'] && one['step-up'] <= one.hold && one.hold <= one.deny,
    'the stronger an action, the more points it needs: review, step-up, hold, deny',
  )
  .prefault({})
  .describe('From how many points on an action holds; the sum of all signals is at most 1000.')

const settings = z.strictObject({
  thresholds,
  points: z
    .partialRecord(z.enum(signalCodes as [SignalCode, ...SignalCode[]]), points())
    .default({})
    .describe('What a signal adds, by its code; 0 switches it off. See risk-signals.md.'),
  youngDays: count(7).describe('A device is young for so many days.'),
  maxSpeed: z.number().min(1).max(100_000).default(900).describe('Nobody travels faster, in km/h.'),
  placeRadius: kilometres(200).describe('How far off a place of the database may be, in kilometres.'),
  saidKilometres: kilometres(500).describe(
    'How far from the place of their address customers may say they are, in kilometres.',
  ),
  listFile: z
    .string()
    .min(1)
    .max(1000)
    .optional()
    .describe(
      'File of addresses of bad repute, one or a network a line; read again within a minute of a change.',
    ),
  denyCountries: countries.describe('ISO 3166 codes of countries that nobody may come from.'),
  raiseCountries: countries.describe('ISO 3166 codes of countries that add points.'),
  denyNetworks: networks.describe('Numbers of autonomous systems that nobody may come from.'),
  raiseNetworks: networks.describe('Numbers of autonomous systems that add points.'),
  attemptsPerHour: count(10).describe('So many sign-ins of a customer within an hour are many.'),
  addressAttemptsPerHour: count(60).describe('So many sign-ins from an address within an hour are many.'),
  paymentsPerDay: count(20).describe('So many payments of a customer within a day are many.'),
  amountFactor: z
    .number()
    .min(0.01)
    .max(1000)
    .default(3)
    .describe('A payment is large when it is more than so many times the largest of the last 31 days.'),
  quietHours: z
    .string()
    .regex(/^([01]?\d|2[0-3])-([01]?\d|2[0-3])$/, 'two hours of UTC are needed: 22-5')
    .optional()
    .describe('Hours of UTC in which few of your customers are awake: 22-5. None unless told.'),
})

const labels = {
  'thresholds.review': 'Points for a review',
  'thresholds.step-up': 'Points for a step-up',
  'thresholds.hold': 'Points to hold it',
  'thresholds.deny': 'Points to deny it',
  points: 'Points by signal',
  youngDays: 'Young device, days',
  maxSpeed: 'Fastest travel, km/h',
  placeRadius: 'Accuracy of places, km',
  saidKilometres: 'Said place may be off, km',
  listFile: 'List of addresses',
  denyCountries: 'Countries: deny',
  raiseCountries: 'Countries: raise',
  denyNetworks: 'Networks (AS): deny',
  raiseNetworks: 'Networks (AS): raise',
  attemptsPerHour: 'Sign-ins an hour, customer',
  addressAttemptsPerHour: 'Sign-ins an hour, address',
  paymentsPerDay: 'Payments a day',
  amountFactor: 'Large payment, times the largest',
  quietHours: 'Quiet hours, UTC',
}

const facts: readonly RiskFact[] = [
  ...(['device.present', 'device.ageDays', 'network.address', 'network.country'] as const),
  ...(['network.latitude', 'network.longitude', 'network.asn', 'network.located'] as const),
  ...(['subject.sim', 'subject.simHours'] as const),
  ...(['client.userAgent', 'client.latitude', 'client.longitude', 'client.collected'] as const),
  ...(['client.timeZone', 'client.utcOffset', 'client.platform', 'client.webdriver'] as const),
  ...(['transaction.minor', 'history.knownPayee', 'history.largest', 'history.countDay'] as const),
  ...(['history.attemptsHour', 'history.addressAttemptsHour', 'history.lastAt'] as const),
  ...(['history.lastCountry', 'history.lastLatitude', 'history.lastLongitude'] as const),
]

export const riskSignals = (ports: Pick<RiskPluginPorts, 'log'>): RiskPlugin => ({
  type: 'signals',
  meaning:
    'Signals of the bridge’s own: device, place, network, pace, time, payee and amount, each with its points.',
  facts,
  fields: settingFields(settings, { labels, secrets: [], asked: [] }),
  check: (given) => checkSettings(settings, given),
  open: (place) => openSignals(ports, place),
})

function rulesOf({ quietHours: hours, points: told, ...given }: z.infer<typeof settings>): SignalRules {
  const [from = 0, to = 0] = hours?.split('-').map(Number) ?? []
  return {
    ...given,
    points: { ...usualPoints, ...told },
    quietHours: hours === undefined ? undefined : [from, to],
  }
}

function openSignals({ log }: Pick<RiskPluginPorts, 'log'>, { settings: said }: RiskPlace): RiskProvider {
  const given = settings.parse(said)
  const rules = rulesOf(given)
  const list =
    given.listFile === undefined
      ? undefined
      : openAddressList({ file: given.listFile, usual: rules.points.listed_address, log })
  return {
    async assess(event) {
      const address = event.facts['network.address']
      const listed = address === undefined ? undefined : await list?.of(address)
      return { event: event.id, ...judgedBy(rules, signalsOf(event, rules, listed)) }
    },
    close: async () => list?.close(),
  }
}
