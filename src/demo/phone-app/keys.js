// The app's own key pairs: made once, kept by the browser, never to be taken out of it.
const databaseName = 'alder-phone'

function open() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(databaseName, 1)
    asked.onupgradeneeded = () => asked.result.createObjectStore('keys')
    asked.onsuccess = () => resolve(asked.result)
    asked.onerror = () => reject(asked.error)
  })
}

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

const text = new TextEncoder()

/** Bytes as base64url. */
export function base64url(bytes) {
  const binary = String.fromCharCode(...new Uint8Array(bytes))
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** SHA-256 of a text as base64url. */
export const hash = async (value) => base64url(await crypto.subtle.digest('SHA-256', text.encode(value)))

export const random = (bytes = 32) => base64url(crypto.getRandomValues(new Uint8Array(bytes)))

/** A pair by its name, and its public half as a JWK. The private key is not extractable: not even this page can read it. */
async function keyPair(name) {
  const database = await open()
  const kept = await done(database.transaction('keys').objectStore('keys').get(name))
  const pair =
    kept ??
    (await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']))
  if (!kept) await done(database.transaction('keys', 'readwrite').objectStore('keys').put(pair, name))
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', pair.publicKey)
  return { privateKey: pair.privateKey, jwk: { kty, crv, x, y } }
}

/** The key that tokens are bound to, and the device with them. */
export const appKey = () => keyPair('app')

/** The key that says yes, and nothing else: a real app lets the phone ask for a finger or a face before each use. */
export const approvalKey = () => keyPair('approval')

/** Of a public key (RFC 7638). */
export const thumbprint = ({ crv, kty, x, y }) => hash(JSON.stringify({ crv, kty, x, y }))

/** A compact JWS (RFC 7515), by the app's key unless told. */
export async function signed(header, payload, key = appKey) {
  const { privateKey } = await key()
  const part = (value) => base64url(text.encode(JSON.stringify(value)))
  const input = `${part({ alg: 'ES256', ...header })}.${part(payload)}`
  const signature = await crypto.subtle.sign(
    { name: 'ECDSA', hash: 'SHA-256' },
    privateKey,
    text.encode(input),
  )
  return `${input}.${base64url(signature)}`
}

/** A DPoP proof for one request (RFC 9449 4.2). */
export async function proof(method, url, accessToken) {
  const { jwk } = await appKey()
  const ath = accessToken === undefined ? {} : { ath: await hash(accessToken) }
  const payload = { htm: method, htu: url, jti: random(16), iat: Math.floor(Date.now() / 1000), ...ath }
  return signed({ typ: 'dpop+jwt', jwk }, payload)
}
