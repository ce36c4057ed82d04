// A member of the demo bank's staff: signs in by the staff directory, an independent implementation of OpenID Connect.
import {
  type App,
  type Browser,
  createApp,
  createBrowser,
  formIn,
  type Tokens,
} from '../../src/demo/app-client.ts'
import { demoRows, phoneId, staffConnection } from '../../src/demo/institution.ts'
import type { Connection, RelyingParty } from '../../src/domain/institution.ts'
import type { TestBridge } from './bridge.ts'
import { agreed } from './customer.ts'

export const deskId = 'alder-till'

export interface DeskChange {
  readonly settings?: Readonly<Record<string, unknown>>
  readonly app?: Partial<RelyingParty>
}

/** Adds an app of the bank's staff beside the demo's own. */
export async function withDesk({ application, world }: TestBridge, change: DeskChange = {}): Promise<void> {
  const { d: _private, ...apiKey } = world.apiKey
  const rows = demoRows({ world: world.url, idpCertificate: world.idpCertificate, apiKey })
  const phone = rows.relyingParties.find(({ id }) => id === phoneId) as RelyingParty
  const desk = { ...phone, id: deskId, name: 'Alder Till', connections: [staffConnection], ...change.app }
  const connections = rows.connections.map(
    (row): Connection =>
      row.id === staffConnection ? { ...row, settings: { ...row.settings, ...change.settings } } : row,
  )
  const set = { ...rows, connections, relyingParties: [...rows.relyingParties, desk] }
  await application.apply([set], { dryRun: false })
}

export interface Colleague {
  readonly app: App
  readonly browser: Browser
  readonly user: string
  readonly tokens: Tokens
}

/** Signs in at the directory, and at the app by it; without another scope with a token for the bank's API. */
export async function atWork(
  bridge: TestBridge,
  user = 'marta',
  scope = 'openid offline_access device',
): Promise<Colleague> {
  const { issuer, world } = bridge
  const app = await createApp({ issuer, redirectUri: `${world.url}/phone/callback`, clientId: deskId })
  const browser = createBrowser()
  const started = await app.begin({ scope })
  const until = app.redirectUri
  const asked = formIn(await browser.follow(started.url, { until }))
  const form = { ...asked.fields, username: user, password: `${user}-pw`, do: 'sign-in' }
  const page = await browser.follow(asked.action, { until, form })
  const returned = page.returned ?? (await agreed({ app, browser, user }, page))
  return { app, browser, user, tokens: await app.redeem(returned, started) }
}
