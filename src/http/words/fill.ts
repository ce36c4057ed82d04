// Filling the words in braces of a catalogue text.

const slot = /\{(\w+)\}/g

/** The text with its slots filled. A slot without a value is a fault of ours and throws. */
export function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(slot, (_, name: string) => String(given(values, name, text)))
}

/** The text cut at its slots, `[text, value, text, ...]`, for a caller that must not flatten values into a string. */
export function fillParts<T>(text: string, values: Readonly<Record<string, T>>): (string | T)[] {
  return text.split(slot).map((piece, i) => (i % 2 === 0 ? piece : given(values, piece, text)))
}

/** The names of a text's slots, sorted: what the languages must agree on. */
export const slotsOf = (text: string): string[] => [...text.matchAll(slot)].map((m) => m[1] ?? '').sort()

function given<T>(values: Readonly<Record<string, T>>, name: string, text: string): T {
  const value = Object.hasOwn(values, name) ? values[name] : undefined
  if (value === undefined) throw new Error(`no value for {${name}} in “${text}”`)
  return value
}
