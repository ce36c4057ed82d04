// The demo world: IdP, phone, core and control room in one server beside the bridge.
import { generateKeyPairSync } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import Router from '@koa/router'
import Koa from 'koa'
import type { Application } from '../ports/application.ts'
import { controlRoomRoutes } from './control-room.ts'
import { coreRoutes } from './core.ts'
import { idpRoutes } from './idp.ts'
import { demoId, demoRows } from './institution.ts'
import { createPeerKey } from './keys.ts'
import { phoneRoutes } from './phone.ts'
import { type RiskEngines, riskEngineRoutes } from './risk-bank.ts'
import { createRiskDial, type RiskDial } from './risk-dial.ts'
import { createScene, type Scene } from './scene.ts'
import { shopRoutes } from './shop.ts'
import { type SmsInbox, smsRoutes } from './sms.ts'
import { staffRoutes } from './staff-op.ts'

export interface DemoOptions {
  readonly application: Application
  /** The bridge's origin; the demo bank lives below it. */
  readonly publicUrl: string
  /** Port of the world; 0 for a free one. */
  readonly port: number
  readonly say: (text: string) => void
  /** Has the bank ask its risk engines; it does unless told. They stand there all the same. */
  readonly risk?: boolean
}

export interface World {
  readonly url: string
  readonly issuer: string
  readonly scene: Scene
  /** The text messages that the bank's customers got. */
  readonly sms: SmsInbox
  /** What the bank's risk engines find, and what is wrong with them. */
  readonly dial: RiskDial
  readonly engines: RiskEngines
  /** The bank asks them. */
  readonly asksRisk: boolean
  /** The link that makes whoever takes it the console's first owner; undefined where there is one. */
  readonly invitation: string | undefined
  /** The IdP's signing certificate, PEM. */
  readonly idpCertificate: string
  /** The private key of the bank's own API, for introspection. */
  readonly apiKey: Readonly<Record<string, unknown>>
  stop(): Promise<void>
}

/** Starts the world, writes its rows, then starts the bridge. */
export async function runDemo({
  application,
  publicUrl,
  port,
  say,
  risk = true,
}: DemoOptions): Promise<World> {
  await application.migrate()
  const scene = createScene()
  application.observe((institution, event) => {
    if (institution === demoId) scene.event(event)
  })
  const server = await listen(port)
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const issuer = `${publicUrl}/${demoId}`
  const [idpKey, apiKey] = [await createPeerKey('Alder Bank IdP'), createApiKey()]
  const sets = [demoRows({ world: url, idpCertificate: idpKey.pem, apiKey: apiKey.publicJwk, risk })]
  await application.apply(sets, { dryRun: false })
  const { firstInvitations } = await application.start()
  const trusted = certificatesIn(await (await fetch(`${issuer}/soap/payments/certificates`)).text())
  const router = new Router()
  idpRoutes(router, { world: url, key: idpKey, bridge: issuer, answered: scene.answered })
  staffRoutes(router, { world: url, issuer })
  coreRoutes(router, { world: url, trusted, judged: scene.judged })
  phoneRoutes(router, { world: url, issuer, scene })
  shopRoutes(router, { issuer, apiKey: apiKey.privateJwk, scene })
  const sms = smsRoutes(router)
  const dial = createRiskDial()
  const engines = riskEngineRoutes(router, dial)
  controlRoomRoutes(router, {
    ...{ world: url, issuer, scene, dial },
    trusted,
    idpCertificate: idpKey.pem,
    audit: application.auditLog,
  })
  serve(server, router)
  const invitation = firstInvitations.find(({ institution }) => institution === demoId)?.url
  say(welcome(url, issuer, invitation))
  return {
    url,
    issuer,
    ...{ scene, sms, dial, engines, asksRisk: risk },
    invitation,
    idpCertificate: idpKey.pem,
    apiKey: apiKey.privateJwk,
    stop: () => close(server, scene),
  }
}

function createApiKey() {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const names = { kid: 'alder-api-1', alg: 'ES256', use: 'sig' }
  return {
    publicJwk: { ...publicKey.export({ format: 'jwk' }), ...names },
    privateJwk: { ...privateKey.export({ format: 'jwk' }), ...names },
  }
}

const certificatesIn = (pem: string): string[] =>
  [...pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g)].map(([, body]) =>
    (body ?? '').replace(/\s+/g, ''),
  )

function listen(port: number): Promise<Server> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}

function serve(server: Server, router: Router): void {
  const app = new Koa()
  app.on('error', () => undefined)
  app.use(router.routes())
  server.on('request', app.callback())
}

function close(server: Server, scene: Scene): Promise<void> {
  scene.close()
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

const welcome = (url: string, issuer: string, invitation: string | undefined): string => `
  Drawbridge is up, with a demo bank around it.

    Control room   ${url}/            what happens, side by side
    Phone          ${url}/phone/      sign in, enrol, pay, approve
    Shop           ${url}/shop/       buys, and has the phone asked
    Text messages  ${url}/sms/        what the bank sent to phones
    Console        ${invitation ?? `${issuer}/console`}
    Bridge         ${issuer}

  Sign in as  alice / alice-pw  (or bob / bob-pw). Choose any six-digit PIN that is not too easy.
  In the console  marta / marta-pw  (or jaan / jaan-pw); ${
    invitation === undefined
      ? 'its owner lets others in.'
      : 'the link above makes whoever takes it its owner.'
  }
  Stop with Ctrl-C.

`
