// Upstream attributes become claims by a table, and by nothing else.

// RFC 7519, OIDC Core and our own: names that an upstream attribute must never set (attack 115).
const protectedClaims: ReadonlySet<string> = new Set([
  'sub',
  'iss',
  'aud',
  'exp',
  'nbf',
  'iat',
  'jti',
  'acr',
  'amr',
  'auth_time',
  'azp',
  'cnf',
  'nonce',
  'at_hash',
  'c_hash',
  's_hash',
  'sid',
  'act',
  'may_act',
  'scope',
  'client_id',
  'authorization_details',
  'device',
  'transaction',
  '__proto__',
  'constructor',
  'prototype',
])

/** May a claims table name this claim? */
export const isMappable = (claim: string): boolean =>
  !protectedClaims.has(claim) && /^[a-z][a-z0-9_]{0,63}$/.test(claim)

/** The claims of a customer; one value stays a string, several become a list. */
export type Claims = Readonly<Record<string, string | readonly string[]>>

/** Reads only what the table names; protected names are skipped even when a table has them. */
export function claimsFrom(
  attributes: ReadonlyMap<string, readonly string[]>,
  table: Readonly<Record<string, string>>,
): Claims {
  const entries = Object.entries(table)
    .filter(([claim]) => isMappable(claim))
    .flatMap(([claim, attribute]) => {
      const values = attributes.get(attribute)
      if (values === undefined || values.length === 0) return []
      return [[claim, values.length === 1 ? (values[0] as string) : [...values]] as const]
    })
  return Object.fromEntries(entries)
}

/** Which claims a scope releases (OIDC Core 5.4). */
export const claimsOfScope: Readonly<Record<string, readonly string[]>> = {
  openid: ['sub', 'acr', 'amr', 'auth_time'],
  profile: ['name', 'given_name', 'family_name', 'locale'],
  email: ['email'],
  phone: ['phone_number'],
}
