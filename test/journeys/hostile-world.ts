// A bridge with two connections whose IdPs the test plays itself, and with its log, its events and its counters in view.
import { randomBytes } from 'node:crypto'
import { inflateRawSync } from 'node:zlib'
import type { SettingsInput } from '../../src/config/schema.ts'
import { createApp, createBrowser, formIn, type Tokens } from '../../src/demo/app-client.ts'
import { demoRows } from '../../src/demo/institution.ts'
import type { Connection, RelyingParty } from '../../src/domain/institution.ts'
import { createLog } from '../../src/http/logging.ts'
import { type AnswerOptions, type Facts, makeKey, type TestKey } from '../xml/hostile/idp.ts'
import { answerTo, startParts } from './parts.ts'

export interface HostileIdp {
  readonly connection: string
  readonly entityId: string
  readonly key: TestKey
  /** The app that signs in by this connection. */
  readonly app: string
}

const redirectUri = 'http://127.0.0.1:1/phone/callback'
const ssoUrl = 'https://idp.example/sso'

async function makeIdp(name: string): Promise<HostileIdp> {
  return {
    connection: name,
    entityId: `https://${name}.example/metadata`,
    key: await makeKey(),
    app: `app-of-${name}`,
  }
}

function rowsFor(idps: readonly HostileIdp[]) {
  const rows = demoRows({ world: 'http://127.0.0.1:1', idpCertificate: '', apiKey: {} })
  const [phone, connection] = [rows.relyingParties[0] as RelyingParty, rows.connections[0] as Connection]
  return {
    ...rows,
    cores: [],
    relyingParties: idps.map((idp) => ({ ...phone, id: idp.app, connections: [idp.connection] })),
    connections: idps.map((idp) => ({
      ...connection,
      id: idp.connection,
      settings: { idpEntityId: idp.entityId, ssoUrl, certificates: [idp.key.pem], signed: 'both' },
    })),
  }
}

export async function startHostileWorld(change: Partial<SettingsInput> = {}) {
  const lines: string[] = []
  const log = createLog({ level: 'info', destination: 'stderr' }, { write: (line) => void lines.push(line) })
  const parts = await startParts(change, { log })
  const [main, other] = await Promise.all([makeIdp('main'), makeIdp('other')])
  await parts.stores.directory.put(rowsFor([main, other]), 'file')
  const events: { type: string; outcome: string; code?: string }[] = []
  parts.base.observers.push((_, body) => void events.push(JSON.parse(body)))
  return {
    ...{ parts, main, other, lines, events },
    /** A sign-in of its own app and browser, up to the IdP. */
    begin: (idp: HostileIdp = main, extra: Readonly<Record<string, string>> = {}) =>
      begin(parts.issuer, idp, extra),
    alerts: async (code: string): Promise<number> => {
      const text = await parts.base.metrics.render()
      const found = new RegExp(`^drawbridge_alerts_total\\{code="${code}"\\} (\\d+)`, 'm').exec(text)
      return Number(found?.[1] ?? 0)
    },
    stop: () => parts.stop(),
  }
}

export type HostileWorld = Awaited<ReturnType<typeof startHostileWorld>>
export type AtIdp = Awaited<ReturnType<typeof begin>>

interface Page {
  readonly url: string
  readonly body: string
}

async function begin(issuer: string, idp: HostileIdp, extra: Readonly<Record<string, string>>) {
  const app = await createApp({ issuer, redirectUri, clientId: idp.app })
  const browser = createBrowser()
  const started = await app.begin(extra)
  const { returned = '' } = await browser.follow(started.url, { until: ssoUrl })
  const asked = new URL(returned).searchParams
  const xml = inflateRawSync(Buffer.from(asked.get('SAMLRequest') ?? '', 'base64')).toString()
  const requestId = /\bID="([^"]+)"/.exec(xml)?.[1] as string
  const RelayState = asked.get('RelayState') as string
  const acs = `${issuer}/saml/${idp.connection}/acs`
  const facts = (change: Partial<Facts> = {}): Partial<Facts> => ({
    issuer: idp.entityId,
    responseIssuer: idp.entityId,
    nameId: `customer-${randomBytes(6).toString('hex')}`,
    ...change,
  })
  /** Says yes to what the page asks; the redirect to the app. */
  async function agreed(page: Page): Promise<string> {
    const form = formIn(page)
    const yes = { ...form.fields, do: 'allow' }
    return (await browser.follow(form.action, { until: redirectUri, form: yes })).returned as string
  }
  return {
    ...{ app, browser, started, requestId, RelayState, acs },
    /** What the IdP says, base64; genuine unless something is changed. */
    answer: (change: Partial<Facts> = {}, options: Partial<AnswerOptions> = {}): string =>
      answerTo(
        { issuer, connection: idp.connection, requestId, facts: facts(change) },
        { key: idp.key, sides: 'both', ...options },
      ),
    deliver: (SAMLResponse: string, to = acs) =>
      browser.follow(to, { until: redirectUri, form: { SAMLResponse, RelayState } }),
    agreed,
    /** Agrees, and redeems the code. */
    finish: async (page: Page): Promise<Tokens> => app.redeem(await agreed(page), started),
  }
}
