// Who may call the demo's AA-compatible engine: by the securityHeader in the body, or by a UsernameToken in the SOAP header.
import { createHash, timingSafeEqual } from 'node:crypto'
import { NS } from '../xml/names.ts'
import { attributeOf, elements, type Tree, textOf } from '../xml/tree.ts'
import { type RsaRequest, saidAt } from './risk-rsa-request.ts'
import { RsaRefused } from './risk-rsa-wire.ts'

export type RsaCallerStyle = 'body' | 'username-token'

export interface RsaCaller {
  readonly id: string
  readonly credential: string
}

const passwordText =
  'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText'
const freshMs = 5 * 60_000

const same = (a: string, b: string): boolean => timingSafeEqual(hashed(a), hashed(b))
const hashed = (said: string) => createHash('sha256').update(said).digest()

const refuse = (why: string): never => {
  throw new RsaRefused('wsse', 'AUTHENTICATION_FAILED', why)
}

export interface RsaCallers {
  /** Throws RsaRefused where the caller is not who it should be; tells how it showed that it is. */
  check(request: RsaRequest, now: number): RsaCallerStyle
}

/** `only` refuses the other style; without it whoever shows a token is judged by that, and everyone else by the body. */
export function createRsaCallers(caller: RsaCaller, only?: RsaCallerStyle): RsaCallers {
  const nonces = new Map<string, number>()

  function checkToken(token: Tree, now: number): void {
    const [username, password, nonce, created] = tokenParts(token)
    if (!same(username, caller.id) || !same(password, caller.credential)) refuse('unknown caller')
    const at = Date.parse(created)
    if (!(Math.abs(now - at) <= freshMs)) refuse('Created is not of now')
    if (Buffer.from(nonce, 'base64').length < 16) refuse('Nonce is too short')
    for (const [old, seen] of nonces) if (now - seen > 2 * freshMs) nonces.delete(old)
    if (nonces.has(nonce)) refuse('Nonce was used before')
    nonces.set(nonce, now)
  }

  return {
    check(request, now) {
      const token = tokenIn(request)
      const style = token === undefined ? 'body' : 'username-token'
      if (only !== undefined && only !== style) refuse(`callers show themselves by ${only} here`)
      if (token === undefined) checkBody(request, caller)
      else checkToken(token, now)
      return style
    },
  }
}

/** HMAC is in the enumeration, but nobody has written down what it is made of. */
function checkBody({ request }: RsaRequest, caller: RsaCaller): void {
  const given = (name: string) => saidAt(request, 'securityHeader', name) ?? ''
  if (given('method') !== 'PASSWORD') refuse('the method is PASSWORD here')
  const known = same(given('callerId'), caller.id)
  if (!same(given('callerCredential'), caller.credential) || !known) refuse('unknown caller')
}

function tokenIn({ envelope }: RsaRequest): Tree | undefined {
  const headers = envelope.header === undefined ? [] : elements(envelope.header, NS.wsse, 'Security')
  if (headers.length > 1) return refuse('two Security headers')
  const [security] = headers
  if (security === undefined) return undefined
  const tokens = elements(security, NS.wsse, 'UsernameToken')
  return tokens.length === 1 ? tokens[0] : refuse('one UsernameToken is due')
}

/** Username, Password, Nonce and Created, each once (UsernameToken Profile 1.0). */
function tokenParts(token: Tree): [string, string, string, string] {
  const part = (uri: string, name: string): Tree => {
    const [found, second] = elements(token, uri, name)
    return found === undefined || second !== undefined ? refuse(`${name} is due once`) : found
  }
  const password = part(NS.wsse, 'Password')
  if (attributeOf(password, '', 'Type') !== passwordText) refuse('PasswordText is spoken here')
  return [
    textOf(part(NS.wsse, 'Username')) ?? '',
    textOf(password) ?? '',
    textOf(part(NS.wsse, 'Nonce')) ?? '',
    textOf(part(NS.wsu, 'Created')) ?? '',
  ]
}
