// The value of a form field of the POST binding (SAML Bindings 3.5.4).
import { Refusal } from '../../domain/refusal.ts'

const longestForm = 256 * 1024

/** Strict base64 (duty D1): no white space, no URL alphabet, canonical padding. */
export function decodeForm(value: string): Buffer {
  if (value.length > longestForm || !/^[A-Za-z0-9+/]+={0,2}$/.test(value)) {
    throw new Refusal('saml.malformed', { check: 'base64' })
  }
  const bytes = Buffer.from(value, 'base64')
  if (bytes.toString('base64') !== value) throw new Refusal('saml.malformed', { check: 'base64' })
  return bytes
}
