// Signers as the bridge has them, and messages as it sends them, for tests that judge the XML.
import { generateKeyPairSync } from 'node:crypto'
import type { AssertionContent } from '../../src/domain/assertion.ts'
import { selfSigned } from '../../src/plugins/keys/certificate.ts'
import { signerOf } from '../../src/plugins/keys/signer.ts'
import type { Signer } from '../../src/ports/key-store.ts'
import { signAssertion } from '../../src/xml/saml/assertion.ts'
import { type MessageContent, secureMessage } from '../../src/xml/wss/message.ts'

export async function testSigner(
  algorithm: 'RS256' | 'ES256',
  subject = `test ${algorithm}`,
): Promise<Signer> {
  const pair =
    algorithm === 'RS256'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const privateJwk = pair.privateKey.export({ format: 'jwk' }) as Record<string, unknown>
  const publicJwk = pair.publicKey.export({ format: 'jwk' }) as Record<string, unknown>
  const certificate = await selfSigned({
    use: 'sig',
    subject,
    privateJwk,
    publicJwk,
    algorithm,
    notBefore: new Date(Date.now() - 60_000),
    years: 1,
  })
  return signerOf({ kid: subject, algorithm, certificate, privateJwk })
}

export const pem = (signer: Signer): string =>
  `-----BEGIN CERTIFICATE-----\n${signer.certificate.match(/.{1,64}/g)?.join('\n')}\n-----END CERTIFICATE-----\n`

export const content = (change: Partial<AssertionContent> = {}): AssertionContent => {
  const now = Date.now()
  return {
    id: '_assertion1',
    issuer: 'https://bridge.example/alder',
    audience: 'urn:alder:core:payments',
    subject: 'sub-1',
    issuedAt: now,
    notBefore: now - 5000,
    notOnOrAfter: now + 300_000,
    authenticatedAt: now - 60_000,
    sessionIndex: 'session-1',
    acr: 'urn:drawbridge:acr:device-pin',
    amr: ['fed', 'pop', 'pin'],
    relyingParty: 'alder-phone',
    device: 'device-1',
    transaction: 'hash-1',
    auditId: 'audit-1',
    ...change,
  }
}

export const bodyXml = '<p:Transfer xmlns:p="urn:alder:payments:1"><p:amount>125.50</p:amount></p:Transfer>'

export const to = 'https://core.example/payments'

export interface MessageOptions {
  readonly signer: Signer
  readonly assertionSigner?: Signer
  readonly content?: Partial<AssertionContent>
  readonly message?: Partial<MessageContent>
}

export async function message({
  signer,
  assertionSigner = signer,
  content: change,
  message: rest,
}: MessageOptions): Promise<string> {
  const said = content(change)
  const base: MessageContent = {
    soap: '1.1',
    bodyXml,
    assertion: await signAssertion(said, assertionSigner),
    assertionId: said.id,
    now: Date.now(),
    ttlSeconds: 300,
    addressing: { to, action: 'urn:alder:payments:1:Transfer', messageId: 'urn:drawbridge:message:1' },
  }
  return secureMessage({ ...base, ...rest }, signer)
}
