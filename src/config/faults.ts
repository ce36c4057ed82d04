// Faults of configuration: all of them at once, each with the path of the setting and, where a file is at fault, its line.
import type { z } from 'zod'

export interface ConfigurationFault {
  /** The setting in dotted form (`listen.port`, `relying_parties[0].redirect_uris[1]`); '' for the whole. */
  readonly path: string
  readonly message: string
  /** Where it stands: `config/drawbridge.yaml:12` or the name of an environment variable. */
  readonly source?: string
}

/** The configuration does not hold. The message lists every fault, one a line. */
export class ConfigFault extends Error {
  readonly faults: readonly ConfigurationFault[]

  constructor(faults: readonly ConfigurationFault[]) {
    super(faults.map(faultLine).join('\n'))
    this.name = 'ConfigFault'
    this.faults = faults
  }
}

/** One fault as a line: source, path, message. */
export function faultLine({ path, message, source }: ConfigurationFault): string {
  return [source, path, message].filter((part) => part !== undefined && part !== '').join(': ')
}

/** `['relying_parties', 0, 'id']` as `relying_parties[0].id`. */
export function dotted(path: readonly PropertyKey[]): string {
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i === 0 ? '' : '.'}${String(part)}`))
    .join('')
}

/** A fault that still knows its path in parts, so that the file it came from can be asked for the line. */
export interface PlacedFault extends ConfigurationFault {
  readonly parts: readonly PropertyKey[]
}

/** What zod found, one fault an unknown key, in words for the person who wrote the file. */
export function faultsOf(
  error: z.ZodError,
  keysAt: (path: readonly PropertyKey[]) => string[],
): PlacedFault[] {
  return error.issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') return [placed(issue.path, wordsFor(issue))]
    return issue.keys.map((key) => placed([...issue.path, key], unknownKey(key, keysAt(issue.path))))
  })
}

function wordsFor(issue: z.core.$ZodIssue): string {
  const missing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined')
  return missing ? `is required (${issue.expected})` : issue.message
}

/** A fault at a path in parts. */
export function placed(parts: readonly PropertyKey[], message: string): PlacedFault {
  return { parts, path: dotted(parts), message }
}

/** Words for a key that nobody reads, with the key that was probably meant. */
export function unknownKey(key: string, known: readonly string[]): string {
  const near = nearest(key, known)
  return near === undefined ? 'no such setting' : `no such setting; did you mean ${near}?`
}

/** The known name that is most alike, if one is alike enough to be a slip of the finger. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const [best] = known
    .map((candidate) => ({ candidate, away: distance(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.away - b.away)
  return best !== undefined && best.away <= Math.max(2, Math.floor(name.length / 3))
    ? best.candidate
    : undefined
}

/** Levenshtein's distance, one row at a time. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (const [j, other] of [...b].entries()) {
      const changed = (row[j] ?? 0) + (letter === other ? 0 : 1)
      next.push(Math.min(changed, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
