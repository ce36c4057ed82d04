// From the file of an institution to its rows: the names change from snake_case, levels and paths get their full form.
import type {
  ChannelEntry,
  ConnectionEntry,
  CoreEntry,
  InstitutionFile,
  InstitutionRules,
  LineFactsEntry,
  OperationEntry,
  RelyingPartyEntry,
  TransactionTypeEntry,
  TypeValues,
} from '../config/institution-file.ts'
import type { RatesEntry } from '../config/institution-rates.ts'
import type { RiskEntry } from '../config/institution-risk.ts'
import { acrLadder, acrNamed, levelName, withDeviceAndPin } from '../domain/acr.ts'
import { isMailDomain } from '../domain/choice.ts'
import { claimsOfScope, isMappable } from '../domain/claims.ts'
import { notCompared } from '../domain/gateway.ts'
import {
  approvalScope,
  type BackchannelParty,
  type ChannelSetting,
  type Connection,
  type Core,
  type CoreOperation,
  clientScopes,
  type Institution,
  isId,
  limitScope,
  type OperationTransaction,
  type RelyingParty,
} from '../domain/institution.ts'
import { labelFault } from '../domain/label.ts'
import { logoFault } from '../domain/logo.ts'
import { approvalMethods, methodsFor } from '../domain/outcome.ts'
import { conditionCurrencies, conditionFault } from '../domain/policy-language.ts'
import { isRate, type Rates } from '../domain/rates.ts'
import { isBackchannel, isOrigin, redirectFault } from '../domain/redirect.ts'
import { isRelyingPartyId } from '../domain/relying-party.ts'
import { leastDays, type Retention } from '../domain/retention.ts'
import { challengeKinds, combinings, fallbacks, type RiskSettings, riskActions } from '../domain/risk.ts'
import { askedKinds, riskFactNames } from '../domain/risk-event.ts'
import { type LineFactsSetting, type SimFallback, simFallbacks } from '../domain/sim.ts'
import { isMoney } from '../domain/transaction.ts'
import { schemaFaults } from '../domain/transaction-schema.ts'
import type { TransactionType } from '../domain/transaction-type.ts'
import { transactionTypeFaults } from '../domain/transaction-type-faults.ts'
import { builtInTypes } from '../domain/transaction-types/known.ts'
import { levelFaults, type Raiser, raisers } from '../domain/upstream-level.ts'
import { snake } from '../domain/written-name.ts'
import { policyFrom } from '../domain/written-policy.ts'
import type { InstitutionSet } from '../ports/stores.ts'

/** The names of facts in a file are snake_case, and so are the faults that tell of them. */
function typeFaults(entry: unknown, earlier: readonly unknown[]) {
  return transactionTypeFaults(factsCamelled(entry), earlier).map(({ path, message }) =>
    path[0] === 'facts'
      ? { path: path.map((part) => (typeof part === 'string' ? snake(part) : part)), message: snake(message) }
      : { path, message },
  )
}

/** By what a message can be compared; of an entry that does not hold, what can be told. */
function typeValues(entry: unknown): TypeValues {
  const { type, facts, schema } = (entry ?? {}) as { type?: unknown; facts?: unknown; schema?: unknown }
  const named = typeof facts === 'object' && facts !== null ? facts : {}
  const { leaves } = schemaFaults(schema)
  const others = leaves.filter(({ pointer }) => !Object.values(named).includes(pointer))
  const free = ({ pointer }: { pointer: string }) => notCompared.includes(pointer)
  return {
    type: String(type),
    facts: Object.keys(named).map(snake),
    needed: others.filter((leaf) => leaf.always && !free(leaf)).map(({ pointer }) => pointer),
    optional: others.filter((leaf) => !leaf.always || free(leaf)).map(({ pointer }) => pointer),
    hasLists: leaves.some(({ inList }) => inList),
  }
}

function factsCamelled(entry: unknown): unknown {
  if (typeof entry !== 'object' || entry === null || !('facts' in entry)) return entry
  const { facts } = entry
  if (typeof facts !== 'object' || facts === null || Array.isArray(facts)) return entry
  return { ...entry, facts: camelled(facts as Record<string, unknown>) }
}

const [lowest, ...others] = acrLadder.map(levelName)

