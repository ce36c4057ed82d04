// The demo bank with a type of transaction of its own, and an app that may ask without pushing its request first.
import { createApp, createBrowser, formIn, type Started } from '../../src/demo/app-client.ts'
import { demoRows } from '../../src/demo/institution.ts'
import type { RelyingParty } from '../../src/domain/institution.ts'
import { builtInTypes } from '../../src/domain/transaction-types/known.ts'
import { cardControl } from '../domain/transaction-samples.ts'
import type { TestBridge } from './bridge.ts'
import { atIdp, type Customer } from './customer.ts'

export const webId = 'web'
export const webReturn = 'https://web.alder.example/back'

export async function withOwnType({ application, world }: TestBridge): Promise<void> {
  const { d: _private, ...apiKey } = world.apiKey
  const rows = demoRows({ world: world.url, idpCertificate: world.idpCertificate, apiKey })
  const [phone, ...others] = rows.relyingParties as [RelyingParty, ...RelyingParty[]]
  const transactionTypes = [...builtInTypes, cardControl].map(({ type }) => type)
  const only = {
    ...phone,
    id: 'payments-only',
    transactionTypes: ['payment_initiation', 'a_type_that_is_gone'],
  }
  const web = {
    ...phone,
    id: webId,
    name: 'Web',
    redirectUris: [webReturn],
    requirePar: false,
    transactionTypes,
  }
  const relyingParties = [{ ...phone, transactionTypes }, ...others, only, web]
  const institution = { ...rows.institution, transactionTypes: [cardControl] }
  const also = { '/schedule/frequency': ['frequency'], '/schedule/firstDate': ['firstDate'] }
  const cores = rows.cores.map((core) => ({
    ...core,
    operations: core.operations.map(({ transaction, ...operation }) => ({
      ...operation,
      transaction: transaction && { ...transaction, also },
    })),
  }))
  await application.apply([{ ...rows, institution, relyingParties, cores }], { dryRun: false })
}

/** The page that asks about this transaction; in the language that the app wishes. */
export async function askedAbout(
  who: Customer,
  detail: unknown,
  extra: Readonly<Record<string, string>> = {},
) {
  const { started, page, answer } = await atIdp(who, {
    authorization_details: JSON.stringify([detail]),
    ...extra,
  })
  // The IdP knows the browser from a sign-in before, and answers without a password.
  const known = answer === undefined && page.body.includes('name="SAMLResponse"') ? formIn(page) : answer
  const shown = known
    ? await who.browser.follow(known.action, { until: who.app.redirectUri, form: known.fields })
    : page
  return { started, page: shown }
}

/** The answer to the page; the tokens that the app then gets. */
export async function answered(
  { app, browser }: Customer,
  { started, page }: { started: Started; page: { url: string; body: string } },
  fields: Readonly<Record<string, string>>,
) {
  const form = formIn(page)
  const { returned } = await browser.follow(form.action, {
    until: app.redirectUri,
    form: { ...form.fields, ...fields },
  })
  if (returned === undefined) throw new Error('no way back to the app')
  return app.redeem(returned, started)
}

/** A customer at the app that puts its request into the address. */
export async function atWeb({ issuer }: TestBridge, user: string): Promise<Customer> {
  const app = await createApp({ issuer, redirectUri: webReturn, clientId: webId })
  return { app: { ...app, begin: (extra = {}) => plainBegin(app, extra) }, browser: createBrowser(), user }
}

async function plainBegin(
  app: Awaited<ReturnType<typeof createApp>>,
  extra: Readonly<Record<string, string>>,
): Promise<Started> {
  const { verifier, state, nonce, challenge } = await secrets()
  const url = new URL(`${app.issuer}/authorize`)
  const fields = {
    client_id: webId,
    redirect_uri: webReturn,
    response_type: 'code',
    scope: 'openid device core:payments',
  }
  url.search = new URLSearchParams({
    ...fields,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    state,
    nonce,
    ...extra,
  }).toString()
  return { url: url.href, verifier, state, nonce }
}

async function secrets() {
  const [verifier, state, nonce] = [1, 2, 3].map(() => `${crypto.randomUUID()}${crypto.randomUUID()}`) as [
    string,
    string,
    string,
  ]
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))
  return { verifier, state, nonce, challenge: Buffer.from(digest).toString('base64url') }
}

/** The page without its markup. */
export const wordsOf = (body: string): string =>
  body
    .replace(/<(style|head|svg)[\s\S]*?<\/\1>/g, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&#39;/g, "'")
    .replace(/[\s\u00a0\u202f]+/g, ' ')
