// What an app says to the bridge: OpenID Connect with PAR, PKCE and DPoP, the device API, the SOAP gateway.
import { appKey, hash, proof, random, signed } from './keys.js'

const { issuer: bank, client: own, redirect, home } = document.body.dataset

/** The bridge's address for this bank. */
export const issuer = bank

const get = (name) => JSON.parse(sessionStorage.getItem(name) ?? 'null')
const put = (name, value) => sessionStorage.setItem(name, JSON.stringify(value))

/** `?app=` asks for another app than the phone's own: it stays in this tab, and nothing of the app before stays with it. */
function chosenApp() {
  const asked = new URLSearchParams(location.search).get('app')
  const before = get('app') ?? own
  if (asked === null || asked === before || !/^[a-z0-9][a-z0-9._-]{1,63}$/.test(asked)) return before
  for (const name of ['tokens', 'started']) sessionStorage.removeItem(name)
  put('app', asked)
  return asked
}

/** The client id of the app that this tab is. */
export const client = chosenApp()

/** Is it another than the demo's own? */
export const isTried = client !== own

// An app that was registered in the console may ask for less than the demo's own.
const wanted = isTried
  ? ['offline_access profile email device', 'profile email', 'profile', ''].map((more) =>
      `openid ${more}`.trim(),
    )
  : ['openid offline_access profile email device approvals core:payments']

let known
const metadata = async () => {
  known ??= await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()
  return known
}

export const tokens = () => get('tokens')

async function form(url, fields) {
  const headers = { dpop: await proof('POST', url) }
  const response = await fetch(url, {
    method: 'POST',
    headers,
    body: new URLSearchParams({ client_id: client, ...fields }),
  })
  const body = await response.json()
  if (!response.ok)
    throw Object.assign(new Error(body.error_description ?? body.error), { error: body.error })
  return body
}

/** Pushes the request with the most that this app may ask for. */
async function pushed(url, fields) {
  for (const scope of wanted.slice(0, -1)) {
    try {
      return await form(url, { ...fields, scope })
    } catch (error) {
      if (error.error !== 'invalid_scope') throw error
    }
  }
  return form(url, { ...fields, scope: wanted.at(-1) })
}

/** Leaves for the bank; `after` is what the app goes on with when the customer is back. */
export async function signIn(after, extra = {}) {
  const { pushed_authorization_request_endpoint: par, authorization_endpoint: authorize } = await metadata()
  const started = { verifier: random(), state: random(), nonce: random(), after }
  const { request_uri } = await pushed(par, {
    response_type: 'code',
    redirect_uri: redirect,
    state: started.state,
    nonce: started.nonce,
    code_challenge: await hash(started.verifier),
    code_challenge_method: 'S256',
    ...extra,
  })
  put('started', started)
  location.assign(`${authorize}?${new URLSearchParams({ client_id: client, request_uri })}`)
}

function claimsOf(idToken) {
  const bytes = Uint8Array.from(atob(idToken.split('.')[1].replaceAll('-', '+').replaceAll('_', '/')), (c) =>
    c.charCodeAt(0),
  )
  return JSON.parse(new TextDecoder().decode(bytes))
}

function keep(answer, before = {}) {
  const claims = answer.id_token ? claimsOf(answer.id_token) : {}
  put('tokens', {
    access: answer.access_token,
    refresh: answer.refresh_token ?? before.refresh,
    id: answer.id_token ?? before.id,
    scope: answer.scope ?? before.scope ?? '',
    acr: claims.acr ?? before.acr,
    amr: claims.amr ?? before.amr,
  })
  return claims
}

const refusals = {
  'login.cancelled': 'You said no. Nothing was changed.',
  'risk.denied': 'Your bank found this too risky. Nothing was changed.',
  'risk.held': 'Your bank looks at this first. Nothing was changed.',
  'transaction.denied': 'Your bank does not let this payment pass. Nothing was changed.',
  'transaction.held': 'Your bank looks at this payment first. Nothing was changed.',
  'device.required': 'Your bank asks for a phone of yours that it knows. Nothing was changed.',
}

/** An answer that is none (RFC 6749 4.1.2.1), in words for a person; the bridge's code stands in its description. */
function refusalOf(answer) {
  const [error, description] = [answer.get('error'), answer.get('error_description') ?? '']
  const code = /^[a-z_]+\.[a-z_]+$/.test(description) ? description : undefined
  if (Object.hasOwn(refusals, code ?? '')) return Object.assign(new Error(refusals[code]), { code })
  if (error === 'access_denied' && code === undefined) return new Error(refusals['login.cancelled'])
  if (error !== 'temporarily_unavailable') return new Error(description || error)
  const words = 'Your bank’s sign-in is closed at the moment. Nothing was changed; try again later.'
  return Object.assign(new Error(words), { code: /\(([a-z_.]+)\)$/.exec(description)?.[1] ?? error })
}