/** What the file's schema is told of the domain. */
export const institutionRules: InstitutionRules = {
  isId,
  isMailDomain,
  labelFault,
  logoFault,
  isMappable,
  isRelyingPartyId,
  redirectFault,
  isOrigin,
  isBackchannel,
  levelFaults,
  raisers,
  isMoney,
  isRate,
  conditionFault,
  conditionCurrencies,
  leastRetentionDays: leastDays,
  levels: [lowest as string, ...others],
  stepUpLevels: others as [string, ...string[]],
  riskKinds: askedKinds,
  riskFacts: riskFactNames as [string, ...string[]],
  riskActions,
  riskFallbacks: fallbacks,
  riskCombinings: combinings,
  riskChallenges: challengeKinds,
  approvalMethods,
  methodsFor: (level) => methodsFor(level === undefined ? withDeviceAndPin : acrNamed(level)),
  scopes: [
    ...Object.keys(claimsOfScope),
    'offline_access',
    'device',
    approvalScope,
    limitScope,
    ...clientScopes,
  ],
  clientScopes,
  languages: ['en', 'es'],
  connectionTypes: ['saml', 'oidc'],
  channelTypes: ['push', 'http-sms'],
  lineTypes: ['camara-sim-swap'],
  simFallbacks,
  transactionTypeFaults: typeFaults,
  transactionTypes: builtInTypes.map(typeValues),
  typeValues: (entry) => typeValues(factsCamelled(entry)),
}

/** The rows of a checked file. `coreMs` is the deadline of a core that has none of its own. */
export function institutionSet(
  file: InstitutionFile,
  { coreMs }: { readonly coreMs: number },
): InstitutionSet {
  const institution = file.institution.id
  const customers = file.connections.filter(({ audience }) => audience === 'customers')
  const only = customers.length === 1 ? customers[0]?.id : undefined
  return {
    institution: institutionRow(file),
    relyingParties: file.relying_parties.map((entry) => relyingParty(institution, entry, only)),
    connections: file.connections.map((entry) => connection(institution, entry)),
    cores: file.cores.map((entry) => core(institution, entry, coreMs)),
  }
}

const institutionRow = ({
  institution: entry,
  transaction_types: types,
  channels,
  risk,
  line_facts: lines,
}: InstitutionFile): Institution => ({
  id: entry.id,
  name: entry.name,
  host: entry.host,
  accent: entry.accent,
  language: entry.language,
  help: entry.help,
  stepUpOver: entry.step_up_over,
  ...(entry.step_up_over_in !== undefined && { stepUpOverIn: entry.step_up_over_in }),
  ...(entry.rates !== undefined && { rates: ratesRow(entry.rates) }),
  ...retentionRow(entry.retention),
  // Undefined where the file has none: then the console's decides, or the default.
  policy: entry.policy && policyFrom(entry.policy),
  limitCoolDownHours: entry.limit_cool_down_hours,
  reviewHours: entry.review_hours,
  releaseHours: entry.release_hours,
  pin: { length: entry.pin.length, attempts: entry.pin.attempts, lockSeconds: entry.pin.lock_seconds },
  devicesPerSubject: entry.devices_per_subject,
  approvals: {
    open: entry.approvals.open,
    newDeviceHours: entry.approvals.new_device_hours,
    farKilometres: entry.approvals.far_kilometres,
    signatoryHours: entry.approvals.signatory_hours,
  },
  // False is as it was before there were any: a row of then is the same as one of now.
  ...(entry.browser_signals && { browserSignals: true }),
  // The schema has let only types through that the domain takes.
  ...(types.length > 0 && { transactionTypes: types.map(typeRow) }),
  ...(channels.length > 0 && { channels: channels.map(channel) }),
  ...(risk !== undefined && { risk: riskRow(risk) }),
  ...(lines !== undefined && { lineFacts: lineFactsRow(lines) }),
})

const ratesRow = ({ base, as_of, valid_hours: validHours, per_base: perBase }: RatesEntry): Rates => ({
  ...{ base, perBase, asOf: Date.parse(as_of), validHours },
})

/** What is kept for ever is not said: a row of before there was any is the same as one of now. */
function retentionRow(days: InstitutionFile['institution']['retention']): { retention?: Retention } {
  const { evidence_days: evidence, transactions_days: transactions, risk_days: risk } = days
  const said = Object.entries({ evidence, transactions, risk }).filter(([, many]) => many !== 'never')
  return said.length === 0 ? {} : { retention: Object.fromEntries(said) as Retention }
}

/** The schema has let only the domain's names through. */
const riskRow = ({ budget_ms: budgetMs, step_up: stepUp, providers, events }: RiskEntry): RiskSettings => ({
  budgetMs,
  stepUp: acrNamed(stepUp),
  providers: providers.map(({ settings, challenge, ...one }) => ({
    ...one,
    settings: camelled(settings),
    // None is as it was before there were any: a row of then is the same as one of now.
    ...(challenge.length > 0 && { challenge }),
  })) as RiskSettings['providers'],
  events: Object.fromEntries(
    Object.entries(events).flatMap(([kind, event]) => {
      if (event === undefined) return []
      const { on_failure: onFailure, shadow, ...rest } = event
      return [[kind, { ...rest, onFailure, ...(shadow.length > 0 && { shadow }) }]]
    }),
  ) as RiskSettings['events'],
})

