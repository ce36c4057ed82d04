// Two IdPs of one bank, by SAML and by OpenID Connect, that say of each sign-in what a test tells them to.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inflateRawSync } from 'node:zlib'
import { demoRows, phoneId } from '../../src/demo/institution.ts'
import type { Connection, Institution, RelyingParty } from '../../src/domain/institution.ts'
import { failedResponse } from '../../src/xml/saml/issue-response.ts'
import { startOp } from '../plugins/hostile-op.ts'
import { makeKey } from '../xml/hostile/idp.ts'
import type { TestBridge } from './bridge.ts'
import { answerTo } from './parts.ts'

export const password = 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport'
export const mfa = 'https://refeds.org/profile/mfa'
export const strong = 'urn:alder:loa:strong'

/** What the IdP saw of one request. */
export interface Asked {
  readonly classes: readonly string[]
  readonly fresh: boolean
}

/** What it answers; the customer stays the same until told otherwise. */
export interface Says {
  readonly context?: string
  readonly name?: string
  /** When it asked the customer, in seconds before now. */
  readonly ago?: number
  /** It cannot ask the customer that way. */
  readonly cannot?: boolean
  /** By OpenID Connect: it does not say when it asked the customer. */
  readonly undated?: boolean
  /** The number that the bank has of the customer; by SAML. */
  readonly mobile?: string
  /** The class where it does not belong: an attribute, or a claim of userinfo. */
  readonly elsewhere?: string
}

export interface LevelIdp {
  /** The apps whose customers sign in by it: the bridge raises first, or the IdP. */
  readonly app: string
  readonly firstApp: string
  /** Another app where the bridge raises first. */
  readonly otherApp: string
  readonly asked: Asked[]
  /** The answers to come; the last one stays. Forgets what was asked. */
  will(...says: Says[]): void
  stop(): void
}

interface Made extends LevelIdp {
  readonly type: string
  readonly settings: Connection['settings']
}

/** The answers in their order, the last for good. */
function script() {
  let coming: Says[] = [{}]
  const asked: Asked[] = []
  return {
    asked,
    will(...says: Says[]) {
      coming = says
      asked.length = 0
    },
    take: (): Says => (coming.length > 1 ? (coming.shift() as Says) : (coming[0] ?? {})),
  }
}

const beside = (type: string) => ({ firstApp: `phone-${type}-first`, otherApp: `phone-${type}-other` })

const attribute = (name: string, value: string): string =>
  `<saml:Attribute Name="${name}"><saml:AttributeValue>${value}</saml:AttributeValue></saml:Attribute>`

