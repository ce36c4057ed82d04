// SAML 2.0 as a connector: our request by redirect, the IdP's answer by POST.
import { X509Certificate } from 'node:crypto'
import { z } from 'zod'
import type { Acr } from '../../domain/acr.ts'
import { Refusal } from '../../domain/refusal.ts'
import {
  type Allowance,
  allowances,
  longestAnswerSeconds,
  longestSkewSeconds,
} from '../../domain/saml-answer.ts'
import { acceptedClasses, classesFor } from '../../domain/upstream-level.ts'
import type { Clock } from '../../ports/clock.ts'
import type {
  Connector,
  ConnectorAddresses,
  ConnectorExpiry,
  ConnectorPlugin,
  UpstreamReply,
} from '../../ports/connector.ts'
import type { OurAddress } from '../../ports/connector-settings.ts'
import type { OwnKeys } from '../../ports/own-keys.ts'
import type { SamlChecker } from '../../ports/saml-checker.ts'
import { NAME_ID } from '../../xml/names.ts'
import { buildAuthnRequest, postedAuthnRequest } from '../../xml/saml/authn-request.ts'
import { kindOfIdpKey } from '../../xml/saml/idp-key.ts'
import { readableExchange } from '../../xml/saml/readable.ts'
import { spMetadata } from '../../xml/saml/sp-metadata.ts'
import { checkSettings } from '../settings.ts'
import { settingFields } from '../settings-form.ts'
import { certificateEnd } from './expiries.ts'
import { type SamlDiscoveryPorts, samlDiscovery } from './saml-discovery.ts'
import { samlLogout, sloUrlOf } from './saml-logout.ts'
import { samlLabels } from './settings-form.ts'

const certificate = z
  .string()
  .refine(
    isCertificate,
    'this is no PEM certificate with an RSA (2048 bits or more) or P-256, P-384 or P-521 key',
  )
  .meta({ kind: 'pem' })

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
  ssoUrl: web.describe('Its SingleSignOnService for this binding.'),
  certificates: z
    .array(certificate)
    .min(1)
    .max(10)
    .describe('Its signing certificates; nothing else is believed.'),
  sloUrl: web.optional().describe('Its SingleLogoutService; without it signing out ends our side alone.'),
  sloResponseUrl: web
    .optional()
    .describe('Where our answers to its logout requests go, if elsewhere (ResponseLocation).'),
  sloBinding: z.enum(['redirect', 'post']).default('redirect').describe('How our logout messages travel.'),
  binding: z.enum(['redirect', 'post']).default('redirect').describe('How our request travels.'),
  encrypted: z
    .enum(['optional', 'required', 'refused'])
    .default('optional')
    .describe('Whether it encrypts assertions to the key in our metadata.'),
  compat: z
    .strictObject({
      until: z.iso.date().describe('The last day (UTC).'),
      allow: z.array(z.enum(allowances)).min(1),
    })
    .optional()
    .describe('What this IdP is forgiven until it is mended. Each use is audited.'),
  signed: z.enum(['either', 'response', 'assertion', 'both']).default('either').describe('What it signs.'),
  nameIdFormat: z.string().default(NAME_ID.persistent).describe('The NameID format that we ask for.'),
  forceAuthn: z.boolean().default(false).describe('Ask the customer anew each time.'),
  authnContexts: z
    .array(z.string())
    .max(10)
    .default([])
    .describe('Classes of authentication that we ask for.'),
  authnContextComparison: z
    .enum(['exact', 'minimum'])
    .default('exact')
    .describe('Whether it may answer with a stronger class; what is asked for a level is always exact.'),
  metadataUrl: web.optional().describe('Where its metadata is read again from.'),
  metadataEnds: z.iso
    .date()
    .optional()
    .describe('The day (UTC) on which metadata that was given as a document ends: it is warned of before.'),
  metadataSigners: z
    .array(certificate)
    .min(1)
    .max(5)
    .optional()
    .describe('Who signs its metadata; unsigned or signed by another it is refused.'),
  trustNewKeys: z
    .boolean()
    .default(false)
    .describe('Whether new keys in its metadata count without anybody’s approval, signed or not.'),
  expiredCertificates: z
    .enum(['warn', 'refuse'])
    .default('warn')
    .describe('What becomes of answers by a certificate whose time is over.'),
  expiredMetadata: z
    .enum(['warn', 'refuse'])
    .default('warn')
    .describe('What becomes of sign-ins when the validUntil of its metadata is over.'),
  skewSeconds: z
    .int()
    .min(0)
    .max(longestSkewSeconds)
    .default(60)
    .describe('How far its clock may be off, in seconds.'),
})

