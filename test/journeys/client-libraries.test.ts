// Libraries that others wrote to the standards judge every answer: discovery, PAR, DPoP, RAR, challenges, introspection, revocation.
import { decodeJwt, importJWK } from 'jose'
import * as oauth from 'oauth4webapi'
import * as client from 'openid-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { apiId, phoneId } from '../../src/demo/institution.ts'
import { transferBody } from '../../src/demo/journey-walk.ts'
import { startBridge, type TestBridge } from './bridge.ts'
import { agreed, enrolled, signIn } from './customer.ts'
import { payment } from './uses-rig.ts'

let bridge: TestBridge
let who: Awaited<ReturnType<typeof enrolled>>
let as: oauth.AuthorizationServer
beforeAll(async () => {
  bridge = await startBridge()
  who = await enrolled(bridge)
  const issuer = new URL(bridge.issuer)
  as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, plain))
})
afterAll(() => bridge.stop())

// The test's bridge has no certificate.
const plain = { [oauth.allowInsecureRequests]: true }
const phone: oauth.Client = { client_id: phoneId, require_auth_time: true }
const masked = { ...payment, debtorAccount: { iban: '••••1332' }, creditorAccount: { iban: '••••3000' } }
const details = JSON.stringify([payment])

/** The phone's own key, by which its device is known, as this library wants it. */
const proof = () => ({ ...plain, DPoP: oauth.DPoP(phone, who.app.keys) })

async function api() {
  const key = (await importJWK({ ...bridge.world.apiKey }, 'ES256')) as oauth.CryptoKey
  return [{ client_id: apiId }, oauth.PrivateKeyJwt({ key, kid: 'alder-api-1' })] as const
}

async function introspected(token: string) {
  const [caller, auth] = await api()
  const response = await oauth.introspectionRequest(as, caller, auth, token, plain)
  return oauth.processIntrospectionResponse(as, caller, response)
}

const transfer = (token: string) => {
  const url = new URL(`${bridge.issuer}/soap/payments`)
  const headers = new Headers({ 'content-type': 'text/xml' })
  return oauth.protectedResourceRequest(token, 'POST', url, headers, transferBody('1240.00'), proof())
}

/** What this app is asked for, read as RFC 9470 says from the challenge of the gateway. */
async function challenged(token: string): Promise<oauth.WWWAuthenticateChallengeParameters | undefined> {
  try {
    await transfer(token)
  } catch (error) {
    if (!(error instanceof oauth.WWWAuthenticateChallengeError)) throw error
    expect([error.status, error.cause.map(({ scheme }) => scheme)]).toEqual([401, ['dpop']])
    return error.cause[0]?.parameters
  }
  return undefined
}

async function pushed(extra: Readonly<Record<string, string>>) {
  const [verifier, nonce, state] = [
    oauth.generateRandomCodeVerifier(),
    oauth.generateRandomNonce(),
    oauth.generateRandomState(),
  ]
  const parameters = {
    response_type: 'code',
    redirect_uri: who.app.redirectUri,
    scope: 'openid offline_access device core:payments',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    nonce,
    state,
    ...extra,
  }
  const response = await oauth.pushedAuthorizationRequest(as, phone, oauth.None(), parameters, proof())
  const { request_uri } = await oauth.processPushedAuthorizationResponse(as, phone, response)
  const url = new URL(as.authorization_endpoint as string)
  url.search = new URLSearchParams({ client_id: phoneId, request_uri }).toString()
  return { url, verifier, nonce, state }
}

type Pushed = Awaited<ReturnType<typeof pushed>>