/** Back from the bank: trades the code for tokens. Resolves with what the app wanted to do, or undefined. */
export async function comeBack() {
  const answer = new URLSearchParams(location.search)
  const started = get('started')
  if (started === null || !answer.has('state')) return undefined
  sessionStorage.removeItem('started')
  history.replaceState(null, '', home)
  if (answer.get('state') !== started.state || answer.get('iss') !== issuer)
    throw new Error('That answer was not for this app.')
  if (answer.has('error')) throw refusalOf(answer)
  const { token_endpoint } = await metadata()
  const fields = {
    grant_type: 'authorization_code',
    code: answer.get('code'),
    redirect_uri: redirect,
    code_verifier: started.verifier,
  }
  const claims = keep(await form(token_endpoint, fields))
  if (claims.nonce !== started.nonce) throw new Error('That answer was not for this app.')
  return started.after
}

async function renewed() {
  const { token_endpoint } = await metadata()
  const before = tokens()
  keep(await form(token_endpoint, { grant_type: 'refresh_token', refresh_token: before.refresh }), before)
}

let renewing

/** Renews the tokens; of two who ask at once both get the one answer, since a refresh token is good once. */
export function refresh() {
  renewing ??= renewed().finally(() => {
    renewing = undefined
  })
  return renewing
}

/** A request with the token and a proof; the answer whatever it is. */
async function call(method, path, { type, body, headers = {}, signal } = {}) {
  const url = `${issuer}${path}`
  const { access } = tokens()
  return fetch(url, {
    method,
    headers: {
      authorization: `DPoP ${access}`,
      // A proof names the address without its query (RFC 9449 4.2).
      dpop: await proof(method, url.split('?')[0], access),
      ...(type && { 'content-type': type }),
      ...headers,
    },
    body,
    signal,
  })
}

/** An answer of the bridge's own API; throws what it refuses, with its code. */
export async function json(method, path, { value, signal } = {}) {
  const response = await call(method, path, {
    ...(value && { type: 'application/json', body: JSON.stringify(value) }),
    signal,
  })
  // An address that is not there answers in plain text.
  const body = response.status === 204 ? undefined : await response.json().catch(() => ({}))
  if (!response.ok)
    throw Object.assign(new Error(body.error_description), { code: body.code, status: response.status })
  return body
}

/** Enrols this browser's key as the customer's device, with a PIN. */
export async function enrol(name, pin) {
  const { jwk } = await appKey()
  const device = await json('POST', '/devices', { value: { name, jwk, pin } })
  const payload = { nonce: device.nonce, aud: issuer, sub: device.id, iat: Math.floor(Date.now() / 1000) }
  const proven = await signed({ typ: 'drawbridge-device-proof+jwt' }, payload)
  await json('POST', `/devices/${device.id}/proof`, { value: { proof: proven } })
  localStorage.setItem('device', device.id)
}

/** What has come for this phone since `after`; waits for it as long as the bridge lets it. */
export const messages = (after, signal) =>
  json('GET', `/messages?${new URLSearchParams({ after, wait: '25' })}`, { signal })

const namespace = 'urn:alder:payments:1'
const accounts = {
  debtorAccount: 'ES9121000418450200051332',
  creditorAccount: 'DE89370400440532013000',
  creditorName: 'Nordhaven Energy',
}

async function soap(operation, fields) {
  const inner = Object.entries(fields)
    .map(([name, value]) => `<p:${name}>${value}</p:${name}>`)
    .join('')
  const body = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><p:${operation} xmlns:p="${namespace}">${inner}</p:${operation}></s:Body></s:Envelope>`
  const response = await call('POST', '/soap/payments', {
    type: 'text/xml',
    body,
    headers: { soapaction: `"${namespace}:${operation}"` },
  })
  const xml = new DOMParser().parseFromString(await response.text(), 'text/xml')
  const value = (name) => xml.getElementsByTagNameNS('*', name)[0]?.textContent
  return {
    status: response.status,
    challenge: response.headers.get('www-authenticate') ?? '',
    value,
    fault: value('faultstring'),
    code: value('code'),
  }
}

export const balance = () => soap('GetBalance', { account: accounts.debtorAccount })

export const pay = (amount) => soap('Transfer', { amount, currency: 'EUR', ...accounts })

/** The payment as the customer will be shown it (RFC 9396). */
export const paymentDetails = (amount) => ({
  type: 'payment_initiation',
  instructedAmount: { amount, currency: 'EUR' },
  debtorAccount: { iban: accounts.debtorAccount },
  creditorName: accounts.creditorName,
  creditorAccount: { iban: accounts.creditorAccount },
})

/** The level that a challenge asks for (RFC 9470 3), if it is one. */
export const askedLevel = (challenge) =>
  challenge.includes('insufficient_user_authentication')
    ? /acr_values="([^"]+)"/.exec(challenge)?.[1]
    : undefined

export async function signOut() {
  const { end_session_endpoint: end } = await metadata()
  const { id } = tokens()
  sessionStorage.removeItem('tokens')
  location.assign(`${end}?${new URLSearchParams({ id_token_hint: id, post_logout_redirect_uri: home })}`)
}
