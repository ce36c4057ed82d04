// What an app's developers copy: the settings of their library for exactly this registration.
import type { RelyingParty } from '../domain/institution.ts'
import { type Html, html } from '../http/page/html.ts'
import { notice } from '../http/page/parts.ts'

const quoted = (value: string): string => JSON.stringify(value)

/** Swift for AppAuth-iOS: discovery, then a request with this registration's values. */
const ios = ({ id, redirectUris, scopes }: RelyingParty, issuer: string): string => `import AppAuth

let issuer = URL(string: ${quoted(issuer)})!
OIDAuthorizationService.discoverConfiguration(forIssuer: issuer) { configuration, error in
  guard let configuration else { return report(error) }
  let request = OIDAuthorizationRequest(
    configuration: configuration,
    clientId: ${quoted(id)},
    scopes: [${scopes.map(quoted).join(', ')}],
    redirectURL: URL(string: ${quoted(redirectUris[0] ?? '')})!,
    responseType: OIDResponseTypeCode,
    additionalParameters: nil)  // state, nonce and PKCE (S256) are made by the library
  // Push these parameters to ${issuer}/par with a DPoP proof, then open the browser with the request_uri.
}`

/** Kotlin for AppAuth-Android. */
const android = (
  { id, redirectUris, scopes }: RelyingParty,
  issuer: string,
): string => `import net.openid.appauth.*

AuthorizationServiceConfiguration.fetchFromIssuer(Uri.parse(${quoted(issuer)})) { configuration, error ->
  if (configuration == null) return@fetchFromIssuer report(error)
  val request = AuthorizationRequest.Builder(
      configuration, ${quoted(id)}, ResponseTypeValues.CODE, Uri.parse(${quoted(redirectUris[0] ?? '')}))
    .setScope(${quoted(scopes.join(' '))})
    .build()  // state, nonce and PKCE (S256) are made by the library
  // Push these parameters to ${issuer}/par with a DPoP proof, then open the browser with the request_uri.
}`

/** openid-client, as the bridge's own tests use it. */
const web = (
  { id, redirectUris, scopes }: RelyingParty,
  issuer: string,
): string => `import * as client from 'openid-client'

const config = await client.discovery(new URL(${quoted(issuer)}), ${quoted(id)}, undefined, client.None())
const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'))
const verifier = client.randomPKCECodeVerifier()
const url = await client.buildAuthorizationUrlWithPAR(config, {
  redirect_uri: ${quoted(redirectUris[0] ?? '')},
  scope: ${quoted(scopes.join(' '))},
  state: client.randomState(),
  nonce: client.randomNonce(),
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
}, { DPoP })`

const server = (
  { id, scopes }: RelyingParty,
  issuer: string,
): string => `import * as client from 'openid-client'

// The private half of the key that is registered here (ES256), from where your secrets are.
const key = { key: await importPrivateKey(), kid: 'the kid of the registered key' }
const config = await client.discovery(new URL(${quoted(issuer)}), ${quoted(id)}, undefined, client.PrivateKeyJwt(key))
const { active } = await client.tokenIntrospection(config, accessTokenOfTheCall)${
  scopes.includes('subjects')
    ? `
const own = await client.clientCredentialsGrant(config, { scope: 'subjects', resource: ${quoted(`${issuer}/api`)} })`
    : ''
}`

const kinds = {
  ios: ['Swift, AppAuth for iOS', ios],
  android: ['Kotlin, AppAuth for Android', android],
  web: ['JavaScript, openid-client 6', web],
  server: ['JavaScript, openid-client 6', server],
} as const

const figure = (caption: string, code: string): Html =>
  html`<figure class="code"><figcaption><span>${caption}</span></figcaption><pre tabindex="0" role="region" aria-label="${caption}"><code>${code}</code></pre></figure>`

/** The snippet of its platform; of an app from a file, all that fit. */
export function snippetsFor(party: RelyingParty, issuer: string): Html {
  const { platform, kind } = party
  const shown =
    platform === undefined
      ? kind === 'api'
        ? (['server'] as const)
        : (['ios', 'android', 'web'] as const)
      : [platform]
  const native = shown.some((one) => one === 'ios' || one === 'android')
  return html`<div class="stack-l">
${native && party.requirePar && notice('info', 'AppAuth does neither PAR nor DPoP by itself.', 'The app developers’ guide says where both go in.')}
${shown.map((one) => figure(kinds[one][0], kinds[one][1](party, issuer)))}</div>`
}