async function samlIdp(issuer: string): Promise<Made> {
  const key = await makeKey()
  const { take, ...told } = script()
  const server = createServer((req, res) => {
    const query = new URL(req.url ?? '', 'http://idp').searchParams
    const xml = inflateRawSync(Buffer.from(query.get('SAMLRequest') ?? '', 'base64')).toString()
    const requestId = /\bID="([^"]+)"/.exec(xml)?.[1] ?? ''
    const connection = /\/saml\/([^/]+)\/metadata</.exec(xml)?.[1] ?? ''
    const classes = [...xml.matchAll(/ClassRef>([^<]+)<\//g)].map(([, one = '']) => one)
    told.asked.push({ classes, fresh: /ForceAuthn="true"/.test(xml) })
    const { context = password, name = 'alice', ago = 1, cannot, elsewhere, mobile } = take()
    const authnInstant = new Date(Date.now() - ago * 1000).toISOString()
    const extra =
      elsewhere === undefined
        ? ''
        : ['acr', 'AuthnContextClassRef', 'authnContext'].map((one) => attribute(one, elsewhere)).join('')
    const attributes = mobile === undefined ? extra : `${extra}${attribute('mobile', mobile)}`
    const facts = { authnContext: context, nameId: name, authnInstant, attributes }
    const signed = answerTo({ issuer, connection, requestId, facts }, { key })
    const no = {
      responseId: '_no',
      inResponseTo: requestId,
      now: Date.now(),
      issuer: 'https://idp.example/metadata',
    }
    const destination = `${issuer}/saml/${connection}/acs`
    const status = 'urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext'
    const refused = Buffer.from(failedResponse({ ...no, destination } as never, status)).toString('base64')
    const fields = { SAMLResponse: cannot ? refused : signed, RelayState: query.get('RelayState') ?? '' }
    const inputs = Object.entries(fields).map(([n, v]) => `<input type="hidden" name="${n}" value="${v}">`)
    res.writeHead(200, { 'content-type': 'text/html' })
    res.end(`<form method="post" action="${destination}">${inputs.join('')}</form>`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const ssoUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/sso`
  const settings = {
    idpEntityId: 'https://idp.example/metadata',
    ssoUrl,
    certificates: [key.pem],
    signed: 'both',
  }
  const stop = () => {
    server.closeAllConnections()
    server.close()
  }
  return { ...told, type: 'saml', app: phoneId, ...beside('saml'), settings, stop }
}

async function oidcIdp(): Promise<Made> {
  const op = await startOp()
  const { take, ...told } = script()
  let says: Says = {}
  op.behaviour.instead = (req, res) => {
    if (!req.url?.startsWith('/auth?')) return false
    const query = new URL(req.url, op.issuer).searchParams
    const classes = query.get('acr_values')?.split(' ') ?? []
    told.asked.push({ classes, fresh: query.get('prompt') === 'login' && query.get('max_age') === '0' })
    says = take()
    op.behaviour.userinfo = { sub: says.name ?? 'alice', ...(says.elsewhere && { acr: says.elsewhere }) }
    if (!says.cannot) return false
    const error = 'unmet_authentication_requirements'
    const back = new URLSearchParams({ error, state: query.get('state') ?? '', iss: op.issuer })
    return !!res.writeHead(302, { location: `${query.get('redirect_uri')}?${back}` }).end()
  }
  op.behaviour.claims = (claims) => ({
    ...claims,
    sub: says.name ?? 'alice',
    acr: says.context ?? password,
    auth_time: says.undated ? undefined : Math.floor(Date.now() / 1000 - (says.ago ?? 1)),
    ...(says.elsewhere && {
      acr_values: says.elsewhere,
      authnContext: says.elsewhere,
      level: says.elsewhere,
    }),
  })
  const settings = { issuer: op.issuer, clientId: 'bridge', clientAuth: 'private_key_jwt', userinfo: true }
  return { ...told, type: 'oidc', app: 'phone-oidc', ...beside('oidc'), settings, stop: op.stop }
}

const levels = { device: [mfa], 'device-pin': [strong] }

/** What of the demo bank is otherwise. */
interface Change {
  /** The bank's people sign in to the console. */
  readonly staff?: boolean
  readonly institution?: Partial<Institution>
  readonly app?: Partial<RelyingParty>
  /** What becomes of the bank's API. */
  readonly api?: (api: RelyingParty) => readonly RelyingParty[]
}

/** The demo bank with both IdPs in the place of its own; each has two connections, that differ in who raises first. */
export async function withLevels({ application, world, issuer }: TestBridge, change: Change = {}) {
  const { d: _private, ...apiKey } = world.apiKey
  const rows = demoRows({ world: world.url, idpCertificate: world.idpCertificate, apiKey })
  const idps = await Promise.all([samlIdp(issuer), oidcIdp()])
  const [first, ...others] = rows.relyingParties as [RelyingParty, ...RelyingParty[]]
  const [own] = rows.connections as [Connection]
  const connections = idps.flatMap(({ type, settings }) => {
    const common = { ...own, type, settings, claims: { phone_number: 'mobile' }, levels }
    return [
      { ...common, id: `${type}-levels` },
      { ...common, id: `${type}-first`, raisedBy: 'idp' as const },
    ]
  })
  const apps = idps.flatMap(({ type, app, firstApp, otherApp }) => [
    { ...first, ...change.app, id: app, connections: [`${type}-levels`] },
    { ...first, ...change.app, id: otherApp, connections: [`${type}-levels`] },
    { ...first, ...change.app, id: firstApp, connections: [`${type}-first`] },
  ])
  const institution = { ...rows.institution, ...change.institution }
  const set = {
    ...rows,
    institution,
    // Without it the console is for who sets the bank up, and for nothing else.
    connections: [
      ...connections,
      ...rows.connections.filter(({ audience }) => change.staff === true && audience === 'workforce'),
    ],
    relyingParties: [...apps, ...others.flatMap(change.api ?? ((one) => [one]))],
  }
  await application.apply([set], { dryRun: false })
  return idps as readonly [LevelIdp, LevelIdp]
}
