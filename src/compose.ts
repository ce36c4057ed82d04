// The one place where parts meet: configuration in, a running bridge out.
import { randomBytes } from 'node:crypto'
import type { Config } from './config/config.ts'
import { noteIsBy, type ReadNote } from './domain/checkpoint.ts'
import { issuerOf } from './domain/institution.ts'
import { referenceFrom } from './domain/reference.ts'
import { createApply } from './flows/apply.ts'
import { createAuditVerify } from './flows/audit-verify.ts'
import { createCoreCall } from './flows/core-call.ts'
import { createEnrolment, createPresence } from './flows/devices.ts'
import { createLogin } from './flows/login.ts'
import { createAnswer } from './flows/login-answer.ts'
import { createStepUp } from './flows/step-up.ts'
import { createApp } from './http/app.ts'
import { createAuthorize } from './http/authorize.ts'
import { deviceRoutes } from './http/devices.ts'
import { interactionRoutes } from './http/interaction.ts'
import { createLog } from './http/logging.ts'
import { type ManagementServer, startManagement } from './http/management.ts'
import { createMetrics, type MeteredMetrics } from './http/metrics.ts'
import { createProviderPages } from './http/provider-pages.ts'
import type { OidcGate } from './http/provider-port.ts'
import { openPublicServer } from './http/public-server.ts'
import type { Tenant } from './http/tenant.ts'
import { createTrustedProxies } from './http/trusted-proxy.ts'
import { upstreamRoutes } from './http/upstream.ts'
import { wellKnownRoutes } from './http/well-known.ts'
import { createAdapter } from './oidc/adapter.ts'
import { createBegin } from './oidc/begin.ts'
import type { ProviderPages } from './oidc/configuration.ts'
import { createAccessTokens, createOidcGate } from './oidc/gate.ts'
import { createProviders } from './oidc/provider.ts'
import { createConnectors } from './plugins/connectors/connectors.ts'
import { samlConnector } from './plugins/connectors/saml.ts'
import { createCoreClient } from './plugins/cores/http.ts'
import { createLocalKeys } from './plugins/keys/local.ts'
import { createPinHash } from './plugins/keys/pin-hash.ts'
import { createFieldSeal } from './plugins/keys/seal.ts'
import type { Addresses, Application, VerifyOptions } from './ports/application.ts'
import type { Chance, Clock } from './ports/clock.ts'
import type { KeyStore } from './ports/key-store.ts'
import type { Log } from './ports/log.ts'
import { gatewayRoutes } from './soap/gateway.ts'
import { createAuditLog, type Sequencer, startSequencer } from './storage/audit-log.ts'
import { createAuditWriter } from './storage/audit-writer.ts'
import { createDevices } from './storage/devices.ts'
import { createDirectory } from './storage/directory.ts'
import { createLogins } from './storage/logins.ts'
import { migrate, pendingMigrations } from './storage/migrate.ts'
import { type Database, openDatabase } from './storage/open.ts'
import { createPins } from './storage/pins.ts'
import { createRateLimits } from './storage/rate-limits.ts'
import { createReplays } from './storage/replays.ts'
import { createSealedKeys } from './storage/sealed-keys.ts'
import { createConsents, createSubjects, createUpstreamSessions } from './storage/subjects.ts'
import { startSweeper } from './storage/sweeper.ts'
import { createTokenStore } from './storage/token-store.ts'
import { createUnits } from './storage/unit-of-work.ts'
import { createUpstreamAnswers } from './storage/upstream-answers.ts'
import { createSoapMessages } from './xml/messages.ts'
import { createSamlChecker } from './xml/saml/checker.ts'

export interface ComposeOptions {
  readonly clock?: Clock
}

const systemClock: Clock = { now: Date.now }

const systemChance: Chance = {
  token: (bytes) => randomBytes(bytes).toString('base64url'),
  reference: () => referenceFrom(randomBytes(8)),
}

/** What everything else is made of. */
function createFoundation(config: Config, database: Database, options: ComposeOptions) {
  const clock = options.clock ?? systemClock
  const metrics = createMetrics()
  const log = createLog(config.log)
  const master = config.keys.master.reveal()
  const seal = createFieldSeal(master)
  const signed = (purpose: string) => metrics.count('drawbridge_signatures_total', { purpose })
  const keys = createLocalKeys({ master, sealed: createSealedKeys(database), clock, signed })
  const observers: ((institution: string, event: string) => void)[] = []
  const committed = (institution: string, bodies: readonly string[]) => {
    for (const body of bodies) countEvent(metrics, body)
    for (const observer of observers) for (const body of bodies) observer(institution, body)
  }
  const node = randomBytes(6).toString('hex')
  const events = createAuditWriter({ clock, node, seal, committed })
  metrics.observe('drawbridge_db_round_trips_total', database.roundTrips)
  metrics.observe('drawbridge_db_statements_total', database.statements)
  return {
    observers,
    config,
    database,
    clock,
    chance: systemChance,
    metrics,
    log,
    seal,
    keys,
    ...createUnits({ database, events }),
  }
}