const typeRow = (entry: TransactionTypeEntry): TransactionType =>
  ({ facts: {}, ...(factsCamelled(entry) as object) }) as TransactionType

/** Where the institution has one connection, its apps sign in by that one without saying so. */
function relyingParty(institution: string, entry: RelyingPartyEntry, only: string | undefined): RelyingParty {
  return {
    institution,
    id: entry.id,
    name: entry.name,
    kind: entry.kind,
    redirectUris: entry.redirect_uris,
    postLogoutRedirectUris: entry.post_logout_redirect_uris,
    ...(entry.subject_type === 'pairwise' && { subjectType: entry.subject_type }),
    ...(entry.backchannel_logout_uri !== undefined && {
      backchannelLogoutUri: entry.backchannel_logout_uri,
    }),
    scopes: entry.scopes,
    connections: entry.connections ?? listOf(entry.connection ?? (entry.kind === 'app' ? only : undefined)),
    acrFloor: entry.acr_floor === undefined ? undefined : acrNamed(entry.acr_floor),
    requirePar: entry.require_par,
    requireDpop: entry.require_dpop,
    transactionTypes: entry.transaction_types,
    webOrigins: entry.web_origins,
    ...(entry.introspection === 'consume' && { introspection: entry.introspection }),
    ...(entry.backchannel && { backchannel: backchannelOf(entry.backchannel) }),
    keys: entry.keys,
  }
}

const backchannelOf = ({
  number,
  user_code: userCode,
  signed,
  client_notification_endpoint: ping,
}: NonNullable<RelyingPartyEntry['backchannel']>): BackchannelParty => ({
  ...{ number, userCode, signed },
  ...(ping !== undefined && { ping }),
})

const connection = (institution: string, entry: ConnectionEntry): Connection => ({
  institution,
  id: entry.id,
  name: entry.name,
  type: entry.type,
  state: entry.enabled ? 'active' : 'disabled',
  version: 0,
  settings: camelled(entry.settings),
  claims: entry.claims,
  ...(entry.domains.length > 0 && { domains: entry.domains }),
  ...(entry.logo !== undefined && { logo: entry.logo }),
  ...(entry.audience === 'workforce' && { audience: entry.audience }),
  ...(Object.keys(entry.levels).length > 0 && { levels: entry.levels }),
  // The schema has let only the domain's names through.
  ...(entry.raised_by !== 'bridge' && { raisedBy: entry.raised_by as Raiser }),
})

const channel = ({ id, type, settings }: ChannelEntry): ChannelSetting => ({
  ...{ id, type },
  settings: camelled(settings),
})

/** The schema has let only the domain's names through. */
const lineFactsRow = ({
  max_age_hours: maxAgeHours,
  on_failure: onFailure,
  ...entry
}: LineFactsEntry): LineFactsSetting => ({
  ...{ type: entry.type, maxAgeHours, onFailure: onFailure as SimFallback },
  settings: camelled(entry.settings),
})

const listOf = (one: string | undefined): string[] => (one === undefined ? [] : [one])

/** `sso_url` in the file is the connector's `ssoUrl`; values stay as they are. */
const camelled = (settings: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(settings).map(([key, value]) => [camel(key), value]))

const camel = (key: string): string => key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

const core = (institution: string, entry: CoreEntry, coreMs: number): Core => ({
  institution,
  id: entry.id,
  name: entry.name,
  endpoint: entry.endpoint,
  audience: entry.audience,
  addressing: entry.addressing,
  timeoutMs: entry.timeout_ms ?? coreMs,
  assertionSeconds: entry.assertion_seconds,
  operations: entry.operations.map(operation),
})

const operation = (entry: OperationEntry): CoreOperation => ({
  namespace: entry.namespace,
  name: entry.name,
  soapAction: entry.soap_action,
  acr: acrNamed(entry.acr),
  transaction: entry.transaction === undefined ? undefined : transaction(entry.transaction),
})

const transaction = (entry: NonNullable<OperationEntry['transaction']>): OperationTransaction => ({
  type: entry.type,
  ...(entry.also && {
    also: Object.fromEntries(Object.entries(entry.also).map(([pointer, path]) => [pointer, steps(path)])),
  }),
  ...(entry.amount && { amount: steps(entry.amount) }),
  ...(entry.currency && { currency: steps(entry.currency) }),
  ...(entry.debtor_account && { debtorAccount: steps(entry.debtor_account) }),
  ...(entry.creditor_account && { creditorAccount: steps(entry.creditor_account) }),
  ...(entry.creditor_name && { creditorName: steps(entry.creditor_name) }),
})

const steps = (path: string | readonly string[]): readonly string[] =>
  typeof path === 'string' ? path.split('/') : path
