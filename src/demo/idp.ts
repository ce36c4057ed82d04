// The demo bank's SAML IdP: reads our signed request strictly, asks for a password, posts a signed answer.
import { randomBytes } from 'node:crypto'
import type Router from '@koa/router'
import type { Context } from 'koa'
import { html } from '../http/page/html.ts'
import { page } from '../http/page/shell.ts'
import { pageHeaders } from '../http/security-headers.ts'
import { gate } from '../xml/gate.ts'
import { NAME_ID, NS } from '../xml/names.ts'
import { idpMetadata } from '../xml/saml/issue-metadata.ts'
import { failedResponse, issueResponse, type ResponseContent } from '../xml/saml/issue-response.ts'
import { claimedIssuer, type ReadAuthnRequest, readAuthnRequest } from '../xml/saml/read-authn-request.ts'
import { all, parseTree, textOf } from '../xml/tree.ts'
import { readForm } from './forms.ts'
import type { PeerKey } from './keys.ts'
import { bank } from './pages.ts'

export interface Customer {
  readonly password: string
  readonly persistentId: string
  readonly attributes: Readonly<Record<string, readonly string[]>>
}

/** Shown on the login page: this is a demo. */
export const customers: Readonly<Record<string, Customer>> = {
  alice: {
    password: 'alice-pw',
    persistentId: 'alder-7Qm2x1',
    attributes: { displayName: ['Alice Alder'], mail: ['alice@alder.example'], mobile: ['+1 202-555-0123'] },
  },
  bob: {
    password: 'bob-pw',
    persistentId: 'alder-9Kd4z8',
    attributes: { displayName: ['Bob Birch'], mail: ['bob@alder.example'], mobile: ['+1 202-555-0134'] },
  },
}

export interface IdpOptions {
  readonly world: string
  readonly key: PeerKey
  /** The issuer whose connections this IdP serves. */
  readonly bridge: string
  /** Told of each answer that is sent. */
  readonly answered: (answer: {
    readonly user: string
    readonly assertion: string
    readonly xml: string
    readonly acsUrl: string
    readonly relayState: string
  }) => void
}

interface Pending {
  readonly request: ReadAuthnRequest
  readonly at: number
}

const sessionCookie = 'alder_idp'

export function idpRoutes(router: Router, options: IdpOptions): void {
  const pending = new Map<string, Pending>()
  const sessions = new Map<string, { user: string; at: number }>()
  const readRequest = requestReader(options.bridge)

  router.get('/idp/metadata', (ctx) => {
    ctx.type = 'application/samlmetadata+xml'
    ctx.body = idpMetadata({
      entityId: `${options.world}/idp/metadata`,
      ssoUrl: `${options.world}/idp/sso`,
      nameIdFormat: NAME_ID.persistent,
      certificate: options.key.signer.certificate,
    })
  })
  router.get('/idp/sso', async (ctx) => {
    const request = await readRequest(ctx.querystring)
    const session = sessions.get(ctx.cookies.get(sessionCookie) ?? '')
    if (session && !request.forceAuthn) return answer(ctx, options, { request, ...session })
    const id = randomBytes(16).toString('base64url')
    pending.set(id, { request, at: Date.now() })
    show(ctx, loginPage(id, undefined))
  })
  router.post('/idp/login', async (ctx) => {
    const form = await readForm(ctx)
    const id = form.get('request') ?? ''
    const waiting = pending.get(id)
    if (!waiting) ctx.throw(400, 'this sign-in is over; start again in the app')
    const user = form.get('username') ?? ''
    if (form.get('do') === 'cancel') {
      pending.delete(id)
      return cancel(ctx, options, (waiting as Pending).request)
    }
    if (!Object.hasOwn(customers, user) || customers[user]?.password !== form.get('password')) {
      ctx.status = 401
      return show(ctx, loginPage(id, 'That name and password don’t match.'))
    }
    pending.delete(id)
    const session = { user, at: Date.now() }
    const value = randomBytes(16).toString('base64url')
    sessions.set(value, session)
    ctx.cookies.set(sessionCookie, value, { httpOnly: true, sameSite: 'lax', path: '/idp' })
    return answer(ctx, options, { request: (waiting as Pending).request, ...session })
  })
}

/**
 * Reads a request of any connection of the bridge, by the signing certificates of that connection's metadata. They are
 * read again when none of them fits: the bridge changes its keys, and publishes the new one beforehand.
 */
function requestReader(bridge: string): (query: string) => Promise<ReadAuthnRequest> {
  const known = new Map<string, readonly string[]>()
  return async (query) => {
    const entityId = claimedIssuer(query)
    if (!entityId.startsWith(`${bridge}/saml/`)) throw new Error('a service that this IdP does not know')
    try {
      return byAny(query, known.get(entityId) ?? [])
    } catch {
      // Our entityID is where our metadata is.
      known.set(entityId, await spCertificates(entityId))
      return byAny(query, known.get(entityId) ?? [])
    }
  }
}

