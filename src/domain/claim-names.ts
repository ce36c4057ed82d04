// Which claim an IdP's attribute is most likely meant for, so that the mapping can be proposed and need not be typed.

const byAttribute: Readonly<Record<string, string>> = {
  displayname: 'name',
  cn: 'name',
  name: 'name',
  'urn:oid:2.16.840.1.113730.3.1.241': 'name',
  'urn:oid:2.5.4.3': 'name',
  'http://schemas.microsoft.com/identity/claims/displayname': 'name',
  mail: 'email',
  email: 'email',
  emailaddress: 'email',
  'urn:oid:0.9.2342.19200300.100.1.3': 'email',
  'urn:oid:1.2.840.113549.1.9.1': 'email',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress': 'email',
  givenname: 'given_name',
  given_name: 'given_name',
  'urn:oid:2.5.4.42': 'given_name',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname': 'given_name',
  sn: 'family_name',
  surname: 'family_name',
  family_name: 'family_name',
  'urn:oid:2.5.4.4': 'family_name',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname': 'family_name',
  mobile: 'phone_number',
  phone_number: 'phone_number',
  'urn:oid:0.9.2342.19200300.100.1.41': 'phone_number',
  preferredlanguage: 'locale',
  locale: 'locale',
  'urn:oid:2.16.840.1.113730.3.1.39': 'locale',
}

/** By the names that directories and IdPs commonly use; undefined where none is known. */
export const usualClaim = (attribute: string): string | undefined =>
  Object.hasOwn(byAttribute, attribute.toLowerCase()) ? byAttribute[attribute.toLowerCase()] : undefined
