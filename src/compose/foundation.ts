// What everything else is made of: database, units of work, keys, stores, and the services that are opened late.
import { randomBytes, randomInt } from 'node:crypto'
import type { Config } from '../config/config.ts'
import { ConfigFault } from '../config/faults.ts'
import { referenceFrom } from '../domain/reference.ts'
import { createLog } from '../http/logging.ts'
import { createMessageWaiting } from '../http/message-waiting.ts'
import { createMetrics } from '../http/metrics.ts'
import { createChannels } from '../plugins/channels/channels.ts'
import { httpSmsChannel } from '../plugins/channels/http-sms.ts'
import { pushChannel } from '../plugins/channels/push.ts'
import { createConnectors } from '../plugins/connectors/connectors.ts'
import { oidcConnector } from '../plugins/connectors/oidc.ts'
import { samlConnector } from '../plugins/connectors/saml.ts'
import { createCoreClient } from '../plugins/cores/http.ts'
import { createLocalKeys } from '../plugins/keys/local.ts'
import { createLocalOwnKeys } from '../plugins/keys/own.ts'
import { createFieldSeal } from '../plugins/keys/seal.ts'
import { camaraSimSwap } from '../plugins/lines/camara.ts'
import { createLineFacts } from '../plugins/lines/lines.ts'
import { addressFault, createGuardedFetch } from '../plugins/net/guarded-fetch.ts'
import { webauthn } from '../plugins/passkeys/webauthn.ts'
import { createPictures } from '../plugins/pictures/decoder.ts'
import { noPlaces, type OpenPlaces, openMaxmind, PlacesUnreadable } from '../plugins/places/maxmind.ts'
import { createRiskProviders } from '../plugins/risk/risk.ts'
import type { Chance, Clock } from '../ports/clock.ts'
import type { SamlChecker } from '../ports/saml-checker.ts'
import { createAdministrators, createConsoleSessions, createInvitations } from '../storage/administrators.ts'
import { createApprovals } from '../storage/approvals.ts'
import { createAuditProofs } from '../storage/audit-proofs.ts'
import { createAuditWriter } from '../storage/audit-writer.ts'
import { createBreakGlassKeys, createBreakGlassUses } from '../storage/break-glass.ts'
import { createCases } from '../storage/cases.ts'
import { createOwnKeyStore, createSealedOwnKeys } from '../storage/connection-keys.ts'
import { createConnectionStore } from '../storage/connections.ts'
import { createDeliveryRecords } from '../storage/deliveries.ts'
import { createDeviceMessages } from '../storage/device-messages.ts'
import { createDevices } from '../storage/devices.ts'
import { createDirectory } from '../storage/directory.ts'
import { createEvidenceStore, createUserCodes } from '../storage/evidence.ts'
import { createExchanges } from '../storage/exchanges.ts'
import { createExpiryWarnings } from '../storage/expiry-warnings.ts'
import { createFreezes } from '../storage/freezes.ts'
import { openJobs } from '../storage/jobs.ts'
import { createLogins } from '../storage/logins.ts'
import { createLogoutNotices } from '../storage/logout-notices.ts'
import { createMandates } from '../storage/mandates.ts'
import { createMetadataStates } from '../storage/metadata-states.ts'
import type { Database } from '../storage/open.ts'
import { createPendingLogouts } from '../storage/pending-logouts.ts'
import { createPings } from '../storage/pings.ts'
import { createPins } from '../storage/pins.ts'
import { createConsolePolicies, createOwnLimits, createPolicies } from '../storage/policies.ts'
import { createRateLimits } from '../storage/rate-limits.ts'
import { createRelyingPartyStore } from '../storage/relying-parties.ts'
import { createReplays } from '../storage/replays.ts'
import { createRetention } from '../storage/retention.ts'
import { createRiskMemories, createRiskRecords, createRiskTellings } from '../storage/risk.ts'
import { createConsoleRisks } from '../storage/risk-settings.ts'
import { createRiskShadows } from '../storage/risk-shadows.ts'
import { createSealedKeys } from '../storage/sealed-keys.ts'
import { createStatistics } from '../storage/statistics.ts'
import { createSubjectNames, createSubjectStates } from '../storage/subject-states.ts'
import { createConsents, createSubjects } from '../storage/subjects.ts'
import { createTestLogins } from '../storage/test-logins.ts'
import { createTokenStore } from '../storage/token-store.ts'
import { createTransactions } from '../storage/transactions.ts'
import { createUnits } from '../storage/unit-of-work.ts'
import { createUpstreamAnswers } from '../storage/upstream-answers.ts'
import { createUpstreamSessions } from '../storage/upstream-sessions.ts'
import { createSamlChecker } from '../xml/saml/checker.ts'
import { createMetadataReader } from '../xml/saml/metadata-reader.ts'
import { countEvent } from './counted.ts'
import { openRiskPlugins } from './risk-plugins.ts'

