// Why an answer of an upstream OpenID provider is refused; the detail names the check, what was expected and what was there.

export const oidcRefusalCodes = [
  /** Its configuration or keys cannot be had, or say what they must not. */
  'oidc.discovery',
  /** The callback is malformed, or carries an error of the provider. */
  'oidc.callback',
  /** The customer, or the provider, said no. */
  'oidc.declined',
  /** The answer is of another provider, or to another request (RFC 9207). */
  'oidc.mixed_up',
  /** The token endpoint refused the code, or answered with what is no answer. */
  'oidc.exchange',
  /** The ID token, or the userinfo beside it, does not hold. */
  'oidc.id_token',
] as const
