// The reference id that an error page shows and a log line carries: short enough to be read over the telephone.

// Without I, L, O, U, 0 and 1: nobody mishears these.
const alphabet = '23456789ABCDEFGHJKMNPQRSTVWXYZ'

/** DB-XXXX-XXXX from eight random bytes. */
export function referenceFrom(bytes: Uint8Array): string {
  const letters = [...bytes.subarray(0, 8)].map((byte) => alphabet[byte % alphabet.length]).join('')
  return `DB-${letters.slice(0, 4)}-${letters.slice(4)}`
}

/** A reference as somebody heard or typed it, in its own form; what is none comes back in capitals. */
export function referenceTyped(text: string): string {
  const [, first, last] =
    /^(?:DB)?([0-9A-Z]{4})([0-9A-Z]{4})$/.exec(text.toUpperCase().replace(/[\s–-]/g, '')) ?? []
  return first === undefined ? text.toUpperCase() : `DB-${first}-${last}`
}
