// The tokens of the bank's own APIs: one that is bound to a key is worth nothing without it (attack 109).
import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { beforeAll, expect, test } from 'vitest'
import { type ApprovalBank, sharedApprovalBank } from '../journeys/approval-bank.ts'
import { payment } from '../journeys/back-end.ts'
import { apiToken, asApi } from '../journeys/customer.ts'

let bank: ApprovalBank
beforeAll(async () => {
  bank = await sharedApprovalBank()
}, 60_000)

async function bound() {
  const { issuer } = bank.bridge
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(publicKey)
  const proof = (method: string, url: string, more: Record<string, string> = {}) =>
    new SignJWT({ htm: method, htu: url, jti: randomUUID(), ...more })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
      .setIssuedAt()
      .sign(privateKey)
  const fields = { grant_type: 'client_credentials', scope: 'transactions', ...(await asApi(bank.bridge)) }
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { dpop: await proof('POST', `${issuer}/token`) },
    body: new URLSearchParams(fields),
  })
  const { access_token, token_type } = (await response.json()) as Record<string, string>
  expect(token_type).toBe('DPoP')
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(access_token))
  const ath = Buffer.from(digest).toString('base64url')
  return { token: access_token as string, proof: (url: string) => proof('POST', url, { ath }) }
}

async function decide(headers: Record<string, string>, sub: string) {
  const url = `${bank.bridge.issuer}/transactions`
  const body = JSON.stringify({ sub, authorization_details: [payment('5.00')] })
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })
  return { status: response.status, code: ((await response.json()) as { code?: string }).code }
}

test('#109 an API’s token that is bound to a key: not as bearer, not without, and each proof once', async () => {
  const { sub } = await bank.somebody()
  const { token, proof } = await bound()
  const url = `${bank.bridge.issuer}/transactions`
  expect(await decide({ authorization: `Bearer ${token}` }, sub)).toEqual({
    status: 401,
    code: 'token.invalid',
  })
  expect(await decide({ authorization: `DPoP ${token}` }, sub)).toEqual({ status: 401, code: 'dpop.missing' })
  const other = await bound()
  const headers = { authorization: `DPoP ${token}`, dpop: await other.proof(url) }
  expect(await decide(headers, sub)).toEqual({ status: 401, code: 'dpop.invalid' })
  const good = { authorization: `DPoP ${token}`, dpop: await proof(url) }
  expect(await decide(good, sub)).toEqual({ status: 201, code: undefined })
  expect(await decide(good, sub)).toEqual({ status: 401, code: 'dpop.replayed' })
  const bearer = await apiToken(bank.bridge)
  expect(await decide({ authorization: `DPoP ${bearer}`, dpop: await proof(url) }, sub)).toEqual({
    status: 401,
    code: 'token.invalid',
  })
})
