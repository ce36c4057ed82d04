// JSON with the integers of money in it, which JSON itself has no word for.

/** A bigint becomes `{"$int": "123"}`, so that it comes back as one. */
export const written = (value: unknown): string =>
  JSON.stringify(value, (_key, one: unknown) => (typeof one === 'bigint' ? { $int: one.toString() } : one))

/** What `written` wrote. */
export const parsed = <T>(text: string): T =>
  JSON.parse(text, (_key, one: unknown) => (isInt(one) ? BigInt(one.$int) : one)) as T

const isInt = (value: unknown): value is { readonly $int: string } =>
  typeof value === 'object' && value !== null && typeof (value as { $int?: unknown }).$int === 'string'
