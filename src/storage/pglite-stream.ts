// The real `pg` driver speaks its wire protocol to PGlite in this process: a stream in place of a socket.
import { Duplex } from 'node:stream'
import type { PGlite } from '@electric-sql/pglite'

const terminate = 0x58 // 'X': PGlite would end its only session
const sslRequest = 80_877_103
const noSsl = Buffer.from('N')

function simpleQuery(sql: string): Buffer {
  const text = Buffer.from(`${sql}\0`)
  const head = Buffer.from('Q\0\0\0\0')
  head.writeInt32BE(text.length + 4, 1)
  return Buffer.concat([head, text])
}

/** What `pg` touches of a net.Socket, over one PGlite; messages reach the database only whole and in order. */
export class PGliteStream extends Duplex {
  readonly #database: PGlite
  #waiting: Buffer = Buffer.alloc(0)
  #started = false
  #work: Promise<void> = Promise.resolve()

  constructor(database: PGlite) {
    super()
    this.#database = database
  }

  connect(): this {
    queueMicrotask(() => this.emit('connect'))
    return this
  }
  setNoDelay(): this {
    return this
  }
  setKeepAlive(): this {
    return this
  }
  setTimeout(): this {
    return this
  }
  ref(): this {
    return this
  }
  unref(): this {
    return this
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#waiting = this.#waiting.length === 0 ? chunk : Buffer.concat([this.#waiting, chunk])
    this.#work = this.#work
      .then(() => this.#drain())
      .then(
        () => done(),
        (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
      )
  }

  // pg corks Parse, Bind, Describe, Execute and Sync; one call into the database answers them all.
  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'buffer', done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.push(null)
    done()
  }

  async #drain(): Promise<void> {
    const starting = !this.#started
    const { whole, rest, ended } = this.#split(this.#waiting)
    this.#waiting = rest
    if (whole.length > 0) {
      const message = Buffer.concat(whole)
      const answer = await this.#database.runExclusive(async () => {
        // The session outlives its streams: what one that was cut off had begun is not the next one's to commit.
        if (starting) await this.#database.execProtocolRaw(simpleQuery('rollback'))
        return this.#database.execProtocolRaw(message)
      })
      if (answer.length > 0) this.push(Buffer.from(answer))
    }
    if (ended) this.push(null)
  }

  /** Frontend messages: the first has only a length, the others a type byte before it (PostgreSQL protocol 3.0). */
  #split(buffer: Buffer): { whole: Buffer[]; rest: Buffer; ended: boolean } {
    const whole: Buffer[] = []
    let at = 0
    let ended = false
    for (;;) {
      const head = this.#started ? 1 : 0
      if (buffer.length - at < head + 4) break
      const length = buffer.readInt32BE(at + head) + head
      if (buffer.length - at < length) break
      const message = buffer.subarray(at, at + length)
      at += length
      if (!this.#started && length === 8 && message.readInt32BE(4) === sslRequest) {
        this.push(noSsl)
        continue
      }
      if (this.#started && message[0] === terminate) ended = true
      else whole.push(message)
      this.#started = true
    }
    return { whole, rest: buffer.subarray(at), ended }
  }
}
