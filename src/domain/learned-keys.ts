// Keys that trusted metadata named after a file had said which ones count: kept beside what the file says, never in it.
import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import { contentOf } from './connection.ts'
import type { Connection, ConnectionContent } from './institution.ts'

const bodyOf = (pem: string): string => pem.replace(/-----[^-]+-----|\s+/g, '')

/** The same certificate, however its lines are broken. */
export const sameCertificate = (a: string, b: string): boolean => bodyOf(a) === bodyOf(b)

export const holds = (certificates: readonly string[], pem: string): boolean =>
  certificates.some((one) => sameCertificate(one, pem))

/** SHA-256 over the DER, upper case hexadecimal with colons, as browsers and openssl print it. */
export const fingerprintOf = (pem: string): string =>
  createHash('sha256')
    .update(Buffer.from(bodyOf(pem), 'base64'))
    .digest('hex')
    .toUpperCase()
    .replace(/..(?!$)/g, '$&:')

/** The signing certificates that a content names; none where the protocol fetches keys at run time. */
export function certificatesIn({ settings }: Pick<ConnectionContent, 'settings'>): readonly string[] {
  const { certificates } = settings
  return Array.isArray(certificates) ? certificates.filter((one) => typeof one === 'string') : []
}

/** What is saved, and the keys that were learned. */
export function withLearned(content: ConnectionContent, learned: readonly string[] = []): ConnectionContent {
  const said = certificatesIn(content)
  const more = learned.filter((pem) => !holds(said, pem))
  if (more.length === 0) return content
  return { ...content, settings: { ...content.settings, certificates: [...said, ...more] } }
}

/** What customers sign in by. */
export const effectiveContent = (connection: Connection): ConnectionContent =>
  withLearned(contentOf(connection), connection.learned)

/** The connection as its connector is opened for it. */
export const effectiveConnection = (connection: Connection): Connection => ({
  ...connection,
  ...effectiveContent(connection),
})

// Whoever changes one of these trusts somebody else, or somebody no longer.
const trusting = ['idpEntityId', 'metadataUrl', 'metadataSigners', 'trustNewKeys'] as const

/** Do keys that were learned under the one content still count under the other? */
export const sameTrust = (before: ConnectionContent, after: ConnectionContent): boolean =>
  before.type === after.type &&
  trusting.every((name) => sameValue(before.settings[name], after.settings[name]))

/** Does what was read of the one's metadata say anything of the other? */
export const sameSource = (before: ConnectionContent, after: ConnectionContent): boolean =>
  before.type === after.type &&
  (['metadataUrl', 'idpEntityId'] as const).every((name) =>
    sameValue(before.settings[name], after.settings[name]),
  )

export const sameValue = (a: unknown, b: unknown): boolean =>
  (canonicalize(a ?? null) ?? '') === (canonicalize(b ?? null) ?? '')
