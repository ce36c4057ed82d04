// How the bridge proves itself to a risk engine over HTTP, as its administrator writes it; for every plugin that asks one so.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { z } from 'zod'
import { isClearAbroad } from '../../domain/redirect.ts'

export const authentications = ['none', 'basic', 'bearer', 'header', 'hmac', 'oauth'] as const
export type Authentication = (typeof authentications)[number]

const readable = (read: (pem: string) => unknown) => (pem: string) => {
  try {
    read(pem)
    return true
  } catch {
    return false
  }
}

const certificate = z
  .string()
  .refine(
    readable((pem) => new X509Certificate(pem)),
    'this is no PEM certificate',
  )
  .meta({ kind: 'pem' })

/** What is no address at all is told of by another rule. */
function judgedUrl(text: string, holds: (url: URL) => boolean): boolean {
  const url = URL.parse(text)
  return url === null || holds(url)
}

/** What can be told from the address alone; where its name leads is judged when it is fetched. */
export const engineUrl = z
  .string()
  .max(2000)
  .refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''), 'an http or https address is needed')
  .refine((text) => !text.includes('#'), 'an address without a fragment is needed')
  .refine((text) => judgedUrl(text, (url) => !isClearAbroad(url)), 'http only on loopback')
  .refine(
    (text) => judgedUrl(text, ({ username, password }) => `${username}${password}` === ''),
    'no user name or password in the address',
  )
  .meta({ format: 'uri' })

// A file often ends with a line break that is no part of the secret.
const secret = z.string().trim().min(1).max(4096)
const headerName = z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'a name of a header is needed')

/** What `authentication` needs and may have, each at the first level: files write them in snake_case. */
export const accessShape = {
  username: z
    .string()
    .trim()
    .min(1)
    .max(500)
    .optional()
    .describe('For basic: the user. Where there is none the API key stands for it.'),
  password: secret.optional().describe('For basic; empty unless told.'),
  token: secret.optional().describe('For bearer.'),
  keyHeader: headerName.optional().describe('For header: the header that the API key goes in.'),
  apiKey: secret.optional().describe('For header, and for a body that has a place for it.'),
  keyId: z
    .string()
    .regex(/^[\w.:-]{1,100}$/, 'letters, digits and . : _ - are needed')
    .optional()
    .describe('For hmac: which key it is, where the engine has several.'),
  hmacSecret: secret
    .refine((text) => text.length >= 32, 'at least 32 characters are needed')
    .optional()
    .describe('For hmac: the secret that both sides have.'),
  tokenUrl: engineUrl.optional().describe('For oauth: the token endpoint.'),
  clientId: z.string().trim().min(1).max(500).optional().describe('For oauth.'),
  clientSecret: secret.optional().describe('For oauth, by client_secret_basic.'),
  scope: z.string().trim().min(1).max(500).optional().describe('For oauth: what is asked for.'),
  tlsCertificate: certificate.optional().describe('Ours, where the engine asks for one (mutual TLS).'),
  tlsKey: z
    .string()
    .refine(readable(createPrivateKey), 'this is no PEM private key')
    .meta({ kind: 'pem' })
    .optional()
    .describe('Its private key.'),
  tlsAuthority: certificate
    .optional()
    .describe('The authority that the engine’s TLS certificate is from, where the world does not know it.'),
}

export type AccessSettings = z.infer<z.ZodObject<typeof accessShape>> & {
  readonly authentication: Authentication
}

const needs: Readonly<Record<Authentication, readonly (keyof typeof accessShape)[]>> = {
  none: [],
  basic: [],
  bearer: ['token'],
  header: ['keyHeader', 'apiKey'],
  hmac: ['hmacSecret'],
  oauth: ['tokenUrl', 'clientId', 'clientSecret'],
}

/** What is missing for the way in that was chosen. */
export function accessFaults(given: AccessSettings): readonly { path: string[]; message: string }[] {
  const nobody = given.authentication === 'basic' && (given.username ?? given.apiKey) === undefined
  const missing = [...needs[given.authentication], ...(nobody ? (['username'] as const) : [])]
    .filter((name) => given[name] === undefined)
    .map((name) => ({ path: [name], message: `${given.authentication} needs it` }))
  const { tlsCertificate, tlsKey } = given
  const alone = (tlsCertificate === undefined) !== (tlsKey === undefined)
  return alone
    ? [
        ...missing,
        { path: [tlsKey === undefined ? 'tlsKey' : 'tlsCertificate'], message: 'one needs the other' },
      ]
    : missing
}

/** Fields that a form does not show. */
export const accessSecrets: readonly string[] = [
  ...['password', 'token', 'apiKey', 'hmacSecret', 'clientSecret', 'tlsKey'],
]

export const accessLabels: Readonly<Record<string, string>> = {
  authentication: 'How we prove ourselves',
  keyHeader: 'Header of the API key',
  apiKey: 'API key',
  keyId: 'Key ID',
  hmacSecret: 'Secret of the signature',
  tokenUrl: 'Token endpoint',
  clientId: 'Client ID',
  tlsCertificate: 'Our TLS certificate',
  tlsKey: 'Its private key',
  tlsAuthority: 'Authority of its TLS certificate',
  url: 'Address',
}
