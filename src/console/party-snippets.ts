// What an app's developers copy: the settings of their library for exactly this registration.
import { clientScopes, type RelyingParty } from '../domain/institution.ts'
import { type Html, html } from '../http/page/html.ts'
import { notice } from '../http/page/parts.ts'

const quoted = (value: string): string => JSON.stringify(value)

type Snippet = (party: RelyingParty, issuer: string) => string

/** AppAuth does neither by itself; who is registered without them has nothing to add. */
function pushing({ requirePar, requireDpop }: RelyingParty, issuer: string): string {
  const steps = [
    ...(requirePar
      ? [`push these parameters to ${issuer}/par and open the browser with the request_uri`]
      : []),
    ...(requireDpop ? ['send a DPoP proof by the app’s key along, also to the token endpoint'] : []),
  ]
  return steps.length === 0 ? '' : `\n  // Here you ${steps.join('; ')}.`
}

/** Swift for AppAuth-iOS: discovery, then a request with this registration's values. */
const ios: Snippet = (party, issuer) => `import AppAuth

let issuer = URL(string: ${quoted(issuer)})!
OIDAuthorizationService.discoverConfiguration(forIssuer: issuer) { configuration, error in
  guard let configuration else { return report(error) }
  let request = OIDAuthorizationRequest(
    configuration: configuration,
    clientId: ${quoted(party.id)},
    scopes: [${party.scopes.map(quoted).join(', ')}],
    redirectURL: URL(string: ${quoted(party.redirectUris[0] ?? '')})!,
    responseType: OIDResponseTypeCode,
    additionalParameters: nil)  // state, nonce and PKCE (S256) are made by the library${pushing(party, issuer)}
}`

/** Kotlin for AppAuth-Android. */
const android: Snippet = (party, issuer) => `import net.openid.appauth.*

AuthorizationServiceConfiguration.fetchFromIssuer(Uri.parse(${quoted(issuer)})) { configuration, error ->
  if (configuration == null) return@fetchFromIssuer report(error)
  val request = AuthorizationRequest.Builder(
      configuration, ${quoted(party.id)}, ResponseTypeValues.CODE, Uri.parse(${quoted(party.redirectUris[0] ?? '')}))
    .setScope(${quoted(party.scopes.join(' '))})
    .build()  // state, nonce and PKCE (S256) are made by the library${pushing(party, issuer)}
}`

/** openid-client, as the bridge's own tests use it. */
const web: Snippet = ({ id, redirectUris, scopes }, issuer) => `import * as client from 'openid-client'

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

const ownScopes = ({ scopes }: RelyingParty): string[] =>
  scopes.filter((scope) => clientScopes.includes(scope))

const server: Snippet = (party, issuer) => `import * as client from 'openid-client'

// The private half of the key that is registered here (ES256), from where your secrets are.
const key = { key: await importPrivateKey(), kid: 'the kid of the registered key' }
const config = await client.discovery(new URL(${quoted(issuer)}), ${quoted(party.id)}, undefined, client.PrivateKeyJwt(key))
const { active } = await client.tokenIntrospection(config, accessTokenOfTheCall)${
  ownScopes(party).length > 0
    ? `
const own = await client.clientCredentialsGrant(config, { scope: ${quoted(ownScopes(party).join(' '))}, resource: ${quoted(`${issuer}/api`)} })`
    : ''
}`

const kinds = {
  ios: ['Swift, AppAuth for iOS', ios],
  android: ['Kotlin, AppAuth for Android', android],
  web: ['JavaScript, openid-client 6', web],
  server: ['JavaScript, openid-client 6', server],
} as const

const figure = (caption: string, code: string): Html =>
  html`<figure class="code wraps"><figcaption><span>${caption}</span></figcaption><pre tabindex="0" role="region" aria-label="${caption}"><code>${code}</code></pre></figure>`

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
${native && (party.requirePar || party.requireDpop) && notice('info', 'AppAuth does neither PAR nor DPoP by itself.', 'The app developers’ guide says where both go in.')}
${shown.map((one) => figure(kinds[one][0], kinds[one][1](party, issuer)))}</div>`
}
