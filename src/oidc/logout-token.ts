// Logout tokens for apps (OIDC Back-Channel Logout 1.0, 2.4), signed like ID tokens.
import type { KeyStore } from '../ports/key-store.ts'
import type { LogoutNotice } from '../ports/sign-out.ts'

const event = 'http://schemas.openid.net/event/backchannel-logout'
// Section 2.4 asks for two minutes at most.
const lifetimeSeconds = 120

export interface LogoutTokenPorts {
  readonly keys: KeyStore
  readonly now: () => number
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** One compact JWS; the same notice always has the same `jti`, so that an app may take it once. */
export async function logoutToken(
  { keys, now }: LogoutTokenPorts,
  issuer: string,
  notice: LogoutNotice,
): Promise<string> {
  const signer = await keys.signer(notice.institution, 'id-token')
  const at = Math.floor(now() / 1000)
  const header = { alg: signer.algorithm, kid: signer.kid, typ: 'logout+jwt' }
  const claims = {
    iss: issuer,
    aud: notice.relyingParty,
    sub: notice.subject,
    sid: notice.sid,
    iat: at,
    exp: at + lifetimeSeconds,
    jti: notice.id,
    events: { [event]: {} },
  }
  const text = `${part(header)}.${part(claims)}`
  return `${text}.${(await signer.sign(text)).toString('base64url')}`
}
