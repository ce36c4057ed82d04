// The one place where parts meet: configuration in, a running bridge out.
import { setTimeout } from 'node:timers/promises'
import type { Config } from '../config/config.ts'
import { noteIsBy, type ReadNote } from '../domain/checkpoint.ts'
import { issuerOf } from '../domain/institution.ts'
import { policyOf } from '../domain/policy-default.ts'
import { createApply } from '../flows/apply.ts'
import { createAuditVerify } from '../flows/audit-verify.ts'
import { createRetentionPass } from '../flows/retention.ts'
import { type ManagementServer, startManagement } from '../http/management.ts'
import type { MeteredMetrics } from '../http/metrics.ts'
import { openPublicServer } from '../http/public-server.ts'
import { createChannels } from '../plugins/channels/channels.ts'
import { httpSmsChannel } from '../plugins/channels/http-sms.ts'
import { pushChannel } from '../plugins/channels/push.ts'
import { createConnectors } from '../plugins/connectors/connectors.ts'
import { oidcConnector } from '../plugins/connectors/oidc.ts'
import { samlConnector } from '../plugins/connectors/saml.ts'
import { camaraSimSwap } from '../plugins/lines/camara.ts'
import { createLineFacts } from '../plugins/lines/lines.ts'
import type { Addresses, Application, VerifyOptions } from '../ports/application.ts'
import type { KeyStore } from '../ports/key-store.ts'
import type { Log } from '../ports/log.ts'
import type { RiskPlugin } from '../ports/risk.ts'
import { createAuditLog, type Sequencer, startSequencer } from '../storage/audit-log.ts'
import { migrate, pendingMigrations } from '../storage/migrate.ts'
import { type Database, openDatabase } from '../storage/open.ts'
import { startSweeper } from '../storage/sweeper.ts'
import { startCases } from './cases.ts'
import { startDeliveries } from './deliveries.ts'
import { createPublicApp } from './edges.ts'
import { createFlows } from './flows.ts'
import {
  type ComposeOptions,
  createFoundation,
  createServices,
  createStores,
  type Foundation,
  type Services,
  type Stores,
} from './foundation.ts'
import { inviting } from './invitations.ts'
import { startMetadata } from './metadata.ts'
import { startNotices } from './notices.ts'
import type { Parts } from './oidc.ts'
import { createKeyFlows, startRenewal } from './own-keys.ts'
import { startPings } from './pings.ts'
import { startRiskReports } from './risk.ts'
import { openRiskPlugins } from './risk-plugins.ts'

export interface RunOptions extends ComposeOptions {
  /** Told, once it listens, of what it is made of: for tests that ask its flows themselves. */
  readonly made?: ((parts: Parts) => void) | undefined
}

/** Opens the database and puts the parts together; nothing listens yet. Throws when the database cannot be opened. */
export async function compose(config: Config, options: RunOptions = {}): Promise<Application> {
  const url = config.database.url?.reveal()
  const database = await openDatabase({
    url,
    dataDirectory: config.database.dataDirectory,
    poolMax: config.database.poolMax,
    acquireTimeoutMs: config.database.acquireTimeoutMs,
  })
  const base = createFoundation(config, database, options)
  const stores = createStores(base)
  const running = createRunning({ base, stores, url, made: options.made })
  const checking = checkersOf(base, stores)
  const apply = createApply({ ...base, ...stores, ...checking, writer: stores.directory })
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
    inviteAdministrator: inviting(base, stores).invite,
    ownKeys: createKeyFlows(base, stores, checking.connectors.plugins()),
    riskShadows: stores.riskShadows,
    verifyAudit: (wanted) => verifyAudit({ base, stores, sequencer: running.sequencer }, auditLog, wanted),
  }
}

