// SAML 2.0 as a connector: our request by redirect, the IdP's answer by POST.
import { X509Certificate } from 'node:crypto'
import { z } from 'zod'
import { longestSkewSeconds } from '../../domain/saml-answer.ts'
import type { Connector, ConnectorAddresses, ConnectorPlugin, UpstreamReply } from '../../ports/connector.ts'
import type { KeyStore } from '../../ports/key-store.ts'
import type { SamlChecker } from '../../ports/saml-checker.ts'
import { NAME_ID } from '../../xml/names.ts'
import { buildAuthnRequest } from '../../xml/saml/authn-request.ts'
import { kindOfIdpKey } from '../../xml/saml/idp-key.ts'
import { readableExchange } from '../../xml/saml/readable.ts'
import { spMetadata } from '../../xml/saml/sp-metadata.ts'
import { checkSettings } from './settings.ts'

const certificate = z
  .string()
  .refine(
    isCertificate,
    'this is no PEM certificate with an RSA (2048 bits or more) or P-256, P-384 or P-521 key',
  )

function isCertificate(pem: string): boolean {
  try {
    return kindOfIdpKey(new X509Certificate(pem).publicKey) !== undefined
  } catch {
    return false
  }
}

const web = z.url({ protocol: /^https?$/ })

/** What an FI's administrator says of the IdP; the console draws its form from here. */
export const samlSettings = z.strictObject({
  idpEntityId: z.string().min(1).max(1024).describe('The IdP’s entityID, exactly as it writes it.'),
  ssoUrl: web.describe('Its SingleSignOnService for the redirect binding.'),
  certificates: z
    .array(certificate)
    .min(1)
    .max(10)
    .describe('Its signing certificates; nothing else is believed.'),
  signed: z.enum(['either', 'response', 'assertion', 'both']).default('either').describe('What it signs.'),
  nameIdFormat: z.string().default(NAME_ID.persistent).describe('The NameID format that we ask for.'),
  forceAuthn: z.boolean().default(false).describe('Ask the customer anew each time.'),
  authnContexts: z
    .array(z.string())
    .max(10)
    .default([])
    .describe('Classes of authentication that we ask for.'),
  skewSeconds: z
    .int()
    .min(0)
    .max(longestSkewSeconds)
    .default(60)
    .describe('How far its clock may be off, in seconds.'),
})

type SamlSettings = z.infer<typeof samlSettings>

export interface SamlPorts {
  readonly keys: KeyStore
  readonly checker: SamlChecker
}

const metadataDays = 30
const longestAnswerSeconds = 600

/** The plugin; its parts of the house are given once, its settings per connection. */
export function samlConnector(ports: SamlPorts): ConnectorPlugin {
  return {
    type: 'saml',
    secrets: [],
    check: (settings) => checkSettings(samlSettings, settings),
    open: (addresses) => open(ports, addresses, samlSettings.parse(addresses.connection.settings)),
  }
}

function open(ports: SamlPorts, addresses: ConnectorAddresses, settings: SamlSettings): Connector {
  const { entityId, acsUrl, institution } = addresses
  const signer = () => ports.keys.signer(institution.id, 'saml-signing')
  return {
    async begin({ relayState, fresh }) {
      const { ssoUrl, nameIdFormat, authnContexts } = settings
      const forceAuthn = fresh || settings.forceAuthn
      const content = {
        spEntityId: entityId,
        acsUrl,
        ssoUrl,
        nameIdFormat,
        forceAuthn,
        authnContexts,
        relayState,
      }
      return { kind: 'redirect', ...(await buildAuthnRequest(content, await signer())) }
    },
    complete: (reply) => ports.checker.check(reply.payload, expectedOf(addresses, settings, reply)),
    readable: readableExchange,
    async metadata(now) {
      const { certificate: own } = await signer()
      const validUntil = now + metadataDays * 24 * 3600_000
      const body = spMetadata({
        entityId,
        acsUrl,
        nameIdFormat: settings.nameIdFormat,
        certificate: own,
        validUntil,
      })
      return { type: 'application/samlmetadata+xml', body }
    },
  }
}

function expectedOf({ entityId, acsUrl }: ConnectorAddresses, settings: SamlSettings, reply: UpstreamReply) {
  return {
    idpEntityId: settings.idpEntityId,
    idpCertificates: settings.certificates,
    spEntityId: entityId,
    acsUrl,
    requestId: reply.requestId,
    now: reply.now,
    skewSeconds: settings.skewSeconds,
    maxLifetimeSeconds: longestAnswerSeconds,
    signed: settings.signed,
    authenticatedAfter: reply.fresh || settings.forceAuthn ? reply.askedAt : undefined,
    authnContexts: settings.authnContexts,
  }
}
