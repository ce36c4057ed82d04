// Every store over one database, and rows to put into them, for the contract.
import { randomBytes } from 'node:crypto'
import type { AuditEvent } from '../../src/domain/audit.ts'
import type { Device } from '../../src/domain/device.ts'
import type { LoginTransaction } from '../../src/domain/login.ts'
import { createFieldSeal } from '../../src/plugins/keys/seal.ts'
import { createConsoleSessions } from '../../src/storage/administrators.ts'
import { createApprovals } from '../../src/storage/approvals.ts'
import { createAuditLog } from '../../src/storage/audit-log.ts'
import { createAuditWriter } from '../../src/storage/audit-writer.ts'
import { createCases } from '../../src/storage/cases.ts'
import { createOwnKeyStore } from '../../src/storage/connection-keys.ts'
import { createConnectionStore } from '../../src/storage/connections.ts'
import { createDevices } from '../../src/storage/devices.ts'
import { createDirectory } from '../../src/storage/directory.ts'
import { createEvidenceStore } from '../../src/storage/evidence.ts'
import { createExchanges } from '../../src/storage/exchanges.ts'
import { createExpiryWarnings } from '../../src/storage/expiry-warnings.ts'
import { createFreezes } from '../../src/storage/freezes.ts'
import { createLogins } from '../../src/storage/logins.ts'
import { createLogoutNotices } from '../../src/storage/logout-notices.ts'
import { createMandates } from '../../src/storage/mandates.ts'
import { createMetadataStates } from '../../src/storage/metadata-states.ts'
import type { Database } from '../../src/storage/open.ts'
import { createPings } from '../../src/storage/pings.ts'
import { createPins } from '../../src/storage/pins.ts'
import { createConsolePolicies, createOwnLimits, createPolicies } from '../../src/storage/policies.ts'
import { createReplays } from '../../src/storage/replays.ts'
import { createRetention } from '../../src/storage/retention.ts'
import { createRiskMemories, createRiskRecords } from '../../src/storage/risk.ts'
import { createConsoleRisks } from '../../src/storage/risk-settings.ts'
import { createRiskShadows } from '../../src/storage/risk-shadows.ts'
import { createSubjectStates } from '../../src/storage/subject-states.ts'
import { createConsents, createSubjects } from '../../src/storage/subjects.ts'
import { createTokenStore } from '../../src/storage/token-store.ts'
import { createTransactions } from '../../src/storage/transactions.ts'
import { createUnits } from '../../src/storage/unit-of-work.ts'
import { createUpstreamAnswers } from '../../src/storage/upstream-answers.ts'
import { createUpstreamSessions } from '../../src/storage/upstream-sessions.ts'

export const now = Date.parse('2026-11-24T12:00:00Z')
export const master = randomBytes(32)

export function everything(database: Database) {
  const seal = createFieldSeal(master)
  const events = createAuditWriter({ clock: { now: () => now }, node: randomBytes(4).toString('hex'), seal })
  const units = createUnits({ database, events })
  const { connections } = units
  const directory = createDirectory({ connections, seal, now: Date.now, publicUrl: 'https://bridge.example' })
  return {
    ...units,
    events,
    auditLog: createAuditLog(database),
    tokens: createTokenStore(connections),
    replays: createReplays(connections),
    riskRecords: createRiskRecords(connections, seal),
    riskMemories: createRiskMemories(connections, seal),
    riskShadows: createRiskShadows(connections),
    devices: createDevices(connections),
    freezes: createFreezes(connections, seal),
    pins: createPins(connections),
    approvals: createApprovals(connections, seal),
    mandates: createMandates(connections, seal),
    subjectStates: createSubjectStates(connections),
    pings: createPings(connections, seal),
    evidence: createEvidenceStore(connections, seal),
    retentionStore: createRetention(connections),
    transactions: createTransactions(connections, seal),
    cases: createCases(connections, seal),
    ownLimits: createOwnLimits(connections, seal),
    policies: createPolicies(connections),
    consolePolicies: createConsolePolicies(connections, directory.forget),
    consoleRisks: createConsoleRisks(connections, { seal, written: directory.forget }),
    logins: createLogins(connections, seal),
    answers: createUpstreamAnswers(connections),
    subjects: createSubjects(connections, seal),
    upstreamSessions: createUpstreamSessions(connections, seal),
    notices: createLogoutNotices(connections),
    consoleSessions: createConsoleSessions(connections),
    consents: createConsents(connections),
    ownKeyStore: createOwnKeyStore(connections),
    expiryWarnings: createExpiryWarnings(connections),
    directory,
    exchanges: createExchanges(connections, seal),
    metadataStates: createMetadataStates(connections),
    connectionStore: createConnectionStore({ connections, seal, written: directory.forget }),
  }
}

export const scope = (institution = 'alder') => ({ institution, reference: 'DB-TEST-0001' })
export const event: AuditEvent = { type: 'login.started', outcome: 'ok' }

export const login = (uid: string, change: Partial<LoginTransaction> = {}): LoginTransaction => ({
  institution: 'alder',
  uid,
  reference: 'DB-TEST-0001',
  relyingParty: 'app',
  choices: ['idp'],
  connection: 'idp',
  redirectUri: 'https://app.example/cb',
  scope: ['openid'],
  languages: ['en'],
  neededAcr: undefined,
  transaction: undefined,
  dpopJkt: undefined,
  freshLogin: false,
  consent: 'needed',
  browserHash: undefined,
  upstreamRequest: undefined,
  upstreamAskedAt: undefined,
  upstreamMemory: undefined,
  upstreamSent: undefined,
  subject: undefined,
  authenticatedAt: undefined,
  sessionNotOnOrAfter: undefined,
  amr: [],
  device: undefined,
  hasPin: false,
  outcome: 'open',
  refusal: undefined,
  startedAt: now,
  expiresAt: Date.now() + 600_000,
  ...change,
})

export const device = (id: string, change: Partial<Device> = {}): Device => ({
  institution: 'alder',
  id,
  subject: 's1',
  relyingParty: 'app',
  name: 'Phone',
  state: 'pending',
  jkt: `jkt-${id}`,
  publicJwk: { kty: 'EC' },
  nonce: 'n1',
  nonceExpiresAt: now + 300_000,
  createdAt: now,
  activatedAt: undefined,
  ...change,
})

export const count = (results: readonly boolean[]) => results.filter(Boolean).length
export const twenty = <T>(work: (i: number) => Promise<T>) =>
  Promise.all(Array.from({ length: 20 }, (_, i) => work(i)))
export const id = () => randomBytes(8).toString('hex')
