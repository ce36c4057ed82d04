// JSON of strangers, read to the letter: nothing nested without end, and no name said twice, of which readers differ in what holds.

export type StrictJson =
  | { readonly value: unknown; readonly fault?: undefined }
  | { readonly fault: string; readonly value?: undefined }

// Texts, brackets, and everything between them; each character belongs to one token at most.
const tokens = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s"{}[\]:,]+/gs

/** Total. UTF-8 without a mark before it; at most so many brackets deep. */
export function strictJson(bytes: Uint8Array, deepest: number): StrictJson {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    // First: of what is JSON every text ends, so that the look at its structure goes over it once.
    const value: unknown = JSON.parse(text)
    const fault = structureFault(text, deepest)
    return fault === undefined ? { value } : { fault }
  } catch {
    return { fault: 'no JSON' }
  }
}

/** Names by object, innermost last; undefined for a list. */
function structureFault(text: string, deepest: number): string | undefined {
  const open: (Set<string> | undefined)[] = []
  let last: string | undefined
  for (const [token] of text.matchAll(tokens)) {
    if (token === '{' || token === '[') open.push(token === '{' ? new Set() : undefined)
    else if (token === '}' || token === ']') open.pop()
    else if (token === ':' && last !== undefined) {
      const names = open.at(-1)
      const name = String(JSON.parse(last))
      if (names?.has(name)) return 'a name is there twice'
      names?.add(name)
    }
    if (open.length > deepest) return `deeper than ${deepest}`
    last = token.startsWith('"') ? token : undefined
  }
  return undefined
}
