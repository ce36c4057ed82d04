// Which keys of an IdP are strong enough to be believed.
import type { KeyObject } from 'node:crypto'

const minimumRsaBits = 2048
const curves: ReadonlySet<string | undefined> = new Set(['prime256v1', 'secp384r1', 'secp521r1'])

/** RSA of 2048 bits at least, or one of the NIST curves (NIST SP 800-131A); undefined for any other key. */
export function kindOfIdpKey({
  asymmetricKeyType,
  asymmetricKeyDetails,
}: KeyObject): 'rsa' | 'ec' | undefined {
  if (asymmetricKeyType === 'rsa')
    return (asymmetricKeyDetails?.modulusLength ?? 0) >= minimumRsaBits ? 'rsa' : undefined
  return asymmetricKeyType === 'ec' && curves.has(asymmetricKeyDetails?.namedCurve) ? 'ec' : undefined
}
