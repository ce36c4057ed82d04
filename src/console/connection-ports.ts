// What the pages of connections work with, and what all of them ask first: which connection, at which version, may they.
import { mostReason } from '../domain/administrator.ts'
import { mayChange } from '../domain/connection-approval.ts'
import type { ContentFault } from '../domain/connection-content.ts'
import type { ConnectionContent } from '../domain/institution.ts'
import { Refusal } from '../domain/refusal.ts'
import type { ConnectionApproval } from '../flows/connection-approval.ts'
import type { ConnectionHealthOver, LastSignIn } from '../flows/connection-health.ts'
import type { ConnectionImport } from '../flows/connection-import.ts'
import type { ConnectionAt } from '../flows/connections.ts'
import type { ConsoleAccess } from '../flows/console-access.ts'
import type { ConsoleConnections, Taker } from '../flows/console-connections.ts'
import type { ExchangeFlows } from '../flows/exchanges.ts'
import type { KeyCertificates } from '../flows/key-certificates.ts'
import type { MetadataRefresh } from '../flows/metadata-refresh.ts'
import type { OwnKeyFlows } from '../flows/own-keys.ts'
import type { TestLoginFlows } from '../flows/test-login.ts'
import type { Html } from '../http/page/html.ts'
import { notice } from '../http/page/parts.ts'
import type { Chance, Clock } from '../ports/clock.ts'
import type { Actor, ConnectionRecord } from '../ports/connections.ts'
import type { ConnectorPlugin, Connectors } from '../ports/connector.ts'
import type { FieldSeal } from '../ports/field-seal.ts'
import type { Pictures } from '../ports/pictures.ts'
import type { UnitOfWork } from '../ports/unit-of-work.ts'
import { actorText } from './connection-words.ts'
import { type Form, type Next, signInAgain, type Visit, versionIn } from './desk.ts'
import { withCode } from './words.ts'

export interface ConnectionPagePorts {
  readonly connections: ConsoleConnections
  readonly connectionApproval: ConnectionApproval
  readonly connectionImport: ConnectionImport
  readonly keyFlows: OwnKeyFlows & KeyCertificates
  readonly metadataRefresh: Pick<MetadataRefresh, 'now' | 'state'>
  readonly testLogin: TestLoginFlows
  readonly healthOver: ConnectionHealthOver
  readonly lastSignIn: LastSignIn
  readonly exchangeFlows: Pick<ExchangeFlows, 'list'>
  readonly connectors: Pick<Connectors, 'plugins'>
  readonly consoleAccess: Pick<ConsoleAccess, 'nameOf'>
  readonly pictures: Pictures
  readonly seal: FieldSeal
  readonly unit: Pick<UnitOfWork, 'checkpoint'>
  readonly clock: Clock
  readonly chance: Chance
}

/** The connection of the address; one of another institution is not there. */
export const connectionOf = ({ connections }: ConnectionPagePorts, visit: Visit): Promise<ConnectionRecord> =>
  connections.get(visit.institution.id, String(visit.ctx.params.id))

/** The version that the person had before their eyes. */
export function atOf({ institution, ctx }: Visit, form: Form): ConnectionAt {
  return { institution: institution.id, id: String(ctx.params.id), version: versionIn(form) }
}

export const whyIn = (form: Form): string => wholeWhyIn(form).slice(0, mostReason)

/** As it was typed, for whoever refuses what is too long. */
export const wholeWhyIn = (form: Form): string => (form.get('why') ?? '').trim()

/** Who, and why in their own words. */
export const actorIn = (visit: Visit, form: Form): Actor => visit.actor(whyIn(form))

/** The same for a step that is judged by who takes it. */
export const takerIn = ({ visitor }: Visit, form: Form): Taker => ({ visitor, why: whyIn(form) })

export function pluginFor({ connectors }: ConnectionPagePorts, type: string): ConnectorPlugin {
  const plugin = connectors.plugins().find((one) => one.type === type)
  if (plugin === undefined) throw new Refusal('connection.settings', { type })
  return plugin
}

/** May this person change this connection at all? The flow asks the same again; here it is for what the page offers. */
export const mayWrite = (visit: Visit, record: ConnectionRecord): boolean =>
  mayChange(visit.visitor, [record])

/** Refuses with `console.forbidden` what a page should not have offered. */
export function workOn(visit: Visit, record: ConnectionRecord): void {
  if (!mayWrite(visit, record)) throw new Refusal('console.forbidden', { connection: record.id })
}

/** Takes the step; where the flow wants to know that the person is still there, the way to prove it and back. */
export async function orProve(then: string, act: () => Promise<Next>): Promise<Next> {
  try {
    return await act()
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'console.recent') throw error
    return signInAgain(then)
  }
}

/** What does not hold of the content that a step would take over, in words; undefined for any other refusal. */
export function contentNews(error: unknown, outcome: string): Html | undefined {
  if (!(error instanceof Refusal) || error.code !== 'connection.settings') return undefined
  const faults = (error.detail.faults ?? []) as readonly ContentFault[]
  const said = faults.map(({ path, message }) => `${path}: ${message}`).join('; ')
  return notice('bad', outcome, withCode(`${said}.`, error.code))
}

/** Names of those who did something, for a page that shows several. */
export function namesFor(
  ports: ConnectionPagePorts,
  { institution }: Visit,
): (by: string) => Promise<string> {
  return (by) => actorText(by, (subject) => ports.consoleAccess.nameOf(institution.id, subject))
}

/** What a form has carried along, sealed: the browser keeps it and neither reads nor changes it. */
export interface Carried {
  /** Which form of which connection it is for. */
  readonly purpose: string
  readonly content: ConnectionContent
}

export const carry = <T extends Carried>(
  { seal }: ConnectionPagePorts,
  { institution }: Visit,
  it: T,
): string => seal.seal(institution.id, JSON.stringify(it))

/** Undefined where the form carries nothing. Refuses with `request.malformed` what was not carried for this form. */
export function carried<T extends Carried>(
  { seal }: ConnectionPagePorts,
  { institution }: Visit,
  { form, purpose }: { form: Form; purpose: string },
): T | undefined {
  const text = form.get('carried')
  if (text === undefined || text === '') return undefined
  const found = opened<T>(() => seal.open(institution.id, text))
  if (found?.purpose !== purpose) throw new Refusal('request.malformed', { carried: false })
  return found
}

function opened<T>(open: () => string): T | undefined {
  try {
    return JSON.parse(open()) as T
  } catch {
    return undefined
  }
}
