// Writing XML that is already in its exclusive canonical form: what is hashed is the very text that is sent.
import { Refusal } from '../domain/refusal.ts'

// biome-ignore lint/suspicious/noControlCharactersInRegex: finding what XML 1.0 cannot carry is the point
const unwritable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#x9;',
  '\n': '&#xA;',
  '\r': '&#xD;',
}

function writable(value: string): string {
  if (unwritable.test(value) || !value.isWellFormed())
    throw new Refusal('request.malformed', { xml: 'unwritable character' })
  return value
}

/** Text content (Canonical XML 1.0, 2.3). Refuses characters that XML cannot carry. */
export const text = (value: string): string =>
  writable(value).replace(/[&<>\r]/g, (found) => escapes[found] as string)

/** An attribute's value, without its quotes. */
export const value = (raw: string): string =>
  writable(raw).replace(/[&<"\t\n\r]/g, (found) => escapes[found] as string)
