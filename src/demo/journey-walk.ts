// What the steps of the journey share: how each calls the bridge, and what they hand on to one another.
import type { Application } from '../ports/application.ts'
import { type App, type Browser, formIn, type Started, type Tokens } from './app-client.ts'
import type { ApprovalKeyPair } from './approver.ts'
import type { BackEnd } from './back-end.ts'
import { customers } from './idp.ts'
import { paymentsNamespace } from './institution.ts'
import { large } from './payment.ts'
import type { World } from './run.ts'

/** A step did not give what it must. */
class Unexpected extends Error {}

export function expect(holds: unknown, what: string): asserts holds {
  if (!holds) throw new Unexpected(what)
}

export function transferBody(amount: string): string {
  const fields = {
    amount,
    currency: 'EUR',
    debtorAccount: large.debtorAccount.iban,
    creditorAccount: large.creditorAccount.iban,
    creditorName: large.creditorName,
  }
  const inner = Object.entries(fields)
    .map(([name, value]) => `<p:${name}>${value}</p:${name}>`)
    .join('')
  return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><p:Transfer xmlns:p="${paymentsNamespace}">${inner}</p:Transfer></s:Body></s:Envelope>`
}

/** One line of the table: what was asked about, what each engine said, and what came of it for the customer. */
export interface RiskRow {
  /** What the engines found: `raised`; or what was wrong with them: `hang`. */
  readonly dial: string
  readonly event: string
  readonly providers: readonly string[]
  readonly action: string
  readonly reason: string
  readonly outcome: string
}

/** What the steps hand on to one another. */
export interface Walk {
  readonly world: World
  readonly application: Application
  readonly browser: Browser
  readonly pin: string
  app: App
  started: Started
  page: { url: string; body: string; returned: string | undefined; status: number }
  tokens: Tokens
  device: { id: string; nonce: string }
  lastProof: string
  /** Of the second key of the phone, and the back end of the bank that asks it. */
  approvalKey: ApprovalKeyPair
  backEnd: BackEnd
  /** Another customer, on a phone that is not enrolled. */
  other: Walk
  /** What was held and released. */
  heldCase: string
  /** What was seen of the risk engines. */
  readonly risk: RiskRow[]
}

export type StepOf = (walk: Walk) => Promise<void>

/** Presses one button of the page that is shown. */
export async function press(walk: Walk, fields: Readonly<Record<string, string>>): Promise<void> {
  const form = formIn(walk.page)
  walk.page = await walk.browser.follow(form.action, {
    until: walk.app.redirectUri,
    form: { ...form.fields, ...fields },
  })
}

/** From the app's request to the first page of the bridge behind the IdP's answer. */
export async function signInAtIdp(walk: Walk, username: keyof typeof customers): Promise<void> {
  const { browser, app, started } = walk
  const asked = await browser.follow(started.url, { until: app.redirectUri })
  expect(asked.body.includes('name="password"'), `the IdP's login page, not ${asked.status} ${asked.url}`)
  const login = formIn(asked)
  const fields = { ...login.fields, username, password: customers[username]?.password ?? '' }
  const posting = await browser.follow(login.action, { until: app.redirectUri, form: fields })
  const answer = formIn(posting)
  expect(answer.fields.SAMLResponse, 'a SAML answer')
  walk.page = await browser.follow(answer.action, { until: app.redirectUri, form: answer.fields })
}

/** In a session; a loopback redirect could be another app's, so consent is asked each time. */
export async function signInAgain(walk: Walk, extra: Readonly<Record<string, string>>): Promise<void> {
  walk.started = await walk.app.begin(extra)
  walk.page = await walk.browser.follow(walk.started.url, { until: walk.app.redirectUri })
  await press(walk, { do: 'allow' })
  await redeem(walk)
}

export async function redeem(walk: Walk): Promise<void> {
  expect(walk.page.returned, `the way back to the app, not ${walk.page.status} at ${walk.page.url}`)
  walk.tokens = await walk.app.redeem(walk.page.returned, walk.started)
}

export async function api(walk: Walk, method: string, path: string, body?: unknown) {
  const url = `${walk.world.issuer}${path}`
  const { accessToken } = walk.tokens
  const response = await fetch(url, {
    method,
    headers: {
      authorization: `DPoP ${accessToken}`,
      dpop: await walk.app.proof({ method, url, accessToken }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text), text }
}

export async function call(walk: Walk, body: string, proof?: string) {
  const url = `${walk.world.issuer}/soap/payments`
  const { accessToken } = walk.tokens
  walk.lastProof = proof ?? (await walk.app.proof({ method: 'POST', url, accessToken }))
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      authorization: `DPoP ${accessToken}`,
      dpop: walk.lastProof,
      'content-type': 'text/xml',
      soapaction: `"${paymentsNamespace}:Transfer"`,
    },
    body,
  })
  return {
    status: response.status,
    challenge: response.headers.get('www-authenticate') ?? '',
    text: await response.text(),
  }
}