export type SamlSettings = z.infer<typeof samlSettings>

export interface SamlPorts extends SamlDiscoveryPorts {
  readonly ownKeys: OwnKeys
  readonly checker: SamlChecker
}

const metadataDays = 30
const dayMs = 24 * 3600_000
const longestCompatMs = 180 * dayMs

/** An old IdP is forgiven for a while, not for good; judged when somebody writes it, not at each sign-in. */
const endsSoon = (clock: Clock) => (settings: SamlSettings, ctx: z.RefinementCtx) => {
  const end = endOf(settings)
  if (end === undefined || end <= clock.now() + longestCompatMs) return
  ctx.addIssue({ code: 'custom', path: ['compat', 'until'], message: 'at most 180 days ahead' })
}

const form = settingFields(samlSettings, { labels: samlLabels, secrets: [], asked: [] })

const ours = (issuer: string, connection: string): OurAddress[] => {
  const at = `${issuer}/saml/${connection}`
  return [
    {
      name: 'Metadata URL',
      meaning: 'Load this into the IdP; it says all of the rest, and our certificates.',
      value: `${at}/metadata`,
    },
    { name: 'Entity ID', meaning: 'Our name, where the IdP asks for it.', value: `${at}/metadata` },
    {
      name: 'Assertion consumer service',
      meaning: 'Where its answers go, by HTTP-POST.',
      value: `${at}/acs`,
    },
    {
      name: 'Single logout service',
      meaning: 'Where its logout messages go, by HTTP-Redirect or HTTP-POST.',
      value: `${at}/slo`,
    },
  ]
}

/** The plugin; its parts of the house are given once, its settings per connection. */
export function samlConnector(ports: SamlPorts): ConnectorPlugin {
  return {
    type: 'saml',
    secrets: [],
    ownKeys: ['saml-signing', 'saml-decryption'],
    expiries: (settings) => samlExpiries(samlSettings.safeParse(settings).data),
    check: (settings) => checkSettings(samlSettings.superRefine(endsSoon(ports.clock)), settings),
    discovery: samlDiscovery(ports),
    form,
    ours,
    open: (addresses) => open(ports, addresses, samlSettings.parse(addresses.connection.settings)),
  }
}

function open(ports: SamlPorts, addresses: ConnectorAddresses, settings: SamlSettings): Connector {
  const { entityId, acsUrl, institution, connection } = addresses
  const place = { institution: institution.id, connection: connection.id }
  const signing = { ...place, purpose: 'saml-signing' } as const
  const decryption = { ...place, purpose: 'saml-decryption' } as const
  return {
    asksUpstream: false,
    async begin({ relayState, fresh, neededAcr, now }) {
      checkMetadata(addresses, settings, now)
      const { ssoUrl, nameIdFormat } = settings
      const forceAuthn = fresh || settings.forceAuthn
      const content = {
        spEntityId: entityId,
        acsUrl,
        ssoUrl,
        nameIdFormat,
        forceAuthn,
        ...asked(addresses, settings, neededAcr),
        relayState,
      }
      const build = settings.binding === 'post' ? postedAuthnRequest : buildAuthnRequest
      return build(content, await ports.ownKeys.signer(signing))
    },
    async complete(reply) {
      checkMetadata(addresses, settings, reply.now)
      const decrypter = await ports.ownKeys.decrypter(decryption)
      return ports.checker.check(reply.payload, expectedOf(addresses, settings, reply), decrypter)
    },
    readable: readableExchange,
    logout: samlLogout(ports, addresses, settings),
    metadata: (now) => ownMetadata(ports, addresses, { settings, now }),
  }
}

interface OwnSide {
  readonly settings: SamlSettings
  readonly now: number
}