/** Settings are checked by the plugins themselves; opening a connection needs none of what they are given here. */
function checkersOf(base: Foundation, stores: Stores) {
  const { config } = base
  const unneeded = undefined as never
  const connectors = createConnectors({
    plugins: [
      samlConnector({ ...base, checker: unneeded, fetch: unneeded, idpMetadata: unneeded }),
      oidcConnector({ ...base, fetch: unneeded }),
    ],
    publicUrl: config.publicUrl,
  })
  const channels = createChannels({
    plugins: [pushChannel({ ...stores }), httpSmsChannel({ ...base, fetch: unneeded })],
    publicUrl: config.publicUrl,
  })
  const lineFacts = createLineFacts({
    ...base,
    plugins: [camaraSimSwap({ fetch: unneeded, now: base.clock.now })],
    now: base.clock.now,
  })
  let plugins: Promise<readonly RiskPlugin[]> | undefined
  const riskPlugins = () => {
    plugins ??= openRiskPlugins(config, { ...base, fetch: unneeded })
    return plugins
  }
  return { connectors, channels, lineFacts, riskPlugins }
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
  readonly made: RunOptions['made']
}

/** Brings the database to this version, and keeps the policies by which it decides: they may be others than those that were applied before. */
async function migrated(
  database: Database,
  { directory, policies }: Stores,
  url: string | undefined,
): Promise<void> {
  await migrate(database, url)
  for (const institution of await directory.institutions()) {
    await policies.keep(institution.id, policyOf(institution))
  }
}

/** Serves on until load balancers have seen that this node is going. */
async function drained(management: ManagementServer, { timeouts }: Config): Promise<void> {
  management.drain()
  await setTimeout(timeouts.drainMs)
}

/** Starting and stopping, in the order that loses nothing. */
function createRunning({ base, stores, url, made }: RunningPorts) {
  const { config, database, log, metrics, keys } = base
  const closers: (() => Promise<unknown>)[] = [() => database.close()]
  let sequencer: Sequencer | undefined
  let stopping: Promise<void> | undefined
  const close = async () => {
    for (const closer of closers.reverse())
      await closer().catch((error: unknown) => log.error('stop', { error: String(error) }))
  }
  const stop = () => (stopping ??= close())
  const start = async (): Promise<Addresses> => {
    await migrated(database, stores, url)
    const services = await createServices(base)
    closers.push(...closersOf(services))
    sequencer = startSequencer(
      { database, keys, log, originOf: originOf(base, stores) },
      config.audit.sequencerIntervalMs,
    )
    const running = sequencer
    closers.push(async () => {
      await running.now().catch(() => undefined)
      await running.stop()
    })
    const flows = createFlows(base, stores, services)
    const parts: Parts = { base, stores, services, flows }
    closers.push(...backgrounds(parts).map((work) => () => work.stop()))
    const app = createPublicApp(parts)
    const server = await openPublicServer(app, config.listen)
    const management = await openManagement({ metrics, log, database, config })
    closers.push(
      () => management.close(),
      () => server.close(config.timeouts.shutdownMs),
      async () => services.messageWaiting.close(),
      () => drained(management, config),
    )
    made?.(parts)
    const addresses = { listening: server.url, managementUrl: management.url }
    return {
      ...addresses,
      publicUrl: config.publicUrl,
      firstInvitations: await inviting(base, stores).first(),
    }
  }
  return { start, stop, sequencer: () => sequencer }
}

const closersOf = ({ coreClient, places, checker, idpMetadata, openJobs, riskProviders }: Services) => [
  () => riskProviders.close(),
  async () => coreClient.close(),
  async () => places.close(),
  () => checker.close(),
  () => idpMetadata.close(),
  () => openJobs.close(),
]

const backgrounds = ({ base, stores, services, flows }: Parts) => [
  sweeping(base, stores),
  startDeliveries(base, stores, services),
  startRiskReports(base, stores, services),
  startCases(base, stores, flows),
  startNotices(base, stores),
  startPings(base, stores, services),
  startMetadata(base, stores, flows),
  startRenewal(base, stores, flows),
]

const sweeping = (base: Foundation, stores: Stores) =>
  startSweeper(base.database, {
    intervalMs: base.config.sweeper.intervalSeconds * 1000,
    exchangeBytes: base.config.exchanges.institutionBytes,
    log: base.log,
    also: createRetentionPass({ ...base, ...stores }),
  })

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