/** Outcomes are counted from the audit, where each stands once, and only when it is committed. */
function countEvent(metrics: MeteredMetrics, body: string): void {
  const { type, outcome, core = '', detail = {} } = JSON.parse(body)
  metrics.count('drawbridge_audit_events_total', { type })
  if (/^login\.(finished|refused|cancelled)$/.test(type)) {
    metrics.count('drawbridge_logins_total', { outcome: type.slice('login.'.length), acr: detail.acr ?? '' })
  }
  if (!/^call\.(answered|refused|failed)$/.test(type)) return
  metrics.count('drawbridge_core_calls_total', { core, outcome })
  if (typeof detail.ms === 'number')
    metrics.time('drawbridge_core_call_seconds', detail.ms / 1000, { core, outcome })
}

type Foundation = ReturnType<typeof createFoundation>

function createStores({ connections, seal, clock }: Foundation) {
  return {
    directory: createDirectory(connections, clock.now),
    logins: createLogins(connections),
    answers: createUpstreamAnswers(connections),
    subjects: createSubjects(connections, seal),
    upstreamSessions: createUpstreamSessions(connections, seal),
    consents: createConsents(connections),
    replays: createReplays(connections),
    devices: createDevices(connections),
    pins: createPins(connections),
    tokens: createTokenStore(connections),
  }
}

type Stores = ReturnType<typeof createStores>

/** What is opened late: workers and tables that a mere migration does not need. */
async function createServices(base: Foundation) {
  const { config, database, log, keys } = base
  const checker = await createSamlChecker({
    workers: config.saml.workers,
    deadlineMs: config.saml.deadlineMs,
  })
  return {
    checker,
    coreClient: createCoreClient({ answerBytes: config.limits.coreAnswerBytes }),
    rateLimits: await createRateLimits(database, config.limits.rates, log),
    connectors: createConnectors({
      plugins: [samlConnector({ keys, checker })],
      publicUrl: config.publicUrl,
    }),
  }
}

type Services = Awaited<ReturnType<typeof createServices>>

function createFlows(base: Foundation, stores: Stores, services: Services) {
  const ports = { ...base, ...stores, ...services, pinHash: createPinHash(base.keys) }
  return {
    login: createLogin(ports),
    answer: createAnswer(ports),
    stepUp: createStepUp(ports),
    enrolment: createEnrolment(ports),
    callCore: createCoreCall({
      ...ports,
      messages: createSoapMessages(base.keys),
      client: services.coreClient,
    }),
    present: createPresence(ports),
  }
}

type Flows = ReturnType<typeof createFlows>

interface Parts {
  readonly base: Foundation
  readonly stores: Stores
  readonly services: Services
  readonly flows: Flows
}

const lifetimesOf = ({ sessions }: Config) => ({
  session: sessions.browserSeconds,
  interaction: sessions.interactionSeconds,
  code: sessions.codeSeconds,
  accessToken: sessions.accessTokenSeconds,
  refreshToken: sessions.refreshTokenSeconds,
})

function createOidc({ base, stores, services, flows }: Parts) {
  const { config, clock } = base
  const { sessions, publicUrl } = config
  const begin = createBegin({
    login: flows.login,
    relyingParty: stores.directory.relyingParty,
    interactionSeconds: sessions.interactionSeconds,
  })
  const pages = createProviderPages(clock.now) as unknown as ProviderPages
  const settingsOf = (tenant: Tenant) => {
    const { institution, issuer, prefix } = tenant
    const relyingParty = (id: string) => stores.directory.relyingParty(institution.id, id)
    return {
      institution,
      issuer,
      prefix,
      lifetimes: lifetimesOf(config),
      relyingParty,
      adapter: createAdapter({
        institution: institution.id,
        tokens: stores.tokens,
        replays: stores.replays,
        relyingParty,
        now: clock.now,
      }),
      claims: (subject: string) => stores.subjects.claims(institution.id, subject),
      present: (subject: string, jkt: string | undefined) => flows.present(institution.id, subject, jkt),
      begin: (ctx: Parameters<typeof begin>[1], interaction: Parameters<typeof begin>[2]) =>
        begin(tenant, ctx, interaction),
      pages,
    }
  }
  const providers = createProviders({
    ...base,
    pages,
    tokens: stores.tokens,
    rateLimits: services.rateLimits,
    settingsOf,
  })
  const ports = { providers, directory: stores.directory, publicUrl, clock }
  return { gate: createOidcGate(ports), accessTokens: createAccessTokens(ports) }
}

function createPublicApp(parts: Parts) {
  const { base, stores, services, flows } = parts
  const { config } = base
  const { gate, accessTokens } = createOidc(parts)
  const ports = { ...base, ...stores, ...services, ...flows, oidc: gate as OidcGate }
  const authorize = createAuthorize({ accessTokens, replays: stores.replays, clock: base.clock })
  return createApp({
    ...ports,
    publicUrl: config.publicUrl,
    proxies: createTrustedProxies(config.trustedProxies),
    routes: [
      (router) => interactionRoutes(router, { ...ports, formBytes: config.limits.formBytes }),
      (router) => upstreamRoutes(router, { ...ports, samlBytes: config.limits.samlBytes }),
      (router) => deviceRoutes(router, { ...ports, authorize, jsonBytes: config.limits.jsonBytes }),
      (router) => gatewayRoutes(router, { ...ports, authorize, soapBytes: config.limits.soapBytes }),
      (router) => wellKnownRoutes(router, ports),
    ],
  })
}