export interface ComposeOptions {
  readonly clock?: Clock
  /** Reads SAML in the place of threads of our own: for processes with several bridges. */
  readonly checker?: SamlChecker | undefined
  /** How many times as often background work looks for what is due: for tests, which would wait for it. */
  readonly pace?: number | undefined
}

const systemClock: Clock = { now: () => Date.now() }

const systemChance: Chance = {
  token: (bytes) => randomBytes(bytes).toString('base64url'),
  number: () => String(randomInt(100)).padStart(2, '0'),
  reference: () => referenceFrom(randomBytes(8)),
}

/** What everything else is made of. */
export function createFoundation(config: Config, database: Database, options: ComposeOptions) {
  const clock = options.clock ?? systemClock
  const metrics = createMetrics()
  const log = createLog(config.log)
  const master = config.keys.master.reveal()
  const seal = createFieldSeal(master)
  const signed = (purpose: string) => metrics.count('drawbridge_signatures_total', { purpose })
  const keys = createLocalKeys({ master, sealed: createSealedKeys(database), clock, signed })
  const lifetimeMs = config.keys.renewal.clientAssertionDays * 24 * 3600_000
  const observers: ((institution: string, event: string) => void)[] = []
  const committed = (institution: string, bodies: readonly string[]) => {
    for (const body of bodies) countEvent({ metrics, log }, institution, body)
    for (const observer of observers) for (const body of bodies) observer(institution, body)
  }
  const node = randomBytes(6).toString('hex')
  const events = createAuditWriter({ clock, node, seal, committed })
  const ownKeys = createLocalOwnKeys({
    ...{ master, clock, signed, lifetimeMs },
    sealed: createSealedOwnKeys(database, events),
  })
  metrics.observe('drawbridge_db_round_trips_total', database.roundTrips)
  metrics.observe('drawbridge_db_statements_total', database.statements)
  return {
    checker: options.checker,
    pace: options.pace ?? 1,
    observers,
    config,
    database,
    clock,
    chance: systemChance,
    metrics,
    log,
    seal,
    keys,
    ownKeys,
    addressFault: (text: string) => addressFault(text, config.outbound.allowedNetworks),
    passkeys: webauthn,
    pictures: createPictures({ deadlineMs: 5000 }),
    ...createUnits({ database, events }),
  }
}

export type Foundation = ReturnType<typeof createFoundation>

export function createStores({ config, connections, seal, clock }: Foundation) {
  const { publicUrl } = config
  const directory = createDirectory({ connections, seal, now: clock.now, publicUrl })
  return {
    directory,
    connectionStore: createConnectionStore({ connections, seal, written: directory.forget }),
    ownKeyStore: createOwnKeyStore(connections),
    expiryWarnings: createExpiryWarnings(connections),
    metadataStates: createMetadataStates(connections),
    logins: createLogins(connections, seal),
    answers: createUpstreamAnswers(connections),
    testLogins: createTestLogins(connections, seal),
    exchanges: createExchanges(connections, seal),
    subjects: createSubjects(connections, seal),
    upstreamSessions: createUpstreamSessions(connections, seal),
    notices: createLogoutNotices(connections),
    subjectStates: createSubjectStates(connections),
    subjectNames: createSubjectNames(connections),
    pendingLogouts: createPendingLogouts(connections),
    administrators: createAdministrators(connections),
    consoleSessions: createConsoleSessions(connections),
    invitations: createInvitations(connections),
    breakGlassKeys: createBreakGlassKeys(connections),
    breakGlassUses: createBreakGlassUses(connections),
    statistics: createStatistics(connections),
    relyingPartyStore: createRelyingPartyStore(connections, directory.forget),
    ...{ consents: createConsents(connections), replays: createReplays(connections) },
    ...{ devices: createDevices(connections), freezes: createFreezes(connections, seal) },
    deviceMessages: createDeviceMessages(connections),
    deliveryRecords: createDeliveryRecords(connections),
    ...transactionStores({ connections, seal, written: directory.forget }),
    ...{ approvals: createApprovals(connections, seal), pings: createPings(connections, seal) },
    mandates: createMandates(connections, seal),
    evidence: createEvidenceStore(connections, seal),
    auditProofs: createAuditProofs(connections),
    userCodes: createUserCodes(connections),
    retentionStore: createRetention(connections),
    pins: createPins(connections),
    ...riskStores({ connections, seal, written: directory.forget }),
    tokens: createTokenStore(connections),
  }
}

