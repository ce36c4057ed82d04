// The value of a form field of the POST binding (SAML Bindings 3.5.4).
import { Refusal } from '../../domain/refusal.ts'
import { kindOf } from '../kind.ts'

const expected = 'the message in base64, as the browser posts it'
const longestForm = 256 * 1024

/** Strict base64 (duty D1): no white space, no URL alphabet, canonical padding. */
export function decodeForm(value: string): Buffer {
  const refused = (actual: string) => new Refusal('saml.malformed', { check: 'base64', expected, actual })
  if (value.length > longestForm) throw refused(`${value.length} characters, more than ${longestForm}`)
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(value)) throw refused(kindOf(Buffer.from(value)))
  const bytes = Buffer.from(value, 'base64')
  if (bytes.toString('base64') !== value) throw refused('base64 whose end is not padded as it must be')
  return bytes
}