/** Opens the database and puts the parts together; nothing listens yet. Throws when the database cannot be opened. */
export async function compose(config: Config, options: ComposeOptions = {}): Promise<Application> {
  const url = config.database.url?.reveal()
  const database = await openDatabase({
    url,
    dataDirectory: config.database.dataDirectory,
    poolMax: config.database.poolMax,
    acquireTimeoutMs: config.database.acquireTimeoutMs,
  })
  const base = createFoundation(config, database, options)
  const stores = createStores(base)
  const running = createRunning({ base, stores, url })
  const { directory } = stores
  // Settings are checked by the plugins themselves; opening a connection needs none of what they are given here.
  const checkers = createConnectors({
    plugins: [samlConnector({ keys: base.keys, checker: undefined as never })],
    publicUrl: config.publicUrl,
  })
  const apply = createApply({ ...base, directory, writer: directory, connectors: checkers })
  const auditLog = createAuditLog(database)
  return {
    log: base.log,
    auditLog,
    observe: (listener) => void base.observers.push(listener),
    start: running.start,
    stop: running.stop,
    migrate: () => migrate(database, url),
    pendingMigrations: () => pendingMigrations(database),
    apply,
    verifyAudit: (wanted) => verifyAudit({ base, stores, sequencer: running.sequencer }, auditLog, wanted),
  }
}

interface Verifying {
  readonly base: Foundation
  readonly stores: Stores
  readonly sequencer: () => Sequencer | undefined
}

async function verifyAudit(
  { base, stores, sequencer }: Verifying,
  auditLog: Application['auditLog'],
  wanted: VerifyOptions,
) {
  await sequencer()?.now()
  const verifyOne = createAuditVerify({
    auditLog,
    signed: (institution, note) => signedByUs(base.keys, institution, note),
  })
  const ids =
    wanted.institution === undefined
      ? (await stores.directory.institutions()).map(({ id }) => id)
      : [wanted.institution]
  return Promise.all(ids.map((id) => verifyOne(id, wanted.since)))
}

async function signedByUs(keys: KeyStore, institution: string, note: ReadNote): Promise<boolean> {
  const { x } = await keys.publicJwk(institution, 'checkpoint')
  return noteIsBy(note, Buffer.from(String(x), 'base64url'))
}

interface RunningPorts {
  readonly base: Foundation
  readonly stores: Stores
  readonly url: string | undefined
}

/** Starting and stopping, in the order that loses nothing. */
function createRunning({ base, stores, url }: RunningPorts) {
  const { config, database, log, metrics, keys } = base
  const closers: (() => Promise<unknown>)[] = [() => database.close()]
  let sequencer: Sequencer | undefined
  let stopping: Promise<void> | undefined
  const close = async () => {
    for (const closer of closers.reverse())
      await closer().catch((error: unknown) => log.error('stop', { error: String(error) }))
  }
  const stop = () => {
    stopping ??= close()
    return stopping
  }
  const start = async (): Promise<Addresses> => {
    await migrate(database, url)
    const services = await createServices(base)
    closers.push(
      async () => services.coreClient.close(),
      () => services.checker.close(),
    )
    const sweeper = startSweeper(database, config.sweeper.intervalSeconds * 1000, log)
    sequencer = startSequencer(
      { database, keys, log, originOf: originOf(base, stores) },
      config.audit.sequencerIntervalMs,
    )
    const running = sequencer
    closers.push(
      () => sweeper.stop(),
      async () => {
        await running.now().catch(() => undefined)
        await running.stop()
      },
    )
    const flows = createFlows(base, stores, services)
    const app = createPublicApp({ base, stores, services, flows })
    const server = await openPublicServer(app, config.listen)
    const management = await openManagement({ metrics, log, database, config })
    closers.push(
      () => management.close(),
      () => server.close(config.timeouts.shutdownMs),
      async () => management.drain(),
    )
    return { publicUrl: config.publicUrl, listening: server.url, managementUrl: management.url }
  }
  return { start, stop, sequencer: () => sequencer }
}

/** The origin line of an institution's audit log: its issuer without the scheme (C2SP tlog-checkpoint). */
function originOf({ config }: Foundation, { directory }: Stores) {
  return async (id: string): Promise<string | undefined> => {
    const institution = await directory.institution(id)
    return institution && `${issuerOf(institution, config.publicUrl).replace(/^https?:\/\//, '')}/audit`
  }
}

interface ManagementParts {
  readonly metrics: MeteredMetrics
  readonly log: Log
  readonly database: Database
  readonly config: Config
}

function openManagement({ metrics, log, database, config }: ManagementParts): Promise<ManagementServer> {
  const ping = () => database.ping()
  const pending = () => pendingMigrations(database)
  return startManagement(
    { metrics, log, ping, pendingMigrations: pending, readinessMs: config.timeouts.readinessMs },
    config.management,
  )
}
