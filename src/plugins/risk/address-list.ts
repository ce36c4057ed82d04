// Addresses of bad repute: a file of the operator's, read at open and again when it changes, looked up in memory.
import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import ipaddr from 'ipaddr.js'
import { textFault } from '../../domain/plain-text.ts'
import { worstScore } from '../../domain/risk.ts'
import type { Listed } from '../../domain/risk-signals.ts'
import type { Log } from '../../ports/log.ts'
import { watchedFile } from '../watched-file.ts'

export interface AddressListOptions {
  /** From where the process was started. */
  readonly file: string
  /** What an entry without a score counts for. */
  readonly usual: number
  readonly log?: Log | undefined
  /** How often it is looked at whether the file has changed; a minute unless told. */
  readonly everyMs?: number
}

export interface AddressList {
  /** Waits for the first reading. Of several entries for an address the worst counts. */
  of(address: string): Promise<Listed>
  close(): void
}

type Entry = Exclude<Listed, 'unread' | undefined>

/** By the length of the prefix, then by its bits: an address is looked for once a length that there is. */
type Table = Readonly<Record<'ipv4' | 'ipv6', Map<number, Map<bigint, Entry>>>>

const mostBytes = 64 * 1024 * 1024
const linesAtOnce = 5000
const longestLabel = 60
const sizes = { ipv4: 32, ipv6: 128 } as const
// A wider entry would list a good part of the world by one slip.
const widest = { ipv4: 8, ipv6: 16 } as const

export function openAddressList({ file, usual, log, everyMs = 60_000 }: AddressListOptions): AddressList {
  const path = resolve(file)
  let table: Table | undefined
  const read = () =>
    tableOf(path, usual).then(
      ({ made, bad, entries }) => {
        table = made
        log?.info('risk.list_read', { file, entries })
        if (bad.length > 0) log?.warn('risk.list_lines', { file, count: bad.length, first: bad[0] })
      },
      // What was read before is older, and not wrong.
      (error: unknown) => log?.error('risk.list_unreadable', { file, error: String(error) }),
    )
  let reading: Promise<unknown> = Promise.resolve()
  // One reading after the other: the last change is what is left.
  const changed = () => {
    reading = reading.then(read)
  }
  const close = watchedFile(path, { everyMs, changed })
  changed()
  const first = reading
  return {
    async of(text) {
      await first
      if (table === undefined) return 'unread'
      const address = addressOf(text)
      return address && found(table, address)
    },
    close,
  }
}

type Address = ReturnType<typeof ipaddr.process>

/** IPv4 within IPv6 is IPv4; octal and short forms are no addresses. */
function addressOf(text: string): Address | undefined {
  const valid = ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text)
  return valid ? ipaddr.process(text) : undefined
}

const bitsOf = (address: Address): bigint => BigInt(`0x${Buffer.from(address.toByteArray()).toString('hex')}`)

function found(table: Table, address: Address): Entry | undefined {
  const kind = address.kind()
  const bits = bitsOf(address)
  let worst: Entry | undefined
  for (const [length, entries] of table[kind]) {
    const entry = entries.get(bits >> BigInt(sizes[kind] - length))
    if (entry !== undefined && (worst === undefined || entry.score > worst.score)) worst = entry
  }
  return worst
}

async function tableOf(path: string, usual: number) {
  const about = await stat(path)
  if (!about.isFile()) throw new Error(`${path} is no file`)
  if (about.size > mostBytes) throw new Error(`${path} is larger than ${mostBytes} bytes`)
  const lines = (await readFile(path, 'utf8')).replace(/^\uFEFF/, '').split(/\r?\n/)
  const made: Table = { ipv4: new Map(), ipv6: new Map() }
  const bad: number[] = []
  let entries = 0
  for (const [at, line] of lines.entries()) {
    // Nobody else waits for a long list.
    if (at % linesAtOnce === 0) await setImmediate()
    const text = line.replace(/#.*/, '').trim()
    if (text === '') continue
    if (added(made, text, usual)) entries += 1
    else bad.push(at + 1)
  }
  return { made, bad, entries }
}

const form = /^([0-9a-fA-F:.]+)(?:\/(\d{1,3}))?(?:[\s,;]+(\d{1,4}))?(?:[\s,;]+(.+))?$/

/** False where the line is none of a list. */
function added(table: Table, line: string, usual: number): boolean {
  const [, text = '', prefix, score = String(usual), label] = form.exec(line) ?? []
  const address = addressOf(text)
  if (address === undefined || Number(score) > worstScore) return false
  const kind = address.kind()
  const mapped = kind === 'ipv4' && text.includes(':')
  const length = prefix === undefined ? sizes[kind] : Number(prefix) - (mapped ? 96 : 0)
  if (length < widest[kind] || length > sizes[kind]) return false
  const entries = table[kind].get(length) ?? new Map<bigint, Entry>()
  table[kind].set(length, entries)
  const key = bitsOf(address) >> BigInt(sizes[kind] - length)
  const before = entries.get(key)
  if (before === undefined || before.score < Number(score))
    entries.set(key, { score: Number(score), label: shownLabel(label) })
  return true
}

/** A label that may stand in a reason; the entry counts without one too. */
const shownLabel = (label: string | undefined): string | undefined =>
  label !== undefined && label.length <= longestLabel && textFault(label) === undefined ? label : undefined
