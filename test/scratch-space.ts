// Where tests keep their directories: in memory where there is enough, since files there cost a tenth of the time.
import { mkdirSync, readdirSync, rmSync, statfsSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

// A run needs some hundred megabytes at once.
const enough = 2 ** 31
// No run takes as long.
const twoHours = 2 * 3600_000

/** The directory; what earlier runs have left there is removed. */
export function scratchSpace(memory = '/dev/shm'): string {
  if (!hasRoom(memory)) return tmpdir()
  const space = join(memory, `drawbridge-tests-${process.getuid?.() ?? 0}`)
  mkdirSync(space, { recursive: true, mode: 0o700 })
  // The name can be guessed; what somebody else put there is not taken.
  if (statSync(space).uid !== process.getuid?.()) return tmpdir()
  for (const name of readdirSync(space)) {
    const left = join(space, name)
    const { mtimeMs } = statSync(left, { throwIfNoEntry: false }) ?? { mtimeMs: Number.NaN }
    if (Date.now() - mtimeMs > twoHours) rmSync(left, { recursive: true, force: true })
  }
  return space
}

function hasRoom(memory: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(memory)
    return bavail * bsize > enough
  } catch {
    return false
  }
}
