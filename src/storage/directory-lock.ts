// One process a data directory: PGlite itself would let two open it and lose the rows of one (ruling R-8).
import { createHash } from 'node:crypto'
import { mkdirSync, realpathSync, rmSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

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

function socketPath(directory: string): string {
  const inside = join(directory, 'lock.sock')
  if (Buffer.byteLength(inside) <= longestSocketPath) return inside
  const name = createHash('sha256').update(directory).digest('hex').slice(0, 32)
  return join(tmpdir(), `drawbridge-${name}.sock`)
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const end = (answered: boolean) => {
      socket.destroy()
      resolve(answered)
    }
    socket.once('connect', () => end(true))
    socket.once('error', () => end(false))
  })
}

function listen(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    )
    server.listen(path, () => {
      server.unref()
      resolve(server)
    })
  })
}

/**
 * Takes the directory for this process by listening on a unix socket in it, which ends with the process however it
 * ends; a pid file would not, and fails in containers. Throws DirectoryInUse. Resolves with the release.
 */
export async function lockDirectory(directory: string): Promise<() => Promise<void>> {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const path = socketPath(realpathSync(directory))
  let server = await listen(path)
  if (server === undefined) {
    if (await isAnswered(path)) throw new DirectoryInUse(directory)
    // Nobody answers: the socket of a process that was killed.
    rmSync(path, { force: true })
    server = await listen(path)
    if (server === undefined) throw new DirectoryInUse(directory)
  }
  const held = server
  return () => new Promise((resolve) => held.close(() => resolve()))
}
