// Noticing that a file has changed, also when it changes while it is read for the first time.
import { type BigIntStats, statSync } from 'node:fs'
import { stat } from 'node:fs/promises'

export interface Watching {
  readonly everyMs: number
  readonly changed: () => void
}

const options = { bigint: true } as const
const markOf = (about: BigIntStats | undefined): string =>
  about === undefined ? 'none' : [about.ino, about.size, about.mtimeNs].join()

function firstLook(path: string): BigIntStats | undefined {
  try {
    return statSync(path, options)
  } catch {
    // Whoever reads it says why it cannot be read.
    return undefined
  }
}

/**
 * Call it before the first reading. Returns what ends it; it keeps no process alive. `fs.watchFile` takes its first look some
 * time after it was called: what changes before that is never seen.
 */
export function watchedFile(path: string, { everyMs, changed }: Watching): () => void {
  let seen = markOf(firstLook(path))
  const look = async () => {
    const now = markOf(await stat(path, options).catch(() => undefined))
    if (now === seen) return
    seen = now
    changed()
  }
  const timer = setInterval(() => void look(), everyMs)
  timer.unref()
  return () => clearInterval(timer)
}
