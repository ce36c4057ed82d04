// One process a data directory: PGlite itself would let two open it and lose the rows of one (ruling R-8).
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, realpathSync, renameSync, rmSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

/** A second process came to a data directory that is in use. */
export class DirectoryInUse extends Error {
  constructor(directory: string) {
    super(
      `the data directory ${directory} is in use by another process; stop it first, or use another directory`,
    )
    this.name = 'DirectoryInUse'
  }
}

// sockaddr_un holds 108 bytes with the closing NUL; longer paths are truncated without a word.
const longestSocketPath = 107
/** How long a process that does not answer is asked again before the directory counts as in use. */
const patienceMs = 2000
const askAgainMs = 20

/** Where the sockets of one directory lie, and how their names begin. */
interface Place {
  readonly folder: string
  readonly prefix: string
}

const newName = ({ prefix }: Place): string => `${prefix}-${randomBytes(6).toString('hex')}.sock`

function placeOf(directory: string): Place {
  const inside = { folder: directory, prefix: 'lock' }
  if (Buffer.byteLength(join(directory, newName(inside))) <= longestSocketPath) return inside
  const hash = createHash('sha256').update(directory).digest('hex').slice(0, 24)
  return { folder: tmpdir(), prefix: `drawbridge-${hash}` }
}

/** `silent`: it lives, but did not say; then nobody may take its place. */
type Standing = 'held' | 'contending' | 'gone' | 'silent'

function ask(path: string): Promise<Standing> {
  return new Promise((resolve) => {
    let said = ''
    const socket = connect(path).setEncoding('utf8')
    const end = (standing: Standing) => {
      socket.destroy()
      resolve(standing)
    }
    socket.setTimeout(patienceMs / 4, () => end('silent'))
    socket.on('data', (text: string) => {
      said += text
    })
    socket.once('end', () => end(said === 'held' || said === 'contending' ? said : 'silent'))
    // Only these two tell that no process listens; a full backlog or a foreign owner does not.
    socket.once('error', ({ code }: NodeJS.ErrnoException) =>
      end(code === 'ECONNREFUSED' || code === 'ENOENT' ? 'gone' : 'silent'),
    )
  })
}

interface Candidacy {
  readonly name: string
  hold(): void
  withdraw(): Promise<void>
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => {
      server.unref()
      resolve()
    })
  })
}

/** Listens under a name of our own, and shows it only then: whatever socket is seen is answered, or dead for good. */
async function announce(place: Place): Promise<Candidacy> {
  let standing: Standing = 'contending'
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.end(standing)
  })
  const name = newName(place)
  const path = join(place.folder, name)
  const unseen = path.replace(/sock$/, 'new')
  await listen(server, unseen)
  renameSync(unseen, path)
  return {
    name,
    hold: () => {
      standing = 'held'
    },
    withdraw: () => {
      rmSync(path, { force: true })
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

/** The others that still live, with what they say; the sockets of dead ones are removed, whose names never come again. */
async function rivals({ folder, prefix }: Place, own: string): Promise<{ name: string; says: Standing }[]> {
  const names = readdirSync(folder).filter(
    (name) => name.startsWith(prefix) && name.endsWith('.sock') && name !== own,
  )
  const asked = await Promise.all(names.map(async (name) => ({ name, says: await ask(join(folder, name)) })))
  for (const { name, says } of asked) if (says === 'gone') rmSync(join(folder, name), { force: true })
  return asked.filter(({ says }) => says !== 'gone')
}

/** True when we are alone in the end. Of several that come at once the one whose name sorts first goes on. */
async function prevails(place: Place, own: string): Promise<boolean> {
  const patience = Date.now() + patienceMs
  for (;;) {
    const others = await rivals(place, own)
    if (others.length === 0) return true
    if (others.some(({ name, says }) => says === 'held' || (says === 'contending' && name < own)))
      return false
    if (Date.now() > patience) return false
    await pause(askAgainMs)
  }
}

/**
 * Takes the directory for this process by listening on a unix socket in it, which ends with the process however it
 * ends; a pid file would not, and fails in containers. Each process has a socket of its own: were there one name for
 * all, two that find a dead socket could each remove what the other had just put there. Of two processes the later to
 * announce itself sees the earlier, so never both hold. Throws DirectoryInUse. Resolves with the release.
 */
export async function lockDirectory(directory: string): Promise<() => Promise<void>> {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const place = placeOf(realpathSync(directory))
  const candidacy = await announce(place)
  let alone = false
  try {
    alone = await prevails(place, candidacy.name)
  } finally {
    if (!alone) await candidacy.withdraw()
  }
  if (!alone) throw new DirectoryInUse(directory)
  candidacy.hold()
  return candidacy.withdraw
}