/** Through the pages to the app, which redeems the code; `maxAge` holds the ID token to what was asked. */
async function redeemed({ url, verifier, nonce, state }: Pushed, maxAge?: number) {
  const page = await who.browser.follow(url.href, { until: who.app.redirectUri })
  const answer = oauth.validateAuthResponse(as, phone, new URL(await agreed(who, page)), state)
  const response = await oauth.authorizationCodeGrantRequest(
    as,
    phone,
    oauth.None(),
    answer,
    who.app.redirectUri,
    verifier,
    proof(),
  )
  const tokens = await oauth.processAuthorizationCodeResponse(as, phone, response, {
    expectedNonce: nonce,
    requireIdToken: true,
    ...(maxAge !== undefined && { maxAge }),
  })
  await oauth.validateApplicationLevelSignature(as, response, plain)
  return { tokens, claims: oauth.getValidatedIdTokenClaims(tokens) as oauth.IDToken }
}

test('what is published of the server and of its API fits the request', async () => {
  expect(as).toMatchObject({
    authorization_response_iss_parameter_supported: true,
    dpop_signing_alg_values_supported: ['ES256'],
    authorization_details_types_supported: expect.arrayContaining(['payment_initiation']),
    acr_values_supported: expect.arrayContaining(['urn:drawbridge:acr:device-pin']),
  })
  const resource = new URL(`${bridge.issuer}/api`)
  const found = await oauth.resourceDiscoveryRequest(resource, plain)
  expect(await oauth.processResourceDiscoveryResponse(resource, found)).toMatchObject({
    authorization_servers: [bridge.issuer],
  })
})

test('oauth4webapi: from the challenge to the payment, its refresh and its end', async () => {
  const before = await signIn(who)
  const asked = await challenged(before.accessToken)
  expect(asked).toMatchObject({
    error: 'insufficient_user_authentication',
    acr_values: 'urn:drawbridge:acr:device-pin',
  })
  const request = await pushed({
    authorization_details: details,
    acr_values: asked?.acr_values as string,
  })
  const { tokens, claims } = await redeemed(request)
  expect([claims.acr, claims.amr]).toEqual([asked?.acr_values, ['fed', 'pop', 'pin']])
  expect([tokens.token_type, tokens.authorization_details]).toEqual(['dpop', [masked]])
  const paid = await transfer(tokens.access_token)
  expect([paid.status, await paid.text()]).toEqual([200, expect.stringContaining('accepted')])

  const seen = await introspected(tokens.access_token)
  expect(seen).toMatchObject({
    active: true,
    acr: asked?.acr_values,
    authorization_details: [payment],
    cnf: { jkt: who.app.thumbprint },
  })
  const auth = oauth.None()
  const response = await oauth.refreshTokenGrantRequest(
    as,
    phone,
    auth,
    tokens.refresh_token as string,
    proof(),
  )
  const later = await oauth.processRefreshTokenResponse(as, phone, response)
  await oauth.validateApplicationLevelSignature(as, response, plain)
  expect([later.authorization_details, later.token_type]).toEqual([undefined, 'dpop'])
  expect(await introspected(later.access_token)).not.toHaveProperty('authorization_details')

  const gone = await oauth.revocationRequest(as, phone, auth, later.refresh_token as string, plain)
  await oauth.processRevocationResponse(gone)
  expect(await introspected(later.access_token)).toMatchObject({ active: false })
})

test('oauth4webapi: an ID token of a sign-in that was asked to be new is held to it', async () => {
  const { claims } = await redeemed(await pushed({ max_age: '60' }), 60)
  expect(claims.auth_time).toBeGreaterThan(Date.now() / 1000 - 60)
})

test('openid-client: the same payment; its answer is masked, and what it signed names it nowhere', async () => {
  const started = await who.app.begin({ authorization_details: details })
  const page = await who.browser.follow(started.url, { until: who.app.redirectUri })
  const answer = await client.authorizationCodeGrant(
    who.app.config,
    new URL(await agreed(who, page)),
    { pkceCodeVerifier: started.verifier, expectedNonce: started.nonce, expectedState: started.state },
    undefined,
    { DPoP: client.getDPoPHandle(who.app.config, who.app.keys) },
  )
  expect(answer.authorization_details).toEqual([masked])
  expect(JSON.stringify(decodeJwt(answer.id_token as string))).not.toContain('1240.00')
})