function byAny(query: string, certificates: readonly string[]): ReadAuthnRequest {
  let fault: unknown = new Error('the bridge publishes no certificate')
  for (const certificate of certificates) {
    try {
      return readAuthnRequest(query, certificate)
    } catch (error) {
      fault = error
    }
  }
  throw fault
}

async function spCertificates(url: string): Promise<string[]> {
  const { root } = parseTree(gate(await (await fetch(url)).text()))
  const signing = [...all(root)].filter(({ attributes }) =>
    attributes.some(({ name, value }) => name === 'use' && value === 'signing'),
  )
  return signing
    .flatMap((key) => [...all(key)])
    .filter(({ uri, local }) => uri === NS.ds && local === 'X509Certificate')
    .map((element) => textOf(element) ?? '')
}

interface Answering {
  readonly request: ReadAuthnRequest
  readonly user: string
  readonly at: number
}

function contentFor({ world }: IdpOptions, { request, user, at }: Answering): ResponseContent {
  const id = () => `_${randomBytes(16).toString('hex')}`
  const customer = customers[user] as Customer
  return {
    responseId: id(),
    assertionId: id(),
    issuer: `${world}/idp/metadata`,
    destination: request.acsUrl,
    audience: request.issuer,
    inResponseTo: request.id,
    nameId: customer.persistentId,
    nameIdFormat: NAME_ID.persistent,
    now: Date.now(),
    lifetimeSeconds: 300,
    authenticatedAt: at,
    authnContext: 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport',
    sessionIndex: id(),
    attributes: customer.attributes,
  }
}

async function answer(ctx: Context, options: IdpOptions, answering: Answering): Promise<void> {
  const content = contentFor(options, answering)
  const xml = await issueResponse(content, options.key.signer)
  const { acsUrl, relayState } = answering.request
  options.answered({ user: answering.user, assertion: content.assertionId, xml, acsUrl, relayState })
  post(ctx, answering.request, xml)
}

function cancel(ctx: Context, options: IdpOptions, request: ReadAuthnRequest): void {
  const content = contentFor(options, { request, user: 'alice', at: Date.now() })
  post(ctx, request, failedResponse(content, 'urn:oasis:names:tc:SAML:2.0:status:AuthnFailed'))
}

/** The POST binding (SAML Bindings 3.5): a form that sends itself, and a button where scripts are off. */
function post(ctx: Context, { acsUrl, relayState }: ReadAuthnRequest, xml: string): void {
  const nonce = randomBytes(16).toString('base64url')
  const fields = { SAMLResponse: Buffer.from(xml).toString('base64'), RelayState: relayState }
  const inputs = Object.entries(fields).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  )
  const main = html`<form method="post" action="${acsUrl}" class="stack-l">${inputs}
<div class="actions"><button class="btn primary">Continue</button></div></form>`
  const tail = html`<script nonce="${nonce}">document.forms[0].submit()</script>`
  show(ctx, bankPage('Signing you in', main, tail), { nonce, formActions: [new URL(acsUrl).origin] })
}

function bankPage(title: string, main: ReturnType<typeof html>, tail?: ReturnType<typeof html>): string {
  const heading = html`<h1>${title}</h1>`
  return page({
    language: 'en',
    base: '',
    institution: bank,
    title,
    bodyClass: 'ask',
    skipTo: 'question',
    heading,
    main,
    tail,
  })
}

function loginPage(request: string, fault: string | undefined): string {
  const error =
    fault === undefined
      ? undefined
      : html`<div class="notice bad" role="alert"><p><strong>${fault}</strong></p></div>`
  const main = html`${error}<form method="post" action="/idp/login" class="stack-l">
<input type="hidden" name="request" value="${request}">
<div class="field"><label for="username">User name</label><input class="input" id="username" name="username" autocomplete="username" required></div>
<div class="field"><label for="password">Password</label><input class="input" id="password" name="password" type="password" autocomplete="current-password" required></div>
<div class="actions"><button class="btn primary" name="do" value="sign-in">Sign in</button><button class="btn" name="do" value="cancel" formnovalidate>Cancel</button></div>
</form>
<p class="hint">This is a demo. Sign in as <code>alice</code> with <code>alice-pw</code>, or as <code>bob</code> with <code>bob-pw</code>.</p>`
  return bankPage('Sign in to Alder Bank', main)
}

function show(
  ctx: Context,
  body: string,
  rules: { nonce?: string; formActions?: readonly string[] } = {},
): void {
  ctx.set(pageHeaders({ formActions: rules.formActions ?? [], nonce: rules.nonce, https: false }))
  ctx.type = 'html'
  ctx.body = body
}
