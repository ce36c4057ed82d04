// A SAML exchange for people: decoded, and every text that may name a customer masked. It reads what no check has passed.
import { inflateRawSync } from 'node:zlib'
import type { ReadableExchange } from '../../domain/exchange.ts'
import { instantOf } from './time.ts'

const most = 1024 * 1024

// Texts that say nothing of a person. Whatever is not listed is masked: an IdP may put a name where nobody expects one.
const told: ReadonlySet<string> = new Set([
  'Issuer',
  'Audience',
  'AuthnContextClassRef',
  'AuthenticatingAuthority',
  'StatusMessage',
  'DigestValue',
  'SignatureValue',
  'X509Certificate',
])

const mask = (text: string): string => `[masked, ${text.trim().length} characters]`

// Attributes whose values are the customer's: where they sit, and how their session at the IdP is called.
const personal = /\b(Address|SessionIndex|NameQualifier|SPProvidedID)\s*=\s*("[^"]*"|'[^']*')/g

/**
 * By tokens and not by a parser, since what is kept is often just what no parser takes: a text is shown only when the tag
 * right before it opens an element of the list.
 */
export function masked(xml: string): string {
  let last = ''
  return xml.replace(/<[^>]*>?|[^<]+/g, (token) => {
    if (!token.startsWith('<')) return token.trim() === '' || told.has(last) ? token : mask(token)
    last = /^<(?:[\w.-]+:)?([\w.-]+)/.exec(token)?.[1] ?? ''
    // Comments, CDATA and the like; a tag that never ends has no business here either.
    if (/^<[!?]/.test(token) || !token.endsWith('>')) return token.startsWith('<?xml ') ? token : mask(token)
    return token.replace(personal, '$1="[masked]"')
  })
}

function xmlOf(bytes: Buffer): string {
  return masked(bytes.toString('utf8').toWellFormed())
}

/** Our request, as a redirect or a form carried it. */
function requestOf(sent: { url: string; fields?: Readonly<Record<string, string>> | undefined }): string {
  const posted = sent.fields?.SAMLRequest
  if (posted !== undefined) return `POST ${sent.url}\n${xmlOf(Buffer.from(posted, 'base64'))}`
  const url = new URL(sent.url)
  const packed = url.searchParams.get('SAMLRequest') ?? ''
  return `GET ${url.origin}${url.pathname}\n${xmlOf(inflateRawSync(Buffer.from(packed, 'base64'), { maxOutputLength: most }))}`
}

/** Never throws: what cannot be decoded is said to be so. */
function attempt(read: () => string): string {
  try {
    return read()
  } catch (error) {
    return `(cannot be decoded: ${error instanceof Error ? error.message : String(error)})`
  }
}

/** Both messages decoded and masked. Never throws. */
export function readableExchange(
  sent: { url: string; fields?: Readonly<Record<string, string>> | undefined } | undefined,
  samlResponse: string,
): ReadableExchange {
  const answer = attempt(() => xmlOf(Buffer.from(samlResponse.slice(0, most), 'base64')))
  const issued = /\bIssueInstant\s*=\s*["']([^"']{10,40})["']/.exec(answer)?.[1]
  return {
    request: sent === undefined ? '(not kept)' : attempt(() => requestOf(sent)),
    answer,
    answeredAt: issued === undefined ? undefined : instantOf(issued),
  }
}
