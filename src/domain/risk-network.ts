// What is said of the address that an event came from.
import type { Covered, Place } from './place.ts'
import type { RiskFacts } from './risk-event.ts'

/** `found` is what the databases that there are (`covered`) say of it. */
export const networkFacts = (
  address: string | undefined,
  found: Place | undefined,
  covered: Covered,
): RiskFacts => ({
  'network.address': address,
  'network.country': found?.country,
  'network.town': found?.town,
  'network.latitude': found?.at?.latitude,
  'network.longitude': found?.at?.longitude,
  'network.asn': found?.asn,
  'network.located':
    address !== undefined && covered.places
      ? found?.country !== undefined || found?.at !== undefined
      : undefined,
  'network.announced': address !== undefined && covered.systems ? found?.asn !== undefined : undefined,
})