interface WritingStorePorts extends Pick<Foundation, 'connections' | 'seal'> {
  readonly written: () => void
}

const transactionStores = ({ connections, seal, written }: WritingStorePorts) => ({
  transactions: createTransactions(connections, seal),
  cases: createCases(connections, seal),
  ownLimits: createOwnLimits(connections, seal),
  policies: createPolicies(connections),
  consolePolicies: createConsolePolicies(connections, written),
})

const riskStores = ({ connections, seal, written }: WritingStorePorts) => ({
  riskRecords: createRiskRecords(connections, seal),
  riskMemories: createRiskMemories(connections, seal),
  riskTellings: createRiskTellings(connections),
  consoleRisks: createConsoleRisks(connections, { seal, written }),
  riskShadows: createRiskShadows(connections),
})

export type Stores = ReturnType<typeof createStores>

/** Throws a ConfigFault where the database cannot be read. */
async function placesOf({ config, log }: Foundation): Promise<OpenPlaces> {
  const { database: file, asnDatabase: asnFile } = config.places
  if (file === undefined && asnFile === undefined) return noPlaces
  return openMaxmind({ file, asnFile, log }).catch((error: unknown) => {
    if (!(error instanceof PlacesUnreadable)) throw error
    const path = error.of === 'file' ? 'places.database' : 'places.asn_database'
    throw new ConfigFault([{ path, message: error.message }])
  })
}

/** What is opened late: workers and tables that a mere migration does not need. */
export async function createServices(base: Foundation) {
  const { config, database, log } = base
  const { workers, deadlineMs } = config.saml
  // First: where there is a fault, nothing else was opened yet.
  const places = await placesOf(base)
  const checker = base.checker ?? (await createSamlChecker({ workers, deadlineMs }))
  const fetch = createGuardedFetch({
    allowedNetworks: config.outbound.allowedNetworks,
    timeoutMs: config.timeouts.upstreamMs,
    maxBytes: 1024 * 1024,
  })
  const idpMetadata = createMetadataReader({ deadlineMs: 5000 })
  const deviceMessages = createDeviceMessages(base.connections)
  const plugins = await openRiskPlugins(config, { fetch, keys: base.keys, log })
  const jobs = await openJobs(database, base.connections, {
    attemptMs: config.timeouts.upstreamMs,
    failed: (error) => log.warn('jobs', { error: String(error) }),
  })
  return {
    checker,
    fetch,
    places,
    idpMetadata,
    openJobs: jobs,
    jobs: jobs.deliveries,
    riskReports: jobs.riskReports,
    messageWaiting: createMessageWaiting({ ...base, deviceMessages, everyMs: 500 / base.pace }),
    channels: createChannels({
      plugins: [pushChannel({ deviceMessages }), httpSmsChannel({ fetch, keys: base.keys })],
      publicUrl: config.publicUrl,
    }),
    lineFacts: createLineFacts({
      ...{ plugins: [camaraSimSwap({ fetch, now: base.clock.now })], keys: base.keys },
      ...{ now: base.clock.now, log },
    }),
    riskPlugins: async () => plugins,
    riskProviders: createRiskProviders({
      plugins,
      // While they are asked the unit of the request waits for them all: what one remembers must not begin a transaction in it.
      memory: createRiskMemories(base.beside, base.seal),
      now: base.clock.now,
      log,
    }),
    coreClient: createCoreClient({ answerBytes: config.limits.coreAnswerBytes }),
    rateLimits: createRateLimits(database, config.limits.rates, log),
    connectors: createConnectors({
      plugins: [samlConnector({ ...base, checker, fetch, idpMetadata }), oidcConnector({ ...base, fetch })],
      publicUrl: config.publicUrl,
    }),
  }
}

export type Services = Awaited<ReturnType<typeof createServices>>
