// Reading a source file for what the layout rules ask: what it imports, and its code without comments and texts.

export interface Import {
  /** As written: `./a.ts`, `koa`, `node:fs`. */
  readonly target: string
  /** `import()` at run time; false for statements, type imports among them. */
  readonly lazy: boolean
}

export interface Source {
  /** From the source folder: `domain/acr.ts`. */
  readonly path: string
  readonly text: string
}

/** Where a `/` begins a regular expression rather than a division: after these, or after these words. */
const beforeRegex =
  /(^|[(,=:[!&|?{};+\-*%<>~^])\s*$|\b(return|typeof|case|of|in|do|else|yield|await|throw)\s*$/

/**
 * The code with every comment, text and regular expression blanked, of the same length, so that places still fit.
 * Expressions inside of templates stay.
 */
export function codeOnly(text: string): string {
  let out = ''
  let i = 0
  const braces: number[] = []
  let depth = 0
  const blank = (end: number) => {
    out += text.slice(i, end).replace(/[^\n]/g, ' ')
    i = end
  }
  while (i < text.length) {
    const [here, next] = [text[i], text[i + 1]]
    if (here === '/' && next === '/') blank(endOf(text, '\n', i))
    else if (here === '/' && next === '*') blank(endOf(text, '*/', i) + 2)
    else if (here === "'" || here === '"') blank(quoted(text, here, i))
    else if (here === '`' || (here === '}' && braces.at(-1) === depth)) {
      if (here === '}') braces.pop()
      const { end, opens } = templated(text, i + 1)
      blank(end)
      if (opens) braces.push(depth)
    } else if (here === '/' && beforeRegex.test(out.slice(-40))) blank(regexEnd(text, i))
    else {
      if (here === '{') depth += 1
      if (here === '}') depth -= 1
      out += here
      i += 1
    }
  }
  return out
}

const endOf = (text: string, mark: string, from: number): number => {
  const at = text.indexOf(mark, from)
  return at < 0 ? text.length : at
}

function quoted(text: string, quote: string, from: number): number {
  let i = from + 1
  while (i < text.length && text[i] !== quote) i += text[i] === '\\' ? 2 : 1
  return i + 1
}

/** The end of a template's text: past its closing quote, or past the `${` of an expression. */
function templated(text: string, from: number): { end: number; opens: boolean } {
  let i = from
  while (i < text.length) {
    if (text[i] === '`') return { end: i + 1, opens: false }
    if (text[i] === '$' && text[i + 1] === '{') return { end: i + 2, opens: true }
    i += text[i] === '\\' ? 2 : 1
  }
  return { end: i, opens: false }
}

function regexEnd(text: string, from: number): number {
  let i = from + 1
  let inClass = false
  while (i < text.length && (inClass || text[i] !== '/')) {
    if (text[i] === '[') inClass = true
    if (text[i] === ']') inClass = false
    i += text[i] === '\\' ? 2 : 1
  }
  return i + 1
}

/** Every import and re-export of a file; the target is read where the blanked code shows that code stands there. */
export function importsOf(text: string): Import[] {
  const code = codeOnly(text)
  const target = (at: number): string => /^\s*['"]([^'"]+)['"]/.exec(text.slice(at))?.[1] ?? '(computed)'
  const found: Import[] = []
  for (const match of code.matchAll(/\bimport\s*\(/g)) {
    // `import('./x.ts').X` in a type is a type import, but telling them apart would need a parser.
    found.push({ target: target(match.index + match[0].length), lazy: true })
  }
  for (const match of code.matchAll(/^\s*(?:import|export)\b[^;=()]*?\bfrom(?=\s)/gm)) {
    found.push({ target: target(match.index + match[0].length), lazy: false })
  }
  for (const match of code.matchAll(/^import(?=\s+$|\s+\n)/gm)) {
    const bare = target(match.index + match[0].length)
    if (bare !== '(computed)') found.push({ target: bare, lazy: false })
  }
  return found
}
