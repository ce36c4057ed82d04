// What an FI's administrator says of an OpenID provider upstream.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { z } from 'zod'

export const clientAuthentications = [
  'client_secret_basic',
  'private_key_jwt',
  'tls_client_auth',
  'self_signed_tls_client_auth',
] as const

// Never `none`, never a secret key: a public key must not become one (attack 87).
export const algorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const

const readable = (read: (pem: string) => unknown) => (pem: string) => {
  try {
    read(pem)
    return true
  } catch {
    return false
  }
}

const origin = z
  .string()
  .refine(
    (text) => URL.parse(text)?.origin === text && text !== 'null',
    'an origin is needed: https://keys.example',
  )

const shape = z.strictObject({
  issuer: z
    .url({ protocol: /^https?$/ })
    .refine(
      (text) => !/[?#]/.test(text),
      'an issuer has neither query nor fragment (OpenID Connect Discovery 3)',
    )
    .describe('Its issuer identifier, exactly as it writes it; its configuration is found below it.'),
  clientId: z.string().min(1).max(512).describe('Our client id there.'),
  clientAuth: z
    .enum(clientAuthentications)
    .default('private_key_jwt')
    .describe('How we prove ourselves to it.'),
  // A file often ends with a line break that is no part of the secret.
  clientSecret: z.string().trim().min(1).max(1024).optional().describe('For client_secret_basic.'),
  clientSecretExpires: z.iso
    .date()
    .optional()
    .describe('The last day of the client secret (UTC), where the provider ends it: it is warned of before.'),
  tlsCertificate: z
    .string()
    .refine(
      readable((pem) => new X509Certificate(pem)),
      'this is no PEM certificate',
    )
    .meta({ kind: 'pem' })
    .optional()
    .describe('Ours, for the two tls_ ways.'),
  tlsKey: z
    .string()
    .refine(readable(createPrivateKey), 'this is no PEM private key')
    .meta({ kind: 'pem' })
    .optional()
    .describe('Its private key.'),
  tlsAuthority: z
    .string()
    .refine(
      readable((pem) => new X509Certificate(pem)),
      'this is no PEM certificate',
    )
    .meta({ kind: 'pem' })
    .optional()
    .describe('The authority that its own TLS certificate is from, where the world does not know it.'),
  idTokenAlgorithm: z.enum(algorithms).default('RS256').describe('The one algorithm of its ID tokens.'),
  scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/))
    .max(20)
    .default([])
    .describe('Beside `openid`.'),
  userinfo: z.boolean().default(false).describe('Ask its userinfo endpoint for claims too.'),
  otherOrigins: z
    .array(origin)
    .max(10)
    .default([])
    .describe('Origins beside the issuer’s on which its endpoints may stand.'),
  acrValues: z
    .array(z.string().min(1).max(200))
    .max(10)
    .default([])
    .describe('What we ask for; it must be met.'),
  forceLogin: z.boolean().default(false).describe('Ask the customer anew each time.'),
  frontchannelLogout: z
    .boolean()
    .default(false)
    .describe('Let it end sessions by a frame in the customer’s own browser too; nothing of that is signed.'),
  skewSeconds: z.int().min(0).max(180).default(60).describe('How far its clock may be off, in seconds.'),
})

export const oidcSettings = shape.superRefine(({ clientAuth, ...given }, ctx) => {
  const need = (key: 'clientSecret' | 'tlsCertificate' | 'tlsKey') => {
    if (given[key] === undefined)
      ctx.addIssue({ code: 'custom', path: [key], message: `${clientAuth} needs it` })
  }
  if (clientAuth === 'client_secret_basic') need('clientSecret')
  if (!clientAuth.startsWith('client_') && clientAuth !== 'private_key_jwt') {
    need('tlsCertificate')
    need('tlsKey')
  }
})

export type OidcSettings = z.infer<typeof shape>
