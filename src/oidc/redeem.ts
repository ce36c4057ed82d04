// A code of an app in this very process, redeemed without a token: the console wants to know who came, nothing more.
import { createHash, timingSafeEqual } from 'node:crypto'
import { errors, type Provider } from 'oidc-provider'
import { Refusal } from '../domain/refusal.ts'
import type { RedeemedCode, ReturnedCode } from '../http/provider-port.ts'
import { isDated } from './session.ts'

interface StoredCode {
  readonly clientId?: string
  readonly redirectUri?: string
  readonly accountId?: string
  readonly authTime?: number
  readonly nonce?: string
  readonly grantId?: string
  readonly sessionUid?: string
  readonly codeChallenge?: string
  readonly codeChallengeMethod?: string
  readonly consumed?: unknown
  readonly isExpired: boolean
  consume(): Promise<void>
}

const challengeOf = (verifier: string): string => createHash('sha256').update(verifier).digest('base64url')

function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

/** RFC 6749 4.1.3 and RFC 7636 4.6, for a caller that is no client over the network. */
function fits(code: StoredCode, returned: ReturnedCode): boolean {
  return (
    code.consumed === undefined &&
    !code.isExpired &&
    code.clientId === returned.relyingParty &&
    code.redirectUri === returned.redirectUri &&
    code.codeChallengeMethod === 'S256' &&
    same(code.codeChallenge ?? '', challengeOf(returned.verifier)) &&
    same(code.nonce ?? '', returned.nonce)
  )
}

/** Consumes the code and drops its grant: no token can come of it. Refuses with `token.invalid`. */
export async function redeemed(provider: Provider, returned: ReturnedCode): Promise<RedeemedCode> {
  const code = (await provider.AuthorizationCode.find(returned.code, {
    ignoreExpiration: true,
  })) as unknown as StoredCode | undefined
  if (code === undefined || !fits(code, returned)) throw new Refusal('token.invalid', { check: 'code' })
  await code.consume().catch((error: unknown) => {
    throw error instanceof errors.OIDCProviderError
      ? new Refusal('token.invalid', { check: 'code used' })
      : error
  })
  const grant = code.grantId === undefined ? undefined : await provider.Grant.find(code.grantId)
  await grant?.destroy()
  const { accountId: subject = '', authTime = 0, sessionUid: browserSession } = code
  const dated = await isOfDatedSession(provider, code)
  return { subject, browserSession, authenticatedAt: dated ? authTime * 1000 : 0 }
}

async function isOfDatedSession(provider: Provider, { sessionUid }: StoredCode): Promise<boolean> {
  return sessionUid !== undefined && isDated(await provider.Session.findByUid(sessionUid))
}