/** What the IdP's administrator loads: with every key of ours that counts now or will. */
async function ownMetadata(ports: SamlPorts, addresses: ConnectorAddresses, { settings, now }: OwnSide) {
  const { entityId, acsUrl, institution, connection } = addresses
  const place = { institution: institution.id, connection: connection.id }
  const signers = await ports.ownKeys.published({ ...place, purpose: 'saml-signing' })
  const decrypters = await ports.ownKeys.published({ ...place, purpose: 'saml-decryption' })
  const body = spMetadata({
    entityId,
    acsUrl,
    sloUrl: sloUrlOf(addresses),
    nameIdFormat: settings.nameIdFormat,
    signing: signers.map(({ certificate: own }) => own),
    // A retired key still opens what comes, and nobody shall begin to encrypt to it.
    encryption: decrypters
      .filter(({ state }) => settings.encrypted !== 'refused' && state !== 'retired')
      .map(({ certificate: own }) => own),
    validUntil: now + metadataDays * dayMs,
  })
  return { type: 'application/samlmetadata+xml', body }
}

/** A level asks for the classes that reach it, each of which would do; no level, for what the settings say. */
function asked({ connection }: ConnectorAddresses, settings: SamlSettings, acr: Acr | undefined) {
  const classes = acr === undefined ? [] : classesFor(connection.levels, acr)
  if (classes.length > 0) return { authnContexts: classes, comparison: 'exact' } as const
  return { authnContexts: settings.authnContexts, comparison: settings.authnContextComparison }
}

/** None of settings that do not hold: nobody signs in by those. */
function samlExpiries(settings: SamlSettings | undefined): ConnectorExpiry[] {
  if (settings === undefined) return []
  const end = endOf(settings)
  return [
    ...settings.certificates.map((pem) => ({ kind: 'idp-certificate' as const, ...certificateEnd(pem) })),
    ...(end === undefined ? [] : [{ kind: 'compat' as const, name: 'compat', at: end }]),
    ...documentEnd(settings),
  ]
}

/** What is read again at an address is warned of as it was read. */
const documentEnd = ({ metadataEnds, metadataUrl }: SamlSettings): ConnectorExpiry[] =>
  metadataEnds === undefined || metadataUrl !== undefined
    ? []
    : [{ kind: 'metadata', name: 'document', at: Date.parse(`${metadataEnds}T00:00:00Z`) }]

/** What the IdP says of itself has ended (SAML Metadata 2.3.2), and nobody has read anything newer. */
function checkMetadata({ connection }: ConnectorAddresses, settings: SamlSettings, now: number): void {
  const { metadataUntil: until } = connection
  if (settings.expiredMetadata === 'warn' || settings.metadataUrl === undefined) return
  if (until === undefined || now < until) return
  const expected = `after ${new Date(now).toISOString()}`
  throw new Refusal('upstream.unavailable', {
    check: 'validUntil of the metadata',
    expected,
    actual: new Date(until).toISOString(),
  })
}

/** The end of its last day, in epoch milliseconds. */
const endOf = ({ compat }: SamlSettings): number | undefined =>
  compat && Date.parse(`${compat.until}T00:00:00Z`) + dayMs

/** Read at each answer: no restart and no click is needed for the date to end it. */
function allowedAt(settings: SamlSettings, now: number): readonly Allowance[] {
  const end = endOf(settings)
  return end !== undefined && now < end ? (settings.compat?.allow ?? []) : []
}

function expectedOf(
  { entityId, acsUrl, connection }: ConnectorAddresses,
  settings: SamlSettings,
  reply: UpstreamReply,
) {
  return {
    idpEntityId: settings.idpEntityId,
    idpCertificates: settings.certificates,
    spEntityId: entityId,
    acsUrl,
    requestId: reply.requestId,
    now: reply.now,
    skewSeconds: settings.skewSeconds,
    expiredCertificates: settings.expiredCertificates,
    maxLifetimeSeconds: longestAnswerSeconds,
    signed: settings.signed,
    encrypted: settings.encrypted,
    allow: allowedAt(settings, reply.now),
    authenticatedAfter: reply.fresh || settings.forceAuthn ? reply.askedAt : undefined,
    authnContexts: acceptedClasses({
      usual: settings.authnContexts,
      comparison: settings.authnContextComparison,
      table: connection.levels,
      asked: reply.askedAcr,
    }),
  }
}
